"""The token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.answers import ApiError, wrong_type

if TYPE_CHECKING:
    from larkbase_sdk.emulator.request import ApiRequest
    from larkbase_sdk.emulator.tenant import Tenant


def tenant_token(request: ApiRequest) -> dict[str, Any]:
    """Return the flat answer of the token endpoint.

    Raises:
        ApiError: 10003 for an unknown app id, 10014 for a wrong secret.
    """
    try:
        body = request.body()
    except ApiError:
        raise ApiError(10003) from None
    for name in ("app_id", "app_secret"):
        if not isinstance(body.get(name), str | None):
            raise wrong_type(member=name, value=body[name])
    if body.get("app_id") != request.tenant.app_id:
        raise ApiError(10003)
    if body.get("app_secret") != request.tenant.app_secret:
        raise ApiError(10014)
    value, seconds = request.tenant.tokens.issue()
    return {"code": 0, "expire": seconds, "msg": "ok", "tenant_access_token": value}


def check_authorization(tenant: Tenant, header: str) -> None:
    """Check an ``Authorization`` header.

    Raises:
        ApiError: 99991661 without a bearer token, 99991668 for a user token and 99991663 for a
            tenant token that is not valid.
    """
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if scheme != "Bearer" or not value:
        raise ApiError(99991661)
    if value.startswith(("u-", "eyJ")):
        if value not in tenant.tokens.user_tokens:
            raise ApiError(99991668)
    elif not tenant.tokens.accepts(value):
        raise ApiError(99991663)
