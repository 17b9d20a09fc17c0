"""How an error travels: the exceptions that Athena's users see, and Lambda's payload of one.

A connector raises; Lambda turns the exception into ``{"errorMessage", "errorType",
"stackTrace"}``; Athena shows the class's bare name in brackets, and the message.
"""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol.codecs import JSON, TEXT
from larkbase_server.protocol.shape import codec_of, member, optional

if TYPE_CHECKING:
    from larkbase_server.protocol.errors import ProtocolError


class FederationException(Exception):
    """The root of the exceptions that are named after Athena's error codes."""


class AccessDeniedException(FederationException):
    """The source or AWS denied access."""


class EntityNotFoundException(FederationException):
    """A database, table, key or secret is missing."""


class InvalidCredentialsException(FederationException):
    """The source refused the credentials."""


class InvalidInputException(FederationException):
    """The request, the configuration or the query is wrong."""


class InvalidResponseException(FederationException):
    """The source answered something unusable."""


class OperationTimeoutException(FederationException):
    """The source did not answer in time."""


class OperationNotSupportedException(FederationException):
    """A feature or a type is not supported."""


class InternalServiceException(FederationException):
    """Anything else."""


class PartialFailureException(FederationException):
    """A part of the work failed."""


class ThrottlingException(FederationException):
    """The source asks for fewer calls."""


FAULTS: dict[str, type[FederationException]] = {
    fault.__name__: fault for fault in FederationException.__subclasses__()
}
"""The exceptions by code; a code is the name of its class."""


def fault_of(error: ProtocolError) -> FederationException:
    """Return the exception to raise from a Lambda for an error of this room."""
    return FAULTS[error.code](str(error))


@dataclass(frozen=True, slots=True)
class FunctionError:
    """What Lambda returns in place of an answer when the function raised.

    Attributes:
        message: ``str()`` of the exception.
        error_type: Its class: the bare name from Python, the qualified one from Java.
        stack_trace: Texts, or lists of texts, as the runtime made them.
        cause: The error below it, which only Java sends.
    """

    message: str = member("errorMessage", TEXT, default="")
    error_type: str = member("errorType", TEXT, default="")
    stack_trace: tuple[Any, ...] = member("stackTrace", JSON, default=())
    cause: FunctionError | None = member(
        "cause",
        optional(codec_of(lambda: FunctionError)),
        default=None,
        omit_default=True,
    )
