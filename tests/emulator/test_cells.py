"""Cells: what is written and what is read, by field type, and how empty cells look."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

ANN = {"id": "ou_ann", "name": "Ann", "en_name": "Ann", "email": "ann@x", "avatar_url": "https://a"}
SEGMENT = {"text": "x", "type": "text"}

SHAPES = [
    ("Text", "x", [SEGMENT]),
    ("Text", [SEGMENT, SEGMENT], [SEGMENT, SEGMENT]),
    ("Text", "two\nlines", [{"text": "two\nlines", "type": "text"}]),
    ("Barcode", "x", [SEGMENT]),
    ("Email", "a@b", [{"link": "mailto:a@b", "text": "a@b", "type": "url"}]),
    ("Number", 1.5, 1.5),
    ("Number", 3.0, 3),
    ("Number", Decimal("0.10"), 0.1),
    ("Number", 12345678901234567890, 12345678901234500000),
    ("Number", 0.1 + 0.2, 0.3),
    ("Number", 1e300, 1e300),
    ("Progress", 0.66, 0.66),
    ("Currency", 1, 1),
    ("Rating", 3, 3),
    ("SingleSelect", "new", "new"),
    ("MultiSelect", ["b", "a"], ["b", "a"]),
    ("MultiSelect", "only", ["only"]),
    ("DateTime", 1690992000000, 1690992000000),
    ("DateTime", dt.datetime(2025, 1, 1, 1, tzinfo=dt.UTC), 1735693200000),
    ("DateTime", dt.date(2025, 1, 1), 1735664400000),
    ("Checkbox", True, True),
    ("Checkbox", False, False),
    ("User", [ANN], [ANN]),
    ("Phone", "+62", "+62"),
    ("Url", {"link": "https://l", "text": "t"}, {"link": "https://l", "text": "t"}),
    ("Url", "https://l", {"link": "https://l", "text": "https://l"}),
    ("SingleLink", ["rec1"], {"link_record_ids": ["rec1"]}),
    ("DuplexLink", {"link_record_ids": ["rec1"]}, {"link_record_ids": ["rec1"]}),
    ("Location", "1.5,2.5", {"address": "", "adname": "", "cityname": "", "full_address": "1.5,2.5",
                             "location": "1.5,2.5", "name": "", "pname": ""}),
    ("Duration", {"b": 1, "a": [2]}, {"a": [2], "b": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("ui_type", "written", "read"), SHAPES)
def test_written_values_are_read_in_their_own_shape(emulator, api, ui_type, written, read):
    """Text comes back as segments, people as objects, links as record ids."""
    table = emulator.database("CRM").table("T", fields=["Name", ("Cell", ui_type)])
    table.insert([{"Cell": written}])
    cell = api.search(table)["items"][0]["fields"]["Cell"]

    assert (cell, type(cell)) == (read, type(read))


def test_people_and_chats_are_filled_from_the_directory(emulator, api):
    """An id or a name is enough to write; every member is read."""
    table = emulator.database("CRM").table("T", fields=[("Who", "User"), ("Chat", "GroupChat")])
    table.insert([{"Who": [{"id": "ou_1"}, "Ann"], "Chat": ["Sales"]}])
    cells = api.search(table)["items"][0]["fields"]

    assert [set(person) for person in cells["Who"]] == [
        {"avatar_url", "email", "en_name", "id", "name"}] * 2  # fmt: skip
    assert [person["name"] for person in cells["Who"]][1] == "Ann"
    assert set(cells["Chat"][0]) == {"avatar_url", "id", "name"}


def test_a_new_option_name_creates_the_option(emulator, api):
    """Writing an unknown option adds it to the field."""
    table = emulator.database("CRM").table("T", fields=["Name", ("S", "SingleSelect")])
    table.insert([{"S": "one"}, {"S": "two"}])

    options = api.get(api.path(table, "/fields"))["items"][1]["property"]["options"]
    assert [option["name"] for option in options] == ["one", "two"]


def test_attachments_carry_addresses_that_serve_their_bytes(emulator, api):
    """url needs the token; the temporary address does not."""
    table = emulator.database("CRM").table("T", fields=["Name", ("File", "Attachment")])
    table.insert([{"File": [("note.txt", b"hello")]}])
    cell = api.search(table)["items"][0]["fields"]["File"][0]
    served = api.session.get(cell["url"], timeout=10)
    listed = api.session.get(cell["tmp_url"], timeout=10).json()["data"]["tmp_download_urls"]

    assert (cell["name"], cell["size"], cell["type"]) == ("note.txt", 5, "text/plain")
    assert served.content == b"hello"
    assert served.headers["Content-Type"].startswith("text/plain")
    assert "note.txt" in served.headers["Content-Disposition"]
    assert listed[0]["file_token"] == cell["file_token"]
    bare = api.session.get(listed[0]["tmp_download_url"], headers={"Authorization": ""}, timeout=10)
    assert bare.content == b"hello"


def test_a_download_can_be_resumed(emulator, api):
    """A range gives the rest of the file."""
    token = emulator.media("note.txt", b"0123456789")
    path = f"/open-apis/drive/v1/medias/{token}/download"
    answer = api.call("GET", path, headers={"Range": "bytes=4-"})

    assert (answer.status_code, answer.content) == (206, b"456789")
    assert answer.headers["Content-Range"] == "bytes 4-9/10"
    assert api.call("GET", path, headers={"Range": "bytes=-2"}).content == b"89"
    assert api.call("GET", path, headers={"Range": "bytes=1-2"}).content == b"12"
    assert api.call("GET", path, headers={"Range": "lines=1-2"}).status_code == 200
    assert api.call("GET", path, headers={"Range": "bytes=10-"}).status_code == 416


def test_an_unknown_file_is_not_found(api):
    """A file token that names nothing gives 404."""
    path = "/open-apis/drive/v1/medias/nothing/download"

    assert api.refusal("GET", path)[:2] == (404, 1061003)


def test_empty_cells_are_missing(emulator, api):
    """A row without any value has no members at all; an unticked checkbox is false."""
    table = emulator.database("CRM").table(
        "T", fields=["Name", ("Done", "Checkbox"), ("Link", "SingleLink"), ("N", "Number")]
    )
    table.insert([{}, {"Name": "a"}, {"Done": False, "Name": "", "N": None}])

    assert [item["fields"] for item in api.search(table)["items"]] == [
        {},
        {"Link": {"link_record_ids": None}, "Name": [{"text": "a", "type": "text"}]},
        {"Done": False, "Link": {"link_record_ids": None}},
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("null", [True] * 4), ("absent", [False] * 4), ("mixed", [False, True, False, True])],
)
def test_empty_links_are_null_or_missing(emulator, api, kind, expected):
    """Both were seen; a table may even mix them."""
    emulator.switches.empty_links = kind
    table = emulator.database("CRM").table("T", {"Name": list("abcd")})
    table.add_field("Link", "SingleLink", {"table": table})

    items = api.search(table)["items"]
    assert ["Link" in item["fields"] for item in items] == expected


def result_of(emulator, api, value, ui_type="Formula", **given):
    table = emulator.database("CRM").table("T", fields=["Name", ("F", ui_type, given or None)])
    table.insert([{"Name": "a", "F": value}])
    return api.search(table)["items"][0]["fields"].get("F", "absent")


@pytest.mark.parametrize(
    ("result", "value", "expected"),
    [
        ("Text", "ok", {"type": 1, "value": [{"text": "ok", "type": "text"}]}),
        ("Number", 20, {"type": 2, "value": [20]}),
        ("Number", [1, 2.5], {"type": 2, "value": [1, 2.5]}),
        ("SingleSelect", "a", {"type": 3, "value": ["a"]}),
        ("MultiSelect", ["a", "b"], {"type": 4, "value": ["a", "b"]}),
        ("DateTime", 1755014400000, {"type": 5, "value": [1755014400000]}),
        ("Checkbox", True, {"type": 7, "value": [True]}),
        ("SingleLink", ["rec1"], {"type": 18, "value": ["rec1"]}),
        ("Number", {"type": 1, "value": [SEGMENT]}, {"type": 1, "value": [SEGMENT]}),
        ("Number", None, "absent"),
    ],
)
def test_results_are_wrapped_in_type_and_list(emulator, api, result, value, expected):
    """A formula cell holds its type number and a list, also for one value."""
    assert result_of(emulator, api, value, result=result) == expected


@pytest.mark.parametrize(
    ("switch", "setting", "value", "expected"),
    [
        ("empty_result", "empty_list", None, {"type": 2, "value": []}),
        ("empty_result", "null", None, {"type": 2, "value": None}),
        ("single_result", "bare", 20, {"type": 2, "value": 20}),
        ("result_type", "absent", 20, {"value": [20]}),
    ],
)
def test_results_have_unconfirmed_shapes(emulator, api, switch, setting, value, expected):
    """Empty, bare and untyped results were reported or are possible."""
    setattr(emulator.switches, switch, setting)

    assert result_of(emulator, api, value, result="Number") == expected


def test_lookups_of_links_have_two_shapes(emulator, api):
    """Record ids, or objects that hold them."""
    emulator.switches.lookup_links = "objects"
    cell = result_of(emulator, api, ["rec1", "rec2"], ui_type="Lookup", result="DuplexLink")

    assert cell == {"type": 21, "value": [{"link_record_ids": ["rec1", "rec2"]}]}


def test_lookups_of_files_carry_their_addresses(emulator, api):
    """An attachment inside a lookup looks like one in its own field."""
    cell = result_of(emulator, api, [("f.txt", b"1")], ui_type="Lookup", result="Attachment")

    assert cell["type"] == 17
    assert api.session.get(cell["value"][0]["url"], timeout=10).content == b"1"


def test_stage_and_button_are_listed_but_never_read(emulator, api):
    """Search returns nothing for these fields."""
    table = emulator.database("CRM").table(
        "T", fields=["Name", ("Stage", "Stage"), ("Go", "Button")]
    )
    table.insert([{"Name": "a", "Stage": "x", "Go": "y"}])

    assert set(api.search(table)["items"][0]["fields"]) == {"Name"}
    assert [item["type"] for item in api.get(api.path(table, "/fields"))["items"]] == [1, 24, 3001]


def test_automatic_fields_fill_themselves(emulator, api):
    """Numbers, times and people come from the service."""
    serial = {"auto_serial": {"type": "custom", "options": [
        {"type": "system_number", "value": "3"}, {"type": "fixed_text", "value": "no"},
        {"type": "created_time", "value": "yyyyMMdd"}]}}  # fmt: skip
    table = emulator.database("CRM").table(
        "T",
        fields=["Name", ("No", "AutoNumber"), ("Code", "AutoNumber", serial),
                ("At", "CreatedTime"), ("By", "CreatedUser"), ("Changed", "ModifiedTime")],
        rows=[{"Name": "a", "At": 1675244156000}, {"Name": "b"}],
    )  # fmt: skip
    first, second = (item["fields"] for item in api.search(table)["items"])

    assert (first["No"], second["No"]) == ("1", "2")
    assert first["Code"] == "001no20230201"
    assert first["At"] == 1675244156000
    assert second["At"] == second["Changed"]
    assert [set(person) for person in second["By"]] == [
        {"avatar_url", "email", "en_name", "id", "name"}]  # fmt: skip


def test_a_custom_number_is_found_by_its_counter_only(emulator, api):
    """The fixed characters must be left out of the condition."""
    serial = {
        "auto_serial": {
            "type": "custom",
            "options": [
                {"type": "fixed_text", "value": "ET"},
                {"type": "system_number", "value": "9"},
            ],
        }
    }
    table = emulator.database("CRM").table(
        "T", fields=["Name", ("No", "AutoNumber", serial)], rows=[{"Name": n} for n in "abc"]
    )  # fmt: skip

    assert api.search(table)["items"][0]["fields"]["No"] == "ET000000001"
    assert api.found(table, "No", "is", "ET000000001") == []
    assert api.found(table, "No", "is", "1") == ["a"]
    assert api.found(table, "No", "isGreater", "1") == ["b", "c"]


def test_missing_contact_scopes_leave_ids_only(emulator, api):
    """Without a contact scope people come without names."""
    emulator.switches.contact_scopes = False
    table = emulator.database("CRM").table("T", fields=[("Who", "User")], rows=[{"Who": ["ou_1"]}])

    assert api.search(table)["items"][0]["fields"]["Who"] == [{"id": "ou_1"}]


@pytest.mark.parametrize(
    ("switch", "setting", "written", "segments"),
    [
        ("text_newlines", "split", "a\nb", [{"text": "a\n", "type": "text"},
                                            {"text": "b", "type": "text"}]),
        ("auto_links", True, "https://l", [{"link": "https://l", "text": "https://l",
                                            "type": "url"}]),
    ],
)  # fmt: skip
def test_texts_are_cut_into_segments_in_several_ways(
    emulator, api, switch, setting, written, segments
):
    """Newlines split or not; addresses become links in some rows."""
    setattr(emulator.switches, switch, setting)
    table = emulator.database("CRM").table("T", {"Name": [written]})

    assert api.search(table)["items"][0]["fields"]["Name"] == segments
