"""Faults on order, throttling, the busy engine and delays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

FILES = "/open-apis/drive/v1/files"


@pytest.fixture
def table(emulator):
    return emulator.database("CRM").table("T", {"Name": list("abc")})


def test_a_code_comes_with_its_documented_status(emulator, api, table):
    """The same code travels with another status on newer endpoints."""
    emulator.fail(1254607, endpoint="search", times=2)
    emulator.fail(1254607, endpoint="batch_get")
    path = api.path(table, "/records/batch_get")

    assert api.refused(table, {})[:2] == (400, 1254607)
    assert api.refused(table, {})[:2] == (400, 1254607)
    assert len(api.search(table)["items"]) == 3
    assert api.refusal("POST", path, json={"record_ids": ["r"]})[:2] == (500, 1254607)


@pytest.mark.parametrize(
    ("code", "endpoint", "status"),
    [
        (1254290, "search", 200),
        (1254291, "search", 200),
        (1255040, "search", 504),
        (1255040, "fields", 500),
        (1255001, "search", 200),
        (1254036, "search", 400),
        (1254030, "search", 200),
        (1254302, "fields", 403),
        (99991663, "search", 400),
        (99991672, "search", 400),
        (91403, "search", 400),
    ],
)
def test_documented_statuses(emulator, api, table, code, endpoint, status):
    """Clients must look at the code, since the status says little."""
    emulator.fail(code, endpoint=endpoint)
    method, tail = ("GET", "/fields") if endpoint == "fields" else ("POST", "/records/search")

    assert api.refusal(method, api.path(table, tail))[:2] == (status, code)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_status_of_refusals_is_a_switch(emulator, api, table, status):
    """The same code may come with any status."""
    emulator.switches.http_status = status

    assert api.refused(table, {"view_id": "vewNo"})[:2] == (status, 1254042)


def test_faults_wait_pass_and_end(emulator, api):
    """after lets calls pass, times counts hits, recover cancels the rest."""
    emulator.fail(1061001, endpoint="files", after=1, times=None)
    outcomes = [api.call("GET", FILES).json()["code"] for _ in range(3)]
    emulator.recover()

    assert [*outcomes, api.call("GET", FILES).json()["code"]] == [0, 1061001, 1061001, 0]


def test_a_fault_without_endpoint_spares_the_token(emulator, api):
    """The token endpoint fails only when it is named."""
    emulator.fail(91403)
    api.authenticate()
    assert api.refusal("GET", FILES)[1] == 91403

    emulator.fail(10014, endpoint="token")
    body = {"app_id": emulator.app_id, "app_secret": emulator.app_secret}
    path = "/open-apis/auth/v3/tenant_access_token/internal"
    assert api.refusal("POST", path, json=body)[:2] == (400, 10014)


def test_a_fault_can_be_bound_to_a_path(emulator, api, table):
    """Only calls whose path holds the text are hit."""
    other = table.base.table("Other", {"Name": ["x"]})
    emulator.fail(1254607, path=table.table_id)

    assert len(api.search(other)["items"]) == 1
    assert api.refused(table, {})[1] == 1254607


def test_a_missing_scope_names_the_scopes(emulator, api):
    """99991672 lists permission violations."""
    emulator.fail(99991672)
    error = api.refusal("GET", FILES)[2]

    assert {item["subject"] for item in error["permission_violations"]} >= {"bitable:app"}


def test_texts_and_details_can_be_given(emulator, api):
    """msg, error.message, status and headers are free."""
    emulator.fail(1254018, msg="Filter", detail="why", status=418, headers={"X-Extra": "1"})
    answer = api.call("GET", FILES)

    body = answer.json()
    assert (answer.status_code, body["msg"], body["error"]["message"]) == (418, "Filter", "why")
    assert answer.headers["X-Extra"] == "1"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("<h1>Bad gateway</h1>", "text/html; charset=utf-8", "<h1>Bad gateway</h1>"),
        (b'{"code":0,"da', "text/html; charset=utf-8", '{"code":0,"da'),
        ({"code": 0}, "application/json; charset=utf-8", '{"code":0}'),
    ],
)
def test_any_body_can_be_given(emulator, api, body, content_type, text):
    """A gateway page, broken JSON or other JSON replaces the answer."""
    emulator.fail(status=502, body=body)
    answer = api.call("GET", FILES)

    assert (answer.status_code, answer.text) == (502, text)
    assert answer.headers["Content-Type"] == content_type


def test_a_connection_can_break_before_the_answer(emulator, api):
    """The caller sees a broken connection, and the next call works."""
    emulator.fail(disconnect=True)
    with pytest.raises(requests.ConnectionError):
        api.call("GET", FILES)

    assert api.get(FILES)["files"] == []


def test_a_connection_can_break_in_the_middle_of_the_body(emulator, api, table):
    """The caller sees an incomplete body."""
    emulator.fail(truncate=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.search(table)

    assert len(api.search(table)["items"]) == 3


def test_an_answer_can_stall(emulator, api):
    """A stalled answer outlasts the caller's patience."""
    emulator.fail(stall=5)
    with pytest.raises(requests.ReadTimeout):
        api.session.get(emulator.url + FILES, timeout=0.05)


def test_an_empty_page_can_lead_on(emulator, api, table):
    """An empty page with has_more loses nothing when the caller goes on."""
    emulator.fail(empty_page=True, endpoint="search", after=1)
    pages = list(api.pages(table, page_size=2))

    assert [len(page["items"]) for page in pages] == [2, 0, 1]
    assert pages[0]["page_token"] != pages[1]["page_token"]


def test_an_unknown_endpoint_is_a_mistake_of_the_test(emulator):
    """A typing error does not make a fault that never happens."""
    with pytest.raises(ValueError, match="no endpoint 'serach'"):
        emulator.fail(1254607, endpoint="serach")


def test_throttling_lets_some_calls_pass(emulator, api):
    """429 with 99991400 names the seconds to wait."""
    emulator.throttle(after=3, reset=7)
    answers = [api.call("GET", FILES) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 200]
    refused = answers[3]
    assert refused.json()["code"] == 99991400
    assert refused.headers["x-ogw-ratelimit-limit"] == "20"
    assert refused.headers["x-ogw-ratelimit-reset"] == "7"


def test_documented_rates_are_kept_when_switched_on(emulator, api, table):
    """Twenty calls a second and endpoint; the bucket fills again."""
    emulator.switches.rate = 20
    codes = [api.call("GET", FILES).json()["code"] for _ in range(30)]
    other = api.call("GET", api.path(table, "/fields")).json()["code"]
    emulator.advance(1)

    assert codes[:20] == [0] * 20
    assert 99991400 in codes
    assert other == 0
    assert api.call("GET", FILES).json()["code"] == 0


def test_other_rates_are_in_proportion(emulator, api):
    """Wiki nodes are documented with 100 a minute."""
    emulator.switches.rate = 2
    node = "/open-apis/wiki/v2/spaces/get_node"
    answers = [api.call("GET", node, params={"token": "x"}) for _ in range(11)]

    assert [answer.json()["code"] for answer in answers] == [131005] * 10 + [99991400]
    assert int(answers[10].headers["x-ogw-ratelimit-reset"]) == 6


def test_the_smaller_of_two_rates_counts(emulator, api):
    """Metadata of files is documented with 50 a second and 1000 a minute."""
    emulator.switches.rate = 0.4
    metas = "/open-apis/drive/v1/metas/batch_query"
    body = {"request_docs": [{"doc_token": "x", "doc_type": "bitable"}]}

    def one() -> int:
        emulator.advance(1)
        return api.call("POST", metas, json=body).json()["code"]

    assert [one() for _ in range(60)].index(99991400) in range(20, 40)


def test_good_answers_may_carry_rate_headers(emulator, api):
    """Whether they do is not confirmed."""
    assert "x-ogw-ratelimit-limit" not in api.call("GET", FILES).headers

    emulator.switches.rate = 20
    emulator.switches.rate_headers = True
    assert api.call("GET", FILES).headers["x-ogw-ratelimit-limit"] == "20"


def test_a_base_serves_one_request_after_another(emulator, api, table):
    """More requests than slots get 1254607; another base is not concerned."""
    emulator.switches.engine_slots = 1
    emulator.switches.engine_seconds = 0.2
    other = emulator.database("Other").table("T", {"Name": ["x"]})
    with ThreadPoolExecutor(3) as pool:
        answers = [
            pool.submit(api.call, "POST", api.path(one, "/records/search"), json={})
            for one in (table, table, other)
        ]
        codes = sorted(answer.result().json()["code"] for answer in answers[:2])

    assert codes == [0, 1254607]
    assert answers[2].result().json()["code"] == 0


def test_a_base_may_let_requests_wait_for_their_turn(emulator, api, table):
    """A serial engine with a queue refuses nobody, and takes the sum of the times."""
    emulator.switches.engine_slots = 1
    emulator.switches.engine_queue = True
    emulator.switches.engine_seconds = 0.05
    path = api.path(table, "/records/search")
    emulator.calls.clear()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.call("POST", path, json={}).json(), range(4)))

    assert [answer["code"] for answer in answers] == [0, 0, 0, 0]
    assert max(call.seconds for call in emulator.calls.named("search")) >= 0.19


def test_large_answers_can_be_refused(emulator, api, table):
    """A smaller page gets through."""
    emulator.switches.max_response_bytes = 200
    assert api.refused(table, {})[:2] == (200, 1254030)

    assert len(api.search(table, page_size=1)["items"]) == 1


def test_calls_can_be_slow(emulator, api):
    """Latency holds every call."""
    emulator.switches.latency = 0.05
    api.get(FILES)

    assert emulator.calls.named("files")[0].seconds >= 0.05


def test_calls_are_kept(emulator, api, table):
    """Every call is counted and can be looked at."""
    emulator.calls.clear()
    api.search(table, {"field_names": ["Name"]}, page_size=2)
    api.call("GET", "/open-apis/nowhere")
    first, second = emulator.calls.list

    assert (first.endpoint, first.method, first.query, first.body, first.status, first.code) == (
        "search", "POST", {"page_size": "2"}, {"field_names": ["Name"]}, 200, 0,
    )  # fmt: skip
    assert (second.endpoint, second.status, second.code) == ("", 404, -1)
    assert (emulator.calls.count("search"), emulator.calls.count()) == (1, 2)
