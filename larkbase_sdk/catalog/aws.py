"""Clients of AWS, and what its errors become here."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    LarkBaseError,
    NetworkError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_REFUSED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_MISSING = frozenset({"EntityNotFoundException", "MetadataException", "ResourceNotFoundException"})

_CREDENTIALS = "Give the process credentials of AWS, for example with AWS_PROFILE or a role."
_LAKE_FORMATION = "Lake Formation"
_LAKE = "Grant it to the role in Lake Formation, where permissions of IAM alone do not count."
_REACH = "Check region and network (in a VPC: a NAT gateway or an endpoint of the service)."
_ATTEMPTS = 5
_making_clients = threading.Lock()


def open_client(service: str) -> Any:
    """Return a boto3 client with bounded time-outs and retries; makes no call.

    ``AWS_ENDPOINT_URL``, ``AWS_REGION`` and ``AWS_PROFILE`` apply, as boto3 says.

    Raises:
        ConfigurationError: boto3 is not installed, or no region is set.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise _not_installed() from error
    retries = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    config = Config(connect_timeout=5, read_timeout=30, retries=retries)
    # Making clients is the one thing that boto3 does not bear from several threads.
    with aws_errors(service), _making_clients:
        return boto3.client(service, config=config)


@contextmanager
def aws_errors(service: str) -> Iterator[None]:
    """Turn the errors of boto3 inside the block into errors of larkbase.

    Args:
        service: Name of the service as IAM writes it, such as ``glue``.

    Raises:
        PermissionDenied: AWS does not allow the call; the hint names the permission.
        NotFound: there is no such thing.
        RateLimited: AWS kept refusing because of the rate.
        AuthenticationError: AWS refuses the credentials, or there are none.
        NetworkError: no answer came.
        ConfigurationError: no region is set, or boto3 is not installed.
        ServiceError: everything else that AWS refuses; ``context["aws_code"]`` is its code.
    """
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise _not_installed() from error
    try:
        yield
    except ClientError as error:
        raised = _of_answer(service, error)
    except BotoCoreError as error:
        raised = _of_client(service, error)
    else:
        return
    # Raised outside the handler: the cause may carry the request with its signature.
    raise raised


def _not_installed() -> ConfigurationError:
    return ConfigurationError("boto3 is not installed.", hint="pip install 'larkbase-sdk[aws]'")


def _of_answer(service: str, error: Any) -> LarkBaseError:
    problem = error.response.get("Error", {})
    code, message = str(problem.get("Code", "")), str(problem.get("Message", ""))
    action = f"{service}:{error.operation_name}"
    text = f"{code}: {message}"
    context = {"aws_code": code, "action": action}
    if code in _DENIED:
        msg = f"AWS does not allow {action}: {message}"
        hint = _LAKE if _LAKE_FORMATION in message else f"Give the role {action}."
        return PermissionDenied(msg, hint=hint, context=context)
    if code in _THROTTLED:
        msg = f"AWS keeps refusing {action} because of the rate of calls: {text}"
        return RateLimited(msg, hint="Try again in a moment.", context=context)
    if code in _REFUSED:
        msg = f"AWS refuses the credentials: {text}"
        return AuthenticationError(msg, hint=_CREDENTIALS, context=context)
    if code in _MISSING:
        return NotFound(f"AWS finds no such thing: {text}", context=context)
    return ServiceError(f"AWS refuses {action}: {text}", context=context)


def _of_client(service: str, error: Exception) -> LarkBaseError:
    from botocore.exceptions import ConnectionError as NotConnectedError
    from botocore.exceptions import (
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
    )

    if isinstance(error, NoRegionError):
        msg = "No region of AWS is set."
        return ConfigurationError(msg, hint="Set AWS_REGION.")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        msg = f"There are no usable credentials of AWS: {error}"
        return AuthenticationError(msg, hint=_CREDENTIALS)
    if isinstance(error, HTTPClientError | NotConnectedError):
        msg = f"No answer came from {service} of AWS: {error}"
        return NetworkError(msg, hint=_REACH)
    return ServiceError(f"The call to {service} of AWS failed: {error}")
