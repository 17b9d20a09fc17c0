"""What of a query its connectors can do: conditions of WHERE, LIMIT, first rows of an order.

Athena's planner hands conditions on one table over as value sets, wherever the rows of the table
pass the WHERE of their query block. The same is done here on the parsed text, block by block. What
a connector is trusted with is taken out of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.sql.shapes import single_table
from larkbase_server.protocol.constraints import OrderByField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from sqlglot.optimizer.scope import Scope

    from larkbase_sdk.read.constants import SqlNode
    from larkbase_server.local.conditions import Conditions
    from larkbase_server.local.domains import Domain
    from larkbase_server.local.pushed_constraints import Abilities
    from larkbase_server.local.statement import Statement, TableUse


class KnownTable:
    """What is known of a federated table before a query is planned.

    Attributes:
        schema: Its columns, in the types of the wire.
        abilities: What its connector declared.
        conditions: Reads conditions over its columns.
    """

    def __init__(self, schema: pa.Schema, abilities: Abilities) -> None:
        from larkbase_server.local.conditions import Conditions

        self.schema = schema
        self.abilities = abilities
        self.conditions: Conditions = Conditions(schema)
        self.names = frozenset(schema.names)

    def trusts(self, domains: Mapping[str, Domain]) -> bool:
        """Tell whether all of some domains are the connector's business alone."""
        sets = [
            self.abilities.value_set(domain, self.schema.field(name).type)
            for name, domain in domains.items()
        ]
        return all(self.abilities.is_trusted(values) for values in sets)


def push_down(statement: Statement, known: Mapping[TableUse, KnownTable]) -> None:
    """Note in the uses of a query what their connectors shall do, and take it out of its text.

    A query whose blocks cannot be told apart is left as it is, which costs time and no row.
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    uses = {id(node): use for node, use in statement.uses}
    try:
        blocks = [
            _Block(scope, uses, known)
            for scope in traverse_scope(statement.tree)
            if isinstance(scope.expression, exp.Select)
        ]
    except SqlglotError:
        return
    for block in blocks:
        block.push()


class _Block:
    """One SELECT of a query, with the tables that it reads."""

    def __init__(
        self, scope: Scope, uses: Mapping[int, TableUse], known: Mapping[TableUse, KnownTable]
    ) -> None:
        self._select: SqlNode = scope.expression
        self._known = known
        self._uses = {
            name.lower(): use
            for name, (node, _) in scope.selected_sources.items()
            if (use := uses.get(id(node))) is not None and _is_plain(node)
        }
        sources = 1 + len(self._select.args.get("joins") or ())
        self._all_known = len(self._uses) == sources and not self._select.args.get("laterals")

    def push(self) -> None:
        """Hand over what can be handed over."""
        where = self._select.args.get("where")
        if where is not None:
            self._push_conditions(where)
        self._push_limit()

    def _push_conditions(self, where: SqlNode) -> None:
        from sqlglot import exp

        reached = self._reached()
        kept = [part for part in _conjuncts(where.this) if not self._push_condition(part, reached)]
        self._select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
        for use in self._uses.values():
            use.kept += [part.sql(dialect="trino") for part in kept]

    def _push_condition(self, part: SqlNode, reached: Iterable[str]) -> bool:
        """Note the domains of a condition, and tell whether the connector alone applies it."""
        from sqlglot import exp

        columns = list(part.find_all(exp.Column))
        owners = {self._owner(column) for column in columns}
        if len(owners) != 1 or not owners <= set(reached) or part.find(exp.Query):
            return False
        use = self._uses[owners.pop() or ""]
        table = self._known[use]
        domains = table.conditions.of_sql(_without_qualifiers(part))
        if domains is None:
            return False
        for name, domain in domains.items():
            use.domains[name] = domain.intersection(use.domains.get(name, domain))
        return table.trusts(domains)

    def _owner(self, column: SqlNode) -> str | None:
        """Return the name of the table that a column surely belongs to."""
        name = column.name.lower()
        if column.table:
            qualifier = column.table.lower()
            use = self._uses.get(qualifier)
            return qualifier if use is not None and name in self._known[use].names else None
        owners = [key for key, use in self._uses.items() if name in self._known[use].names]
        return owners[0] if len(owners) == 1 and self._all_known else None

    def _reached(self) -> set[str]:
        """Return the tables whose rows all pass WHERE as they are, none of them made of NULLs."""
        source = self._select.args.get("from_") or self._select.args.get("from")
        if source is None:
            return set()
        reached = {source.this.alias_or_name.lower()}
        for join in self._select.args.get("joins") or ():
            joined = join.this.alias_or_name.lower()
            match join.side.upper():
                case "":
                    reached.add(joined)
                case "LEFT":
                    pass
                case "RIGHT":
                    reached = {joined}
                case _:
                    reached = set()
        return reached

    def _push_limit(self) -> None:
        shape = single_table(self._select)
        if shape is None or shape.where is not None or len(self._uses) != 1:
            return
        ((_, use),) = self._uses.items()
        table = self._known[use]
        if shape.is_count:
            use.counted = True
        elif table.abilities.limit and not shape.order:
            use.limit = shape.rows
        elif table.abilities.top_n and _can_order(table.schema, [k.column for k in shape.order]):
            use.limit = shape.rows
            use.order = tuple(
                OrderByField(
                    key.column.lower(), "DESC_NULLS_LAST" if key.descending else "ASC_NULLS_LAST"
                )
                for key in shape.order
            )


def _is_plain(node: SqlNode) -> bool:
    """Tell whether a table is named without new column names and without a sample."""
    alias = node.args.get("alias")
    renamed = alias is not None and bool(alias.args.get("columns"))
    return not renamed and not node.args.get("sample") and not node.args.get("pivots")


def _can_order(schema: pa.Schema, columns: Iterable[str]) -> bool:
    import pyarrow as pa

    found = [schema.get_field_index(name.lower()) for name in columns]
    return all(place >= 0 and not pa.types.is_nested(schema.types[place]) for place in found)


def _conjuncts(condition: SqlNode) -> list[SqlNode]:
    from sqlglot import exp

    inner = condition.unnest()
    if not isinstance(inner, exp.And):
        return [condition]
    return [part for side in (inner.left, inner.right) for part in _conjuncts(side)]


def _without_qualifiers(part: SqlNode) -> SqlNode:
    from sqlglot import exp

    copied = part.copy()
    for column in copied.find_all(exp.Column):
        for key in ("table", "db", "catalog"):
            column.set(key, None)
        # Names are looked up in lower case, as the messages carry them.
        column.this.set("this", column.name.lower())
        column.this.set("quoted", True)
    return copied
