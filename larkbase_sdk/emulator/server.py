"""The HTTP side: routes, and the way of every request from fault to answer."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from larkbase_sdk.emulator import (
    routes_auth,
    routes_drive,
    routes_metadata,
    routes_records,
    routes_writes,
)
from larkbase_sdk.emulator.answers import (
    JSON_TYPE,
    Answer,
    ApiError,
    dump,
    error_body,
    make_log_id,
    status_of,
)
from larkbase_sdk.emulator.calls import Call, Calls
from larkbase_sdk.emulator.faults import Fault, Faults
from larkbase_sdk.emulator.load import ENGINE_ENDPOINTS, Engine, Gateway
from larkbase_sdk.emulator.request import ApiRequest
from larkbase_sdk.emulator.search import Searcher

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from larkbase_sdk.emulator.tenant import Tenant

Handler = Callable[[ApiRequest], "dict[str, Any] | Answer"]

_BASES = "/open-apis/bitable/v1/apps"
_BASE = _BASES + "/{app_token}"
_TABLE = _BASE + "/tables/{table_id}"
_RECORDS = _TABLE + "/records"
_RECORD = _RECORDS + "/{record_id}"
_MEDIAS = "/open-apis/drive/v1/medias"
_EXPLORER = "/open-apis/drive/explorer/v2"
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 - a path
_OPEN = frozenset({"token", "temporary_file"})

_ROUTES: tuple[tuple[str, str, str, Handler], ...] = (
    ("token", "POST", _TOKEN_PATH, routes_auth.tenant_token),
    ("token", "POST", _TOKEN_PATH + "/", routes_auth.tenant_token),
    ("create_base", "POST", _BASES, routes_writes.create_base),
    ("base", "GET", _BASE, routes_metadata.get_base),
    ("tables", "GET", _BASE + "/tables", routes_metadata.list_tables),
    ("create_table", "POST", _BASE + "/tables", routes_writes.create_table),
    ("fields", "GET", _TABLE + "/fields", routes_metadata.list_fields),
    ("create_field", "POST", _TABLE + "/fields", routes_writes.create_field),
    ("views", "GET", _TABLE + "/views", routes_metadata.list_views),
    ("create_view", "POST", _TABLE + "/views", routes_writes.create_view),
    ("view", "GET", _TABLE + "/views/{view_id}", routes_metadata.get_view),
    ("batch_get", "POST", _RECORDS + "/batch_get", routes_records.batch_get),
    ("batch_create", "POST", _RECORDS + "/batch_create", routes_writes.batch_create),
    ("batch_update", "POST", _RECORDS + "/batch_update", routes_writes.batch_update),
    ("batch_delete", "POST", _RECORDS + "/batch_delete", routes_writes.batch_delete),
    ("create_record", "POST", _RECORDS, routes_writes.create_record),
    ("update_record", "PUT", _RECORD, routes_writes.update_record),
    ("delete_record", "DELETE", _RECORD, routes_writes.delete_record),
    ("files", "GET", "/open-apis/drive/v1/files", routes_drive.list_files),
    ("root_folder", "GET", _EXPLORER + "/root_folder/meta", routes_drive.root_folder),
    ("folder", "GET", _EXPLORER + "/folder/{folder_token}/meta", routes_drive.folder_meta),
    ("metas", "POST", "/open-apis/drive/v1/metas/batch_query", routes_drive.batch_metas),
    ("wiki_node", "GET", "/open-apis/wiki/v2/spaces/get_node", routes_drive.wiki_node),
    ("media_urls", "GET", _MEDIAS + "/batch_get_tmp_download_url", routes_drive.temporary_urls),
    ("media", "GET", _MEDIAS + "/{file_token}/download", routes_drive.download_media),
    ("temporary_file", "GET", "/emulator/files/{file_token}", routes_drive.temporary_file),
)

ENDPOINTS = frozenset({name for name, *_ in _ROUTES} | {"search"})
"""The short words of all endpoints."""


class BrokenResponse(Response):
    """An answer that ends in a broken connection, before or in the middle of its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is to send, then cut the connection."""
        transport = scope["state"]["transport"]
        if self.body:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            half = self.body[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": bytes(half), "more_body": True})
            transport.close()
        else:
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass(slots=True)
class _Visit:
    """One request on its way, for the record of calls."""

    endpoint: str
    request: Request
    raw: bytes
    started: float
    log_id: str
    fault: Fault | None = None


class Service:
    """The way of every request: fault, authentication, limits, handler, answer, record."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.calls = Calls()
        self.faults = Faults()
        self.gateway = Gateway(tenant.clock, tenant.switches)
        self.engine = Engine()
        self.searcher = Searcher()

    def application(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route(path, self._endpoint(name, handler), methods=[method])
            for name, method, path, handler in _ROUTES
        ]
        search = self._endpoint("search", self.searcher.search)
        routes.insert(0, Route(_RECORDS + "/search", search, methods=["POST"]))
        app = Starlette(routes=routes, exception_handlers={404: self._lost, 405: self._lost})
        app.router.redirect_slashes = False
        return app

    def _endpoint(self, name: str, handler: Handler) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            raw = await request.body()
            visit = _Visit(name, request, raw, time.perf_counter(), make_log_id())
            visit.fault = self.faults.take(name, request.url.path)
            if visit.fault is not None and visit.fault.stall:
                await asyncio.sleep(visit.fault.stall)
            if visit.fault is not None and visit.fault.disconnect:
                self._record(visit, Answer(0, b"", code=-1))
                return BrokenResponse()
            answer = await self._answer(visit, handler)
            self._record(visit, answer)
            return self._response(visit, answer)

        return respond

    async def _lost(self, request: Request, _error: Exception) -> Response:
        visit = _Visit("", request, b"", time.perf_counter(), make_log_id())
        answer = Answer(404, b"404 page not found", "text/plain", code=-1)
        self._record(visit, answer)
        return Response(answer.body, 404, media_type="text/plain")

    async def _answer(self, visit: _Visit, handler: Handler) -> Answer:
        try:
            fault = visit.fault
            if fault is not None and fault.answers:
                return self._faulty(visit, fault)
            if visit.endpoint not in _OPEN:
                header = visit.request.headers.get("authorization", "")
                with self.tenant.lock:
                    routes_auth.check_authorization(self.tenant, header)
            self._limit(visit.endpoint)
            return await self._handled(visit, handler)
        except ApiError as error:
            return self._refusal(visit, error)

    def _limit(self, endpoint: str) -> None:
        seconds = self.gateway.wait(endpoint)
        if seconds:
            raise ApiError(99991400, extra={"reset": seconds})

    async def _handled(self, visit: _Visit, handler: Handler) -> Answer:
        switches = self.tenant.switches
        token = str(visit.request.path_params.get("app_token", ""))
        busy = visit.endpoint in ENGINE_ENDPOINTS
        if busy and not await self.engine.enter(
            token, switches.engine_slots, queue=switches.engine_queue
        ):
            raise ApiError(1254607)
        try:
            seconds = switches.latency + (switches.engine_seconds if busy else 0.0)
            if seconds:
                await asyncio.sleep(seconds)
            return self._run(visit, handler)
        finally:
            if busy:
                self.engine.leave(token)

    def _run(self, visit: _Visit, handler: Handler) -> Answer:
        request = ApiRequest(
            self.tenant,
            visit.endpoint,
            visit.request.path_params,
            visit.request.query_params.multi_items(),
            visit.raw,
            visit.request.headers,
        )
        with self.tenant.lock:
            if visit.fault is not None and visit.fault.empty_page and visit.endpoint == "search":
                result: dict[str, Any] | Answer = self.searcher.search(request, empty_page=True)
            else:
                result = handler(request)
            if isinstance(result, Answer):
                return result
            return self._success(visit, result)

    def _success(self, visit: _Visit, data: dict[str, Any]) -> Answer:
        switches = self.tenant.switches
        if visit.endpoint == "token":
            return Answer(200, dump(data))
        envelope: dict[str, Any] = {"code": 0, "data": data}
        if switches.extra_error_key:
            envelope["error"] = {"log_id": visit.log_id}
        envelope["msg"] = switches.success_msg
        if visit.endpoint != "search":
            body = dump(envelope)
        else:
            # Records are built in order, and sorting a megabyte again would double the time.
            envelope["data"] = dict(sorted(data.items()))
            body = orjson.dumps(envelope)
        limit = switches.max_response_bytes
        if limit is not None and visit.endpoint in ENGINE_ENDPOINTS and len(body) > limit:
            raise ApiError(1254030)
        return Answer(200, body, headers=self._rate_headers(visit.endpoint))

    def _rate_headers(self, endpoint: str) -> tuple[tuple[str, str], ...]:
        limit = self.gateway.limit(endpoint)
        if limit is None or not self.tenant.switches.rate_headers:
            return ()
        return (("x-ogw-ratelimit-limit", str(int(limit))), ("x-ogw-ratelimit-reset", "1"))

    def _refusal(self, visit: _Visit, error: ApiError) -> Answer:
        headers: tuple[tuple[str, str], ...] = ()
        if error.code == 99991400:
            seconds = error.extra.pop("reset", 1)
            limit = self.gateway.limit(visit.endpoint) or 100
            headers = (
                ("x-ogw-ratelimit-limit", str(int(limit))),
                ("x-ogw-ratelimit-reset", str(math.ceil(seconds))),
            )
        status = self._status(visit.endpoint, error)
        return Answer(status, error_body(error, visit.log_id), headers=headers, code=error.code)

    def _status(self, endpoint: str, error: ApiError) -> int:
        if error.status is not None:
            return error.status
        forced = self.tenant.switches.http_status
        return status_of(error.code, endpoint) if forced == "documented" else forced

    def _faulty(self, visit: _Visit, fault: Fault) -> Answer:
        extra = tuple(fault.headers.items())
        if fault.body is not None or fault.code is None:
            status = fault.status if fault.status is not None else 200
            return Answer(status, fault.body or b"", fault.content_type, extra, code=-1)
        error = ApiError(fault.code, msg=fault.msg, detail=fault.detail, status=fault.status)
        answer = self._refusal(visit, error)
        named = {name.lower() for name in fault.headers}
        kept = tuple(pair for pair in answer.headers if pair[0] not in named)
        return Answer(answer.status, answer.body, JSON_TYPE, kept + extra, answer.code)

    def _response(self, visit: _Visit, answer: Answer) -> Response:
        headers = dict(answer.headers)
        headers["Content-Type"] = answer.content_type
        headers["Date"] = formatdate(self.tenant.clock.now(), usegmt=True)
        headers["X-Tt-Logid"] = visit.log_id
        headers["X-Request-Id"] = visit.log_id[-12:].lower()
        kind = BrokenResponse if visit.fault is not None and visit.fault.truncate else Response
        return kind(answer.body, answer.status, headers)

    def _record(self, visit: _Visit, answer: Answer) -> None:
        request = visit.request
        self.calls.add(
            Call(
                endpoint=visit.endpoint,
                method=request.method,
                path=request.url.path,
                query=dict(request.query_params),
                body=_parsed(visit.raw),
                status=answer.status,
                code=answer.code,
                seconds=time.perf_counter() - visit.started,
                size=len(answer.body),
                headers=dict(request.headers),
            )
        )


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return None
