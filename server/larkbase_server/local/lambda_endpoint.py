"""``LambdaEndpoint``: the invoke API of AWS Lambda on loopback, for functions of this process.

``boto3.client("lambda", endpoint_url=endpoint.url).invoke(…)`` and the AWS command line's
``lambda invoke --endpoint-url`` work unchanged. Every invocation runs in a thread of its own, as
many at a time as come; all of them share the process's environment and memory, where Lambda
would have one process for each. Names of errors, statuses and limits are those of the Lambda API
reference. No log comes back (``LogType`` is ignored), nobody's rights are checked, and an
asynchronous invocation that fails is not repeated.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from larkbase_sdk.emulator.runner import ServerThread
from larkbase_sdk.emulator.sockets import address
from larkbase_server.local.lambda_function import LambdaContext, Outcome, function_arn, run
from larkbase_server.local.loopback import listen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from larkbase_server.local.lambda_function import Handler

REQUEST_LIMIT = 6_291_456
"""Bytes of the largest payload of a synchronous invocation."""

EVENT_LIMIT = 1_048_576
"""Bytes of the largest payload of an asynchronous one."""

_LATEST = "$LATEST"
_PATH = "/2015-03-31/functions/{function}/invocations"
_FUNCTION = re.compile(
    r"(?:(?:arn:[\w-]+:lambda:[\w-]+:)?\d{12}:function:|function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?"
)
_JSON = "application/json"

_log = logging.getLogger("larkbase.local")


class _RefusedError(Exception):
    """A request that Lambda refuses before the function is called."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LambdaEndpoint:
    """A running endpoint; use it as a context manager or call ``stop`` at the end.

    Args:
        functions: Handlers by function name.
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on, which must be of this machine.

    Attributes:
        url: Address of the server, for ``AWS_ENDPOINT_URL_LAMBDA``.

    Raises:
        ConfigurationError: The port is taken, or the host is not of this machine.
    """

    def __init__(
        self, functions: Mapping[str, Handler], port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self._functions = dict(functions)
        listener = listen("The Lambda endpoint", host, port)
        self.url = address(host, listener)
        self._thread = ServerThread(self._application(), listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"LambdaEndpoint({self.url}, {', '.join(self._functions)})"

    def stop(self) -> None:
        """Stop the server; invocations under way end unheard."""
        self._thread.stop()

    def _application(self) -> ASGIApp:
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(routes=[Route(_PATH, self._respond, methods=["POST"])])

    async def _respond(self, request: Request) -> Response:
        try:
            return await self._invoke(request)
        except _RefusedError as error:
            return _refusal(error)

    async def _invoke(self, request: Request) -> Response:
        from starlette.responses import Response

        name = self._function(request)
        handler, context = self._functions[name], LambdaContext(name)
        headers = {
            "x-amzn-RequestId": context.aws_request_id,
            "X-Amz-Executed-Version": _LATEST,
        }
        match request.headers.get("x-amz-invocation-type") or "RequestResponse":
            case "RequestResponse":
                event = _event(await request.body(), REQUEST_LIMIT)
                outcome = await _in_thread(handler, event, context)
            case "Event":
                event = _event(await request.body(), EVENT_LIMIT)
                _start(_run_unheard, handler, event, context)
                return Response(status_code=202, headers=headers)
            case "DryRun":
                return Response(status_code=204, headers=headers)
            case other:
                text = f"Value '{other}' at 'invocationType' is no invocation type."
                raise _RefusedError(400, "InvalidParameterValueException", text)
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return Response(outcome.payload, headers=headers, media_type=_JSON)

    def _function(self, request: Request) -> str:
        """Return the name of the function that a request means: by name, ARN or partial ARN."""
        given = request.path_params["function"]
        found = _FUNCTION.fullmatch(given)
        qualifier = request.query_params.get("Qualifier") or (found and found["qualifier"])
        if found and found["name"] in self._functions and qualifier in (None, _LATEST):
            return found["name"]
        place = function_arn(found["name"] if found else given)
        text = f"Function not found: {place}{f':{qualifier}' if qualifier else ''}"
        raise _RefusedError(404, "ResourceNotFoundException", text)


def _event(body: bytes, limit: int) -> Any:
    """Return the event of a request's body; an empty one is an empty object.

    Raises:
        _RefusedError: it is too large, or no JSON.
    """
    if len(body) > limit:
        text = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise _RefusedError(413, "RequestTooLargeException", text)
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        text = f"Could not parse request body into json: {error}"
        raise _RefusedError(400, "InvalidRequestContentException", text) from error


def _refusal(error: _RefusedError) -> Response:
    from starlette.responses import JSONResponse

    headers = {"x-amzn-ErrorType": error.code}
    return JSONResponse({"Type": "User", "Message": str(error)}, error.status, headers)


async def _in_thread(handler: Handler, event: Any, context: LambdaContext) -> Outcome:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    def work() -> None:
        outcome = run(handler, event, context)
        with suppress(RuntimeError):  # the server may have been stopped meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    _start(work)
    return await future


def _start(work: Any, *arguments: Any) -> None:
    # A daemon, so that a function that never ends does not keep the process.
    threading.Thread(target=work, args=arguments, name="lambda", daemon=True).start()


def _run_unheard(handler: Handler, event: Any, context: LambdaContext) -> None:
    outcome = run(handler, event, context)
    if outcome.failed:
        content = json.loads(outcome.payload)
        _log.warning(
            "The asynchronous invocation of %s failed: %s: %s",
            context.function_name,
            content["errorType"],
            content["errorMessage"],
        )
