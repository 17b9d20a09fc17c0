"""Against the emulator: the whole way from credentials to pages, and everything in between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.answers import data_of
from larkbase_sdk.api.auth import TenantAuth
from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.http import Http
from larkbase_sdk.api.links import check_host, domain_of, parse_link
from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    NetworkError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
)
from larkbase_sdk.options import Options
from larkbase_sdk.testing import LarkEmulator

Opener = Callable[..., LarkApi]


@pytest.fixture
def emulator() -> Iterator[LarkEmulator]:
    """An emulator with one base of one table of three rows."""
    with LarkEmulator() as running:
        running.database("CRM").table("Orders", {"No": ["A", "B", "C"], "Amount": [1, 2, 3]})
        yield running


@pytest.fixture
def connect(emulator: LarkEmulator, time: Any) -> Iterator[Opener]:
    """Opens clients of the emulator; when they sleep, its clock moves and nobody waits."""
    opened: list[LarkApi] = []

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        emulator.advance(seconds)

    def make(app_id: str = "", app_secret: str = "", **options: Any) -> LarkApi:
        auth = TenantAuth(
            app_id or emulator.app_id, app_secret or emulator.app_secret, clock=time.clock
        )
        http = Http(
            Domain.parse(emulator.url),
            auth,
            Options(**options),
            clock=time.clock,
            sleep=sleep,
            random=lambda: 0.5,
        )
        opened.append(LarkApi(http))
        return opened[-1]

    yield make
    for api in opened:
        api.close()


@pytest.fixture
def api(connect: Opener) -> LarkApi:
    """A client of the emulator with the usual options."""
    return connect()


def _records(api: LarkApi, emulator: LarkEmulator, size: int) -> list[str]:
    """Read every record id of the table, page by page."""
    base = emulator.database("CRM")
    table = base.tables[0].table_id
    found: list[str] = []
    token = None
    while True:
        page = api.bitable.search(
            base.app_token, table, {}, page_size=size, page_token=token, parse=data_of
        )
        found += [item["record_id"] for item in page["items"]]
        token = page.get("page_token")
        if not page["has_more"]:
            return found


def test_a_link_leads_to_the_records(emulator: LarkEmulator) -> None:
    """Paste a link, connect, read: nothing else is needed."""
    table = emulator.database("CRM").tables[0]
    link = parse_link(table.url)
    domain = domain_of(link)
    check_host(link, domain)
    api = LarkApi.open(app_id=emulator.app_id, app_secret=emulator.app_secret, domain=domain)

    names = [field.name for field in api.bitable.fields(link.token, link.table_id or "")]
    view = api.bitable.view(link.token, link.table_id or "", link.view_id or "")
    page = api.bitable.search(link.token, link.table_id or "", {}, page_size=500, parse=data_of)
    api.close()

    assert names == ["No", "Amount"]
    assert (view.view_id, view.conditions, view.complete) == (link.view_id, (), True)
    assert page["total"] == 3
    assert emulator.calls.count("token") == 1


def test_a_base_is_found_in_folders_and_wikis(emulator: LarkEmulator, api: LarkApi) -> None:
    """Folder, shortcut, wiki node and metadata lead to the same base."""
    base = emulator.database("CRM")
    folder = emulator.drive.folder("Sales")
    folder.add_shortcut(base)
    node = emulator.drive.wiki_node(base)

    root = api.drive.files(api.drive.root())
    shortcut = api.drive.files(folder.token)[0]

    assert [(f.type, f.token) for f in root if f.type == "bitable"] == [("bitable", base.app_token)]
    assert (shortcut.target_type, shortcut.target_token) == ("bitable", base.app_token)
    assert api.wiki.node(node.rpartition("/")[2]).obj_token == base.app_token
    assert [m.token for m in api.drive.metas([(base.app_token, "bitable")])] == [base.app_token]


def test_an_attachment_is_downloaded_whole(emulator: LarkEmulator, api: LarkApi) -> None:
    """A file token is enough."""
    token = emulator.media("contract.pdf", b"%PDF" * 50_000)

    assert b"".join(api.drive.download(token)) == b"%PDF" * 50_000


@pytest.mark.parametrize("size", [1, 2, 500])
def test_pages_join_to_the_whole_table(emulator: LarkEmulator, api: LarkApi, size: int) -> None:
    """Whatever the page size, every record comes once."""
    ids = [record["record_id"] for record in emulator.database("CRM").tables[0].records]

    assert _records(api, emulator, size) == ids


@pytest.mark.parametrize("edition", ["list", "null", "absent"])
def test_more_tables_than_a_page_holds(emulator: LarkEmulator, api: LarkApi, edition: Any) -> None:
    """101 tables take two calls, and empty pages may have any shape."""
    emulator.switches.empty_items = edition
    emulator.switches.last_page_token = "present"
    base = emulator.database("Wide")
    for number in range(101):
        base.table(f"T{number}", {"A": []})

    tables = api.bitable.tables(base.app_token)

    assert [table.name for table in tables] == [f"T{number}" for number in range(101)]
    assert emulator.calls.count("tables") == 2


def test_wrong_credentials_are_told_once_and_clearly(
    emulator: LarkEmulator, connect: Opener
) -> None:
    """An unknown app and a wrong secret are two different mistakes."""
    stranger = connect(app_id="cli_nobody00")
    with pytest.raises(AuthenticationError, match="does not know app cli_nob…"):
        stranger.http.authenticate()
    forgetful = connect(app_secret="wrong-secret")
    with pytest.raises(AuthenticationError, match="secret was refused") as caught:
        forgetful.http.authenticate()

    assert "wrong-secret" not in str(caught.value)
    assert emulator.calls.count() == 2


def test_missing_credentials_are_told_before_any_call() -> None:
    """The setting to fill in is named."""
    with pytest.raises(ConfigurationError, match="LARK_APP_ID"):
        LarkApi.open()
    with pytest.raises(ConfigurationError, match="LARK_APP_SECRET"):
        LarkApi.open(app_id="cli_a1b2c3d4")


def test_a_user_token_acts_as_the_user(emulator: LarkEmulator) -> None:
    """It is used instead of an app, without a token call."""
    api = LarkApi.open(user_token=emulator.user_token("u-person-1"), domain=emulator.url)
    stranger = LarkApi.open(user_token="u-nobody-1", domain=emulator.url)

    assert api.bitable.base(emulator.database("CRM").app_token).name == "CRM"
    with pytest.raises(AuthenticationError, match="Connect again"):
        stranger.bitable.base(emulator.database("CRM").app_token)
    api.close()
    stranger.close()
    assert api.http.identity == "user"
    assert emulator.calls.count("token") == 0


@pytest.mark.parametrize("code", [1254040, 1254003, 91402])
def test_an_unknown_base_is_not_found_under_every_code(
    emulator: LarkEmulator, api: LarkApi, code: Any
) -> None:
    """Which code comes for which bad token is not settled."""
    emulator.switches.unknown_base_code = code

    with pytest.raises(NotFound) as caught:
        api.bitable.base("NQRxbRkBMa6OnZsjtERcxhNWnNh")

    assert caught.value.code == code
    assert "base NQRxbRkBMa6OnZsjtERcxhNWnNh" in caught.value.message


def test_unknown_parts_of_a_base_are_not_found(emulator: LarkEmulator, api: LarkApi) -> None:
    """Table, view and wiki page have a message each."""
    base = emulator.database("CRM")
    table = base.tables[0].table_id

    with pytest.raises(NotFound, match="no table tblNone"):
        api.bitable.fields(base.app_token, "tblNone")
    with pytest.raises(NotFound, match="no view vewNone"):
        api.bitable.view(base.app_token, table, "vewNone")
    with pytest.raises(NotFound, match="wiki page"):
        api.wiki.node("wikNone")


@pytest.mark.parametrize("code", [91403, 1254302, 99991672])
def test_missing_access_is_told_with_the_way_out(
    emulator: LarkEmulator, api: LarkApi, code: Any
) -> None:
    """Asked once, answered with a hint and a log id."""
    emulator.fail(code, times=None)

    with pytest.raises(PermissionDenied) as caught:
        api.bitable.tables(emulator.database("CRM").app_token)

    assert caught.value.hint
    assert caught.value.log_id
    assert emulator.calls.count("tables") == 1


def test_a_token_that_expires_in_the_middle_costs_one_renewal(
    emulator: LarkEmulator, api: LarkApi
) -> None:
    """Neither a row nor the place in the table is lost."""
    expected = _records(api, emulator, 1)
    emulator.calls.clear()
    emulator.revoke_tokens()

    assert _records(api, emulator, 1) == expected
    assert (emulator.calls.count("token"), emulator.calls.count("search")) == (1, 4)


def test_a_throttled_client_waits_and_goes_on(
    emulator: LarkEmulator, api: LarkApi, time: Any
) -> None:
    """The page that was refused is asked for again, nothing else."""
    emulator.throttle(after=1, reset=9)

    assert len(_records(api, emulator, 1)) == 3
    assert time.slept.count(9) == 1
    assert emulator.calls.count("search") == 4


def test_throttling_without_end_becomes_an_error(
    emulator: LarkEmulator, connect: Opener, time: Any
) -> None:
    """Bounded waits, then a clear word."""
    emulator.throttle(times=None, reset=3600)
    api = connect(retries=2)

    with pytest.raises(RateLimited):
        api.bitable.tables(emulator.database("CRM").app_token)

    assert time.slept == [60, 60]


def test_a_base_that_is_not_ready_is_asked_again(
    emulator: LarkEmulator, api: LarkApi, time: Any
) -> None:
    """Twice refused, then read."""
    emulator.fail(1254607, endpoint="search", times=2)

    assert len(_records(api, emulator, 500)) == 3
    assert time.slept == [0.5, 1]


@pytest.mark.parametrize(
    "fault",
    [
        {"truncate": True},
        {"disconnect": True},
        {"body": "<html>Bad gateway</html>", "status": 502},
        {"body": "404 page", "status": 503, "content_type": "text/plain"},
        {"body": b'{"code":0,"data":{"items":[', "content_type": "application/json"},
    ],
)
def test_a_broken_answer_is_asked_for_again(
    emulator: LarkEmulator, connect: Opener, fault: dict[str, Any]
) -> None:
    """Once it heals by itself; for ever it is an error, and never fewer rows."""
    api = connect(retries=2)
    emulator.fail(endpoint="search", **fault)
    assert len(_records(api, emulator, 500)) == 3

    emulator.fail(endpoint="search", times=None, **fault)
    with pytest.raises(NetworkError):
        _records(api, emulator, 500)


def test_the_emulated_gateway_never_has_to_refuse(emulator: LarkEmulator, api: LarkApi) -> None:
    """Four threads at full speed stay below the quota that the gateway enforces."""
    emulator.switches.rate = 20.0
    base = emulator.database("CRM")
    base_ids = [base.app_token] * 100

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(api.bitable.tables, base_ids))

    assert emulator.calls.count("tables") == 100
    assert api.http.stats.retries == 0


def test_an_address_without_lark_is_told_as_such(emulator: LarkEmulator, connect: Opener) -> None:
    """A path that the server does not know is no missing base."""
    emulator.fail(
        endpoint="tables", body="404 page not found", status=404, content_type="text/plain"
    )

    with pytest.raises(ServiceError, match="does not know this call"):
        connect().bitable.tables(emulator.database("CRM").app_token)


def test_importing_the_api_loads_no_http_library() -> None:
    """Connecting pays for the network, importing does not."""
    code = "import sys, larkbase_sdk.api; print([m for m in ('requests', 'urllib3', 'pyarrow') "
    code += "if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "[]"
