"""Databases of folders, wiki pages and metadata tables, named by option or by environment."""

from __future__ import annotations

import pytest


@pytest.fixture
def hidden(emulator, orders):
    """The base CRM, which no root folder lists."""
    emulator.drive.remove(orders.base.app_token)
    return orders.base


@pytest.fixture
def folder(emulator, hidden):
    """A folder with the base CRM in it."""
    made = emulator.drive.folder("Sales")
    made.add(hidden)
    return made


@pytest.fixture
def metadata_table(emulator, hidden):
    """A metadata table that calls the base CRM "shop"."""
    base = emulator.database("Metadata")
    emulator.drive.remove(base.app_token)
    return base.table("databases", {"id": [hidden.app_token], "name": ["shop"]})


@pytest.fixture
def wiki(emulator, hidden):
    """The link of a wiki page that shows the base CRM."""
    return f"{emulator.url}/wiki/{emulator.drive.wiki_node(hidden)}"


def ids(table):
    return f"{table.base.app_token}:{table.table_id}"


def sources(ended):
    assert ended.code == 0, ended.err
    return {row["database"]: row["source"] for row in ended.rows}


class TestOptions:
    """Sources for one run."""

    def test_each_option_adds_a_source_and_ls_says_where_a_database_was_found(
        self, run, emulator, folder, metadata_table
    ):
        """Links do as well as ids, and an option may be repeated."""
        other = emulator.drive.folder("Stock")
        other.add(emulator.database("Items"))

        ended = run("ls", "--folder", folder.url, "--folder", other.token, "--catalog",
                    ids(metadata_table))  # fmt: skip

        assert sources(ended) == {
            "CRM": f"folder {folder.token}",
            "Items": f"folder {other.token}",
            "shop": f"metadata table {metadata_table.table_id}",
        }

    def test_a_wiki_page(self, run, wiki):
        """Its base has no place in Drive."""
        assert sources(run("ls", "--wiki", wiki)) == {"CRM": "wiki link"}

    def test_every_command_finds_the_tables_of_a_source(self, run, metadata_table, tmp_path):
        """Under the names that the source gives."""
        where = ("--catalog", metadata_table.url)
        commands = [
            ("ls", "shop"),
            ("schema", "shop.Orders"),
            ("head", "shop.Orders"),
            ("export", "shop.Orders", "--to", str(tmp_path / "rows.csv")),
            ("explain", "shop.Orders"),
            ("doctor", "shop"),
        ]

        assert {command[0]: run(*command, *where).code for command in commands} == {
            command[0]: 0 for command in commands
        }

    def test_the_next_command_names_the_same_sources(self, run, folder):
        """Without them the database would be unknown."""
        ended = run("ls", "--folder", folder.token)

        assert ended.err == f"→ next: larkbase ls CRM --folder={folder.token}\n"
        assert run("ls", "CRM", f"--folder={folder.token}").code == 0

    @pytest.mark.parametrize(
        ("option", "path", "problem"),
        [
            ("--folder", "/base/bascnA", "This is the link of a base, not of a folder"),
            ("--wiki", "/drive/folder/fldcnA", "This is the link of a folder, not of a wiki"),
            ("--catalog", "/base/bascnA", "The link of the metadata table names no table"),
        ],
    )
    def test_a_link_of_another_kind_is_a_usage_error(self, run, emulator, option, path, problem):
        """Before any call."""
        ended = run("ls", option, emulator.url + path)

        assert ended.code == 2
        assert ended.err.startswith(f"ConfigurationError: {problem}")
        assert emulator.calls.count() == 0

    def test_a_folder_without_permission_is_told_and_hides_nothing_else(
        self, run, emulator, folder
    ):
        """One warning line; the other databases are listed."""
        folder.shared = False
        emulator.database("Items")

        ended = run("ls", "--folder", folder.token)

        assert sources(ended) == {"Items": "drive root"}
        assert ended.err.startswith(f"warning: Left out folder {folder.token}: ")


class TestEnvironment:
    """Sources for every run."""

    def test_the_variables_are_comma_lists_of_the_same_links(
        self, run, emulator, folder, metadata_table, wiki, monkeypatch
    ):
        """Blanks around an entry do not matter."""
        other = emulator.drive.folder("Stock")
        other.add(emulator.database("Items"))
        monkeypatch.setenv("LARKBASE_FOLDERS", f"{folder.url}, {other.token} ,")
        monkeypatch.setenv("LARKBASE_CATALOG", ids(metadata_table))
        monkeypatch.setenv("LARKBASE_WIKIS", wiki)

        assert sources(run("ls")) == {
            "CRM": f"folder {folder.token}",
            "Items": f"folder {other.token}",
            "shop": f"metadata table {metadata_table.table_id}",
        }

    def test_an_option_takes_the_place_of_its_variable(
        self, run, emulator, folder, metadata_table, monkeypatch
    ):
        """The other variables stay."""
        monkeypatch.setenv("LARKBASE_FOLDERS", "fldcnGone")
        monkeypatch.setenv("LARKBASE_CATALOG", ids(metadata_table))

        assert list(sources(run("ls", "--folder", folder.token))) == ["CRM", "shop"]

    def test_a_notebook_reads_the_same_variables(self, emulator, folder, monkeypatch):
        """``connect()`` takes them where an argument is not given; an empty one means none."""
        import larkbase_sdk as larkbase

        monkeypatch.setenv("LARKBASE_FOLDERS", folder.url)

        with larkbase.connect() as lark:
            assert list(lark.databases) == ["CRM"]
        with larkbase.connect(folders=()) as lark:
            assert list(lark.databases) == []
        with emulator.connect() as lark:
            assert list(lark.databases) == []


class TestSpeed:
    """Listing the tables of a database reads all field lists at the same time."""

    def test_field_lists_are_read_at_the_same_time(self, run, emulator, monkeypatch):
        """The second call does not wait for the first one's answer."""
        base = emulator.database("Wide")
        for number in range(6):
            base.table(f"T{number}", {"A": ["x"]})
        emulator.fail(stall=0.5, endpoint="fields")

        ended = run("ls", "Wide")

        first, *others = [call.path for call in emulator.calls.named("fields")]
        assert [row["fields"] for row in ended.rows] == [1] * 6
        # The record is in the order in which calls were answered: the stalled one was overtaken.
        assert base.tables[0].table_id not in first
        assert len(others) == 5
