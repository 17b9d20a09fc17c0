"""What each filter operator means for each family of fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.answers import ApiError, invalid_filter
from larkbase_sdk.emulator.cells import number_cell
from larkbase_sdk.emulator.days import day_range
from larkbase_sdk.emulator.display import displayed
from larkbase_sdk.emulator.serial import counter_of

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from larkbase_sdk.emulator.fields import EmulatedField
    from larkbase_sdk.emulator.people import Directory
    from larkbase_sdk.emulator.switches import Switches

Test = Callable[[Any], bool]

_PRESENCE = frozenset({"isEmpty", "isNotEmpty"})
_EQUALITY = _PRESENCE | {"is", "isNot"}
_MEMBERSHIP = _EQUALITY | {"contains", "doesNotContain"}
_ORDER = frozenset({"isGreater", "isGreaterEqual", "isLess", "isLessEqual"})
_EXCLUSIVE_ORDER = frozenset({"isGreater", "isLess"})

_DOCUMENTED: dict[str, frozenset[str]] = {
    "text": _MEMBERSHIP,
    "number": _EQUALITY | _ORDER,
    "single": _EQUALITY | {"doesNotContain"},
    "multi": _MEMBERSHIP,
    "date": _PRESENCE | _EXCLUSIVE_ORDER | {"is"},
    "checkbox": frozenset({"is"}),
    "person": _MEMBERSHIP,
    "chat": _MEMBERSHIP,
    "link": _MEMBERSHIP,
    "phone": _PRESENCE | {"is"},
    "url": _PRESENCE | {"is"},
    "attachment": _PRESENCE,
    "location": _PRESENCE | {"is"},
    "autonumber": _PRESENCE | _EXCLUSIVE_ORDER | {"is"},
}
_INFERRED: dict[str, frozenset[str]] = {
    "phone": _MEMBERSHIP,
    "url": _MEMBERSHIP,
    "location": _MEMBERSHIP,
    "autonumber": _EQUALITY | _ORDER,
}
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as it was sent."""

    field: EmulatedField
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the meaning of a condition depends on besides the cell."""

    switches: Switches
    zone: tzinfo
    today: date
    directory: Directory
    user_id_type: str = "open_id"
    own_of_view: bool = False  # a view may look at formulas, which the search filter may not


def is_empty(cell: Any) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or cell in ([], {}, "") or cell == {"link_record_ids": None}


def compile_condition(condition: Condition, rules: Rules) -> Test:
    """Return the test that a condition puts to each cell of its field.

    Raises:
        ApiError: when the operator or the values do not suit the field's type.
    """
    family = condition.field.kind.family
    if condition.operator not in _allowed(family, rules):
        raise invalid_filter(
            correct=f"field '{condition.field.name}' fieldType '{condition.field.kind.type}' "
            f"not support {condition.operator}"
        )
    if condition.operator == "isEmpty":
        return is_empty
    if condition.operator == "isNotEmpty":
        return lambda cell: not is_empty(cell)
    if family == "date":
        return _date(condition, rules)
    _check_count(condition)
    return _COMPILERS[family](condition, rules)


def _allowed(family: str, rules: Rules) -> frozenset[str]:
    switches = rules.switches
    allowed = _DOCUMENTED.get(family, frozenset())
    if switches.inferred_operators == "work":
        allowed |= _INFERRED.get(family, frozenset())
    if family == "single" and switches.single_select_contains == "works":
        allowed |= {"contains"}
    if family == "result" and (rules.own_of_view or switches.formula_filter == "works"):
        allowed |= _MEMBERSHIP | _ORDER
    return allowed


def _check_count(condition: Condition) -> None:
    exactly_one = condition.operator in ("is", "isNot") or condition.operator in _ORDER
    if not condition.values or (exactly_one and len(condition.values) != 1):
        raise invalid_filter(
            correct=f"field '{condition.field.name}' operator '{condition.operator}' "
            f"value '[{' '.join(condition.values)}]' has a wrong number of values"
        )


def _negated(test: Test, condition: Condition, rules: Rules) -> Test:
    if condition.operator not in ("isNot", "doesNotContain"):
        return test
    on_empty = rules.switches.isnot_matches_empty
    return lambda cell: on_empty if is_empty(cell) else not test(cell)


def _several(tests: list[Test], rules: Rules) -> Test:
    if len(tests) == 1:
        return tests[0]
    joined = any if rules.switches.contains_values == "any" else all
    return lambda cell: joined(test(cell) for test in tests)


# --- texts -------------------------------------------------------------------------------------


def _text_compiler(text_of: Callable[[Any], str]) -> Callable[[Condition, Rules], Test]:
    def compiler(condition: Condition, rules: Rules) -> Test:
        key = _text_key(rules.switches)
        if condition.operator in ("is", "isNot"):
            test = _text_equal(key(condition.values[0]), text_of, key, rules.switches)
        else:
            wanted = [key(value) for value in condition.values]
            test = _several([_text_contains(part, text_of, key) for part in wanted], rules)
        return _negated(test, condition, rules)

    return compiler


def _text_key(switches: Switches) -> Callable[[str], str]:
    def key(text: str) -> str:
        text = text.strip() if switches.text_trims else text
        return text if switches.text_case_sensitive else text.casefold()

    return key


def _text_equal(
    wanted: str, text_of: Callable[[Any], str], key: Callable[[str], str], switches: Switches
) -> Test:
    if not wanted:
        return lambda _cell: False
    loses = switches.text_loses_multisegment

    def test(cell: Any) -> bool:
        return cell is not None and not (loses and _rich(cell)) and key(text_of(cell)) == wanted

    return test


def _text_contains(part: str, text_of: Callable[[Any], str], key: Callable[[str], str]) -> Test:
    return lambda cell: bool(part) and cell is not None and part in key(text_of(cell))


def _rich(cell: Any) -> bool:
    if not isinstance(cell, list):
        return False
    return len(cell) != 1 or cell[0].get("type") != "text" or "\n" in cell[0]["text"]


def segments_text(cell: Any) -> str:
    """Return the text of a text cell: all its segments together."""
    return "".join(str(segment.get("text", "")) for segment in cell)


# --- numbers -----------------------------------------------------------------------------------


def _number(condition: Condition, rules: Rules) -> Test:
    text = condition.values[0]
    if not _PLAIN_NUMBER.fullmatch(text):
        if rules.switches.bad_number == "refuse":
            raise invalid_filter(
                correct=f"field '{condition.field.name}' value '[{text}]' is no number"
            )
        return lambda _cell: False
    wanted = number_cell(float(text))
    shown = displayed(condition.field) if rules.switches.number_compares_displayed else None
    compare = _COMPARISONS[condition.operator]

    def test(cell: Any) -> bool:
        if cell is None:
            return False
        return compare(shown(cell) if shown else cell, wanted)

    return _negated(test, condition, rules)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda cell, wanted: cell == wanted,
    "isNot": lambda cell, wanted: cell == wanted,
    "isGreater": lambda cell, wanted: cell > wanted,
    "isGreaterEqual": lambda cell, wanted: cell >= wanted,
    "isLess": lambda cell, wanted: cell < wanted,
    "isLessEqual": lambda cell, wanted: cell <= wanted,
}


def _autonumber(condition: Condition, rules: Rules) -> Test:
    text = condition.values[0]
    if not text.isascii() or not text.isdigit():
        return _negated(lambda _cell: False, condition, rules)
    wanted = int(text)
    rule = condition.field.property or {}
    compare = _COMPARISONS[condition.operator]

    def test(cell: Any) -> bool:
        counter = counter_of(rule, cell) if cell is not None else None
        return counter is not None and compare(counter, wanted)

    return _negated(test, condition, rules)


# --- choices, people, links --------------------------------------------------------------------


def _single(condition: Condition, rules: Rules) -> Test:
    _known_options(condition, rules)
    wanted = set(condition.values)
    if rules.switches.contains_values == "all" and len(wanted) > 1:
        wanted = set()
    return _negated(lambda cell: cell in wanted, condition, rules)


def _known_options(condition: Condition, rules: Rules) -> None:
    unknown = [value for value in condition.values if value not in condition.field.options]
    if unknown and rules.switches.unknown_option == "refuse":
        raise invalid_filter(
            correct=f"SelectCondition field '{condition.field.name}' value '[{unknown[0]}]',"
            "option is invalid"
        )


def _multi(condition: Condition, rules: Rules) -> Test:
    _known_options(condition, rules)
    return _members(condition, rules, list(condition.values), lambda cell: cell)


def _person(condition: Condition, rules: Rules) -> Test:
    wanted = []
    for value in condition.values:
        person = rules.directory.find(value, rules.user_id_type)
        if person is None:
            raise invalid_filter(
                correct=f"UserCondition field '{condition.field.name}' "
                f"value '[{value}]',id is invalid"
            )
        wanted.append(person.open_id)
    return _members(condition, rules, wanted, lambda cell: [one["id"] for one in cell])


def _chat(condition: Condition, rules: Rules) -> Test:
    wanted = list(condition.values)
    return _members(condition, rules, wanted, lambda cell: [one["id"] for one in cell])


def _link(condition: Condition, rules: Rules) -> Test:
    return _members(
        condition, rules, list(condition.values), lambda cell: cell["link_record_ids"] or []
    )


def _members(
    condition: Condition, rules: Rules, wanted: list[str], members: Callable[[Any], list[str]]
) -> Test:
    equal_set = condition.operator in ("is", "isNot") and rules.switches.multiselect_is == "equal"

    def has(value: str) -> Test:
        if equal_set:
            return lambda cell: cell is not None and set(members(cell)) == {value}
        return lambda cell: cell is not None and value in members(cell)

    return _negated(_several([has(value) for value in wanted], rules), condition, rules)


def _checkbox(condition: Condition, rules: Rules) -> Test:
    text = condition.values[0]
    if text not in ("true", "false"):
        raise invalid_filter(
            correct=f"field '{condition.field.name}' value '[{text}]' is no boolean"
        )
    if text == "true":
        return lambda cell: cell is True
    untouched = rules.switches.checkbox_false_matches_untouched
    return lambda cell: cell is False or (untouched and cell is None)


# --- dates -------------------------------------------------------------------------------------


def _date(condition: Condition, rules: Rules) -> Test:
    start, end = day_range(condition.field.name, condition.operator, condition.values, rules)
    if condition.operator == "is":
        return lambda cell: cell is not None and start <= cell < end
    if condition.operator == "isLess":
        return lambda cell: cell is not None and cell < start
    if rules.switches.date_compare == "midnight":
        return lambda cell: cell is not None and cell > start
    return lambda cell: cell is not None and cell >= end


# --- formulas and lookups, when the switch lets them work ----------------------------------------


def _result(condition: Condition, rules: Rules) -> Test:
    compiler = _text_compiler(_result_text)
    if condition.operator not in _ORDER:
        return compiler(condition, rules)
    if not _PLAIN_NUMBER.fullmatch(condition.values[0]):
        raise ApiError(1254018)
    wanted = float(condition.values[0])
    compare = _COMPARISONS[condition.operator]

    def test(cell: Any) -> bool:
        numbers = [v for v in (cell or {}).get("value") or [] if isinstance(v, int | float)]
        return any(compare(number, wanted) for number in numbers)

    return test


def _result_text(cell: Any) -> str:
    values = cell.get("value") or []
    texts = [str(v.get("text", v.get("name", "")) if isinstance(v, dict) else v) for v in values]
    return "".join(texts)


_COMPILERS: dict[str, Callable[[Condition, Rules], Test]] = {
    "text": _text_compiler(segments_text),
    "phone": _text_compiler(str),
    "url": _text_compiler(lambda cell: str(cell.get("text", ""))),
    "location": _text_compiler(lambda cell: str(cell.get("full_address", ""))),
    "number": _number,
    "autonumber": _autonumber,
    "single": _single,
    "multi": _multi,
    "person": _person,
    "chat": _chat,
    "link": _link,
    "checkbox": _checkbox,
    "result": _result,
}
