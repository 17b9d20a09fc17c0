"""Listening sockets, and the addresses under which they are reached."""

from __future__ import annotations

import os
import socket

from larkbase_sdk.errors import ConfigurationError


def listen(what: str, host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        what: Who listens, for error messages: "The emulator".
        host: A name or an address of this machine.
        port: Port; 0 takes a free one.

    Raises:
        ConfigurationError: The port is taken, or the host is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches off Nagle's algorithm (40 ms an answer otherwise).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        msg = f"{what} cannot listen on {host} port {port}: {error.strerror}."
        raise ConfigurationError(msg, hint="Choose another port, or 0 for a free one.") from error
    return listener


def address(host: str, listener: socket.socket) -> str:
    """Return the HTTP address of a listening socket; one on all interfaces is asked here."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - compared only
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{listener.getsockname()[1]}"
