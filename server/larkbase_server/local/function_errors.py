"""What a function's error becomes for the person who asked: an error of larkbase."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from larkbase_sdk import errors
from larkbase_sdk.errors import (
    AuthenticationError,
    LarkBaseError,
    NetworkError,
    NotFound,
    PermissionDenied,
    QueryError,
    RateLimited,
    ServiceError,
)

if TYPE_CHECKING:
    from larkbase_server.protocol.faults import FunctionError

_BY_CODE: dict[str, type[LarkBaseError]] = {
    "AccessDeniedException": PermissionDenied,
    "EntityNotFoundException": NotFound,
    "InvalidCredentialsException": AuthenticationError,
    "InvalidInputException": QueryError,
    "OperationNotSupportedException": QueryError,
    "OperationTimeoutException": NetworkError,
    "ThrottlingException": RateLimited,
}
_HINT = re.compile(r"\n\s*Hint: (.*?)(?=\n\s*https?://\S+\s*$|$)", re.DOTALL)
_LINK = re.compile(r"\n\s*(https?://\S+)\s*$")
_ORIGIN = re.compile(r" \((?:Lark (\d+))?(?:, )?(?:log ([^\s()]+))?\)$")


def error_of(failure: FunctionError, function: str) -> LarkBaseError:
    """Return the error that a function reported, with its text, code, log id and hint.

    Its class follows the error's type: Athena's codes, and the names of this package's own errors;
    any other is a ``ServiceError`` that also names the type and the function.
    """
    name = failure.error_type.rpartition(".")[2]
    kind = _BY_CODE.get(name) or _own_class(name)
    text = failure.message or "no message came with it."
    link = _LINK.search(text)
    hint = _HINT.search(text)
    message = text[: min([found.start() for found in (link, hint) if found], default=len(text))]
    origin = _ORIGIN.search(message)
    if origin and any(origin.groups()):
        message = message[: origin.start()]
    code, log_id = origin.groups() if origin else (None, None)
    return (kind or ServiceError)(
        message if kind else f"The function {function} failed with {name or 'an error'}: {message}",
        hint=hint[1] if hint else None,
        code=int(code) if code else None,
        log_id=log_id,
        help_url=link[1] if link else None,
        context={"function": function, "error_type": failure.error_type},
    )


def _own_class(name: str) -> type[LarkBaseError] | None:
    found = getattr(errors, name, None)
    return found if isinstance(found, type) and issubclass(found, LarkBaseError) else None
