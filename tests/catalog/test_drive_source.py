"""Drive folders: bases, sub-folders and shortcuts become databases; nothing else does."""

from __future__ import annotations

import pytest

from larkbase_sdk.catalog.drive_source import DriveRootSource, read_folder
from larkbase_sdk.catalog.sources import SourcedBase, SourcedDatabase
from larkbase_sdk.errors import NotFound, PermissionDenied


@pytest.fixture
def folder(lark_emulator):
    """An empty folder, as one is configured."""
    return lark_emulator.drive.folder("athena_tables")


@pytest.fixture
def read(lark, folder):
    """Reads the configured folder."""
    return lambda: read_folder(lark.api.drive, folder.token)


def summary(listing):
    """Names of the databases with the names of their bases."""
    return {item.name: [base.name for base in item.bases] for item in listing.databases}


def test_a_base_is_a_database_with_all_its_tables(lark_emulator, folder, read):
    """Its token and link are those of the file."""
    base = lark_emulator.database("Sales data")
    folder.add(base)

    assert read().databases == (
        SourcedDatabase(
            "Sales data",
            base.app_token,
            (SourcedBase(base.app_token, "Sales data", url=base.url),),
            url=base.url,
        ),
    )


def test_a_shortcut_counts_as_the_base_that_it_points_to(lark_emulator, folder, read):
    """Under the name of the shortcut."""
    base = lark_emulator.database("CRM")
    folder.add_shortcut(base, "Customers")

    (database,) = read().databases
    assert (database.name, database.base_id) == ("Customers", base.app_token)


def test_a_sub_folder_is_a_database_of_the_bases_in_it(lark_emulator, folder, read):
    """Bases and shortcuts to bases supply its tables, which are named after them."""
    sub = folder.folder("sales_data")
    sub.add(lark_emulator.database("orders"))
    sub.add_shortcut(lark_emulator.database("customers"))

    (database,) = read().databases
    assert (database.name, database.key, database.base_id) == ("sales_data", sub.token, "")
    assert [(base.name, base.names_tables) for base in database.bases] == [
        ("orders", True),
        ("customers", True),
    ]


def test_only_one_level_of_sub_folders_is_entered(lark_emulator, folder, read):
    """A base two levels down is not found."""
    sub = folder.folder("one")
    sub.add(lark_emulator.database("A"))
    sub.folder("two").add(lark_emulator.database("B"))

    assert summary(read()) == {"one": ["A"]}


def test_everything_else_is_ignored(lark_emulator, folder, read):
    """Documents, sheets, and folders without bases are no databases."""
    folder.add_file("notes", "docx")
    folder.add_file("plan", "sheet")
    folder.folder("empty")
    folder.folder("papers").add_file("paper", "docx")
    folder.add(lark_emulator.database("A"))

    assert summary(read()) == {"A": ["A"]}


def test_the_type_is_read_in_any_letter_case(lark_emulator, folder, read):
    """Lark's own spelling may change."""
    folder.add(lark_emulator.database("A"))
    folder.entries[0].type = "Bitable"

    assert summary(read()) == {"A": ["A"]}


def test_shortcuts_cannot_lead_in_a_circle(lark_emulator, folder, read):
    """A folder with shortcuts to itself, its parent and what it holds is read once."""
    sub = folder.folder("sub")
    base = lark_emulator.database("A")
    sub.add(base)
    sub.add_shortcut(base, "again")
    sub.add_shortcut(folder, "up")
    folder.add_shortcut(folder, "itself")
    folder.add_shortcut(sub, "sub again")

    assert summary(read()) == {"sub": ["A"]}


def test_a_shortcut_to_a_folder_counts_as_a_sub_folder(lark_emulator, folder, read):
    """It is entered like one."""
    elsewhere = lark_emulator.drive.folder("elsewhere")
    elsewhere.add(lark_emulator.database("A"))
    folder.add_shortcut(elsewhere, "linked")

    assert summary(read()) == {"linked": ["A"]}


def test_a_shortcut_beside_its_target_adds_nothing(lark_emulator, folder, read):
    """Also when the shortcut is the older entry."""
    first, second = lark_emulator.database("first"), lark_emulator.database("second")
    folder.add_shortcut(second, "a shortcut")
    folder.add(first)
    folder.add(second)

    assert list(summary(read())) == ["first", "second"]


def test_bases_of_the_folder_come_before_what_older_crawls_did_not_know(
    lark_emulator, folder, read
):
    """An older sub-folder or shortcut of the same name does not take a base's plain name."""
    folder.folder("Sales").add(lark_emulator.database("in the sub-folder"))
    folder.add_shortcut(lark_emulator.database("elsewhere"), "Sales")
    own = lark_emulator.database("Sales")
    folder.add(own)

    assert [item.name for item in read().databases] == ["Sales", "Sales", "Sales"]
    assert read().databases[0].bases[0].base_id == own.app_token


def test_long_folders_are_read_to_the_end(lark_emulator, folder, read):
    """More than the 200 entries of one page."""
    for number in range(203):
        folder.add_file(f"note {number}")
    folder.add(lark_emulator.database("last"))

    assert summary(read()) == {"last": ["last"]}
    assert lark_emulator.calls.count("files") == 2


def test_a_sub_folder_that_is_not_shared_affects_only_itself(lark_emulator, folder, read):
    """It is told of, and known by its token."""
    folder.add(lark_emulator.database("A"))
    shut = folder.folder("shut")
    shut.add(lark_emulator.database("B"))
    shut.shared = False

    listing = read()
    assert summary(listing) == {"A": ["A"]}
    (skipped,) = listing.skipped
    assert (skipped.what, skipped.token, skipped.unreadable) == ('folder "shut"', shut.token, True)
    assert "may not read this folder" in skipped.reason


def test_no_permission_to_the_folder_is_an_error(folder, read):
    """It never looks like an empty folder; the hint says how to share it."""
    folder.shared = False

    with pytest.raises(PermissionDenied, match="1061004") as caught:
        read()
    assert "group chat" in caught.value.hint


def test_a_folder_that_is_gone_is_an_error(lark):
    """Nothing is concluded from it."""
    with pytest.raises(NotFound):
        read_folder(lark.api.drive, "fldcnNoSuchFolder")


def test_in_the_root_only_bases_and_shortcuts_to_bases_count(lark, lark_emulator):
    """Nobody said that the folders there are databases."""
    lark_emulator.database("A")
    inner = lark_emulator.drive.folder("folder")
    inner.add(lark_emulator.database("B"))
    lark_emulator.drive.root.add_shortcut(lark_emulator.database("B"), "B, linked")

    assert [item.name for item in DriveRootSource(lark.api.drive).read().databases] == [
        "A",
        "B, linked",
    ]
