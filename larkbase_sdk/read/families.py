"""Which conditions let through every row for which a test of a column is TRUE, by field type.

What each field type accepts: filter guide and search page of Lark's documentation. Where it is
silent or contradicted by experience, nothing is sent, or something wider. Negations always go as
"is not empty": a server that takes more for equal than SQL does (letter case, blanks, display
digits, an option renamed since) would lose rows under "is not".
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from larkbase_sdk.read.conditions import Condition, Group, Sendable, Settings, Subject, refuse
from larkbase_sdk.read.patterns import parse_pattern
from larkbase_sdk.read.predicate import Compare, Contains, In, IsNull, Like, Test, split_member
from larkbase_sdk.read.widening import around, day_beside, milliseconds, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from larkbase_sdk.schema.field_types import FilterFamily
    from larkbase_sdk.schema.table_schema import Column

_MOST_GAPS = 8
_MOST_DIGITS = 15


def conditions_for(test: Test, column: Column, settings: Settings, *, negated: bool) -> Sendable:
    """Return conditions that every row fulfils for which the test (negated or not) is TRUE.

    Raises:
        NotSendable: there are none.
    """
    family, member = column.filter_family, split_member(test.column)[1]
    if family == "none":
        refuse(f"Lark cannot filter by {_what(column)}")
    subject = Subject(test, column, settings, member)
    if family == "checkbox":
        return _checkbox(subject, negated=negated)
    if isinstance(test, IsNull):
        return _null_test(subject, negated=negated)
    if negated or (isinstance(test, Compare) and test.op == "<>"):
        return subject.present()
    if member and (family, member) != ("url", "text"):
        refuse("Lark cannot filter by this member")
    return _FAMILIES[family](subject)


def _what(column: Column) -> str:
    return f"{column.wrapper}s" if column.wrapper else f"this {column.lark_type} field"


def _null_test(subject: Subject, *, negated: bool) -> Sendable:
    present = subject.present(exact=not subject.member)
    if negated:
        return present
    if subject.member:
        refuse("a cell that is not empty can lack this member")
    if not _keeps_every_value(subject.column):
        refuse("numbers that its type cannot hold are NULL as well")
    return Sendable(((subject.condition("isEmpty"),),), exact=True)


def _keeps_every_value(column: Column) -> bool:
    import pyarrow.types as pt

    return not (pt.is_integer(column.arrow_type) or pt.is_decimal(column.arrow_type))


def _checkbox(subject: Subject, *, negated: bool) -> Sendable:
    match subject.test:
        case Compare(_, "=", bool(value)):
            wanted = {value}
        case Compare(_, "<>", bool(value)):
            wanted = {not value}
        case In(_, values, _):
            wanted = {True, False} - set(values) if negated else {True, False} & set(values)
        case _:
            subject.unsupported()
    if wanted != {True}:
        refuse("Lark may not find checkboxes that were never touched")
    return subject.any_of("is", ["true"], exact=True)


def _text(subject: Subject) -> Sendable:
    if isinstance(subject.test, Like):
        return _like(subject, subject.test)
    values = subject.equal_to(str)
    _check_texts(subject, values)
    return subject.any_of("is", values)


def _check_texts(subject: Subject, values: Iterable[str]) -> None:
    if not subject.settings.text_pushdown:
        refuse("comparing texts on the server is switched off")
    if not all(_is_plain(value) for value in values):
        refuse("Lark may read this text in another way")


def _is_plain(text: str) -> bool:
    """Whether a text is not empty, on one line, without outer blanks and invisible signs."""
    return bool(text) and text == text.strip() and text.isprintable()


def _like(subject: Subject, like: Like) -> Sendable:
    """Send the longest literal run of a pattern, which every matching text contains."""
    if like.ignore_case:
        refuse("whether Lark ignores letter case is not known")
    pieces = parse_pattern(like.pattern, like.escape)
    texts = [text for sign, text in pieces if not sign]
    if pieces and not texts:
        return subject.present()
    longest = max(filter(_is_plain, texts), key=len, default="")
    _check_texts(subject, [longest])
    return subject.any_of("is" if len(pieces) == 1 else "contains", [longest])


def _phone(subject: Subject) -> Sendable:
    values = subject.equal_to(str)
    _check_texts(subject, values)
    if not all(_is_digits(value.removeprefix("+")) for value in values):
        refuse("Lark may write this phone number in another way")
    return subject.any_of("is", values)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _select(subject: Subject) -> Sendable:
    values = subject.equal_to(str)
    _check_options(subject.column, values)
    return subject.any_of("is", values, exact=True)


def _check_options(column: Column, names: Iterable[str]) -> None:
    """Refuse names that are not the name of exactly one option.

    A missing one may have been added since the fields were read, and what the server does with
    names it does not know is not documented.
    """
    folded = [option.strip().casefold() for option in column.options]
    for name in names:
        if not column.has_one_option(name) or not _is_plain(name):
            refuse(f"{name!r} is not the name of exactly one option")
        if folded.count(name.casefold()) > 1:
            refuse(f"several options are spelled like {name!r}")


def _multiselect(subject: Subject) -> Sendable:
    if not isinstance(subject.test, Contains):
        subject.unsupported()
    _check_options(subject.column, [subject.test.value])
    return subject.any_of("contains", [subject.test.value], exact=True)


def _people(subject: Subject) -> Sendable:
    if not isinstance(subject.test, Contains) or not _is_plain(subject.test.value):
        subject.unsupported()
    return subject.any_of("contains", [subject.test.value], exact=True)


def _autonumber(subject: Subject) -> Sendable:
    """Send equality only: the column is text in SQL, and texts are not ordered like numbers."""
    values = subject.equal_to(str)
    if not all(_is_digits(value) and len(value) <= _MOST_DIGITS for value in values):
        refuse("Lark compares only whole numbers with it")
    return subject.any_of("is", values)


def _number(subject: Subject) -> Sendable:
    match subject.test:
        case Compare(_, ("<" | "<="), int() | float() | Decimal() as value):
            return _all_of(subject.condition("isLess", plain(_widen(subject, value)[1])))
        case Compare(_, (">" | ">="), int() | float() | Decimal() as value):
            return _all_of(subject.condition("isGreater", plain(_widen(subject, value)[0])))
        case _:
            values = subject.equal_to(int, float, Decimal)
            return _near_numbers(subject, [_widen(subject, value) for value in values])


def _all_of(*conditions: Condition) -> Sendable:
    return Sendable(tuple((condition,) for condition in conditions))


def _widen(subject: Subject, value: float | Decimal) -> tuple[Decimal, Decimal]:
    import pyarrow.types as pt

    unit = subject.column.unit()
    if pt.is_integer(subject.column.arrow_type):
        # The cell may have been rounded or cut to a whole number.
        unit = max(unit, Decimal(1))
    bounds = around(value, unit)
    if bounds is None:
        refuse("the number is too large to be sent")
    return bounds


def _near_numbers(subject: Subject, ranges: list[tuple[Decimal, Decimal]]) -> Sendable:
    """Send the range from the lowest to the highest number, without the widest gaps between."""
    ranges.sort()
    lowest, highest = ranges[0][0], ranges[-1][1]
    groups: list[Group] = [
        (subject.condition("isGreater", plain(lowest)),),
        (subject.condition("isLess", plain(highest)),),
    ]
    gaps = [(end, start) for (_, end), (start, _) in pairwise(ranges) if start > end]
    gaps.sort(key=lambda gap: gap[0] - gap[1])
    for end, start in gaps[:_MOST_GAPS]:
        before = subject.condition("isLess", plain(end))
        after = subject.condition("isGreater", plain(start))
        groups.append((before, after))
    return Sendable(tuple(groups))


def _date(subject: Subject) -> Sendable:
    match subject.test:
        case Compare(_, ("<" | "<="), dt.datetime() as value):
            return _all_of(_date_bound(subject, value, 1))
        case Compare(_, (">" | ">="), dt.datetime() as value):
            return _all_of(_date_bound(subject, value, -1))
        case _:
            values: list[dt.datetime] = subject.equal_to(dt.datetime)
    if subject.settings.zone is not None:
        return _days(subject, values)
    return _all_of(_date_bound(subject, min(values), -1), _date_bound(subject, max(values), 1))


def _days(subject: Subject, values: list[dt.datetime]) -> Sendable:
    moments = dict.fromkeys(milliseconds(value) for value in values)
    if min(moments) < 0:
        refuse("times before 1970 are not sent")
    if day_beside(max(values), subject.settings.zone, 1) is None:
        # In the zone of the base it may be a day of the year 10000.
        refuse("times beyond the calendar are not sent")
    return Sendable((tuple(_on(subject, "is", moment) for moment in moments),))


def _date_bound(subject: Subject, instant: dt.datetime, step: int) -> Condition:
    moment = day_beside(instant, subject.settings.zone, step)
    if moment is None:
        refuse("times before 1970 or beyond the calendar are not sent")
    return _on(subject, "isGreater" if step < 0 else "isLess", moment)


def _on(subject: Subject, operator: str, moment: int) -> Condition:
    return subject.condition(operator, "ExactDate", str(moment))


_FAMILIES: dict[FilterFamily, Callable[[Subject], Sendable]] = {
    "text": _text,
    "phone": _phone,
    "number": _number,
    "select": _select,
    "multiselect": _multiselect,
    "date": _date,
    "people": _people,
    "url": _text,
    "presence": Subject.unsupported,
    "autonumber": _autonumber,
}
