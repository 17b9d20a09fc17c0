"""What a crawl changes, and what it leaves alone."""

from __future__ import annotations

import pytest

FIVE = [
    "database_name",
    "database_lark_base_id",
    "table_name",
    "table_lark_base_id",
    "table_lark_table_id",
]


def reasons(result):
    """The difference: item → (result, reasons)."""
    return {
        ".".join(filter(None, (change["database"], change["table"]))): (
            change["result"],
            change["reasons"],
        )
        for change in result["changes"]
    }


class TestNewAndChanged:
    """Lark changed after the last crawl."""

    def test_an_unchanged_structure_is_read_once_and_not_written(self, world, crm):
        """New records are no structure."""
        world.crawl(crm)
        world.lark.database("CRM").table("Orders").insert([{"Order No": "A4"}])
        world.aws.calls.clear()

        result = world.crawl(crm)

        assert result["changes"] == []
        assert [call.operation for call in world.aws.calls.named("glue")] == [
            "GetDatabases",
            "GetTables",
        ]

    def test_a_new_table_a_new_base_and_a_new_column(self, world, crm):
        """Each is created; the table with the new column is updated."""
        world.crawl(crm)
        base = world.lark.database("CRM")
        base.table("Notes", {"Note": ["x"]})
        base.table("Customers").add_field("City")
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")

        result = world.crawl(crm)

        assert reasons(result) == {
            "crm.customers": ("updated", ["column added: city (string)"]),
            "crm.notes": ("created", ["new, 1 column"]),
            "shop": ("created", ["new"]),
            "shop.items": ("created", ["new, 1 column"]),
        }

    def test_a_renamed_column_keeps_its_place_and_the_old_version_is_archived(self, world, crm):
        """One update of the table; Glue keeps the version before."""
        world.crawl(crm)
        orders = world.lark.database("CRM").table("Orders")
        orders.rename_field("Amount", "Total")

        result = world.crawl(crm)

        assert reasons(result) == {
            "crm.orders": ("updated", ["column renamed: amount → total", "comment of total"])
        }
        assert list(world.columns("crm", "orders")) == ["order_no", "total", "customer"]
        assert world.versions("crm", "orders") == ["1", "2"]

    def test_a_removed_column_and_another_order(self, world, crm):
        """The list of columns is Lark's."""
        world.crawl(crm)
        base = world.lark.database("CRM")
        base.table("Orders").delete_field("Amount")
        base.table("Customers").fields.reverse()

        result = world.crawl(crm)

        assert reasons(result) == {
            "crm.customers": ("updated", ["order of columns"]),
            "crm.orders": ("updated", ["column removed: amount"]),
        }
        assert list(world.columns("crm", "customers")) == ["vip", "name"]

    def test_a_renamed_table_is_made_before_the_old_one_goes(self, world, crm):
        """Glue cannot rename; what people have set on the table moves along."""
        world.crawl(crm)
        world.touch("crm", "orders")
        world.lark.database("CRM").table("Orders").name = "Sales Orders"
        world.aws.calls.clear()

        result = world.crawl(crm)

        assert reasons(result) == {
            "crm.sales_orders": ("created", ["renamed from orders"]),
            "crm.orders": ("deleted", ["now crm.sales_orders"]),
        }
        assert [call.operation for call in world.aws.calls.writes("glue")] == [
            "CreateTable",
            "BatchDeleteTable",
        ]
        assert world.set_by_others("crm", "sales_orders")

    def test_tables_that_swap_their_names_swap_their_contents(self, world, crm):
        """Both are updated in place, with the declared types of the right table."""
        world.crawl(crm)
        base = world.lark.database("CRM")
        orders, customers = world.columns("crm", "orders"), world.columns("crm", "customers")
        first, second = base.table("Orders"), base.table("Customers")
        first.name, second.name = second.name, first.name

        result = world.crawl(crm)

        assert result["tables"]["updated"] == 2
        assert world.columns("crm", "orders") == customers
        assert world.columns("crm", "customers") == orders

    def test_a_renamed_database_is_made_before_the_old_one_goes(self, world, crm):
        """Its description moves along, and its tables with what people have set on them."""
        world.crawl(crm)
        world.touch("crm", "orders")
        database = world.databases()["crm"]
        world.glue.update_database(
            Name="crm",
            DatabaseInput={
                "Name": "crm",
                "LocationUri": database["LocationUri"],
                "Description": "Ours",
            },
        )
        crm.update(crm.rows.ids([0])[0], {"name": "Sales"})

        result = world.crawl(crm)

        assert reasons(result) == {
            "sales": ("created", ["renamed from crm"]),
            "sales.customers": ("created", ["renamed from customers"]),
            "sales.orders": ("created", ["renamed from orders"]),
            "crm.customers": ("deleted", ["now sales.customers"]),
            "crm.orders": ("deleted", ["now sales.orders"]),
            "crm": (
                "deleted",
                [f"gone from the {world.label(crm)}"],
            ),
        }
        assert world.databases()["sales"]["Description"] == "Ours"
        assert world.set_by_others("sales", "orders")

    def test_another_base_under_the_same_name_updates_the_database(self, world, crm):
        """A row may be pointed to a copy of its base."""
        world.crawl(crm)
        copy = world.lark.database("CRM copy")
        copy.table("Orders", {"Order No": ["B1"]})
        crm.update(crm.rows.ids([0])[0], {"id": copy.app_token})

        result = world.crawl(crm)

        assert result["databases"]["updated"] == 1
        assert world.databases()["crm"]["LocationUri"].endswith(f"/Base={copy.app_token}")
        assert world.names() == {"crm": ["orders"]}
        assert world.tables("crm")["orders"]["Parameters"]["larkBaseId"] == copy.app_token

    @pytest.mark.parametrize(
        ("member", "reason"),
        [
            ("larkBaseId", "larkBaseId: x → "),
            ("larkTableId", "larkTableId: x → "),
            ("crawlingMethod", "crawlingMethod: x → LarkBase"),
            ("larkTableDataSourceId", "larkTableDataSourceId: x → "),
            ("larkDriveFolderToken", "larkDriveFolderToken: x → –"),
        ],
    )
    def test_each_of_our_parameters_is_put_right(self, world, crm, member, reason):
        """A table that leads elsewhere is updated."""
        world.crawl(crm)
        before = world.tables("crm")["orders"]["Parameters"]
        world.rewrite("crm", "orders", Parameters={**before, member: "x"})

        [(result, [text])] = reasons(world.crawl(crm)).values()

        assert result == "updated"
        assert text.startswith(reason)
        assert world.tables("crm")["orders"]["Parameters"] == before


class TestDeleted:
    """Something went in Lark."""

    def test_a_table_that_is_gone_or_newly_excluded_is_deleted(self, world, crm):
        """The lists hold table ids; exclusion wins."""
        base = world.lark.database("CRM")
        base.table("Notes", {"Note": ["x"]})
        world.crawl(crm)
        base.remove_table("Notes")
        row = crm.rows.ids([0])[0]
        orders, customers = (base.table(name).table_id for name in ("Orders", "Customers"))
        crm.update(row, {"blacklist_tables": f" {orders} ,"})

        assert reasons(world.crawl(crm)) == {
            "crm.notes": ("deleted", ["gone from Lark, or not wanted"]),
            "crm.orders": ("deleted", ["gone from Lark, or not wanted"]),
        }
        crm.update(row, {"whitelist_tables": f"{orders},{customers.lower()}"})
        assert reasons(world.crawl(crm)) == {
            "crm.customers": ("deleted", ["gone from Lark, or not wanted"]),
        }

    def test_a_base_that_is_gone_from_the_source_takes_its_database_along(self, world, crm):
        """Another base is still there."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        crm.delete(crm.rows.ids([0]))

        result = world.crawl(crm)

        assert world.names() == {"shop": ["items"]}
        assert (result["databases"]["deleted"], result["tables"]["deleted"]) == (1, 2)

    def test_an_empty_source_deletes_nothing(self, world, crm):
        """Perhaps its rows are hidden, or were lost by mistake."""
        world.crawl(crm)
        before = world.snapshot()
        crm.delete(crm.rows.ids([0]))

        result = world.crawl(crm)

        assert world.snapshot() == before
        assert result["status"] == "Success"
        reason = f"the {world.label(crm)} names no database at all"
        assert reasons(result) == {"crm": ("kept", [reason])}

    def test_a_source_whose_rows_are_hidden_deletes_nothing(self, world, crm):
        """Advanced permissions hide rows without an error."""
        world.crawl(crm)
        before = world.snapshot()
        crm.base.access = "role"
        crm.role_hides_rows = True

        result = world.crawl(crm)

        assert world.snapshot() == before
        assert any("advanced permissions" in note for note in result["notes"])

    def test_an_empty_folder_deletes_nothing(self, world, crm):
        """As with an empty metadata table."""
        folder = world.lark.drive.folder("Reports")
        folder.add(world.lark.database("CRM"))
        world.crawl(folder)
        world.lark.drive.remove(world.lark.database("CRM").app_token)

        assert world.crawl(folder)["databases"]["kept"] == 1
        assert world.names() == {"crm": ["customers", "orders"]}

    @pytest.mark.parametrize("data", [None, {"has_more": False, "items": None, "total": 0}])
    def test_a_base_without_any_table_loses_none(self, world, crm, data):
        """Every base has a table, so that an empty list tells of rights or of a fault."""
        world.crawl(crm)
        before = world.snapshot()
        token = world.lark.database("CRM").app_token
        answer = {"code": 0, "msg": "success", "data": data}
        world.lark.fail(endpoint="tables", path=token, status=200, body=answer)

        result = world.crawl(crm)

        assert world.snapshot() == before
        why = "whether it is still wanted could not be told: Lark lists no table of its base."
        assert reasons(result) == {
            "crm.customers": ("kept", [why]),
            "crm.orders": ("kept", [why]),
        }

    def test_a_table_without_any_field_stays(self, world, crm):
        """Every table has a field, as above; its declared types would be lost."""
        world.crawl(crm)
        before = world.snapshot()
        path = world.lark.database("CRM").table("Orders").table_id
        answer = {"code": 0, "msg": "success", "data": {"has_more": False, "items": []}}
        world.lark.fail(endpoint="fields", path=path, status=200, body=answer)

        result = world.crawl(crm)

        assert world.snapshot() == before
        assert result["failures"] == ['table "crm.orders": Lark lists no field of it.']

    def test_a_base_whose_row_became_incomplete_stays(self, world, crm):
        """Somebody is in the middle of editing the row."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        crm.update(crm.rows.ids([0])[0], {"name": None})

        assert reasons(world.crawl(crm)) == {
            "crm": ("kept", ["whether it is still wanted could not be told: name is empty."])
        }

    def test_a_base_whose_id_became_a_link_stays(self, world, crm):
        """The link names the very base, but the cell holds no id."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        link = f"https://acme.larksuite.com/base/{world.lark.database('CRM').app_token}?table=tbl1"
        crm.update(crm.rows.ids([0])[0], {"id": link})

        why = "what stands in id is no id of Lark."
        assert reasons(world.crawl(crm)) == {
            "crm": ("kept", [f"whether it is still wanted could not be told: {why}"])
        }
        assert world.names() == {"crm": ["customers", "orders"], "shop": ["items"]}

    def test_more_than_a_hundred_tables_are_deleted_in_batches(self, world):
        """One call takes a hundred."""
        base = world.lark.database("CRM")
        for number in range(103):
            base.table(f"t{number:03}", fields=["A"])
        base.table("kept", fields=["A"])
        source = world.bases("CRM")
        world.crawl(source)
        for number in range(103):
            base.remove_table(f"t{number:03}")
        world.aws.calls.clear()

        world.crawl(source)

        sizes = [
            len(call.parameters["TablesToDelete"])
            for call in world.aws.calls.named("glue", "BatchDeleteTable")
        ]
        assert sizes == [100, 3]
        assert world.names() == {"crm": ["kept"]}


class TestUnreadable:
    """Lark refuses a part; that part stays as it is, the rest goes on, and it is reported."""

    @pytest.fixture
    def two(self, world, crm):
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        world.lark.database("Shop").table("Items").add_field("Left", "Number")
        return crm

    @pytest.mark.parametrize("trouble", ["not shared", "deleted", "busy", "broken"])
    def test_a_base(self, world, two, trouble):
        """Its database and tables stay, under whatever name the row has now."""
        base = world.lark.database("CRM")
        base.table("New one", fields=["A"])
        two.update(two.rows.ids([0])[0], {"name": "renamed"})
        before = world.snapshot()["crm"]
        path = f"/{base.app_token}/"
        if trouble == "not shared":
            base.shared = False
        elif trouble == "deleted":
            del world.lark._tenant.bases[base.app_token]
        elif trouble == "busy":
            world.lark.fail(1254290, endpoint="tables", path=path, times=None)
        else:
            world.lark.fail(endpoint="tables", path=path, truncate=True, times=None)

        result = world.crawl(two)

        assert world.snapshot()["crm"] == before
        assert result["status"] == "Partial"
        assert result["tables"]["updated"] == 1
        assert len(result["failures"]) == 1
        assert result["failures"][0].startswith('database "crm": ')

    @pytest.mark.parametrize("code", [1254041, 1254302, 1254290, 1254200])
    def test_a_table(self, world, two, code):
        """Its entry stays, also when the table has another name now."""
        table = world.lark.database("CRM").table("Orders")
        before = world.tables("crm")["orders"]
        table.name = "Sales Orders"
        world.lark.fail(code, endpoint="fields", path=table.table_id, times=None)

        result = world.crawl(two)

        assert world.tables("crm")["orders"] == before
        assert world.names()["crm"] == ["customers", "orders"]
        assert result["status"] == "Partial"
        assert result["tables"] == {
            "created": 0, "updated": 1, "deleted": 0, "kept": 1, "skipped": 1,
        }  # fmt: skip
        assert result["failures"][0].startswith('table "crm.orders": ')
        assert f"Lark {code}" in result["failures"][0]

    def test_the_name_of_an_unreadable_table_is_given_to_nobody_else(self, world, two):
        """The later table of the same name keeps its suffix."""
        base = world.lark.database("CRM")
        later = base.table("orders!", fields=["A"])
        later.name = "ORDERS"
        world.crawl(two)
        before = world.snapshot()["crm"]
        world.lark.fail(1254302, endpoint="fields", path=base.table("Orders").table_id, times=None)

        world.crawl(two)

        assert world.snapshot()["crm"] == before
        assert world.names()["crm"][-1] == f"orders_{later.table_id.lower()}"

    def test_the_entry_of_an_unreadable_table_is_given_to_nobody_else(self, world, two):
        """Not even when the table is called otherwise now and its name would be free."""
        base = world.lark.database("CRM")
        orders = base.table("Orders")
        base.table("orders!", fields=["A"]).name = "ORDERS"
        world.crawl(two)
        before = world.snapshot()["crm"]
        orders.name = "Sales Orders"
        world.lark.fail(1254302, endpoint="fields", path=orders.table_id, times=None)

        world.crawl(two)

        assert world.snapshot()["crm"] == before

    def test_a_sub_folder(self, world, crm):
        """Its database stays, and its name is given to nobody else."""
        folder = world.lark.drive.folder("Reports")
        inner = folder.folder("Sales")
        inner.add(world.lark.database("CRM"))
        other = world.lark.database("sales")
        other.table("Items", {"Item": ["Bolt"]})
        folder.add(other)
        world.crawl(folder)
        suffixed = f"sales_{inner.token.lower()}"
        assert list(world.names()) == ["sales", suffixed]
        before = world.snapshot()
        inner.shared = False

        result = world.crawl(folder)

        assert world.snapshot() == before
        assert result["status"] == "Partial"
        assert result["failures"][0].startswith('Left out folder "Sales": ')

    def test_one_of_the_bases_of_a_sub_folder(self, world, crm):
        """The tables of the other base are brought in line."""
        folder = world.lark.drive.folder("Reports")
        shop = world.lark.database("Shop")
        shop.table("Items", {"Item": ["Bolt"]})
        for base in (world.lark.database("CRM"), shop):
            folder.folder("Sales").add(base)
        world.crawl(folder)
        assert world.names() == {"sales": ["crm_customers", "crm_orders", "shop"]}
        world.lark.database("CRM").shared = False
        shop.table("Items").add_field("Left", "Number")

        result = world.crawl(folder)

        assert world.names() == {"sales": ["crm_customers", "crm_orders", "shop"]}
        assert result["status"] == "Partial"
        assert (result["tables"]["updated"], result["tables"]["kept"]) == (1, 2)

    def test_a_base_of_a_sub_folder_whose_tables_collide_with_anothers(self, world, crm):
        """The name of the unreadable base's table is given to nobody else."""
        folder = world.lark.drive.folder("Reports")
        bases = [world.lark.database(name) for name in ("Q 1", "q-1")]
        for base in bases:
            base.table("T", fields=["A"])
            folder.folder("Sales").add(base)
        world.crawl(folder)
        before = world.snapshot()
        assert world.names() == {"sales": ["q_1", f"q_1_{bases[1].tables[0].table_id.lower()}"]}
        bases[0].shared = False

        assert world.crawl(folder)["status"] == "Partial"
        assert world.snapshot() == before

    def test_the_target_of_a_lookup(self, world, crm):
        """A lookup keeps its type while its target cannot be read; a deleted target ends it."""
        base = world.lark.database("CRM")
        rates = base.table("Rates", fields=["Name", ("Rate", "Number")])
        base.table("Orders").add_field("Rate", "Lookup", {"table": rates, "field": "Rate"})
        world.crawl(crm)
        before = world.tables("crm")["orders"]
        world.lark.fail(1254302, endpoint="fields", path=rates.table_id, times=None)

        world.crawl(crm)

        assert world.tables("crm")["orders"] == before
        world.lark.recover()
        base.remove_table("Rates")
        assert reasons(world.crawl(crm))["crm.orders"] == (
            "updated",
            ["type of rate: array<decimal> → array<string>", "comment of rate"],
        )


class TestOwnership:
    """Nothing is touched that is not of this very source."""

    def test_a_foreign_database_of_the_same_name_is_not_written(self, world, crm):
        """It is skipped and reported; the other base is crawled."""
        world.glue.create_database(DatabaseInput={"Name": "crm", "Description": "warehouse"})
        world.glue.create_table(DatabaseName="crm", TableInput={"Name": "orders"})
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        before = world.snapshot()["crm"]

        result = world.crawl(crm)

        assert world.snapshot()["crm"] == before
        assert world.names()["shop"] == ["items"]
        assert result["status"] == "Partial"
        reason = "Glue has a database of this name that is not of the"
        assert result["failures"] == [f'database "crm": {reason} {world.label(crm)}']

    @pytest.mark.parametrize("other", ["longer id", "another folder", "other method"])
    def test_databases_of_other_sources_are_foreign(self, world, crm, other):
        """The data source must be the same to the last character, and the method too."""
        source = world.source_of(crm)
        method, data_source = {
            "longer id": ("LarkBase", f"{source.data_source}2"),
            "another folder": ("LarkDrive", "fldcnX"),
            "other method": ("LarkDrive", source.data_source),
        }[other]
        location = f"lark-base-flag/CrawlingMethod={method}/DataSource={data_source}/Base=b"
        for name in ("crm", "old"):
            world.glue.create_database(DatabaseInput={"Name": name, "LocationUri": location})
        before = world.snapshot()

        result = world.crawl(crm)

        assert world.snapshot() == before
        assert result["status"] == "Failed"

    @pytest.mark.parametrize(
        "foreign",
        [
            {"TableType": "VIRTUAL_VIEW", "Parameters": {"presto_view": "true"}},
            {"TableType": "VIRTUAL_VIEW", "Parameters": {"classification": "lark-base-flag"}},
            {"TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "csv"}},
            {},
        ],
    )
    def test_a_foreign_table_or_view_of_the_same_name_is_not_written(self, world, crm, foreign):
        """It is skipped and reported; the other tables are crawled."""
        world.crawl(crm)
        world.lark.database("CRM").table("Notes", {"Note": ["x"]})
        world.glue.create_table(DatabaseName="crm", TableInput={"Name": "notes", **foreign})
        before = world.tables("crm")["notes"]

        result = world.crawl(crm)

        assert world.tables("crm")["notes"] == before
        assert result["failures"] == [
            'table "crm.notes": Glue has a table or view of this name that was not made from Lark'
        ]

    def test_a_table_renamed_to_a_foreign_name_keeps_its_old_entry(self, world, crm):
        """Nothing is lost because its new name is taken."""
        world.crawl(crm)
        world.glue.create_table(DatabaseName="crm", TableInput={"Name": "sales_orders"})
        world.lark.database("CRM").table("Orders").name = "Sales Orders"
        before = world.snapshot()

        assert world.crawl(crm)["status"] == "Partial"
        assert world.snapshot() == before

    def test_foreign_tables_keep_their_database(self, world, crm):
        """Our tables go, theirs and the database stay; the next crawl writes nothing."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        world.glue.create_table(DatabaseName="crm", TableInput={"Name": "report"})
        crm.delete(crm.rows.ids([0]))

        first, second = world.crawl(crm), world.crawl(crm)

        assert world.names() == {"crm": ["report"], "shop": ["items"]}
        assert first["tables"]["deleted"] == 2
        assert reasons(second) == {
            "crm": ("kept", [f"gone from the {world.label(crm)}, but 1 table in it stays"])
        }

    def test_tables_of_other_sources_in_our_database_stay(self, world, crm):
        """Only what carries our classification and this source is ever deleted."""
        world.crawl(crm)
        ours = world.tables("crm")["orders"]["Parameters"]
        for name, parameters in {
            "other_source": {**ours, "larkTableDataSourceId": "tblX"},
            "no_class": {**ours, "classification": "parquet"},
            "nothing": {},
        }.items():
            world.glue.create_table(
                DatabaseName="crm", TableInput={"Name": name, "Parameters": parameters}
            )

        assert world.crawl(crm)["changes"] == []
        assert len(world.names()["crm"]) == 5

    def test_what_other_people_have_set_is_kept(self, world, crm):
        """Description, owner, retention, table and column parameters survive an update."""
        world.crawl(crm)
        world.touch("crm", "orders")
        assert world.crawl(crm)["changes"] == []
        world.lark.database("CRM").table("Orders").add_field("Note")

        assert world.crawl(crm)["tables"]["updated"] == 1
        assert world.set_by_others("crm", "orders")

    def test_the_documented_classification_is_ours_too(self, world, crm):
        """``lark-base`` instead of the flag is no difference, and such a table can go."""
        world.crawl(crm)
        before = world.tables("crm")["orders"]["Parameters"]
        world.rewrite("crm", "orders", Parameters={**before, "classification": "lark-base"})

        assert world.crawl(crm)["changes"] == []
        world.lark.database("CRM").remove_table("Orders")
        assert world.crawl(crm)["tables"]["deleted"] == 1


class TestNames:
    """Names that collide, or that leave nothing."""

    def test_databases_that_collide(self, world):
        """The first keeps the name, the later ones carry their base id."""
        first, second = world.lark.database("One"), world.lark.database("Two")
        for base in (first, second):
            base.table("T", fields=["A"])
        source = world.source_table(
            ["id", "name"],
            [{"id": first.app_token, "name": "My CRM"}, {"id": second.app_token, "name": "my-crm"}],
        )

        assert world.crawl(source)["status"] == "Success"
        assert list(world.names()) == ["my_crm", f"my_crm_{second.app_token.lower()}"]
        assert world.crawl(source)["changes"] == []

    def test_tables_and_columns_that_collide(self, world):
        """The same with the table id and the field id."""
        base = world.lark.database("CRM")
        first = base.table("My Table", fields=["a b", "a-b"])
        second = base.table("my table", fields=["x"])
        world.crawl(world.bases("CRM"))

        assert world.names() == {"crm": ["my_table", f"my_table_{second.table_id.lower()}"]}
        assert list(world.columns("crm", "my_table")) == [
            "a_b",
            f"a_b_{first.field('a-b').field_id.lower()}",
        ]

    def test_names_of_other_scripts_become_underscores(self, world, monkeypatch):
        """Or stay, when the setting says so."""
        base = world.lark.database("客户")
        base.table("订单", fields=["金额"])
        source = world.source_table(["id", "name"], [{"id": base.app_token, "name": "客户"}])
        world.crawl(source)
        assert world.names() == {"__": ["__"]}

        monkeypatch.setenv("LARK_NAME_STYLE", "unicode")
        world.fresh_process()
        world.crawl(source)
        assert world.names() == {"客户": ["订单"]}

    def test_a_table_without_a_name_is_skipped(self, world, crm):
        """Nothing of it can be a name in Glue."""
        world.lark.database("CRM").table("Notes", fields=["A"]).name = ""

        result = world.crawl(crm)

        assert result["status"] == "Success"
        assert result["tables"]["skipped"] == 1
        assert world.names() == {"crm": ["customers", "orders"]}


class TestRows:
    """Rows of the metadata table that say the same thing twice, or two things of one base."""

    def test_a_repeated_row_counts_once(self, world, crm):
        """It is told, and the base is brought in line as ever."""
        world.bases("CRM")
        world.crawl(crm)
        world.lark.database("CRM").table("Orders").add_field("Note")

        result = world.crawl(crm)

        assert result["tables"]["updated"] == 1
        assert [note.split(": ")[-1] for note in result["notes"]] == ["it repeats an earlier row."]

    def test_a_base_may_have_two_names(self, world, crm):
        """Each is a database of its own; one of them may go."""
        world.bases(shop="CRM")
        world.crawl(crm)
        assert world.names() == {
            "crm": ["customers", "orders"],
            "shop": ["customers", "orders"],
        }
        crm.delete(crm.rows.ids([0]))

        result = world.crawl(crm)

        assert world.names() == {"shop": ["customers", "orders"]}
        assert result["databases"]["kept"] == result["databases"]["deleted"] == 1


class TestOneRowATable:
    """The form of the metadata table with five columns."""

    @pytest.fixture
    def five(self, world, crm):
        crm_base, shop = world.lark.database("CRM"), world.lark.database("Shop")
        items = shop.table("Items", {"Item": ["Bolt"]})
        orders = crm_base.table("Orders")
        rows = [
            ("Mixed Up", crm_base.app_token, "My Orders", crm_base, orders),
            ("Mixed Up", "", "Stock", shop, items),
            ("Copies", "", "Stock", shop, items),
        ]
        return world.source_table(
            FIVE,
            [
                dict(zip(FIVE, (database, key, name, base.app_token, table.table_id), strict=True))
                for database, key, name, base, table in rows
            ],
            name="tables",
        )

    def test_only_the_listed_tables_under_the_listed_names(self, world, five):
        """From several bases; the location names the base of the database's first row."""
        result = world.crawl(five)

        assert result["status"] == "Success"
        assert world.names() == {"copies": ["stock"], "mixed_up": ["my_orders", "stock"]}
        crm, shop = world.lark.database("CRM"), world.lark.database("Shop")
        data_source = world.source_of(five).data_source
        location = f"lark-base-flag/CrawlingMethod=LarkBase/DataSource={data_source}/Base="
        assert world.databases()["mixed_up"]["LocationUri"] == location + crm.app_token
        assert world.databases()["copies"]["LocationUri"] == location + shop.app_token
        stock = world.tables("mixed_up")["stock"]["Parameters"]
        assert stock["larkBaseId"] == shop.app_token
        assert world.crawl(five)["changes"] == []

    def test_a_row_with_another_name_renames_its_table(self, world, five):
        """As if the table had been renamed in Lark."""
        world.crawl(five)
        world.touch("copies", "stock")
        five.update(five.rows.ids([2])[0], {"table_name": "Goods"})

        assert reasons(world.crawl(five)) == {
            "copies.goods": ("created", ["renamed from stock"]),
            "copies.stock": ("deleted", ["now copies.goods"]),
        }
        assert world.set_by_others("copies", "goods")

    def test_a_second_name_of_a_table_is_a_table_of_its_own(self, world, five):
        """It takes nothing over from the first one, which stays."""
        world.crawl(five)
        world.touch("copies", "stock")
        row = five.records[2]["fields"]
        world.source_table(
            [],
            [{name: cell[0]["text"] for name, cell in row.items()} | {"table_name": "Goods"}],
            name="tables",
        )

        assert reasons(world.crawl(five)) == {"copies.goods": ("created", ["new, 1 column"])}
        assert "Description" not in world.tables("copies")["goods"]

    @pytest.mark.parametrize(
        ("column", "text", "why"),
        [
            ("table_name", None, "table_name is empty."),
            ("database_name", None, "database_name is empty."),
            ("table_lark_table_id", None, "table_lark_table_id is empty."),
            ("table_lark_table_id", "?", "what stands in table_lark_table_id is no id of Lark."),
        ],
    )
    def test_a_table_whose_row_became_incomplete_stays(self, world, five, column, text, why):
        """Somebody is in the middle of editing the row, as with one row a base."""
        world.crawl(five)
        before = world.snapshot()
        five.update(five.rows.ids([0])[0], {column: text})

        result = world.crawl(five)

        assert world.names() == {"copies": ["stock"], "mixed_up": ["my_orders", "stock"]}
        assert world.tables("mixed_up")["my_orders"] == before["mixed_up"][1]["my_orders"]
        assert reasons(result)["mixed_up.my_orders"] == (
            "kept",
            [f"whether it is still wanted could not be told: {why}"],
        )

    def test_a_database_with_an_incomplete_row_only_stays(self, world, five):
        """As a base does."""
        world.crawl(five)
        five.update(five.rows.ids([2])[0], {"table_name": None})

        assert reasons(world.crawl(five)) == {
            "copies": (
                "kept",
                ["whether it is still wanted could not be told: table_name is empty."],
            )
        }
        assert world.names()["copies"] == ["stock"]

    def test_a_repeated_row_keeps_no_table_that_nobody_wants(self, world, five):
        """It is as complete as the row that it repeats."""
        world.crawl(five)
        row = {name: cell[0]["text"] for name, cell in five.records[1]["fields"].items()}
        world.source_table([], [row], name="tables")
        five.update(five.rows.ids([2])[0], {"table_name": "Goods"})

        assert reasons(world.crawl(five))["copies.stock"] == ("deleted", ["now copies.goods"])

    def test_a_link_in_place_of_the_databases_base_is_not_written(self, world, five):
        """The location names the base of the database's first table then."""
        shop = world.lark.database("Shop")
        link = f"https://acme.larksuite.com/base/{shop.app_token}"
        five.update(five.rows.ids([2])[0], {"database_lark_base_id": link})

        world.crawl(five)

        assert world.databases()["copies"]["LocationUri"].endswith(f"/Base={shop.app_token}")

    def test_a_row_that_leads_nowhere_affects_only_itself(self, world, five):
        """It is reported at every crawl; the tables of the others are there."""
        gone = dict(zip(FIVE, ("Copies", "", "Gone", "bascnNone", "tblNone"), strict=True))
        world.source_table([], [gone, {"database_name": "Copies"}], name="tables")

        result = world.crawl(five)

        assert result["status"] == "Partial"
        assert world.names() == {"copies": ["stock"], "mixed_up": ["my_orders", "stock"]}
        assert result["failures"][0].startswith('table "copies.gone": ')
        assert [note.split(": ")[-1] for note in result["notes"]] == [
            "table_name and table_lark_base_id and table_lark_table_id are empty."
        ]
