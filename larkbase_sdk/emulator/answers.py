"""Answers of the service: envelopes, error codes with their documented HTTP status, log ids."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

JSON_TYPE = "application/json; charset=utf-8"

MESSAGES: dict[int, str] = {
    2200: "internal error",
    9499: "bad request",
    10003: "invalid param",
    10014: "app secret invalid",
    91201: "FAILED",
    91202: "PARAMERR",
    91203: "NOTEXIST",
    91204: "FORBIDDEN",
    91402: "NOTEXIST",
    91403: "FORBIDDEN",
    131001: "rpc fail",
    131002: "param err",
    131004: "invalid user",
    131005: "not found",
    131006: "permission denied",
    131007: "internal err",
    1061001: "internal error.",
    1061002: "params error.",
    1061003: "not found.",
    1061004: "forbidden.",
    1061005: "auth failed.",
    1061007: "file has been delete.",
    1064001: "page size out of limit.",
    1069701: "User identity verification failed",
    1069704: "Internal server error",
    1254000: "WrongRequestJson",
    1254001: "WrongRequestBody",
    1254002: "Fail",
    1254003: "WrongBaseToken",
    1254004: "WrongTableId",
    1254005: "WrongViewId",
    1254006: "WrongRecordId",
    1254009: "WrongFieldId",
    1254010: "ReqConvError",
    1254011: "Page size must greater than 0.",
    1254013: "TableNameDuplicated",
    1254014: "FieldNameDuplicated",
    1254015: "Field types do not match.",
    1254016: "InvalidSort",
    1254018: "InvalidFilter",
    1254024: "InvalidFieldNames",
    1254030: "TooLargeResponse",
    1254036: "Bitable is copying, please try again later.",
    1254037: "Invalid client token, make sure that it complies with the specification.",
    1254040: "BaseTokenNotFound",
    1254041: "TableIdNotFound",
    1254042: "ViewIdNotFound",
    1254043: "RecordIdNotFound",
    1254044: "FieldIdNotFound",
    1254045: "FieldNameNotFound",
    1254060: "TextFieldConvFail",
    1254061: "NumberFieldConvFail",
    1254062: "SingleSelectFieldConvFail",
    1254063: "MultiSelectFieldConvFail",
    1254064: "DatetimeFieldConvFail",
    1254065: "CheckboxFieldConvFail",
    1254066: "UserFieldConvFail",
    1254067: "LinkFieldConvFail",
    1254068: "URLFieldConvFail",
    1254069: "AttachFieldConvFail",
    1254072: "Failed to convert phone field, please make sure it is correct.",
    1254104: "RecordAddOnceExceedLimit",
    1254107: "FilterLengthExceedLimit",
    1254108: "SortLengthExceedLimit",
    1254290: "TooManyRequest",
    1254291: "Write conflict",
    1254301: "OperationTypeError",
    1254302: "The role has no permissions.",
    1254303: "AttachPermNotAllow",
    1254304: "Permission denied.",
    1254306: "The tenant or base owner is subject to base plan limits.",
    1254607: "Data not ready, please try again later",
    1255001: "InternalError",
    1255002: "RpcError",
    1255003: "MarshalError",
    1255004: "UmMarshalError",
    1255005: "ConvError",
    1255040: "Request timed out, please try again later",
    99991400: "request trigger frequency limit",
    99991661: "Missing access token for authorization. Please make a request with token attached.",
    99991663: "Invalid access token for authorization. Please make a request with token attached.",
    99991668: "Invalid access token for authorization. Please make a request with token attached.",
    99991672: "Access denied. One of the following scopes is required: "
    "[bitable:app:readonly, bitable:app, base:record:retrieve].",
    99991679: "Unauthorized. The user has not granted the required scopes.",
    99992402: "field validation failed",
}
"""The ``msg`` of each code, as documented or captured."""

_NEW_STYLE = frozenset({"view", "batch_get"})
_METADATA = frozenset({"tables", "fields", "views", "view"})
_GATEWAY = frozenset({9499, 10014, 91402, 91403})
_STATUS: dict[int, int] = {
    10003: 200,
    1061001: 500,
    1061003: 404,
    1061004: 403,
    1061005: 401,
    1061007: 404,
    1069701: 401,
    1069704: 503,
    1254304: 403,
    1254306: 403,
    99991400: 429,
}


def status_of(code: int, endpoint: str) -> int:
    """Return the HTTP status that this endpoint documents for the code, or was seen with."""
    if code in _STATUS:
        return _STATUS[code]
    if code in _GATEWAY or 99990000 <= code <= 99999999 or 131000 <= code < 132000:
        return 400
    if 1254000 <= code < 1256000:
        return _base_status(code, endpoint)
    return 400 if 1061000 <= code < 1065000 else 200


def _base_status(code: int, endpoint: str) -> int:
    if code == 1255040:
        return 500 if endpoint == "fields" else 504
    if code == 1254302:
        return 403 if endpoint in _METADATA else 400 if endpoint == "batch_get" else 200
    if code == 1254607:
        return 500 if endpoint == "batch_get" else 400
    if code in (1254011, 1254036, 1254037) or (code == 1254015 and endpoint not in _METADATA):
        return 400
    return _new_style_status(code, endpoint) if endpoint in _NEW_STYLE else 200


def _new_style_status(code: int, endpoint: str) -> int:
    if 1254040 <= code <= 1254045 or code in (1254047, 1254049):
        return 404
    if code == 1254290 and endpoint == "view":
        return 429
    inside = code == 1254002 or 1254060 <= code < 1254070
    return 500 if code >= 1255000 or (inside and endpoint == "batch_get") else 400


class ApiError(Exception):
    """A refusal by the service.

    Attributes:
        code: Lark's error code.
        msg: Text of ``msg``; the documented one by default.
        detail: Text of ``error.message``, the useful part of some errors.
        extra: Further members of ``error``.
        status: HTTP status instead of the documented one.
    """

    def __init__(
        self,
        code: int,
        *,
        msg: str | None = None,
        detail: str | None = None,
        extra: dict[str, Any] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.msg = msg if msg is not None else MESSAGES.get(code, "error")
        self.detail = detail
        self.extra = extra or {}
        self.status = status


def invalid_filter(*, correct: str) -> ApiError:
    """Return the refusal of a filter, in the wording that was captured."""
    return ApiError(
        1254018,
        detail=f"Invalid request parameter: ''. Correct format : {correct}. "
        "Please check and modify accordingly.",
    )


def invalid_field(*, member: str, why: str) -> ApiError:
    """Return the refusal of a request member by the gateway's validation (99992402)."""
    violation = {"description": why, "field": member}
    return ApiError(99992402, extra={"field_violations": [violation]})


def wrong_type(*, member: str, value: object) -> ApiError:
    """Return the refusal of a request member of the wrong JSON type (9499)."""
    return ApiError(
        9499,
        msg=f"Invalid parameter type in json: {member}. Invalid parameter value: {value}. "
        "Please check and modify accordingly.",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes over the wire, apart from the log id header."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    code: int = 0


def make_log_id() -> str:
    """Return a new log id: a time, then hexadecimal digits."""
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S") + secrets.token_hex(10).upper()


def dump(value: Any) -> bytes:
    """Return JSON bytes with the keys of every object in alphabetical order."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


_SCOPES = ("bitable:app:readonly", "bitable:app", "base:record:retrieve")


def error_body(error: ApiError, log_id: str) -> bytes:
    """Return the envelope of a refusal."""
    details: dict[str, Any] = {
        "log_id": log_id,
        "troubleshooter": "Troubleshooting suggestions: https://open.feishu.cn/search"
        f"?from=openapi&log_id={log_id}&code={error.code}",
        **error.extra,
    }
    if error.detail:
        details["message"] = error.detail
    if error.code == 99991672:
        details["permission_violations"] = [
            {"subject": scope, "type": "action_scope_required"} for scope in _SCOPES
        ]
    body: dict[str, Any] = {"code": error.code, "error": details, "msg": error.msg}
    if error.code in (10003, 91402):
        body["data"] = {}
    return dump(body)
