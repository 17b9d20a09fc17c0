"""The catalogue of several sources: unique names, few calls, faults that stay where they are."""

from __future__ import annotations

import pytest

from larkbase_sdk.errors import AuthenticationError, NotFound, ServiceError, SourceSkipped

ALL_TABLES = ["database_name", "table_name", "table_lark_base_id", "table_lark_table_id"]


@pytest.fixture
def crm(lark_emulator):
    """A base with two tables."""
    base = lark_emulator.database("CRM")
    base.table("Orders", {"No": [1]})
    base.table("Customers", {"Name": ["Ann"]})
    return base


def names(catalog):
    return [item.sql_name for item in catalog.databases()]


def tables(catalog, database):
    return [item.sql_name for item in catalog.tables(database)]


class TestNames:
    """SQL names are unique over all sources."""

    def test_names_are_those_of_the_algorithm(self, metadata_table, catalog_of):
        """Lower case, and an underscore for everything outside a–z, 0–9 and $."""
        rows = [
            {"id": "bascnA", "name": "My CRM #1"},
            {"id": "bascnB", "name": "2024 Sales"},
            {"id": "bascnC", "name": "客户"},
        ]
        catalog = catalog_of(metadata_table(["id", "name"], rows))

        assert names(catalog) == ["my_crm__1", "2024_sales", "__"]
        assert [item.name for item in catalog.databases()] == ["My CRM #1", "2024 Sales", "客户"]

    def test_a_later_database_of_one_name_gets_its_base_id(
        self, metadata_table, catalog_of, lark_emulator
    ):
        """Also when they come from different sources, in the order of the sources."""
        table = metadata_table(
            ["id", "name"], [{"id": "bascnA", "name": "C R"}, {"id": "bascnB", "name": "c-r"}]
        )
        folder = lark_emulator.drive.folder("f")
        base = lark_emulator.database("C_R")
        folder.add(base)

        assert names(catalog_of(table, folder)) == [
            "c_r",
            "c_r_bascnb",
            f"c_r_{base.app_token.lower()}",
        ]
        assert names(catalog_of(folder, table)) == ["c_r", "c_r_bascna", "c_r_bascnb"]

    def test_one_base_found_twice_is_one_database(
        self, metadata_table, catalog_of, lark_emulator, crm
    ):
        """Under one name and with the same tables; a second name is a second database."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        same = metadata_table(["id", "name"], [{"id": crm.app_token, "name": "crm"}])
        other = metadata_table(["id", "name"], [{"id": crm.app_token, "name": "sales"}], "other")

        assert names(catalog_of(folder, same, other)) == ["crm", "sales"]

    def test_a_folder_of_the_name_of_its_base_is_a_database_of_its_own(
        self, catalog_of, lark_emulator, crm
    ):
        """Since its tables have other names."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        sub = folder.folder("CRM")
        sub.add_shortcut(crm)
        catalog = catalog_of(folder)

        suffixed = f"crm_{sub.token.lower()}"
        assert names(catalog) == ["crm", suffixed]
        assert tables(catalog, suffixed) == ["crm_orders", "crm_customers"]

    def test_databases_and_tables_without_a_name_are_left_out_and_told(
        self, catalog_of, lark_emulator, crm
    ):
        """There is nothing to call them by."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        folder.add(lark_emulator.database("x"), "")
        folder.entries[-1].name = ""
        crm.find_table("Orders").name = ""
        catalog = catalog_of(folder)

        with pytest.warns(SourceSkipped, match="its name is empty") as told:
            assert names(catalog) == ["crm"]
        assert len(told) == 1
        with pytest.warns(
            SourceSkipped, match=r'table tbl\w+ of database "CRM": its name is empty'
        ):
            assert tables(catalog, "crm") == ["customers"]

    def test_a_later_table_of_one_name_gets_its_table_id(self, catalog_of, lark_emulator):
        """Within a database."""
        base = lark_emulator.database("CRM")
        base.table("My Table", {"a": [1]})
        second = base.table("my_table", {"a": [1]})
        folder = lark_emulator.drive.folder("f")
        folder.add(base)

        assert tables(catalog_of(folder), "crm") == [
            "my_table",
            f"my_table_{second.table_id.lower()}",
        ]

    def test_names_are_asked_for_in_any_letter_case(self, metadata_table, catalog_of, crm):
        """Ids keep theirs."""
        catalog = catalog_of(metadata_table(["id", "name"], [{"id": crm.app_token, "name": "CRM"}]))

        found = catalog.table("CrM", "ORDERS")
        assert (found.base_id, found.table_id) == (
            crm.app_token,
            crm.find_table("Orders").table_id,
        )

    def test_sql_names_go_before_other_names(self, metadata_table, catalog_of):
        """SQL calls the first database ``a_b``, although the second has that name in Lark."""
        table = metadata_table(
            ["id", "name"], [{"id": "bascnA", "name": "A B"}, {"id": "bascnB", "name": "a_b"}]
        )
        catalog = catalog_of(table)

        assert names(catalog) == ["a_b", "a_b_bascnb"]
        assert catalog.database("a_b").base_id == "bascnB"
        with pytest.raises(NotFound, match="bascnA"):
            catalog.tables("a_b")


class TestTables:
    """Which tables belong to a database."""

    def test_lists_narrow_the_tables(self, metadata_table, catalog_of, crm):
        """The blacklist wins."""
        orders, customers = (crm.find_table(name).table_id for name in ("Orders", "Customers"))
        crm.table("Items", {"a": [1]})
        row = {"id": crm.app_token, "name": "CRM"}
        lists = ["whitelist_tables", "blacklist_tables"]
        only = metadata_table(["id", "name", *lists], [{**row, "whitelist_tables": customers}], "a")
        without = metadata_table(["id", "name", *lists], [{**row, "blacklist_tables": orders}], "b")

        assert tables(catalog_of(only), "crm") == ["customers"]
        assert tables(catalog_of(without), "crm") == ["customers", "items"]

    def test_listed_tables_come_under_the_listed_names(
        self, metadata_table, catalog_of, lark_emulator
    ):
        """Without a call: the row says everything."""
        rows = [
            dict(zip(ALL_TABLES, values, strict=True))
            for values in [
                ("Sales", "My Orders", "bascnA", "tblOne"),
                ("Sales", "my orders", "bascnB", "tblTwo"),
            ]
        ]
        catalog = catalog_of(metadata_table(ALL_TABLES, rows))
        catalog.databases()
        lark_emulator.calls.clear()

        assert [
            (item.sql_name, item.base_id, item.table_id) for item in catalog.tables("sales")
        ] == [
            ("my_orders", "bascnA", "tblOne"),
            ("my_orders_tbltwo", "bascnB", "tblTwo"),
        ]
        assert lark_emulator.calls.count() == 0

    def test_tables_of_a_sub_folder_are_named_after_its_entries(
        self, catalog_of, lark_emulator, crm
    ):
        """One table: the entry's name; several: entry, underscore, table."""
        single = lark_emulator.database("stock")
        single.table("Table 1", {"a": [1]})
        folder = lark_emulator.drive.folder("f")
        sub = folder.folder("Inventory")
        sub.add(single)
        sub.add_shortcut(crm, "crm")

        assert tables(catalog_of(folder), "inventory") == ["stock", "crm_orders", "crm_customers"]

    def test_a_table_has_the_link_of_its_base(self, catalog_of, lark_emulator, crm):
        """In a sub-folder too, whose own link leads to no table."""
        folder = lark_emulator.drive.folder("f")
        folder.folder("sub").add(crm)
        orders = crm.find_table("Orders").table_id

        assert catalog_of(folder).table("sub", "crm_orders").url == f"{crm.url}?table={orders}"


class TestFewCalls:
    """Only what is asked for is read, and remembered for a while."""

    def test_listing_databases_reads_no_tables_and_no_fields(
        self, metadata_table, catalog_of, lark_emulator, crm
    ):
        """Two calls for the metadata table, one a folder."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        table = metadata_table(["id", "name"], [{"id": crm.app_token, "name": "x"}])
        catalog = catalog_of(table, folder)
        lark_emulator.calls.clear()

        assert names(catalog) == ["x", "crm"]
        assert sorted(call.endpoint for call in lark_emulator.calls.list) == [
            "fields",
            "files",
            "search",
        ]
        (fields,) = lark_emulator.calls.named("fields")
        assert table.table_id in fields.path

    def test_one_table_costs_one_list_of_tables(self, catalog_of, lark_emulator, crm):
        """Other bases are left alone; a second lookup is free."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        folder.add(lark_emulator.database("HR"))
        catalog = catalog_of(folder)
        lark_emulator.calls.clear()

        catalog.schema(catalog.table("crm", "orders"))
        assert [call.endpoint for call in lark_emulator.calls.list] == ["files", "tables", "fields"]

        catalog.schema(catalog.table("CRM", "Orders"))
        assert lark_emulator.calls.count() == 3

    def test_everything_at_once_costs_each_list_once(
        self, metadata_table, catalog_of, lark_emulator, crm
    ):
        """Also when several databases share a base; a shut base is told of."""
        shut = lark_emulator.database("HR")
        shut.shared = False
        rows = [
            {"id": crm.app_token, "name": "CRM"},
            {"id": crm.app_token, "name": "Sales"},
            {"id": shut.app_token, "name": "HR"},
        ]
        catalog = catalog_of(metadata_table(["id", "name"], rows))
        catalog.databases()
        lark_emulator.calls.clear()

        with pytest.warns(SourceSkipped, match='the tables of database "HR"'):
            found = catalog.all_tables()
        assert [(item.sql_name, len(listed)) for item, listed in found] == [
            ("crm", 2),
            ("sales", 2),
        ]
        ours = [call.endpoint for call in lark_emulator.calls.list if crm.app_token in call.path]
        assert sorted(ours) == ["fields", "fields", "tables"]

    def test_nothing_is_remembered_beyond_its_time(self, catalog_of, lark_emulator, crm):
        """A time-to-live of 0 reads every time."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        catalog = catalog_of(folder, metadata_ttl=0)

        assert (names(catalog), names(catalog)) == (["crm"], ["crm"])
        assert lark_emulator.calls.count("files") == 2

    def test_a_name_that_is_missed_is_looked_for_again(
        self, metadata_table, catalog_of, lark_emulator, crm
    ):
        """New rows, bases and tables are found at once."""
        table = metadata_table(ALL_TABLES, [dict.fromkeys(ALL_TABLES, "x")])
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        catalog = catalog_of(table, folder)
        assert (tables(catalog, "crm"), tables(catalog, "x")) == (["orders", "customers"], ["x"])

        crm.table("Items", {"a": [1]})
        folder.add(lark_emulator.database("HR"))
        table.insert([dict(zip(ALL_TABLES, ("x", "y", "b", "t"), strict=True))])

        assert catalog.table("crm", "items").name == "Items"
        assert catalog.tables("hr") == ()
        assert catalog.table("x", "y").table_id == "t"

    def test_refresh_forgets_everything(self, catalog_of, lark_emulator, crm):
        """A renamed table shows its new name."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        catalog = catalog_of(folder)
        tables(catalog, "crm")
        crm.find_table("Orders").name = "Deals"
        assert tables(catalog, "crm") == ["orders", "customers"]

        catalog.refresh()
        assert tables(catalog, "crm") == ["deals", "customers"]

    def test_a_fresh_schema_shows_new_fields(self, catalog_of, lark_emulator, crm):
        """As needed after a column was missed."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        catalog = catalog_of(folder)
        orders = catalog.table("crm", "orders")
        assert [column.name for column in catalog.schema(orders).columns] == ["no"]

        crm.find_table("Orders").add_field("Amount", "Number")
        assert [column.name for column in catalog.schema(orders).columns] == ["no"]
        assert [column.name for column in catalog.schema(orders, fresh=True).columns] == [
            "no",
            "amount",
        ]

    def test_a_field_may_be_called_record_id_in_athena(self, catalog_of, lark_emulator):
        """Only the notebook reserves that name."""
        base = lark_emulator.database("CRM")
        base.table("T", {"record_id": ["a"]})
        folder = lark_emulator.drive.folder("f")
        folder.add(base)
        catalog = catalog_of(folder)

        schema = catalog.schema(catalog.table("crm", "t"))
        assert [column.name for column in schema.columns] == ["record_id"]


class TestFaults:
    """A fault affects only what it is a fault of."""

    def test_a_source_that_cannot_be_read_is_told_once(
        self, metadata_table, catalog_of, lark_emulator, crm
    ):
        """The others count, and the text is Lark's."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        shut = lark_emulator.drive.folder("shut")
        shut.shared = False
        no_table = metadata_table(["title"], [])
        catalog = catalog_of(shut, no_table, folder)

        with pytest.warns(SourceSkipped) as told:
            assert names(catalog) == ["crm"]
        texts = sorted(str(item.message).partition("\n")[0] for item in told)
        assert [text.partition(": ")[0] for text in texts] == [
            f"Left out folder {shut.token}",
            f"Left out metadata table {no_table.table_id}",
        ]
        assert "(Lark 1061004" in texts[0]
        assert names(catalog) == ["crm"]

    def test_a_name_may_be_missing_because_a_source_was(self, catalog_of, lark_emulator):
        """The error says which one could not be read."""
        shut = lark_emulator.drive.folder("shut")
        shut.shared = False
        catalog = catalog_of(shut)

        with pytest.warns(SourceSkipped), pytest.raises(NotFound) as caught:
            catalog.tables("crm")
        assert caught.value.hint == f"Could not be read: folder {shut.token}."

    def test_a_source_is_tried_again_when_a_name_is_missed(self, catalog_of, lark_emulator, crm):
        """A failure is not remembered for good."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        folder.shared = False
        catalog = catalog_of(folder)
        with pytest.warns(SourceSkipped):
            assert names(catalog) == []

        folder.shared = True
        assert tables(catalog, "crm") == ["orders", "customers"]

    @pytest.mark.parametrize("code", [1061001, 7777777], ids=["known", "unknown"])
    @pytest.mark.parametrize("shut", ["source", "sub-folder"])
    def test_while_lark_cannot_answer_nobody_takes_over_a_name(
        self, metadata_table, catalog_of, lark, lark_emulator, crm, shut, code
    ):
        """Else a query would silently read another table for that moment."""
        other = lark_emulator.database("Other")
        other.table("Orders", {"No": [2]})
        sheet = metadata_table(["id", "name"], [{"id": other.app_token, "name": "crm"}])
        folder = lark_emulator.drive.folder("f")
        inner = folder.folder("CRM") if shut == "sub-folder" else folder
        inner.add(crm)
        catalog = catalog_of(folder, sheet, metadata_ttl=0)
        first = names(catalog)
        assert first == ["crm", f"crm_{other.app_token.lower()}"]

        lark.options.retries = 0
        after = int(inner is not folder)
        lark_emulator.fail(code, endpoint="files", status=503, after=after, times=None)
        with pytest.raises(ServiceError, match=str(code)):
            catalog.find_table("crm", "orders")

        lark_emulator.recover()
        assert names(catalog) == first

    def test_while_lark_cannot_list_a_base_nobody_takes_over_the_name_of_a_table(
        self, catalog_of, lark, lark_emulator
    ):
        """As with databases."""
        folder = lark_emulator.drive.folder("f")
        bases = [lark_emulator.database(name) for name in ("Q 1", "q-1")]
        for base in bases:
            base.table("T", fields=["A"])
            folder.folder("sub").add(base)
        catalog = catalog_of(folder)
        lark.options.retries = 0
        lark_emulator.fail(1254607, endpoint="tables", path=bases[0].app_token, times=None)

        with pytest.raises(ServiceError, match="1254607"):
            catalog.find_table("sub", "q_1")

    def test_a_deleted_base_is_an_error_of_its_own_tables_only(
        self, metadata_table, catalog_of, crm
    ):
        """Its database stays listed, since the row is there."""
        rows = [{"id": "bascnGone", "name": "gone"}, {"id": crm.app_token, "name": "CRM"}]
        catalog = catalog_of(metadata_table(["id", "name"], rows))

        assert names(catalog) == ["gone", "crm"]
        assert tables(catalog, "crm") == ["orders", "customers"]
        with pytest.raises(NotFound, match="bascnGone"):
            catalog.tables("gone")

    @pytest.mark.parametrize("code", [9499, 99992402])
    def test_an_id_that_lark_finds_malformed_affects_only_itself(
        self, metadata_table, catalog_of, lark_emulator, crm, code
    ):
        """It may be refused like a malformed request, and still is a matter of one row."""
        rows = [{"id": "odd", "name": "odd"}, {"id": crm.app_token, "name": "CRM"}]
        catalog = catalog_of(metadata_table(["id", "name"], rows))
        lark_emulator.fail(code, endpoint="tables", path="/odd/", times=None)

        with pytest.warns(SourceSkipped, match='the tables of database "odd"'):
            found = catalog.all_tables()
        assert [(item.sql_name, len(tables)) for item, tables in found] == [("crm", 2)]

    def test_one_of_several_bases_that_is_shut_is_left_out(self, catalog_of, lark_emulator, crm):
        """The other tables of the sub-folder are there."""
        folder = lark_emulator.drive.folder("f")
        sub = folder.folder("sub")
        sub.add(crm)
        shut = lark_emulator.database("HR")
        sub.add(shut)
        shut.shared = False
        catalog = catalog_of(folder)

        with pytest.warns(SourceSkipped, match='base "HR" of database "sub"'):
            assert tables(catalog, "sub") == ["crm_orders", "crm_customers"]
        crm.shared = False
        catalog.refresh()
        with pytest.raises(PermissionError, match="91403"):
            catalog.tables("sub")

    def test_a_deleted_table_is_an_error_of_its_own(self, catalog_of, lark_emulator, crm):
        """Found through what is remembered, missed when its fields are asked for."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        catalog = catalog_of(folder)
        orders, customers = catalog.tables("crm")
        crm.remove_table("Orders")

        with pytest.raises(NotFound, match="1254041"):
            catalog.schema(orders)
        assert [column.name for column in catalog.schema(customers).columns] == ["name"]

    def test_refused_credentials_are_an_error_of_the_whole(self, catalog_of, lark_emulator, crm):
        """Nothing is listed as if it were empty."""
        folder = lark_emulator.drive.folder("f")
        folder.add(crm)
        catalog = catalog_of(folder, lark_emulator.drive.folder("g"))
        lark_emulator.fail(99991661, endpoint="files", times=None)

        with pytest.raises(AuthenticationError):
            catalog.databases()
