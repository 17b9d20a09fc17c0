"""The plan, applied to any catalogue: what it reaches, what it never touches, what it survives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.errors import LarkBaseError, PermissionDenied
from larkbase_sdk.schema.glue import ColumnOrigin, GlueColumn, origin_of
from larkbase_server.crawler.apply import Applier
from larkbase_server.crawler.plan import Rules, drop_plan, make_plan
from larkbase_server.crawler.records import (
    GlueDatabase,
    GlueTable,
    LarkDatabase,
    LarkSide,
    LarkTable,
)
from larkbase_server.crawler.source import CrawlSource

SOURCE = CrawlSource.of_table("meta", "tblMeta")
OTHER = CrawlSource.of_table("meta", "tblMeta2")
TYPES = {"Text": "string", "Number": "decimal", "Checkbox": "boolean"}
BASES = ["b1", "b2", "b3"]
NAMES = ["a", "A", "a!", "b", "B c", "c", ""]
GLUE_NAMES = ["a", "b", "a_", "c", "b_c", "d"]


class ModelGlue:
    """Glue as plain dictionaries; ``refuses`` tells which writes fail."""

    def __init__(self) -> None:
        self.databases: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, dict[str, dict[str, Any]]] = {}
        self.refuses: Callable[[str, str, str], bool] = lambda _verb, _database, _table: False
        self.writes = 0

    def describe(self) -> list[GlueDatabase]:
        """Everything, as the crawler reads it."""
        return [
            GlueDatabase(deepcopy(data), tuple(self.tables(name)))
            for name, data in sorted(self.databases.items())
        ]

    def tables(self, database: str) -> list[GlueTable]:
        return [GlueTable.parse(deepcopy(data)) for data in self.contents[database].values()]

    def create_database(self, content: Mapping[str, Any]) -> None:
        self._check("create", content["Name"])
        assert content["Name"] not in self.databases
        self.databases[content["Name"]] = dict(content)
        self.contents[content["Name"]] = {}

    def update_database(self, name: str, content: Mapping[str, Any]) -> None:
        self._check("update", name)
        assert name in self.databases
        self.databases[name] = dict(content)

    def delete_database(self, name: str) -> None:
        self._check("delete", name)
        assert not self.contents[name]
        del self.databases[name], self.contents[name]

    def create_table(self, database: str, content: Mapping[str, Any]) -> None:
        self._check("create", database, content["Name"])
        assert content["Name"] not in self.contents[database]
        self.contents[database][content["Name"]] = {**content, "VersionId": "1"}

    def update_table(self, database: str, content: Mapping[str, Any], version: str) -> None:
        self._check("update", database, content["Name"])
        known = self.contents[database][content["Name"]]
        assert version == known["VersionId"]
        number = str(int(known["VersionId"]) + 1)
        self.contents[database][content["Name"]] = {**content, "VersionId": number}

    def delete_tables(self, database: str, names: Sequence[str]) -> dict[str, str]:
        errors = {}
        for name in names:
            try:
                self._check("delete", database, name)
            except LarkBaseError as error:
                errors[name] = str(error)
            else:
                del self.contents[database][name]
        return errors

    def _check(self, verb: str, database: str, table: str = "") -> None:
        self.writes += 1
        if self.refuses(verb, database, table):
            raise PermissionDenied("no")

    def apply(self, lark: LarkSide, rules: Rules = Rules()) -> None:  # noqa: B008 - frozen
        """Plan and carry out one round."""
        Applier(self).apply(make_plan(lark, self.describe(), rules))  # type: ignore[arg-type]


def column(base: str, table: str, field: tuple[str, str, str]) -> GlueColumn:
    """A column as Lark's side describes it."""
    field_id, name, lark_type = field
    comment = ColumnOrigin(base, table, field_id, name, lark_type).comment()
    parameters = {"larkFieldId": field_id, "larkFieldName": name, "larkUIType": lark_type}
    return GlueColumn(name, TYPES[lark_type], comment, parameters)


fields = st.lists(
    st.tuples(
        st.sampled_from(["f1", "f2", "f3"]), st.sampled_from("xyz"), st.sampled_from(sorted(TYPES))
    ),
    max_size=3,
    unique_by=(lambda field: field[0], lambda field: field[1]),
)


@st.composite
def lark_tables(draw: st.DrawFn, base: str) -> LarkTable:
    table_id = draw(st.sampled_from(["t1", "t2", "t3", "t4"]))
    name = draw(st.sampled_from(NAMES))
    if draw(st.integers(0, 9)) == 0:
        return LarkTable(base, table_id, name, error="Lark says no")
    columns = tuple(column(base, table_id, field) for field in draw(fields))
    return LarkTable(base, table_id, name, columns)


@st.composite
def lark_databases(draw: st.DrawFn) -> LarkDatabase:
    key, name = draw(st.sampled_from(BASES)), draw(st.sampled_from(NAMES))
    if draw(st.integers(0, 9)) == 0:
        return LarkDatabase(key, name, unread={key: "Lark says no"}, readable=False)
    bases = [key, draw(st.sampled_from(BASES))] if draw(st.booleans()) else [key]
    unread = {bases[1]: "no"} if len(set(bases)) == 2 and draw(st.integers(0, 3)) == 0 else {}
    tables = [
        table
        for base in dict.fromkeys(bases)
        if base not in unread
        for table in draw(
            st.lists(lark_tables(base), max_size=4, unique_by=lambda table: table.table_id)
        )
    ]
    return LarkDatabase(key, name, tuple(tables), unread)


@st.composite
def lark_sides(draw: st.DrawFn) -> LarkSide:
    databases = draw(
        st.lists(lark_databases(), max_size=3, unique_by=lambda item: (item.key, item.name))
    )
    left_out = draw(st.dictionaries(st.sampled_from(BASES), st.just("unclear"), max_size=1))
    return LarkSide(SOURCE, tuple(databases), left_out)


foreign_tables = st.sampled_from(
    [
        {"Parameters": {"classification": "csv"}},
        {"TableType": "VIRTUAL_VIEW", "Parameters": {"classification": "lark-base-flag"}},
        {},
    ]
)


@st.composite
def catalogues(draw: st.DrawFn) -> ModelGlue:
    """A catalogue after an earlier crawl, with what other people put into it."""
    glue = ModelGlue()
    for name in draw(st.lists(st.sampled_from(GLUE_NAMES), max_size=2, unique=True)):
        location = draw(st.sampled_from(["s3://bucket/x", OTHER.location("b1"), ""]))
        glue.create_database({"Name": name, "LocationUri": location})
        glue.create_table(name, {"Name": "theirs", "Parameters": OTHER.parameters("b1", "t1")})
    for _ in range(draw(st.integers(0, 2))):
        glue.apply(draw(lark_sides()))
    for tables in glue.contents.values():
        for table in tables.values():
            _meddle(draw, table)
        for name in draw(st.lists(st.sampled_from(GLUE_NAMES), max_size=1)):
            if name not in tables:
                foreign = draw(foreign_tables)
                tables[name] = {"Name": name, "VersionId": "1", **foreign}
    return glue


def _meddle(draw: st.DrawFn, table: dict[str, Any]) -> None:
    columns = table.get("StorageDescriptor", {}).get("Columns", [])
    if columns and draw(st.booleans()):
        columns[0]["Type"] = "older"
    if columns and draw(st.integers(0, 5)) == 0:
        columns[-1]["Comment"] = "a remark"
    if draw(st.integers(0, 3)) == 0:
        table["Description"] = f"of {table['Name']}"


def foreign_part(glue: ModelGlue) -> dict[str, Any]:
    """Databases that are not the source's, and in its own ones the tables not made from Lark."""
    found = {}
    for database in glue.describe():
        if database.key_in(SOURCE) is None:
            found[database.name] = (glue.databases[database.name], glue.contents[database.name])
        for table in database.tables:
            if not table.is_lark:
                found[f"{database.name}.{table.name}"] = table.data
    return deepcopy(found)


def entries(glue: ModelGlue) -> dict[tuple[str, str], list[GlueTable]]:
    """Our entries by the ids of their tables."""
    found: dict[tuple[str, str], list[GlueTable]] = {}
    for database in glue.describe():
        if database.key_in(SOURCE) is not None:
            for table in database.tables:
                if table.is_lark and SOURCE.owns(table.parameters):
                    found.setdefault(table.ids, []).append(table)
    return found


def types_of(tables: Sequence[GlueTable]) -> set[tuple[str, str, str]]:
    """Field, Lark's type, declared type of every column whose comment tells."""
    origins = [(origin_of(item), item) for table in tables for item in table.columns]
    return {(o.field_id, o.lark_type, c.type) for o, c in origins if o.field_id and o.lark_type}


def foreign_names(glue: ModelGlue) -> tuple[set[str], dict[str, set[str]]]:
    """Names that the plan cannot take."""
    databases = {item.name for item in glue.describe() if item.key_in(SOURCE) is None}
    tables = {
        item.name: {table.name for table in item.tables if not table.is_lark}
        for item in glue.describe()
    }
    return databases, tables


@given(catalogues(), lark_sides())
def test_nothing_foreign_is_ever_touched(glue, lark):
    """Databases of others, tables and views of others in our own databases."""
    before = foreign_part(glue)

    glue.apply(lark)

    assert {name: foreign_part(glue).get(name) for name in before} == before


@given(catalogues(), lark_sides())
def test_a_second_plan_writes_nothing(glue, lark):
    """The plan reaches its end in one go."""
    glue.apply(lark)

    assert [item for item in make_plan(lark, glue.describe(), Rules()) if item.writes] == []


@given(catalogues(), lark_sides())
def test_our_part_is_afterwards_exactly_what_lark_has(glue, lark):
    """Every readable table stands under its name; what is ours besides could not be judged."""
    plan = make_plan(lark, glue.describe(), Rules())
    skipped = {item.item for item in plan if item.verb == "skip"}
    glue.apply(lark)
    after = make_plan(lark, glue.describe(), Rules())
    kept = {item.item for item in after if item.verb == "keep" and not item.reasons}

    by_place = {
        (database.name, table.name): table
        for database in glue.describe()
        if database.key_in(SOURCE) is not None
        for table in database.tables
        if table.is_lark and SOURCE.owns(table.parameters)
    }
    wanted = {
        table.ids: table
        for database in lark.databases
        if database.readable
        for table in database.tables
        if not table.error
    }
    for place in kept:
        if place[1]:
            found = by_place.pop(place)
            assert [(c.name, c.comment) for c in found.columns] == [
                (c.name, c.comment) for c in wanted[found.ids].columns
            ]
    unjudged = {base for item in lark.databases for base in item.unread} | set(lark.left_out)
    errors = {t.ids for item in lark.databases for t in item.tables if t.error}
    for (database, _), table in by_place.items():
        key = next(item for item in glue.describe() if item.name == database).key_in(SOURCE)
        assert (
            not lark.databases
            or key in unjudged
            or table.ids[0] in unjudged
            or table.ids in errors
            or any(skip for skip in skipped)
        )


@given(catalogues(), lark_sides())
def test_a_declared_type_changes_only_with_larks_type(glue, lark):
    """Whatever was renamed, moved or swapped; a new type comes only with a new Lark type."""
    before = {ids: types_of(tables) for ids, tables in entries(glue).items()}

    glue.apply(lark)

    for ids, tables in entries(glue).items():
        known: dict[tuple[str, str], set[str]] = {}
        for field_id, lark_type, declared in before.get(ids, ()):
            known.setdefault((field_id, lark_type), set()).add(declared)
        told = {item.field_id for item in map(origin_of, tables[0].columns)}
        for field_id, lark_type, declared in types_of(tables):
            if (field_id, lark_type) in known and field_id in told and len(tables) == 1:
                assert declared in known[field_id, lark_type]


@given(catalogues(), lark_sides(), st.data())
def test_no_table_is_lost_when_writes_fail(glue, lark, data):
    """Whatever cannot be created or deleted: a table of ours that Lark still has stays."""
    before = set(entries(glue))
    refused = data.draw(
        st.sets(st.tuples(st.sampled_from(["create", "delete"]), st.sampled_from(GLUE_NAMES)))
    )
    glue.refuses = lambda verb, database, table: (verb, table or database) in refused
    databases, tables = foreign_names(glue)
    plan = make_plan(lark, glue.describe(), Rules())

    glue.apply(lark)

    blocked = any(item.verb == "skip" and not item.failed for item in plan) or any(
        "Glue has a" in reason for item in plan for reason in item.reasons
    )
    wanted = {table.ids for item in lark.databases for table in item.tables}
    if not blocked:
        assert before & wanted <= set(entries(glue))


@given(catalogues())
def test_an_empty_source_writes_nothing(glue):
    """Nor does one of which nothing could be read."""
    before = deepcopy((glue.databases, glue.contents))
    unread = tuple(LarkDatabase(key, key, unread={key: "no"}, readable=False) for key in BASES)

    glue.apply(LarkSide(SOURCE))
    glue.apply(LarkSide(SOURCE, unread))
    glue.apply(LarkSide(SOURCE, (), dict.fromkeys(BASES, "unclear")))

    assert (glue.databases, glue.contents) == before


@given(catalogues())
def test_dropping_a_source_removes_all_of_ours_and_nothing_else(glue):
    """Databases go unless something foreign is in them."""
    before = foreign_part(glue)

    Applier(glue).apply(drop_plan(SOURCE, glue.describe()))  # type: ignore[arg-type]

    assert {name: foreign_part(glue).get(name) for name in before} == before
    assert entries(glue) == {}
    left = [item for item in glue.describe() if item.key_in(SOURCE) is not None]
    assert all(item.tables for item in left)


@given(catalogues(), lark_sides())
def test_everything_is_reported_once(glue, lark):
    """An action per database and table, and a reason for every write and every skip."""
    plan = make_plan(lark, glue.describe(), Rules())

    written = [action.item for action in plan if action.writes]
    assert len(written) == len(set(written))
    assert all(action.reasons for action in plan if action.verb != "keep")
