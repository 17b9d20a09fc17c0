"""The protocol's connector validator: plays Athena's part and checks every answer.

The steps are those of the official one: Ping, schemas, tables, a table, its layout, its splits,
its records. Its known faults are not repeated: the serde version is known before the first other
message, capabilities are asked for, spilled answers are read, ids stand in their places, and NULL
may stand in any cell. Beyond it every metadata question is asked twice, tables are listed in pages
too, all splits are read, and rows are compared: inline with spilled, whole with projected, all with
those that conditions, a limit and an order leave.
"""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING

from larkbase_sdk.errors import LarkBaseError
from larkbase_server.local.counters import Counters
from larkbase_server.local.push_down import KnownTable
from larkbase_server.local.pushed_constraints import Abilities
from larkbase_server.local.validation_report import Checks, ValidationReport, require
from larkbase_server.local.validator_reads import ReadChecks
from larkbase_server.protocol.expressions import FUNCTIONS
from larkbase_server.protocol.identity import TableName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_server.local.query import LocalAthena
    from larkbase_server.protocol.capabilities import Capabilities
    from larkbase_server.protocol.planning import GetTableResponse

_KNOWN = {
    "supports_limit_pushdown": {"integer_constant"},
    "supports_top_n_pushdown": {"SUPPORTS_ORDER_BY"},
    "supports_filter_pushdown": {
        "sorted_range_set", "equatable_range_set", "all_or_none_value_set", "nullable_comparison",
    },
    "supports_complex_expression_pushdown": {"supported_function_expression_types"},
    "data_source_hints": {"non_default_collate"},
}  # fmt: skip
_PASSTHROUGH = {
    "query_passthrough_schema", "query_passthrough_name", "query_passthrough_arguments",
}  # fmt: skip
_SINGLE_PAGES = 3


class Validator:
    """Checks one connector; it reads real data, several times.

    Args:
        athena: Where its function is invoked, and its spilled blocks are read.
        catalog: Catalogue that it serves; the first one when None.
        seed: What random choices are made from; any when None.
    """

    def __init__(
        self, athena: LocalAthena, catalog: str | None = None, *, seed: int | None = None
    ) -> None:
        self._athena = athena
        self._seed = random.SystemRandom().randrange(10**6) if seed is None else seed
        self._random = random.Random(self._seed)  # noqa: S311 (choices, no secrets)
        self._client = athena.client(
            catalog or athena.catalog, f"{uuid.uuid4()}_validation", Counters()
        )
        self._checks = Checks()

    def run(
        self,
        schema: str | None = None,
        table: str | None = None,
        *,
        constraints: str = "",
        planning_only: bool = False,
        allow_empty: bool = False,
    ) -> ValidationReport:
        """Make all checks and return what they found.

        Args:
            schema: Schema to look at; a random one when None.
            table: Table to look at; a random one when None.
            constraints: Conditions that plans and reads carry, see ``parse_constraints``.
            planning_only: Stop after the splits.
            allow_empty: Let a schema have no tables.

        Raises:
            LarkBaseError: the function cannot be invoked at all.
            QueryError: the constraints do not fit the table.
        """
        self._ping()
        declared = self._capabilities()
        self._unknown_message()
        found_schema = self._schemas(schema)
        if found_schema is not None:
            found_table = self._tables(found_schema, table, allow_empty=allow_empty)
            if found_table is not None:
                self._table(found_table, declared, constraints, planning_only=planning_only)
        return ValidationReport(self._client.function, self._seed, tuple(self._checks.made))

    def _ping(self) -> None:
        answer = self._client.ping()
        with self._checks.step("Ping") as details:
            require(answer.catalog_name == self._client.catalog, "The catalogue is not repeated.")
            require(answer.query_id == self._client.query_id, "The query id is not repeated.")
            require(answer.source_type, "The source type is empty.")
            details.append(f"{answer.source_type}, serde version {self._client.version}")

    def _capabilities(self) -> Capabilities:
        declared: Capabilities = {}
        with self._checks.step("Capabilities") as details:
            declared = self._client.capabilities()
            for group, items in declared.items():
                known = _PASSTHROUGH if "." in group else _KNOWN.get(group)
                require(known is not None, f"The capability {group!r} is unknown.")
                strange = {item.sub_type for item in items} - (known or set())
                require(not strange, f"{group} has the unknown kinds {sorted(strange)}.")
            functions = declared.get("supports_complex_expression_pushdown", ())
            strange = {name for item in functions for name in item.properties} - set(FUNCTIONS)
            require(not strange, f"The functions {sorted(strange)} are unknown.")
            details.append(", ".join(declared) or "none")
        return declared

    def _unknown_message(self) -> None:
        with self._checks.step("Unknown message"):
            answer, _ = self._client.invoke({"@type": "NoSuchRequest"})
            require("errorMessage" in answer, "It was answered, not refused with an error.")

    def _schemas(self, wanted: str | None) -> str | None:
        found: Sequence[str] = ()
        with self._checks.step("ListSchemas") as details:
            found = self._client.schemas()
            require(found or wanted, "There is no schema.")
            _check_names("schema", found)
            require(self._client.schemas() == found, "A second list is another one.")
            details.append(f"{len(found)} schemas")
        return wanted.lower() if wanted else self._pick(found)

    def _tables(self, schema: str, wanted: str | None, *, allow_empty: bool) -> TableName | None:
        names: list[str] = []
        with self._checks.step("ListTables") as details:
            answer = self._client.tables(schema)
            names = [item.table_name for item in answer.tables]
            require(answer.next_token is None, "A list without a page size has a next page.")
            require(names or allow_empty or wanted, f"The schema {schema} has no table.")
            strange = {item.schema_name for item in answer.tables} - {schema}
            require(not strange, f"It lists tables of {sorted(strange)}.")
            _check_names("table", names)
            self._check_pages(schema, names)
            details.append(f"{len(names)} tables in {schema}")
        chosen = wanted.lower() if wanted else self._pick(names)
        return TableName(schema, chosen) if chosen else None

    def _check_pages(self, schema: str, names: list[str]) -> None:
        singles = self._paged(schema, 1, _SINGLE_PAGES)
        require(singles == names[:_SINGLE_PAGES], "Pages of one table have other tables.")
        size = len(names) // 3 + 1
        paged = self._paged(schema, size, len(names) + 2)
        require(paged == names, f"Pages of {size} tables together have other tables.")

    def _paged(self, schema: str, size: int, most: int) -> list[str]:
        found: list[str] = []
        token = None
        for _ in range(most):
            page = self._client.tables(schema, token, size)
            require(len(page.tables) <= size, f"A page of {size} has {len(page.tables)} tables.")
            found += [item.table_name for item in page.tables]
            token = page.next_token
            if token is None:
                break
        return found

    def _table(
        self, name: TableName, declared: Capabilities, constraints: str, *, planning_only: bool
    ) -> None:
        table: GetTableResponse | None = None
        with self._checks.step("GetTable") as details:
            table = self._client.table(name)
            self._check_table(table, name)
            details.append(f"{name.schema_name}.{name.table_name}, {len(table.schema)} columns")
        with self._checks.step("Unknown table"):
            self._refused(TableName(name.schema_name, f"{name.table_name}_{uuid.uuid4().hex[:8]}"))
        if table is None:
            return
        known = KnownTable(table.schema, Abilities.of(declared))
        reads = ReadChecks(
            self._checks, self._client, self._athena.clients, table, known, self._random
        )
        reads.run(constraints, planning_only=planning_only)

    def _check_table(self, table: GetTableResponse, name: TableName) -> None:
        names = table.schema.names
        require(table.table_name == name, f"It describes {table.table_name} instead.")
        _check_names("column", names)
        strange = set(table.partition_columns) - set(names)
        require(not strange, f"The partition columns {sorted(strange)} are no columns.")
        require(set(names) - set(table.partition_columns), "It has partition columns only.")
        again = self._client.table(name)
        require(again.schema.equals(table.schema), "A second answer has other columns.")

    def _refused(self, name: TableName) -> None:
        try:
            self._client.table(name)
        except LarkBaseError:
            return
        require(None, f"There is no table {name.table_name}, and yet it was described.")

    def _pick(self, names: Sequence[str]) -> str | None:
        return self._random.choice(names) if names else None


def _check_names(kind: str, names: Sequence[str]) -> None:
    upper = [name for name in names if name != name.lower()]
    require(not upper, f"Names must be in lower case: {kind} {', '.join(upper)}.")
    require(len(set(names)) == len(names), f"Two names are the same: {kind}.")
