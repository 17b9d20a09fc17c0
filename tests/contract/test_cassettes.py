"""The recorded answers of every endpoint are still read as what they say.

Cassettes are replayed on one thread, since vcrpy lets calls of other threads out. What holds for
any table is tested in any case; what the sample tenant holds only when it is what was recorded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from contract_scrub import APP_ID, APP_SECRET, HOST, LOG_ID, TOKEN
from contract_walk import NO_SUCH_BASE, OPTIONS, PAGE, STEPS, Walk
from record import CASSETTES, record_emulator, replayed
from vcr.errors import CannotOverwriteExistingCassetteException

from larkbase_sdk import NotFound, connect
from larkbase_sdk.api import endpoints
from larkbase_sdk.api.endpoints import Endpoint
from larkbase_sdk.api.models import BaseInfo, DocMeta, TableInfo, ViewCondition, ViewInfo
from larkbase_sdk.errors import scrub
from larkbase_sdk.read.pages import FILTER_REFUSED

FACTS = json.loads((CASSETTES / "source.json").read_text(encoding="utf-8"))
FILES = sorted(CASSETTES.glob("*.yaml"))
of_the_sample = pytest.mark.skipif(
    FACTS["source"] != "emulator",
    reason="the cassettes were recorded from a tenant, whose table holds other values",
)


def connect_recorded(link: str):
    return connect(link, app_id=APP_ID, app_secret=APP_SECRET, domain=HOST, options=OPTIONS)


class Replay:
    """The results of the walk, with a skip for what the recorded tenant does not have."""

    def __init__(self) -> None:
        self.unused: list[str] = []
        walk = Walk(lambda: connect_recorded(FACTS["link"]), FACTS["link"], self._cassette)
        self._results = walk.run().results

    @contextmanager
    def _cassette(self, name: str):
        if name in FACTS["missing"]:
            yield
            return
        with replayed(name) as cassette:
            yield
        if not cassette.all_played:
            self.unused.append(name)

    def __getitem__(self, name: str) -> Any:
        if name in FACTS["missing"]:
            pytest.skip(f"not recorded: {FACTS['missing'][name]}")
        return self._results[name]


@pytest.fixture(scope="module")
def replay():
    return Replay()


@pytest.fixture(scope="module")
def table_id():
    return FACTS["link"].partition("table=")[2].partition("&")[0]


# -- what holds for any table ------------------------------------------------------------------


def test_every_recorded_answer_is_asked_for(replay):
    """No call has gone since the recording; one that is new finds no answer."""
    assert replay.unused == []


def test_the_token_is_read_and_never_shown(replay):
    """Connecting is one call, and the token that it brings is a secret from then on."""
    assert replay["token"] == 1
    assert scrub(f"Bearer {TOKEN}") == "Bearer ••••"


def test_a_wiki_page_leads_to_its_base(replay):
    """The node names the base that the other calls are about."""
    assert replay["wiki_node"].obj_type == "bitable"
    assert replay["wiki_node"].obj_token == replay["base"].app_token


def test_the_base_lists_the_table_of_the_link(replay, table_id):
    """The link's table is one of the tables, and its view one of the views."""
    assert table_id in {table.table_id for table in replay["tables"]}
    assert replay["view"].view_id in {view.view_id for view in replay["views"]}


def test_every_field_has_a_type_or_a_reason(replay):
    """No field of the table is lost between the list and the schema."""
    body = json.loads(recorded("fields")[0]["response"]["body"]["string"])
    schema = replay["fields"]
    known = [column.field_id for column in schema.columns]
    known += [skipped.field.field_id for skipped in schema.skipped]

    assert sorted(known) == sorted(item["field_id"] for item in body["data"]["items"])


def test_pages_of_a_search_follow_each_other(replay):
    """Two pages hold different rows, all of which fulfil the filter, in the order asked for."""
    first, second = replay["search"]
    schema = replay["fields"]
    select = next(c for c in schema.columns if c.filter_family == "select")
    number = next(c for c in schema.columns if c.filter_family == "number")
    rows = first.batch.to_pylist() + second.batch.to_pylist()
    numbers = [row[number.name] for row in rows]

    assert first.has_more
    assert first.total == second.total
    assert len({row["record_id"] for row in rows}) == 2 * PAGE
    assert {row[select.name] for row in rows} == {select.options[0]}
    assert numbers == sorted(numbers, reverse=True)


def test_rows_asked_for_by_id_are_the_rows_of_the_search(replay):
    """Both calls show every cell alike."""
    found = replay["batch_get"]

    assert (found.absent, found.forbidden) == ((), ())
    assert found.batch.to_pylist() == [
        row for page in replay["search"] for row in page.batch.to_pylist()
    ]


def test_a_file_is_as_long_as_its_cell_says(replay):
    """The address in an attachment cell leads to the whole file."""
    cell, content = replay["media"]

    assert len(content) == cell["size"]


def test_drive_knows_the_base(replay):
    """Its metadata has the title that the base has as its name."""
    base = replay["base"]

    assert [(meta.token, meta.type, meta.title) for meta in replay["metas"]] == [
        (base.app_token, "bitable", base.name)
    ]


def test_files_lie_in_the_folder_that_was_asked(replay):
    """The root folder is named by a token, and its files name it as their parent."""
    parents = {entry.parent_token for entry in replay["files"][0]}

    assert parents <= {replay["root_folder"]}


def test_a_link_is_enough_to_read(replay):
    """From a pasted link to a typed table, page after page."""
    table = replay["read"]

    assert len(table) == 2 * PAGE
    assert [str(kind) for kind in table.schema.types] == ["string", "string", "double"]


def test_a_base_that_is_not_there_is_told_as_such(replay):
    """Whatever code Lark gives it."""
    error = replay["error_base"]

    assert type(error) is NotFound
    assert NO_SUCH_BASE in error.message
    assert error.log_id == LOG_ID


def test_a_refused_filter_comes_with_a_known_code(replay):
    """A code by which a read goes on without the filter."""
    assert replay["error_filter"].code in FILTER_REFUSED


# -- what the sample tenant holds --------------------------------------------------------------


@of_the_sample
def test_base_tables_and_views_of_the_sample(replay, table_id):
    """Their names, revisions and settings."""
    base = replay["base"]

    assert base == BaseInfo(base.app_token, "CRM", 48, False, "Asia/Jakarta", 2)
    assert replay["wiki_node"].title == "CRM"
    assert [table.name for table in replay["tables"]] == ["Customers", "Products", "Orders"]
    assert replay["tables"][2] == TableInfo(table_id, "Orders", 28)
    assert replay["views"] == [
        ViewInfo("vew000002", "Grid", "grid"),
        ViewInfo("vew000003", "Open orders", "grid"),
        ViewInfo("vew000001", "Large first", "grid"),
        ViewInfo("vew000004", "Board", "kanban"),
    ]


@of_the_sample
def test_the_conditions_of_a_view_of_the_sample(replay):
    """Two conditions of which one must hold, with their values decoded."""
    view, schema = replay["view"], replay["fields"]

    assert (view.name, view.conjunction, view.complete) == ("Large first", "or", True)
    assert view.conditions == (
        ViewCondition(schema.column("Amount").field_id, 2, "isGreater", ("4000",)),
        ViewCondition(schema.column("Status").field_id, 3, "is", ("Paid",)),
    )


@of_the_sample
def test_the_columns_of_the_sample(replay):
    """Every column with its type; lookups are typed by the table that they look into."""
    columns = {column.name: column.lark_type for column in replay["fields"].columns}

    assert columns == {
        "orderno": "Text",
        "serial": "AutoNumber",
        "status": "SingleSelect",
        "amount": "Number",
        "discount": "Progress",
        "tags": "MultiSelect",
        "orderdate": "DateTime",
        "shipped": "DateTime",
        "gift": "Checkbox",
        "owner": "User",
        "customer": "DuplexLink",
        "product": "SingleLink",
        "customer_name": "Lookup<Text>",
        "customer_region": "Lookup<SingleSelect>",
        "unit_price": "Lookup<Currency>",
        "net": "Formula<Number>",
        "label": "Formula<Text>",
        "share": "Formula<Text>",
        "contract": "Attachment",
        "comment": "Text",
        "created": "CreatedTime",
        "created_by": "CreatedUser",
        "echo": "Lookup<Lookup<NULL>>",
    }


@of_the_sample
def test_a_row_of_the_sample(replay):
    """Every cell of the third row, empty ones included, as it is decoded."""
    row = replay["search"][0].batch.to_pylist()[2]
    person = {
        "avatar_url": f"{HOST}/avatar",
        "email": "person2@example.com",
        "en_name": "Person 2",
        "id": "ou_000002",
        "name": "Person 2",
    }

    assert row == {
        "record_id": "rec000007",
        "orderno": "A-0213",
        "serial": "SO-000213",
        "status": "Open",
        "amount": 4937.96,
        "discount": 0.0,
        "tags": ["urgent", "fragile", "gift"],
        "orderdate": dt.datetime(2025, 2, 22, 17, tzinfo=dt.UTC),
        "shipped": dt.datetime(2025, 2, 24, 17, tzinfo=dt.UTC),
        "gift": False,
        "owner": [person],
        "customer": None,
        "product": {"link_record_ids": ["rec000006"]},
        "customer_name": None,
        "customer_region": None,
        "unit_price": [33.7],
        "net": 4937.96,
        "label": "A-0213 / 2",
        "share": "0.9876",
        "contract": None,
        "comment": "https://www.example.com/track/212",
        "created": dt.datetime(2025, 2, 22, 20, 32, tzinfo=dt.UTC),
        "created_by": [person],
        "echo": None,
    }


@of_the_sample
def test_the_search_of_the_sample(replay):
    """The numbers of both pages, and Lark's count of all."""
    pages = replay["search"]

    assert [page.batch.column("orderno").to_pylist() for page in pages] == [
        ["A-0597", "A-0684", "A-0213"],
        ["A-0880", "A-1102", "A-0873"],
    ]
    assert [page.total for page in pages] == [271, 271]


@of_the_sample
def test_a_read_of_the_sample(replay):
    """The first rows of the table, with an empty cell as NULL."""
    assert replay["read"].drop(["record_id"]).to_pydict() == {
        "Status": [None, "Open", "Cancelled", "Shipped", "Paid", "Shipped"],
        "Amount": [2782.74, 3560.43, 3325.0, None, 1947.96, 3063.82],
    }


@of_the_sample
def test_a_file_of_the_sample(replay):
    """Name, type and content."""
    cell, content = replay["media"]

    assert (cell["name"], cell["type"]) == ("contract-0001.txt", "text/plain")
    assert content == b"Contract of order A-0001\n" * 20


@of_the_sample
def test_folders_of_the_sample(replay):
    """Bases, folders, shortcuts and other files."""
    root, sales = replay["files"]
    base = replay["base"].app_token

    assert [(entry.name, entry.type) for entry in root] == [
        ("CRM", "bitable"),
        ("客户管理", "bitable"),
        ("HR", "bitable"),
        ("Field Types", "bitable"),
        ("Sales", "folder"),
        ("Read me first", "docx"),
        ("Metadata", "bitable"),
    ]
    assert [(entry.name, entry.target_type, entry.target_token) for entry in sales] == [
        ("Sales 2025", "", ""),
        ("Archive", "", ""),
        ("CRM (shortcut)", "bitable", base),
        ("Price list", "", ""),
        ("Terms of sale", "", ""),
    ]
    assert replay["metas"] == [
        DocMeta(base, "bitable", "CRM", f"{HOST}/base/{base}", 1735603425, base)
    ]


# -- the cassettes themselves ------------------------------------------------------------------


def recorded(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((CASSETTES / f"{name}.yaml").read_text(encoding="ascii"))["interactions"]


def test_every_step_is_recorded_or_says_why_not():
    """The folder holds the cassettes of the walk and no others."""
    assert {path.stem for path in FILES} | FACTS["missing"].keys() == set(STEPS)


def test_every_endpoint_that_reads_is_recorded():
    """An endpoint that is added needs a recording."""
    reading = [
        item for item in vars(endpoints).values() if isinstance(item, Endpoint) and item.repeatable
    ]
    patterns = {item.name: re.sub(r"\{\w+\}", "[^/]+", item.path) for item in reading}
    asked = {
        (item["request"]["method"], urlsplit(item["request"]["uri"]).path)
        for path in FILES
        for item in recorded(path.stem)
    }
    seen = {
        item.name
        for item in reading
        for method, path in asked
        if method == item.method and re.fullmatch(patterns[item.name], path)
    }

    assert patterns.keys() - seen == FACTS["missing"].keys() & patterns.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_cassette_holds_a_secret_a_host_or_a_refusal_of_the_rate(path):
    """Only placeholders, plain headers, and answers that a second call would get again."""
    text = path.read_text(encoding="ascii")
    hosts = set(re.findall(r"https?://([^/\s\"'\\<>?#]+)", text))
    interactions = recorded(path.stem)
    headers = {
        name for item in interactions for side in ("request", "response")
        for name in item[side]["headers"]
    }  # fmt: skip
    secrets = re.findall(r'\\?"(app_id|app_secret|\w*access_token)\\?":\\?"([^"\\]*)', text)
    log_ids = re.findall(r'\\?"(?:log|request)_id\\?":\\?"([^"\\]*)', text)

    assert {host for host in hosts if not re.fullmatch(r"(.+\.)?example(\.com)?", host)} == set()
    assert headers <= {"content-type", "content-disposition", "x-tt-logid"}
    assert {value for _, value in secrets} <= {APP_ID, APP_SECRET, TOKEN}
    assert set(log_ids) <= {LOG_ID}
    assert re.search(r"Bearer|127\.0\.0\.1|localhost|larksuite|feishu", text) is None
    assert {item["response"]["status"]["code"] for item in interactions} <= {200, 400, 403, 404}
    assert re.search(r'"code\\?":(99991400|1254290|1254291|1254607)', text) is None


def test_a_call_that_was_not_recorded_is_refused():
    """A replay never reaches the network: another page size is another call."""
    with replayed("token"):
        lark = connect_recorded(FACTS["link"])
        lark.api.close()
    schema = recorded("search")[0]["request"]
    path = urlsplit(schema["uri"]).path.split("/")
    body = json.loads(schema["body"])

    for size, asked in ((PAGE + 1, body), (PAGE, {**body, "sort": []})):
        with replayed("search"), pytest.raises(CannotOverwriteExistingCassetteException):
            lark.api.bitable.search(path[5], path[7], asked, page_size=size, parse=bytes)
        lark.api.close()


@of_the_sample
def test_recording_again_gives_the_same_bytes(tmp_path):
    """A difference between two recordings is a difference of the service."""
    record_emulator(tmp_path)

    again = {path.name: path.read_bytes() for path in tmp_path.glob("*.yaml")}
    assert again == {path.name: path.read_bytes() for path in FILES}
