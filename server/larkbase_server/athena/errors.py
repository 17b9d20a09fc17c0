"""What Athena's users are told when a request fails."""

from __future__ import annotations

import traceback
from pathlib import Path

from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    LarkBaseError,
    NetworkError,
    NotFound,
    PermissionDenied,
    QueryError,
    RateLimited,
    UnsupportedField,
    scrub,
)
from larkbase_server.protocol.errors import ProtocolError
from larkbase_server.protocol.faults import (
    FAULTS,
    AccessDeniedException,
    EntityNotFoundException,
    FederationException,
    InternalServiceException,
    InvalidCredentialsException,
    InvalidInputException,
    OperationNotSupportedException,
    OperationTimeoutException,
    ThrottlingException,
)

_BY_ERROR: tuple[tuple[type[LarkBaseError], type[FederationException]], ...] = (
    (AuthenticationError, InvalidCredentialsException),
    (PermissionDenied, AccessDeniedException),
    (NotFound, EntityNotFoundException),
    (RateLimited, ThrottlingException),
    (NetworkError, OperationTimeoutException),
    (ConfigurationError, InvalidInputException),
    (QueryError, InvalidInputException),
    (UnsupportedField, OperationNotSupportedException),
    (LarkBaseError, InternalServiceException),
)


def fault_for(error: Exception) -> FederationException:
    """Return the exception to raise from the function, with the text that Athena shows.

    An error of ours says what happened, with Lark's code and log id, and what to do. Of any other
    exception only its class and its place are told: its own text might hold cells of the table.
    """
    if isinstance(error, FederationException):
        return error
    if isinstance(error, ProtocolError):
        return FAULTS[error.code](scrub(str(error)))
    if isinstance(error, LarkBaseError):
        fault = next(fault for kind, fault in _BY_ERROR if isinstance(error, kind))
        return fault(scrub(str(error)))
    msg = f"The connector failed at {_place(error)} with {type(error).__name__}."
    return InternalServiceException(msg)


def with_hint(message: str, hint: str | None) -> str:
    """Return a text with a hint in the form that our own errors have."""
    return f"{message}\n  Hint: {hint}" if hint else message


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
