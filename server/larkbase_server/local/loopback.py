"""Sockets that only this machine can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.api.domain import is_loopback
from larkbase_sdk.emulator import sockets
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    import socket


def listen(what: str, host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        what: Who listens, for error messages: "The AWS emulator".
        host: A loopback address, or ``localhost``.
        port: Port; 0 takes a free one.

    Raises:
        ConfigurationError: The host is not a loopback address, or the port is taken.
    """
    if not is_loopback(host):
        msg = f"{what} listens on this machine only, not on {host!r}."
        raise ConfigurationError(msg, hint="Use 127.0.0.1: it accepts any credentials.")
    return sockets.listen(what, host, port)
