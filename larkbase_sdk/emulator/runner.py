"""A uvicorn server on a thread of its own, which starts and ends at once."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from larkbase_sdk.emulator.callers import is_loopback, own_programs_only

if TYPE_CHECKING:
    import socket

    from starlette.types import ASGIApp

_START_SECONDS = 10
_ROUNDS = 10


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line of the log says more than that a call ended with the server."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


logging.getLogger("uvicorn.error").addFilter(_is_news)


class _Protocol(H11Protocol):
    """uvicorn's protocol, which hands its transport to the application, so that it can be cut."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """uvicorn's server without its waits: it ends at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._ended: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        await self.on_tick(0)
        self.ready.set()
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._accept_no_more()
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # An aborted transport closes its socket at the loop's next turn.
        await asyncio.sleep(0)

    async def _accept_no_more(self) -> None:
        """Let connections that were just accepted become known, so that they can be cut.

        A server that is closed before that forgets them, and their callers wait for ever.
        """
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # the event loop of Windows
            for server in self.servers:
                for sock in server.sockets:
                    loop.remove_reader(sock.fileno())
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)

    def end(self) -> None:
        """Stop serving; may be called from any thread."""
        if self._loop is not None and self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)


class ServerThread:
    """A running server on a thread of its own; on loopback it answers no page of the web."""

    def __init__(self, application: ASGIApp, sock: socket.socket) -> None:
        if is_loopback(sock.getsockname()[0]):
            application = own_programs_only(application)
        config = uvicorn.Config(
            application,
            http=_Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [sock]}, name="lark-emulator", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            msg = "The emulator's server did not start"
            raise RuntimeError(msg)

    def stop(self) -> None:
        """Stop the server and wait until it has ended."""
        if self._thread.is_alive():
            self._server.end()
            self._thread.join(_START_SECONDS)

    def join(self) -> None:
        """Wait until the server ends."""
        # In steps, since on Windows a wait without end hears no Ctrl-C.
        while self._thread.is_alive():
            self._thread.join(0.5)
