"""Push-down: the part of a predicate that Lark can check, as a filter that loses no wanted row.

The filter lets through at least the rows for which the predicate is TRUE; whoever reads checks the
predicate itself again. Nothing here calls the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.read.conditions import Condition, Group, NotSendable, Sendable, Settings
from larkbase_sdk.read.describe import describe, describe_condition
from larkbase_sdk.read.families import conditions_for
from larkbase_sdk.read.filters import encode, fits, render_filter
from larkbase_sdk.read.logic import FALSE, TRUE, leaf_of, normal_form
from larkbase_sdk.read.predicate import And, Or, Predicate, conjuncts, split_member
from larkbase_sdk.read.views import combine_view, merge_view
from larkbase_sdk.schema.naming import RECORD_ID

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from larkbase_sdk.schema.table_schema import TableSchema

__all__ = ["Pushed", "combine_view", "merge_view", "push", "render_filter"]

_MOST_GROUPS = 16
_TOO_LONG = "the filter would be too long"
# The order in which conditions are taken: those that let the fewest rows through come first.
_WEIGHTS = {"is": 0, "contains": 1, "isEmpty": 1, "isGreater": 2, "isLess": 2, "isNotEmpty": 3}


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is sent of a predicate.

    Attributes:
        filter: The filter with its fields by id, see `render_filter`; None to send none.
        sent: Its conditions as texts, in Lark's names: ``Status is "Open"``.
        kept: What is only checked here, as SQL text with the reason.
        exact: Whether, by documented behaviour, the server lets through no other rows.
        columns: Ids of the fields in the filter.
        empty: Whether the predicate is TRUE for no row at all, whatever the cells hold.
    """

    filter: dict[str, Any] | None
    sent: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    exact: bool = True
    columns: frozenset[str] = frozenset()
    empty: bool = False


def push(
    predicate: Predicate | None,
    schema: TableSchema,
    *,
    zone: dt.tzinfo | None,
    text_pushdown: bool,
) -> Pushed:
    """Return the widest filter that is still safe to send for a predicate.

    Args:
        predicate: A predicate over SQL names, or None for all rows.
        schema: The table's schema.
        zone: Time zone of the base, see `base_zone`; None makes filters on dates wider.
        text_pushdown: Whether texts may be compared by the server.

    Raises:
        QueryError: the predicate names an unknown column.
    """
    if predicate is None:
        return Pushed(None)
    wanted = normal_form(predicate)
    if wanted in (TRUE, FALSE):
        return Pushed(None, empty=wanted == FALSE)
    sender = _Sender(schema, Settings(zone, text_pushdown))
    return sender.push(conjuncts(wanted))


class _Sender:
    """Sends as many conjuncts of one predicate as a filter takes."""

    def __init__(self, schema: TableSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings

    def push(self, parts: Iterable[Predicate]) -> Pushed:
        sendable: list[tuple[Predicate, Sendable]] = []
        kept: list[str] = []
        for part in parts:
            try:
                sendable.append((part, self._conditions(part)))
            except NotSendable as reason:
                kept.append(f"{describe(part)}: {reason}")
        groups = self._within_limits([item.groups for _, item in sendable])
        sent = [self._describe(own) for own in groups if own]
        lost = [part for (part, _), own in zip(sendable, groups, strict=True) if not own]
        kept += [f"{describe(part)}: {_TOO_LONG}" for part in lost]
        cut = any(
            len(own) < len(item.groups) for (_, item), own in zip(sendable, groups, strict=True)
        )
        chosen = [group for own in groups for group in own]
        return Pushed(
            filter=encode(chosen),
            sent=tuple(dict.fromkeys(sent)),
            kept=tuple(kept),
            exact=not kept and not cut and all(item.exact for _, item in sendable),
            columns=frozenset(condition.field for group in chosen for condition in group),
        )

    def _conditions(self, part: Predicate) -> Sendable:
        match part:
            case And(operands):
                return self._all(operands)
            case Or(operands):
                return _any([self._conditions(operand) for operand in operands])
            case _:
                test, negated = leaf_of(part)
                name = split_member(test.column)[0]
                if name == RECORD_ID:
                    msg = "Lark cannot filter by record id"
                    raise NotSendable(msg)
                column = self._schema.sql_column(name)
                return conditions_for(test, column, self._settings, negated=negated)

    def _all(self, operands: Iterable[Predicate]) -> Sendable:
        """Return the conditions of those operands that have any; the others only widen."""
        found: list[Sendable] = []
        reason: NotSendable | None = None
        for operand in operands:
            try:
                found.append(self._conditions(operand))
            except NotSendable as error:
                reason = error
        if reason is not None and not found:
            raise reason
        groups = tuple(group for item in found for group in item.groups)
        return Sendable(groups, reason is None and all(item.exact for item in found))

    def _within_limits(self, parts: list[tuple[Group, ...]]) -> list[list[Group]]:
        """Take groups, the most selective first, as long as the filter keeps to Lark's limits."""
        taken: list[Group] = []
        for group in sorted({group for own in parts for group in own}, key=_rank):
            if fits(encode([*taken, group]), self._schema):
                taken.append(group)
        return [[group for group in own if group in taken] for own in parts]

    def _describe(self, groups: list[Group]) -> str:
        texts = [" or ".join(self._describe_one(item) for item in group) for group in groups]
        mixed = len(groups) > 1
        return " and ".join(
            f"({text})" if mixed and len(group) > 1 else text
            for text, group in zip(texts, groups, strict=True)
        )

    def _describe_one(self, condition: Condition) -> str:
        name = self._schema.column(condition.field).lark_name
        return describe_condition(condition, name, self._settings.zone)


def _any(parts: list[Sendable]) -> Sendable:
    """Return the groups of an OR: one of each part, joined, in every combination."""
    if math.prod(len(part.groups) for part in parts) > _MOST_GROUPS:
        parts = [Sendable((min(part.groups, key=_rank),)) for part in parts]
    groups: list[Group] = [()]
    for part in parts:
        groups = [_union(known, more) for known in groups for more in part.groups]
    return Sendable(tuple(dict.fromkeys(groups)), all(part.exact for part in parts))


def _union(first: Group, second: Group) -> Group:
    return tuple(dict.fromkeys((*first, *second)))


def _rank(group: Group) -> tuple[int, int, str]:
    """Return how little a group selects, less for the more selective; the text breaks ties."""
    return max(_WEIGHTS[condition.operator] for condition in group), len(group), str(group)
