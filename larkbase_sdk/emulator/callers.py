"""Who may call a server that listens on this machine only: its programs, and no page of the web.

A browser lets every page send requests to this machine. Such a request carries the page's address
as its ``Origin``; and a page whose name was made to lead here carries that name as its ``Host``.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

REFUSAL = "This server answers programs of its own machine, and no page of the web."


@lru_cache(maxsize=256)
def is_own(host: str | None, origin: str | None) -> bool:
    """Tell whether a request with these headers comes from a program or page of this machine."""
    if host is not None and not _is_here(f"//{host}"):
        return False
    return origin is None or _is_here(origin)


def _is_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address is one of this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        name = host.lower().removesuffix(".")
        return name == "localhost" or name.endswith(".localhost")


def own_programs_only(application: ASGIApp) -> ASGIApp:
    """Return an application that answers 403 to everybody but programs of this machine."""
    from starlette.responses import PlainTextResponse

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        host, origin = (headers.get(name) for name in (b"host", b"origin"))
        if is_own(host and host.decode("latin-1"), origin and origin.decode("latin-1")):
            await application(scope, receive, send)
        else:
            await PlainTextResponse(REFUSAL, 403)(scope, receive, send)

    return guarded
