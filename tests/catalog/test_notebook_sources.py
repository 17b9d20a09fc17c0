"""Sources in the notebook: what ``connect`` and ``lark.add`` take, and what they show."""

from __future__ import annotations

import pytest

from larkbase_sdk.errors import (
    ConfigurationError,
    NotFound,
    PermissionDenied,
    QueryError,
    SourceSkipped,
)

ALL_TABLES = ["database_name", "table_name", "table_lark_base_id", "table_lark_table_id"]


@pytest.fixture
def crm(lark_emulator):
    """A base with two tables, in no folder of its own."""
    base = lark_emulator.database("CRM")
    base.table("Orders", {"No": ["a1", "a2"]})
    base.table("Customers", {"Name": ["Ann"]})
    lark_emulator.drive.remove(base.app_token)
    return base


@pytest.fixture
def folder(lark_emulator, crm):
    """A folder with a base and a sub-folder of one."""
    made = lark_emulator.drive.folder("Sales")
    made.add(crm)
    stock = lark_emulator.database("Stock")
    stock.table("Items", {"Item": ["x"]})
    made.folder("Archive").add(stock)
    return made


def sources(lark):
    return {row["name"]: row["source"] for row in lark.databases.rows()}


class TestConnect:
    """Sources that are known from the beginning."""

    def test_every_kind_of_source_is_listed_with_where_it_came_from(
        self, lark_emulator, crm, folder, metadata_table
    ):
        """One call to connect, and none for the sources before they are needed."""
        table = metadata_table(["id", "name"], [{"id": crm.app_token, "name": "Sales CRM"}])
        node = lark_emulator.drive.wiki_node(lark_emulator.database("Handbook"))
        opened = lark_emulator.database("Opened")
        for base in (
            lark_emulator.database("Handbook"),
            opened,
            lark_emulator.database("Metadata"),
        ):
            lark_emulator.drive.remove(base.app_token)
        lark_emulator.database("In the root")

        lark = lark_emulator.connect(
            url=opened.url,
            folders=[folder.url],
            wikis=[f"{lark_emulator.url}/wiki/{node}"],
            catalog=table.url,
        )
        assert lark_emulator.calls.count() == 1
        assert sources(lark) == {
            "Opened": "link",
            "CRM": f"folder {folder.token}",
            "Archive": f"folder {folder.token}",
            "Handbook": "wiki link",
            "Sales CRM": f"metadata table {table.table_id}",
            "In the root": "drive root",
        }
        lark.close()

    def test_tokens_do_as_well_as_links(self, lark_emulator, crm, folder, metadata_table):
        """And one text as well as a list."""
        table = metadata_table(["id", "name"], [{"id": crm.app_token, "name": "x"}])
        catalog = f"{table.base.app_token}:{table.table_id}"

        with lark_emulator.connect(folders=folder.token, catalog=[catalog]) as lark:
            assert list(lark.databases)[:3] == ["CRM", "Archive", "x"]

    @pytest.mark.parametrize(
        ("argument", "link", "problem"),
        [
            ("folders", "/base/bascnA", "the link of a base, not of a folder"),
            ("wikis", "/drive/folder/fldcnA", "the link of a folder, not of a wiki"),
            ("catalog", "/base/bascnA", "names no table"),
            ("catalog", "/drive/folder/fldcnA", "names no metadata table"),
        ],
    )
    def test_a_link_of_another_kind_is_refused_before_any_call(
        self, lark_emulator, argument, link, problem
    ):
        """The message says what it is."""
        with pytest.raises(ConfigurationError, match=problem):
            lark_emulator.connect(**{argument: lark_emulator.url + link})
        assert lark_emulator.calls.count() == 0

    @pytest.mark.parametrize("argument", ["folders", "wikis", "catalog"])
    def test_a_link_to_another_host_is_refused_before_any_call(self, lark_emulator, argument):
        """Credentials would follow."""
        link = (
            "https://evil.example/wiki/a?table=tblA"
            if argument != "folders"
            else ("https://evil.example/drive/folder/a")
        )
        with pytest.raises(ConfigurationError, match="no host of Lark"):
            lark_emulator.connect(**{argument: link})
        assert lark_emulator.calls.count() == 0


class TestAdd:
    """Sources that are added later."""

    def test_the_link_of_a_base_gives_the_database(self, lark, lark_emulator, crm):
        """For one call."""
        database = lark.add(f"{crm.url}?table=tblAny")

        assert (database.name, database.source, database.url) == ("CRM", "link", crm.url)
        assert [call.endpoint for call in lark_emulator.calls.list] == ["token", "base"]

    def test_the_link_of_a_wiki_page_gives_the_database(self, lark, lark_emulator, crm):
        """For two calls; the same page is asked for once."""
        link = f"{lark_emulator.url}/wiki/{lark_emulator.drive.wiki_node(crm)}"

        assert (lark.add(link).source, lark.add(link).id) == ("wiki link", crm.app_token)
        assert [call.endpoint for call in lark_emulator.calls.list] == [
            "token",
            "wiki_node",
            "base",
        ]

    def test_the_link_of_a_folder_gives_its_databases(self, lark, folder):
        """As a mapping, shown as a table."""
        added = lark.add(folder.url)

        assert list(added) == ["CRM", "Archive"]
        assert added["Archive"].tables["Stock"].to_arrow().column("Item").to_pylist() == ["x"]
        assert "Archive" in repr(added)
        assert list(lark.databases) == ["CRM", "Archive", *list(lark.databases)[2:]]

    def test_the_link_of_a_metadata_table_gives_its_databases(self, lark, crm, metadata_table):
        """The caller says that it is one, since every link of a base names some table."""
        orders = crm.find_table("Orders").table_id
        row = dict(zip(ALL_TABLES, ("Sales", "Deals", crm.app_token, orders), strict=True))
        table = metadata_table(ALL_TABLES, [row])

        added = lark.add(table.url, catalog=True)
        assert list(added) == ["Sales"]
        assert lark.table("Sales.Deals").to_arrow().column("No").to_pylist() == ["a1", "a2"]

    @pytest.mark.parametrize("catalog", [False, True])
    def test_a_link_that_cannot_be_read_is_not_added(self, lark, lark_emulator, crm, catalog):
        """Lark's error comes at once, and no warning at every later listing."""
        crm.shared = False
        with pytest.raises(PermissionDenied):
            lark.add(f"{crm.url}?table=tblAny", catalog=catalog)
        shut = lark_emulator.drive.folder("shut")
        shut.shared = False
        with pytest.raises(PermissionDenied):
            lark.add(shut.url)

        assert list(lark.databases) == []

    def test_a_link_that_failed_before_gives_its_error_again(self, lark_emulator, crm):
        """Not what was remembered of the failure."""
        crm.shared = False
        with lark_emulator.connect(url=crm.url) as lark:
            with pytest.warns(SourceSkipped, match="the base of the link"):
                assert list(lark.databases) == []
            with pytest.raises(PermissionDenied):
                lark.database(crm.url)

            crm.shared = True
            assert lark.database(crm.url).name == "CRM"
            assert list(lark.databases) == ["CRM"]

    def test_a_wiki_page_that_shows_no_base_is_refused(self, lark, lark_emulator):
        """The message says what it shows."""
        node = lark_emulator.drive.wiki_node("doxcnA", "Minutes", "docx")

        with pytest.raises(ConfigurationError, match='"Minutes" holds a docx'):
            lark.add(f"{lark_emulator.url}/wiki/{node}")

    def test_an_added_link_does_not_rename_what_came_before(self, lark, lark_emulator, crm):
        """Opened links keep the order in which they were opened."""
        other = lark_emulator.database("crm")
        lark.add(crm.url)

        assert lark.add(other.url).sql_name == f"crm_{other.app_token.lower()}"
        assert lark.databases["CRM"].sql_name == "crm"


class TestLookingAround:
    """Databases and tables by every name they have."""

    def test_a_database_of_several_bases_reads_each_table_from_its_own(
        self, lark, lark_emulator, crm, folder
    ):
        """And knows no base of its own."""
        folder.folder("Archive").add_shortcut(crm, "Old")
        added = lark.add(folder.url)["Archive"]

        assert added.id == ""
        assert list(added.tables) == ["Stock", "Old_Orders", "Old_Customers"]
        assert added.tables["Old_Customers"].to_arrow().column("Name").to_pylist() == ["Ann"]
        assert added.tables["Stock"].url.startswith(lark_emulator.database("Stock").url)

    def test_the_mapping_knows_how_many_tables_were_listed(self, lark, crm):
        """A dash before they were."""
        lark.add(crm.url)
        assert lark.databases.rows()[0]["tables"] is None

        list(lark.databases["CRM"].tables)
        assert lark.databases.rows()[0]["tables"] == 2

    def test_a_new_table_is_found_by_name_at_once(self, lark, crm):
        """Although the list of tables is remembered."""
        lark.add(crm.url)
        assert list(lark.databases["CRM"].tables) == ["Orders", "Customers"]
        crm.table("Items", {"A": ["x"]})

        assert lark.table("CRM.Items").name == "Items"

    def test_a_new_field_is_found_by_name_at_once(self, lark, lark_emulator, crm):
        """Although the fields are remembered; a name that is nowhere costs one look."""
        orders = lark.add(crm.url).tables["Orders"]
        _ = orders.schema
        crm.find_table("Orders").add_field("Amount", "Number")

        assert orders.to_arrow(columns=["Amount"], where="amount IS NULL").num_rows == 2
        lark_emulator.calls.clear()
        with pytest.raises(QueryError, match="Nothing"):
            orders.to_arrow(columns=["Nothing"])
        assert [call.endpoint for call in lark_emulator.calls.list] == ["fields"]

    def test_a_base_is_found_by_its_id_without_a_link(self, lark, crm):
        """Names and ids are interchangeable."""
        assert lark.databases[crm.app_token].name == "CRM"
        assert lark.database(crm.app_token).tables["Orders"].schema.columns[0].name == "no"

    def test_a_wrong_name_gets_near_ones(self, lark, crm):
        """Databases and tables alike."""
        lark.add(crm.url)
        with pytest.raises(NotFound, match='No database "CMR"') as caught:
            lark.database("CMR")
        assert 'did you mean "CRM"?' in caught.value.hint
        with pytest.raises(NotFound, match='No table "Order" in database "CRM"') as caught:
            lark.table("CRM.Order")
        assert 'did you mean "Orders"?' in caught.value.hint

    def test_search_reads_every_field_list_once(self, lark, lark_emulator, crm, folder):
        """Tables and fields whose name holds the text; what cannot be read is told."""
        lark.add(folder.url)
        crm.find_table("Orders").add_field("Customer name", "Text")
        lark_emulator.fail(1254302, endpoint="fields", path=crm.find_table("Customers").table_id)

        with pytest.warns(SourceSkipped, match='the fields of table "Customers"'):
            found = lark.search("CUSTOMER")
        assert found == [("CRM", "Orders", "Customer name"), ("CRM", "Customers", "")]
        assert lark_emulator.calls.count("fields") == 3

    def test_an_empty_drive_root_is_no_fault(self, lark_emulator, crm):
        """An app without the Drive scope sees its links without a warning."""
        lark_emulator.fail(99991672, endpoint="root_folder", times=None)

        with lark_emulator.connect(url=crm.url) as lark:
            assert list(lark.databases) == ["CRM"]
        with lark_emulator.connect() as lark, pytest.warns(SourceSkipped, match="the Drive root"):
            assert list(lark.databases) == []
