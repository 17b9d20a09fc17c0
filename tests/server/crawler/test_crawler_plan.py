"""The plan, applied to any catalogue: what it reaches, what it never touches, what it survives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
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
FOLDERS = ["fld0", "fld1", "fld2"]
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
def lark_tables(draw: st.DrawFn, base: str, table_id: str, readable: bool) -> LarkTable:
    name = draw(st.sampled_from(NAMES))
    if not readable or draw(st.integers(0, 9)) == 0:
        return LarkTable(base, table_id, name, error="Lark says no")
    columns = tuple(column(base, table_id, field) for field in draw(fields))
    return LarkTable(base, table_id, name, columns)


@dataclass
class Tenant:
    """The bases as Lark shows them: some cannot be read, nor can some tables of the others."""

    tables: dict[str, list[LarkTable]]
    unread: set[str]

    def of_row(self, base: str, name: str) -> LarkDatabase:
        """A database that stands for a base."""
        if base in self.unread:
            return LarkDatabase(base, name, unread={base: "Lark says no"}, readable=False)
        return LarkDatabase(base, name, tuple(self.tables[base]))

    def of_folder(self, token: str, name: str, bases: Sequence[str]) -> LarkDatabase:
        """A database that stands for a folder of bases."""
        unread = {base: "Lark says no" for base in bases if base in self.unread}
        tables = [table for base in bases if base not in unread for table in self.tables[base]]
        return LarkDatabase(token, name, tuple(tables), unread, len(unread) < len(bases))

    def of_tables(self, name: str, bases: Sequence[str]) -> LarkDatabase:
        """A database whose rows are tables."""
        tables = [table for base in bases for table in self.tables[base]]
        return LarkDatabase(bases[0], name, tuple(tables))


@st.composite
def tenants(draw: st.DrawFn) -> Tenant:
    unread = draw(st.sets(st.sampled_from(BASES), max_size=1))
    table_ids = st.lists(st.sampled_from(["t1", "t2", "t3"]), max_size=3, unique=True)
    return Tenant(
        {
            base: [
                draw(lark_tables(base, table_id, base not in unread))
                for table_id in draw(table_ids)
            ]
            for base in BASES
        },
        unread,
    )


@st.composite
def lark_sides(draw: st.DrawFn) -> LarkSide:
    tenant = draw(tenants())
    bases = st.lists(st.sampled_from(BASES), min_size=1, max_size=2, unique=True)
    databases = []
    for number in range(draw(st.integers(0, 3))):
        name, kind = draw(st.sampled_from(NAMES)), draw(st.integers(0, 2))
        if kind == 0:
            databases.append(tenant.of_row(draw(st.sampled_from(BASES)), name))
        elif kind == 1:
            databases.append(tenant.of_folder(FOLDERS[number], name, draw(bases)))
        else:
            databases.append(tenant.of_tables(name, draw(bases)))
    keys = st.sampled_from([*BASES, *FOLDERS])
    left_out = draw(st.dictionaries(keys, st.just("unclear"), max_size=1))
    unclear = draw(st.dictionaries(st.sampled_from(BASES), st.just("unclear"), max_size=1))
    return LarkSide(SOURCE, tuple(databases), left_out, unclear)


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
    """Readable tables stand under their names; only what could not be judged or placed is extra."""
    glue.apply(lark)

    found = {
        (database.name, table.name): table
        for database in glue.describe()
        if database.key_in(SOURCE) is not None
        for table in database.tables
    }
    databases = [item for item in lark.databases if item.readable]
    wanted = {t.ids: t for item in databases for t in item.tables if not t.error}
    unplaced = Counter(t.ids for item in databases for t in item.tables)
    for action in make_plan(lark, glue.describe(), Rules()):
        if action.verb == "keep" and action.table and not action.reasons:
            entry = found.pop(action.item)
            unplaced[entry.ids] -= 1
            assert [(c.name, c.comment) for c in entry.columns] == [
                (c.name, c.comment) for c in wanted[entry.ids].columns
            ]
    keys = {item.name: item.key_in(SOURCE) for item in glue.describe()}
    unread = {base for item in lark.databases for base in item.unread}
    unread |= {*lark.left_out, *lark.unclear}
    unread |= {item.key for item in lark.databases if not item.readable}
    extra = [
        (place, entry.ids)
        for place, entry in found.items()
        if lark.databases
        and entry.is_lark
        and SOURCE.owns(entry.parameters)
        and not unread & {entry.ids[0], keys[place[0]]}
        and unplaced[entry.ids] == 0
    ]
    assert extra == []


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
    keys = [*BASES, *FOLDERS]
    unread = tuple(LarkDatabase(key, key, unread={key: "no"}, readable=False) for key in keys)

    glue.apply(LarkSide(SOURCE))
    glue.apply(LarkSide(SOURCE, unread))
    glue.apply(LarkSide(SOURCE, (), dict.fromkeys(keys, "unclear")))

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


def test_a_database_whose_tables_may_not_be_read_is_left_alone():
    """One failure, whether it is wanted or not."""
    gone, wanted = (
        GlueDatabase({"Name": name, "LocationUri": SOURCE.location(key)}, error="AWS says no")
        for name, key in (("gone", "b1"), ("wanted", "b2"))
    )
    table = LarkTable("b2", "t1", "T", (column("b2", "t1", ("f1", "x", "Text")),))
    lark = LarkSide(SOURCE, (LarkDatabase("b2", "Wanted", (table,)),))

    plan = make_plan(lark, [gone, wanted], Rules())

    assert [(item.verb, item.database, item.failed) for item in plan] == [
        ("skip", "wanted", True),
        ("skip", "gone", True),
    ]
    assert [item.database for item in drop_plan(SOURCE, [gone])] == ["gone"]
