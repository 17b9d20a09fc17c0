"""Sockets that only this machine can reach."""

from __future__ import annotations

import ipaddress
import os
import socket

from larkbase_sdk.errors import ConfigurationError


def listen(what: str, host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        what: Who listens, for error messages: "The AWS emulator".
        host: A loopback address, or ``localhost``.
        port: Port; 0 takes a free one.

    Raises:
        ConfigurationError: The host is not a loopback address, or the port is taken.
    """
    if not _is_loopback(host):
        msg = f"{what} listens on this machine only, not on {host!r}."
        raise ConfigurationError(msg, hint="Use 127.0.0.1: it accepts any credentials.")
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
        msg = f"{what} cannot listen on {host}:{port}: {error.strerror}."
        raise ConfigurationError(msg, hint="Choose another port, or 0 for a free one.") from error
    return listener


def address(host: str, listener: socket.socket) -> str:
    """Return the HTTP address of a listening socket."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
