"""Schemas, tables and columns: what the connector shows, in which order, under which names."""

from __future__ import annotations

import pyarrow as pa
import pytest

from larkbase_sdk.testing import LarkEmulator
from larkbase_server.protocol.faults import EntityNotFoundException, InvalidInputException

RESERVED = ["$reserved_record_id", "$reserved_table_id", "$reserved_base_id"]


class TestListing:
    """Schemas and tables."""

    def test_schemas_of_glue_come_first_and_each_name_once(self, world, engine):
        """Letter case does not tell two schemas apart."""
        crawled = world.lark.database("Crawled").table("T", {"A": ["x"]})
        listed = world.lark.database("Listed")
        listed.table("T", {"A": ["y"]})
        world.into_glue("both", "t", crawled, [world.glue_column(crawled, "A", "string")])
        world.publish(Both=listed, Listed=listed)
        world.set(disable_glue="false")

        assert engine.schemas() == ["both", "listed"]

    def test_tables_of_a_schema_are_sorted(self, world, engine):
        """Their order is the same however often they are listed."""
        base = world.lark.database("Shop")
        for name in ("Zebra", "apple", "Mango 2"):
            base.table(name, {"A": ["x"]})
        world.publish(shop=base)

        assert engine.tables("shop") == ["apple", "mango_2", "zebra"]
        assert engine.tables("SHOP") == ["apple", "mango_2", "zebra"]

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_pages_hold_every_table_once(self, world, engine, size):
        """The token leads from page to page until there is none."""
        base = world.lark.database("Shop")
        for number in range(7):
            base.table(f"T{number}", {"A": ["x"]})
        world.publish(shop=base)

        pages, token = [], None
        while not pages or token is not None:
            page = engine.tables_page("shop", page_size=size, next_token=token)
            pages.append([item.table_name for item in page.tables])
            token = page.next_token

        assert [name for page in pages for name in page] == [f"t{number}" for number in range(7)]
        assert {len(page) for page in pages[:-1]} <= {size}

    def test_a_token_counts_without_a_page_size_too(self, sales, engine):
        """Then everything behind it comes."""
        first = engine.tables_page("sales", page_size=1)

        rest = engine.tables_page("sales", next_token=first.next_token)

        assert [item.table_name for item in rest.tables] == ["orders"]
        assert rest.next_token is None

    def test_a_table_that_vanishes_between_two_pages_moves_no_other(self, world, engine):
        """The token names a place in the order, not a number."""
        base = world.lark.database("Shop")
        for name in "abcd":
            base.table(name, {"A": ["x"]})
        world.publish(shop=base)
        world.set(LARK_METADATA_TTL="0")
        first = engine.tables_page("shop", page_size=2)
        base.remove_table("b")

        rest = engine.tables_page("shop", page_size=2, next_token=first.next_token)

        assert [item.table_name for item in rest.tables] == ["c", "d"]

    def test_without_a_schema_the_tables_of_all_are_listed(self, world, engine):
        """In pages as well."""
        one, two = world.lark.database("One"), world.lark.database("Two")
        one.table("B", {"A": ["x"]})
        two.table("A", {"A": ["x"]})
        world.publish(one=one, two=two)
        first = engine.tables_page(None, page_size=1)

        rest = engine.tables_page(None, next_token=first.next_token)

        found = [(item.schema_name, item.table_name) for item in (*first.tables, *rest.tables)]
        assert found == [("one", "b"), ("two", "a")]

    def test_a_foreign_token_is_refused(self, sales, engine):
        """It could only lead to tables left out."""
        for token in ("", "7", "[1]", "{", '"x"'):
            with pytest.raises(InvalidInputException, match="token of the next page"):
                engine.tables_page("sales", next_token=token)

    def test_an_unknown_schema_is_an_error(self, sales, engine):
        """And no schema without tables."""
        with pytest.raises(EntityNotFoundException, match="Database not found: crm"):
            engine.tables("crm")


class TestAccessLists:
    """Tables that may not be seen."""

    def test_lists_show_what_may_be_seen(self, world, sales, engine):
        """The blacklist wins over the whitelist."""
        world.set(default_blacklist_tables="SALES:Orders")
        assert engine.tables("sales") == ["customers"]

        world.set(default_whitelist_tables="sales:orders,sales:customers")
        assert engine.tables("sales") == ["customers"]

        world.set(default_blacklist_tables="", default_whitelist_tables="sales:orders")
        assert engine.tables("sales") == ["orders"]

    @pytest.mark.parametrize("step", ["table", "layout", "splits", "read"])
    def test_a_hidden_table_is_refused_at_every_step(self, world, sales, engine, step):
        """As if it did not exist, and before Lark is asked."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        world.set(default_blacklist_tables="sales:orders")
        world.lark.calls.clear()
        steps = {
            "table": lambda: engine.table("sales.orders"),
            "layout": lambda: engine.layout("sales.orders"),
            "splits": lambda: engine.splits("sales.orders"),
            "read": lambda: engine.read("sales.orders", split, schema),
        }

        with pytest.raises(EntityNotFoundException) as caught:
            steps[step]()

        assert str(caught.value) == "Table not found: sales.orders"
        assert world.lark.calls.count("search") == 0

    def test_the_split_of_a_hidden_table_opens_it_under_no_other_name(self, world, sales, engine):
        """A split names ids, but the table that the request names decides."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        world.set(default_blacklist_tables="sales:orders")

        with pytest.raises(InvalidInputException, match="another table"):
            engine.read("sales.customers", split, schema)


class TestColumns:
    """Names and types of columns."""

    def test_reserved_columns_come_last(self, sales, engine):
        """Three texts, with the comment that older connectors give them."""
        schema = engine.table("sales.orders")

        assert schema.names == ["order_no", "amount", "paid", "status", *RESERVED]
        assert {schema.field(name).type for name in RESERVED} == {pa.string()}
        comment = {b"comment": b"Reserved column from Lark Base Connector"}
        assert [schema.field(name).metadata for name in RESERVED] == [comment] * 3

    def test_a_field_of_a_reserved_name_is_not_added_twice(self, world, engine):
        """It keeps its own values."""
        base = world.lark.database("B")
        base.table("T", {"$Reserved_Table_Id": ["mine"], "A": ["x"]})
        world.publish(b=base)

        [row] = engine.select("b.t")

        assert list(row) == ["$reserved_table_id", "a", RESERVED[0], RESERVED[2]]
        assert row["$reserved_table_id"] == "mine"

    def test_a_split_key_is_an_ordinary_column_too(self, world, engine):
        """Whether or not reading in parallel is allowed."""
        base = world.lark.database("B")
        base.table("T", {"$reserved_split_key": [1, 2]})
        world.publish(b=base)

        rows = engine.select("b.t", ["$reserved_split_key"])

        assert rows == [{"$reserved_split_key": 1.0}, {"$reserved_split_key": 2.0}]

    def test_the_ids_of_reserved_columns_are_those_of_lark(self, world, sales, engine):
        """Record, table and base."""
        rows = engine.select("sales.orders", RESERVED)

        ids = [record["record_id"] for record in sales.records]
        assert [list(row.values()) for row in rows] == [
            [record_id, sales.table_id, sales.base.app_token] for record_id in ids
        ]

    def test_a_field_called_record_id_is_not_the_record_id(self, world, engine, sets):
        """Athena reserves no such name."""
        base = world.lark.database("B")
        base.table("T", {"Record Id": ["mine", "other"], "A": [1, 2]})
        world.publish(b=base)
        wanted = sets.where(record_id=sets.points(pa.string(), "mine"))

        [row] = engine.select("b.t", ["record_id", RESERVED[0]], wanted)

        assert row["record_id"] == "mine"
        assert row[RESERVED[0]].startswith("rec")

    def test_a_member_of_every_type_is_readable(self, world, engine):
        """The columns of the sample with a field of every type, in Athena's types."""
        with LarkEmulator(tenant="sample") as lark:
            world.lark = lark
            world.set(LARK_DOMAIN=lark.url)
            world.publish(types=lark.database("Field Types"))

            schema = engine.table("types.all_types")
            rows = engine.select("types.all_types")

        assert len(rows) == 4
        assert schema.field("datetime").type == pa.date64()
        assert schema.field("rating").type == pa.int8()
        assert {"button", "stage"} & set(schema.names) == set()
        assert rows[0]["datetime"].isoformat() == "2025-01-15T08:30:00"
        assert rows[0]["singlelink"]["link_record_ids"]
        assert rows[1]["checkbox"] is False
        assert {rows[1][name] for name in ("text", "number", "datetime", "rating")} == {None}

    def test_numbers_are_decimals_when_the_setting_says_so(self, world, sales, engine):
        """As older connectors declare them."""
        world.set(LARK_NUMBER_TYPE="decimal")

        assert engine.table("sales.orders").field("amount").type == pa.decimal128(38, 18)
        assert (
            str(engine.select("sales.orders", ["amount"])[0]["amount"]) == "10.500000000000000000"
        )


class TestGlue:
    """Columns that Glue declares."""

    def test_declared_types_are_binding(self, world, engine):
        """Whatever Lark says of the field."""
        table = world.lark.database("B").table(
            "T", {"Amount": [1.5, None], "Count": [3, 4], "When": [None, None]}
        )
        columns = [
            world.glue_column(table, "Amount", "decimal(10,2)"),
            world.glue_column(table, "Count", "bigint", "how_many"),
            world.glue_column(table, "Count", "bigint", "again"),
            world.glue_column(table, "When", "string"),
        ]
        world.into_glue("b", "t", table, columns)

        schema = engine.table("b.t")
        rows = engine.select("b.t", ["amount", "how_many", "again"])

        assert schema.types[:4] == [pa.decimal128(10, 2), pa.int64(), pa.int64(), pa.string()]
        assert [(str(row["amount"]), row["how_many"], row["again"]) for row in rows] == [
            ("1.50", 3, 3),
            ("None", 4, 4),
        ]

    def test_a_decimal_without_digits_is_a_number_as_in_the_other_flows(self, world, engine):
        """What crawlers declare; one with digits of its own stays as it is."""
        table = world.lark.database("B").table("T", {"Amount": [1.5], "Price": [2.25]})
        columns = [
            world.glue_column(table, "Amount", "decimal"),
            world.glue_column(table, "Price", "decimal(12,2)"),
        ]
        world.into_glue("b", "t", table, columns)

        assert engine.table("b.t").types[:2] == [pa.float64(), pa.decimal128(12, 2)]
        world.set(LARK_NUMBER_TYPE="decimal")
        assert engine.table("b.t").types[:2] == [pa.decimal128(38, 18), pa.decimal128(12, 2)]

    def test_a_column_without_a_field_is_null(self, world, engine, sets):
        """And Lark is not asked for it; its NULLs answer conditions like others."""
        table = world.lark.database("B").table("T", {"A": ["x", "y"], "Gone": [1, 2]})
        columns = [
            world.glue_column(table, "A", "string"),
            world.glue_column(table, "Gone", "double"),
        ]
        world.into_glue("b", "t", table, columns)
        table.delete_field("Gone")

        assert engine.select("b.t", ["a", "gone"]) == [
            {"a": "x", "gone": None},
            {"a": "y", "gone": None},
        ]
        assert world.lark.calls.named("search")[-1].body["field_names"] == ["A"]
        found = {
            name: len(engine.select("b.t", ["a"], sets.where(gone=values)))
            for name, values in {
                "null": sets.null(pa.float64()),
                "not null": sets.not_null(pa.float64()),
                "one": sets.points(pa.float64(), 1.0),
                "one or null": sets.points(pa.float64(), 1.0, null=True),
            }.items()
        }
        assert found == {"null": 2, "not null": 0, "one": 0, "one or null": 2}

    def test_a_field_renamed_after_the_crawl_is_still_read(self, world, engine):
        """By its id, under the name that Glue has."""
        table = world.lark.database("B").table("T", {"A": ["x"]})
        world.into_glue("b", "t", table, [world.glue_column(table, "A", "string")])
        table.rename_field("A", "Z")

        assert engine.select("b.t", ["a"]) == [{"a": "x"}]

    def test_a_field_that_vanishes_while_a_process_remembers_it_is_null(self, world, engine):
        """The fields are read again when Lark does not know one any more."""
        table = world.lark.database("B").table("T", {"A": ["x"], "Gone": [1]})
        columns = [
            world.glue_column(table, "A", "string"),
            world.glue_column(table, "Gone", "double"),
        ]
        world.into_glue("b", "t", table, columns)
        assert engine.select("b.t", ["a", "gone"]) == [{"a": "x", "gone": 1.0}]
        table.delete_field("Gone")

        assert engine.select("b.t", ["a", "gone"]) == [{"a": "x", "gone": None}]

    def test_a_field_of_no_glue_table_that_vanishes_costs_one_query(self, world, engine):
        """Athena planned with it, so that query cannot be answered; the next one is."""
        table = world.lark.database("B").table("T", {"A": ["x"], "Gone": [1]})
        world.publish(b=table.base)
        wanted = [name for name in engine.select("b.t")[0] if name != "gone"]
        table.delete_field("Gone")

        with pytest.raises(InvalidInputException, match=r'"gone"[\s\S]*Run the query again'):
            engine.select("b.t")
        assert [list(row) for row in engine.select("b.t")] == [wanted]

    def test_two_columns_of_one_field_with_different_types(self, world, engine):
        """Only the second one cannot be read, and says so."""
        table = world.lark.database("B").table("T", {"A": [1]})
        columns = [
            world.glue_column(table, "A", "double"),
            world.glue_column(table, "A", "string", "as_text"),
        ]
        world.into_glue("b", "t", table, columns)

        assert engine.select("b.t", ["a"]) == [{"a": 1.0}]
        with pytest.raises(InvalidInputException, match='same Lark field as "a"'):
            engine.select("b.t", ["as_text"])

    def test_names_in_upper_case_are_shown_in_lower_case(self, world, engine):
        """Athena asks in lower case."""
        table = world.lark.database("B").table("T", {"A": ["x"], "B": ["y"]})
        columns = [
            world.glue_column(table, "A", "string", "Name"),
            world.glue_column(table, "B", "string", "NAME"),
        ]
        world.into_glue("b", "t", table, columns)

        assert engine.select("b.t", ["name", "name_2"]) == [{"name": "x", "name_2": "y"}]

    @pytest.mark.parametrize("declared", ["interval", "decimal(50,2)", "struct<>", "unknown"])
    def test_a_declared_type_that_cannot_be_read_is_text(self, world, engine, caplog, declared):
        """With a warning in the log."""
        table = world.lark.database("B").table("T", {"A": [7]})
        world.into_glue("b", "t", table, [world.glue_column(table, "A", declared)])

        assert engine.select("b.t", ["a"]) == [{"a": "7"}]
        assert "is read as text" in caplog.text


class TestFlows:
    """The other ways to a table."""

    def test_ids_in_the_query(self, world, engine):
        """Flow 4: Athena asks in lower case, the text of the query tells the spelling."""
        table = world.lark.database("B").table("T", {"A": ["x"]})
        world.set(default_does_activate_experimental_feature="true", disable_glue="true")
        name = f"{table.base.app_token}.{table.table_id}"
        quoted = '"' + name.replace(".", '"."') + '"'
        engine.query_id = world.aws.athena.start_running(f"SELECT a FROM lark.{quoted}")

        assert engine.select(name.lower(), ["a"]) == [{"a": "x"}]
        assert engine.schemas() == []

    def test_flow_4_reads_the_fields_afresh(self, world, engine):
        """A field added between two queries is there."""
        table = world.lark.database("B").table("T", {"A": ["x"]})
        world.set(default_does_activate_experimental_feature="true", disable_glue="true")
        name = f"{table.base.app_token}.{table.table_id}"
        engine.query_id = world.aws.athena.start_running(
            f'SELECT * FROM "{name}"'.replace(".", '"."')
        )
        before = engine.table(name.lower()).names
        table.add_field("B")

        assert engine.table(name.lower()).names == ["a", "b", *before[1:]]

    def test_a_folder_in_drive(self, world, engine):
        """Flow 3."""
        base = world.lark.database("Filed")
        base.table("T", {"A": ["x"]})
        folder = world.lark.drive.folder("Reports")
        folder.add(base)
        world.set(
            default_does_activate_lark_drive_source="true",
            default_lark_drive_sources=folder.token,
            disable_glue="true",
        )

        assert engine.schemas() == ["filed"]
        assert engine.select("filed.t", ["a"]) == [{"a": "x"}]

    def test_a_column_added_after_the_process_read_the_fields(self, world, sales, engine):
        """What a request misses is looked for among fresh fields."""
        known = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        sales.add_field("Note")
        sales.update(sales.records[0]["record_id"], {"Note": "new"})
        wanted = pa.schema([known.field("order_no"), pa.field("note", pa.string())])

        table = engine.read("sales.orders", split, wanted)

        assert table.column("note").to_pylist() == ["new", None, None, None, None]

    def test_a_condition_on_a_column_added_meanwhile(self, world, sales, engine, sets):
        """At planning, too."""
        engine.table("sales.orders")
        sales.add_field("Note")
        sales.update(sales.records[1]["record_id"], {"Note": "new"})
        wanted = sets.where(note=sets.points(pa.string(), "new"))

        [split] = engine.splits("sales.orders", wanted)
        schema = pa.schema([engine.table("sales.orders").field("order_no")])

        assert engine.read("sales.orders", split, schema, wanted).to_pylist() == [
            {"order_no": "A2"}
        ]

    def test_an_unknown_table_is_an_error_with_the_contracts_text(self, sales, engine):
        """Whichever flow was asked."""
        for name in ("sales.nothing", "nothing.orders"):
            with pytest.raises(EntityNotFoundException) as caught:
                engine.table(name)

            assert str(caught.value) == f"Table not found: {name}"
