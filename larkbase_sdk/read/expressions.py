"""pyarrow expressions as conditions: the exact mask, and the part that a predicate can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.serialised import Call, FieldRef, Node, decode_expression
from larkbase_sdk.read.translation import Translator
from larkbase_sdk.schema.naming import RECORD_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    import pyarrow.compute as pc

    from larkbase_sdk.read.predicate import Predicate
    from larkbase_sdk.schema.table_schema import TableSchema

_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class ExpressionFilter:
    """A pyarrow expression over the columns of a table.

    Attributes:
        expression: The expression itself, which alone decides which rows are wanted.
        predicate: A predicate that is TRUE for every row wanted and perhaps for more; None when
            nothing of the expression could be translated.
        complete: Whether the predicate is TRUE for no other rows.
        names: The names that the expression uses, with the SQL names of their columns.
    """

    expression: pc.Expression
    predicate: Predicate | None
    complete: bool
    names: Mapping[str, str]

    @property
    def columns(self) -> frozenset[str]:
        """SQL names of the columns that the expression looks at."""
        return frozenset(self.names.values())

    @property
    def text(self) -> str:
        """The expression as pyarrow shows it, cut when it is long."""
        text = " ".join(str(self.expression).split())
        return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"

    def mask(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Return what the expression is for each row of a batch whose columns have SQL names.

        Raises:
            QueryError: the expression cannot be applied to columns of these types, or does not
                yield true or false.
        """
        import pyarrow as pa

        try:
            result = self._evaluate(batch)
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            msg = f"The expression {self.text} cannot be applied: {reason}"
            raise QueryError(msg, hint=_hint(reason)) from error
        if not pa.types.is_boolean(result.type):
            msg = f"The expression {self.text} yields {result.type}, not true or false."
            raise QueryError(msg, hint='Compare it with something: pc.field("amount") > 1000.')
        return result

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a batch for which the expression is true."""
        return batch.filter(self.mask(batch))

    def _evaluate(self, batch: pa.RecordBatch) -> pa.Array:
        import pyarrow as pa
        from pyarrow import acero

        arrays = {name: batch.column(column) for name, column in self.names.items()}
        table = pa.table(arrays or {batch.schema.names[0]: batch.column(0)})
        source = acero.Declaration("table_source", acero.TableSourceNodeOptions(table))
        project = acero.ProjectNodeOptions([self.expression], ["mask"])
        steps = [source, acero.Declaration("project", project)]
        # One thread keeps the rows in their order.
        result = acero.Declaration.from_sequence(steps).to_table(use_threads=False)
        return result.column("mask").combine_chunks()


def _hint(reason: str) -> str | None:
    if "timestamp" in reason:
        return "Compare times with aware datetimes: datetime(2024, 12, 31, tzinfo=timezone.utc)."
    return None


def from_expression(
    expression: pc.Expression,
    schema: TableSchema,
    *,
    names: Mapping[str, str] | None = None,
) -> ExpressionFilter:
    """Return the filter that a pyarrow expression describes; makes no call.

    Args:
        expression: For instance ``pc.field("Amount") > 1000``.
        schema: The table's schema.
        names: SQL names by the names that the expression may use. By default a field id, a Lark
            name or a SQL name is looked up, in that order; an engine that was given other names
            passes them here, so that one field's SQL name is not taken for another's Lark name.

    Raises:
        QueryError: an unknown column, a column by its position, or types that do not fit.
    """
    tree = _decode(expression)
    if tree is None:
        found = dict(names) if names is not None else _all_names(schema)
        result = ExpressionFilter(expression, None, complete=False, names=found)
    else:
        found = {name: _resolve(name, schema, names) for name in dict.fromkeys(_top_names(tree))}
        translator = Translator(schema, found)
        exact = translator.exact(tree)
        predicate = translator.superset(tree) if exact is None else exact
        result = ExpressionFilter(expression, predicate, exact is not None, found)
    result.mask(_no_rows(schema))
    return result


def _decode(expression: pc.Expression) -> Node | None:
    try:
        return decode_expression(expression)
    except ValueError as error:
        if "non-name field_refs" in str(error):
            msg = f"The expression {expression} names a column by its position."
            raise QueryError(msg, hint='Use its name: pc.field("Amount").') from error
        return None


def _top_names(node: Node) -> Iterator[str]:
    if isinstance(node, FieldRef):
        yield node.names[0]
    elif isinstance(node, Call):
        for operand in node.operands:
            yield from _top_names(operand)


def _resolve(name: str, schema: TableSchema, names: Mapping[str, str] | None) -> str:
    if names is not None and name in names:
        return names[name]
    if name == RECORD_ID:
        return RECORD_ID
    return schema.column(name).name


def _all_names(schema: TableSchema) -> dict[str, str]:
    """Return every name of every column, where an id beats a Lark name and that a SQL name."""
    found = {RECORD_ID: RECORD_ID} | {column.name: column.name for column in schema.columns}
    for attribute in ("lark_name", "field_id"):
        backwards = reversed(schema.columns)
        found |= {getattr(column, attribute): column.name for column in backwards}
    found.pop("", None)
    return found


def _no_rows(schema: TableSchema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=schema.to_arrow("sql"))
