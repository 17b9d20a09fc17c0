"""A Lambda function run in this process: JSON in, JSON or an error payload out, as Lambda does."""

from __future__ import annotations

import json
import logging
import os
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from larkbase_server.protocol.answer_size import LAMBDA_LIMIT

Handler = Callable[[Any, Any], Any]
"""What the runtime calls: ``handler(event, context)``."""

ACCOUNT = "123456789012"
TIMEOUT = 900
"""Seconds that Lambda gives a function at the most."""

_log = logging.getLogger("larkbase.local")


def function_arn(name: str) -> str:
    """Return the ARN of a function of this machine, in the region of the environment."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context object of an invocation, with the members that Lambda gives it."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "3008"
    identity: None = None
    client_context: None = None
    started: float = field(default_factory=time.monotonic, repr=False)

    @property
    def invoked_function_arn(self) -> str:
        """ARN of the function."""
        return function_arn(self.function_name)

    @property
    def log_group_name(self) -> str:
        """Where the log would go."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """Which part of the log would be this one's."""
        return f"[{self.function_version}]{self.aws_request_id}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation; here nobody does."""
        return max(0, int((TIMEOUT - (time.monotonic() - self.started)) * 1000))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended.

    Attributes:
        payload: JSON of what the function returned, or of what stands in its place.
        failed: Whether it is the payload of an error.
    """

    payload: bytes
    failed: bool = False


def run(handler: Handler, event: Any, context: LambdaContext) -> Outcome:
    """Return what Lambda would answer to the invocation; nothing is raised.

    An exception becomes ``{"errorMessage", "errorType", "requestId", "stackTrace"}``. A value
    that is no JSON, and one that is larger than Lambda returns, become errors of the runtime.
    """
    try:
        value = handler(event, context)
    except Exception as error:  # noqa: BLE001 (every error is the function's answer)
        _log.debug("%s failed", context.function_name, exc_info=error)
        steps = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
        more = {"requestId": context.aws_request_id, "stackTrace": steps}
        return _failure(type(error).__name__, str(error), **more)
    except BaseException as end:  # noqa: BLE001 (there the whole process would end with it)
        code = end.code if isinstance(end, SystemExit) else 1
        text = f"RequestId: {context.aws_request_id} Error: Runtime exited with exit code {code}"
        return _failure("Runtime.ExitError", text)
    try:
        payload = json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}")
    if len(payload) > LAMBDA_LIMIT:
        text = (
            f"Response payload size exceeded maximum allowed payload size ({LAMBDA_LIMIT} bytes)."
        )
        return _failure("Function.ResponseSizeTooLarge", text)
    return Outcome(payload)


def _failure(error_type: str, message: str, **more: Any) -> Outcome:
    content = {"errorMessage": message, "errorType": error_type, **more}
    return Outcome(json.dumps(content).encode(), failed=True)
