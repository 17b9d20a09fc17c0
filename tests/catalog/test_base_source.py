"""Metadata tables: both forms are read, and a bad row affects only itself."""

from __future__ import annotations

import pytest

from larkbase_sdk.catalog.skipping import Skipped, UnusableSourceError
from larkbase_sdk.catalog.sources import SourcedBase, SourcedDatabase, SourcedTable
from larkbase_sdk.errors import EmptyBecauseRestricted, NotFound, PermissionDenied

FIVE = [
    "database_name",
    "database_lark_base_id",
    "table_name",
    "table_lark_base_id",
    "table_lark_table_id",
]


def five(database, base_id, table, table_id, database_base=""):
    """A row of the form with one row a table."""
    return dict(zip(FIVE, (database, database_base, table, base_id, table_id), strict=True))


def one_base(base_id, name, **lists):
    """The database that a row of the other form stands for."""
    return SourcedDatabase(name, base_id, (SourcedBase(base_id, name, **lists),))


def what(listing):
    """What was left out and why, without record ids."""
    return [(item.what.split(" ", 2)[0], item.reason) for item in listing.skipped]


class TestOneRowABase:
    """The form with ``id`` and ``name``."""

    def test_every_row_is_a_database(self, metadata_table, read):
        """Ids lose the blanks around them; names stay as they are."""
        table = metadata_table(
            ["id", "name"], [{"id": " bascnA ", "name": "My CRM"}, {"id": "bascnB", "name": "HR "}]
        )

        assert read(table).databases == (one_base("bascnA", "My CRM"), one_base("bascnB", "HR "))
        assert read(table).skipped == ()

    def test_the_lists_narrow_the_tables_of_a_base(self, metadata_table, read):
        """Comma lists of table ids; blanks around and between do not matter."""
        table = metadata_table(
            ["id", "name", "whitelist_tables", "blacklist_tables"],
            [
                {
                    "id": "b",
                    "name": "n",
                    "whitelist_tables": " tbl1,, tbl2 ,",
                    "blacklist_tables": "tbl2",
                }
            ],
        )

        (database,) = read(table).databases
        assert database == one_base(
            "b", "n", include=frozenset({"tbl1", "tbl2"}), exclude=frozenset({"tbl2"})
        )
        assert [t for t in ("tbl1", "tbl2", "tbl3", "TBL1") if database.bases[0].takes(t)] == [
            "tbl1"
        ]

    @pytest.mark.parametrize("names", [("ID", "Name"), ("Id ", " NAME"), ("id", "name")])
    def test_column_names_are_found_in_any_letter_case(self, metadata_table, read, names):
        """A table made by hand is understood."""
        table = metadata_table(names, [{names[0]: "b", names[1]: "CRM"}])

        assert read(table).databases == (one_base("b", "CRM"),)

    def test_an_exactly_spelled_column_goes_before_others(self, metadata_table, read):
        """Of ``ID`` and ``id`` the latter counts."""
        table = metadata_table(["ID", "id", "name"], [{"ID": "wrong", "id": "right", "name": "n"}])

        assert read(table).databases == (one_base("right", "n"),)

    @pytest.mark.parametrize(
        ("ui_type", "value", "name"),
        [
            ("Text", [{"type": "text", "text": "My "}, {"type": "text", "text": "CRM"}], "My CRM"),
            ("SingleSelect", "CRM", "CRM"),
            ("Number", 2024, "2024"),
            ("Formula", "CRM", "CRM"),
        ],
    )
    def test_any_type_of_field_that_reads_as_text_will_do(
        self, metadata_table, read, ui_type, value, name
    ):
        """Segments are joined; numbers and formulas count as their text."""
        table = metadata_table(["id", ("name", ui_type)], [{"id": "b", "name": value}])

        assert read(table).databases == (one_base("b", name),)

    def test_bad_rows_are_left_out_and_told(self, metadata_table, read):
        """Blank, incomplete and repeated rows do not take the others down."""
        rows = [
            {},
            {"id": "a", "name": "CRM"},
            {"id": "b"},
            {"name": "lost"},
            {"id": "a", "name": "crm"},
            {"id": "c", "name": "   "},
            {"id": "", "name": ""},
            {"id": "a", "name": "another name of it"},
        ]
        listing = read(metadata_table(["id", "name"], rows))

        assert [item.name for item in listing.databases] == ["CRM", "another name of it"]
        assert what(listing) == [
            ("row", "name is empty."),
            ("row", "id is empty."),
            ("row", "it repeats an earlier row."),
            ("row", "name is empty."),
            ("2", "nothing is in it."),
        ]
        assert [item.token for item in listing.skipped] == ["b", "", "", "c", ""]

    @pytest.mark.parametrize(
        "odd",
        [".", "..", "-/-", "to do", "https://acme.feishu.cn/base/bascnA?table=tbl1", "b" * 101],
    )
    def test_what_is_no_id_is_left_out_and_told(self, metadata_table, read, odd):
        """A note or a link in place of an id would only be refused at the first call."""
        rows = [{"id": odd, "name": "odd"}, {"id": "b", "name": "CRM"}]
        listing = read(metadata_table(["id", "name"], rows))

        assert listing.databases == (one_base("b", "CRM"),)
        assert what(listing) == [("row", "what stands in id is no id of Lark.")]

    def test_more_rows_than_a_page_are_all_read(self, metadata_table, read):
        """A metadata table may be long."""
        table = metadata_table(
            ["id", "name"], [{"id": f"b{n}", "name": f"n{n}"} for n in range(777)]
        )

        assert [item.key for item in read(table).databases] == [f"b{n}" for n in range(777)]


class TestOneRowATable:
    """The form with five columns."""

    def test_rows_of_one_database_are_its_tables(self, metadata_table, read):
        """Each table lies in its own base, whatever base the database names."""
        rows = [
            five("Sales", "bascnA", "Orders", "tbl1", "bascnDb"),
            five("Stock", "bascnB", "Items", "tbl9"),
            five("sales", "bascnB", "People", "tbl2"),
        ]

        assert read(metadata_table(FIVE, rows)).databases == (
            SourcedDatabase(
                "Sales",
                "bascnDb",
                tables=(
                    SourcedTable("bascnA", "tbl1", "Sales", "Orders"),
                    SourcedTable("bascnB", "tbl2", "Sales", "People"),
                ),
            ),
            SourcedDatabase(
                "Stock", "bascnB", tables=(SourcedTable("bascnB", "tbl9", "Stock", "Items"),)
            ),
        )

    def test_the_base_of_the_database_may_be_missing(self, metadata_table, read):
        """Four columns make the form."""
        columns = [name for name in FIVE if name != "database_lark_base_id"]
        row = five("Sales", "b", "Orders", "tbl1")
        del row["database_lark_base_id"]

        (database,) = read(metadata_table(columns, [row])).databases
        assert (database.key, database.base_id) == ("b", "b")

    def test_incomplete_and_repeated_rows_are_left_out_and_told(self, metadata_table, read):
        """The reason names the empty columns."""
        rows = [
            five("Sales", "b", "Orders", "tbl1"),
            five("SALES", "b", "orders", "tbl1"),
            five("Sales", "b", "", ""),
            five("Sales", "b", "Other name", "tbl1"),
        ]
        listing = read(metadata_table(FIVE, rows))

        assert [table.name for table in listing.databases[0].tables] == ["Orders", "Other name"]
        assert what(listing) == [
            ("row", "it repeats an earlier row."),
            ("row", "table_name and table_lark_table_id are empty."),
        ]

    def test_what_is_no_id_is_left_out_and_told(self, metadata_table, read):
        """The reason names the columns."""
        rows = [
            five("Sales", "b", "Orders", "tbl1"),
            five("Sales", "b", "Later", "?"),
            five("Sales", "a b", "Never", "."),
        ]
        listing = read(metadata_table(FIVE, rows))

        assert [table.name for table in listing.databases[0].tables] == ["Orders"]
        assert what(listing) == [
            ("row", "what stands in table_lark_table_id is no id of Lark."),
            (
                "row",
                "what stands in table_lark_base_id and table_lark_table_id is no id of Lark.",
            ),
        ]

    def test_in_a_table_of_both_forms_each_row_is_what_it_fills(self, metadata_table, read):
        """A row with a table id is a table, the others are bases."""
        rows = [
            {"id": "bascnA", "name": "CRM", **five("Sales", "bascnB", "Orders", "tbl1")},
            {"id": "bascnC", "name": "HR"},
        ]

        assert read(metadata_table(["id", "name", *FIVE], rows)).databases == (
            SourcedDatabase(
                "Sales", "bascnB", tables=(SourcedTable("bascnB", "tbl1", "Sales", "Orders"),)
            ),
            one_base("bascnC", "HR"),
        )


class TestWhatCannotBeRead:
    """Nothing is concluded from a table that could not be read."""

    def test_missing_columns_are_an_error_that_names_them(self, metadata_table, read):
        """The message says what is there, the hint what is needed."""
        with pytest.raises(UnusableSourceError) as caught:
            read(metadata_table(["id", "title"], [{"id": "b", "title": "CRM"}]))

        assert "of the columns that it needs it has id." in caught.value.message
        assert caught.value.hint.startswith("It needs id and name, or database_name, ")

    def test_a_deleted_table_is_an_error(self, metadata_table, read, lark_emulator):
        """It never looks like an empty one."""
        table = metadata_table(["id", "name"], [{"id": "b", "name": "n"}])
        lark_emulator.database("Metadata").remove_table("databases")

        with pytest.raises(NotFound):
            read(table)

    def test_a_base_that_is_not_shared_is_an_error(self, metadata_table, read, lark_emulator):
        """The error is Lark's own."""
        table = metadata_table(["id", "name"], [])
        lark_emulator.database("Metadata").shared = False

        with pytest.raises(PermissionDenied, match="91403"):
            read(table)

    def test_rows_hidden_by_advanced_permissions_are_not_passed_over(
        self, metadata_table, read, lark_emulator
    ):
        """An empty answer of a restricted base comes with a warning."""
        table = metadata_table(["id", "name"], [{"id": "b", "name": "n"}])
        lark_emulator.database("Metadata").access = "role"
        table.role_hides_rows = True

        with pytest.warns(EmptyBecauseRestricted):
            assert read(table).databases == ()


def test_what_was_left_out_reads_as_a_sentence():
    """The text of the warning."""
    skipped = Skipped("row recu1 of metadata table tblX", "name is empty.")

    assert str(skipped) == "Left out row recu1 of metadata table tblX: name is empty."
