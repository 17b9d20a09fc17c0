"""``LarkEmulator``: a Lark Open Platform on this machine, for tests, demos and tutorials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson

from larkbase_sdk.emulator.answers import JSON_TYPE
from larkbase_sdk.emulator.faults import Fault
from larkbase_sdk.emulator.runner import ServerThread
from larkbase_sdk.emulator.server import ENDPOINTS, Service
from larkbase_sdk.emulator.sockets import address, listen
from larkbase_sdk.emulator.switches import Switches
from larkbase_sdk.emulator.tenant import APP_ID, APP_SECRET, Tenant

if TYPE_CHECKING:
    from pathlib import Path

    from larkbase_sdk.client import Lark
    from larkbase_sdk.emulator.base import EmulatedBase
    from larkbase_sdk.emulator.calls import Calls
    from larkbase_sdk.emulator.drive import Drive
    from larkbase_sdk.emulator.people import Person


class LarkEmulator:
    """A running emulator; use it as a context manager or call ``stop`` at the end.

    It is a real HTTP server on its own thread, so any client can talk to it.

    Args:
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on; only this machine by default.
        tenant: ``empty``, or ``sample`` for the sample bases, folders and files.
        rows: Adds a base ``Large`` with a table ``Events`` of so many computed rows.
        app_id: App id that the token endpoint accepts.
        app_secret: Secret that it accepts.
        **switches: Switches to start with, see ``Switches``.

    Attributes:
        url: Address of the server, to be used as domain.
        switches: How the service behaves; may be changed at any time.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        tenant: Literal["empty", "sample"] = "empty",
        *,
        rows: int | None = None,
        app_id: str = APP_ID,
        app_secret: str = APP_SECRET,
        **switches: Any,
    ) -> None:
        self.switches = Switches(**switches)
        listener = listen("The emulator", host, port)
        self.url = address(host, listener)
        self._tenant = Tenant(self.switches, self.url, app_id, app_secret)
        self._service = Service(self._tenant)
        try:
            self._fill(tenant, rows)
        except BaseException:
            listener.close()
            raise
        self._thread = ServerThread(self._service.application(), listener)

    def _fill(self, tenant: str, rows: int | None) -> None:
        if tenant not in ("empty", "sample"):
            msg = f"The tenant is empty or sample, not {tenant!r}"
            raise ValueError(msg)
        if tenant == "sample":
            from larkbase_sdk.emulator.sample import fill_sample

            fill_sample(self._tenant)
        if rows is not None:
            from larkbase_sdk.emulator.large import add_generated_table

            add_generated_table(self._tenant.database("Large"), "Events", rows)

    @classmethod
    def from_snapshot(
        cls, folder: str | Path, port: int = 0, host: str = "127.0.0.1", **options: Any
    ) -> Self:
        """Return a running emulator that serves the tables of a snapshot, under their own ids.

        Views, and the files behind attachments, are not in a snapshot. The rows can be changed.

        Args:
            folder: The folder of the snapshot.
            port: Port to listen on; 0 takes a free one.
            host: Address to listen on.
            **options: Further arguments of the class, such as switches.

        Raises:
            SnapshotError: when there is no complete snapshot, or a file of it cannot be read.
        """
        from larkbase_sdk.emulator.from_snapshot import fill_from_snapshot

        emulator = cls(port, host, **options)
        try:
            fill_from_snapshot(emulator._tenant, folder)
        except BaseException:
            emulator.stop()
            raise
        return emulator

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"LarkEmulator({self.url}, {len(self._tenant.bases)} bases)"

    def stop(self) -> None:
        """Stop the server; the data stays readable."""
        self._thread.stop()

    def wait(self) -> None:
        """Wait until the server is stopped."""
        self._thread.join()

    @property
    def app_id(self) -> str:
        """App id of the credentials that work."""
        return self._tenant.app_id

    @property
    def app_secret(self) -> str:
        """Secret of the credentials that work."""
        return self._tenant.app_secret

    @property
    def calls(self) -> Calls:
        """The calls that arrived."""
        return self._service.calls

    @property
    def drive(self) -> Drive:
        """Folders, shortcuts and wiki nodes."""
        return self._tenant.drive

    @property
    def bases(self) -> list[EmulatedBase]:
        """Every base."""
        return list(self._tenant.bases.values())

    def database(self, name: str) -> EmulatedBase:
        """Return the base of this name, made in the root folder on first use."""
        return self._tenant.database(name)

    def person(self, reference: str | Mapping[str, Any]) -> Person:
        """Return a person by open id, name, or members of a person cell; unknown ones are added."""
        return self._tenant.directory.person(reference)

    def media(self, name: str, content: bytes) -> str:
        """Keep a file for attachment cells and return its token."""
        return self._tenant.media.add(name, content).token

    def connect(self, **options: Any) -> Lark:
        """Return a ``Lark`` client of this emulator; the options go to ``larkbase_sdk.connect``."""
        from larkbase_sdk.client import connect

        # The sources of the environment are none of this emulator's.
        given = {"url": "", "folders": (), "wikis": (), "catalog": (), "domain": self.url}
        if "user_token" not in options:
            given |= {"app_id": self.app_id, "app_secret": self.app_secret}
        return connect(**{**given, **options})

    def fail(
        self,
        code: int | None = None,
        *,
        endpoint: str | None = None,
        path: str = "",
        times: int | None = 1,
        after: int = 0,
        status: int | None = None,
        msg: str | None = None,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | Mapping[str, Any] | None = None,
        content_type: str | None = None,
        disconnect: bool = False,
        truncate: bool = False,
        stall: float = 0.0,
        empty_page: bool = False,
    ) -> None:
        """Make the next matching calls go wrong; faults wait in a queue, each call meets one.

        Args:
            code: Lark's error code to answer with, with its documented message and status.
            endpoint: Which endpoint (``search``, ``fields`` …); None for all but the token
                endpoint.
            path: Text that the path must contain, such as a table id.
            times: How many calls go wrong; None for all from then on.
            after: How many matching calls pass first.
            status: HTTP status instead of the documented one.
            msg: Text of ``msg`` instead of the documented one.
            detail: Text of ``error.message``.
            headers: Further headers.
            body: Text, bytes or JSON to answer with instead of an envelope.
            content_type: Content type of ``body``; HTML for text, JSON for a mapping.
            disconnect: Break the connection before answering.
            truncate: Break the connection in the middle of the right answer.
            stall: Seconds to wait before answering.
            empty_page: Answer a search without rows, with a token that leads to the same page.

        Raises:
            ValueError: when there is no such endpoint.
        """
        if endpoint is not None and endpoint not in ENDPOINTS:
            problem = f"There is no endpoint {endpoint!r}; known: {', '.join(sorted(ENDPOINTS))}"
            raise ValueError(problem)
        content, default_type = _content(body)
        fault = Fault(
            endpoint, path, times, after, code, status, msg, detail, content,
            content_type or default_type, dict(headers or {}), disconnect, truncate, stall,
            empty_page,
        )  # fmt: skip
        self._service.faults.add(fault)

    def throttle(
        self, after: int = 0, *, times: int | None = 1, reset: int = 1, endpoint: str | None = None
    ) -> None:
        """Refuse calls with 429 and 99991400 after some have passed.

        Args:
            after: How many calls pass first.
            times: How many are refused; None for all from then on.
            reset: Seconds that ``x-ogw-ratelimit-reset`` tells the caller to wait.
            endpoint: Which endpoint; None for all but the token endpoint.
        """
        headers = {"x-ogw-ratelimit-limit": "20", "x-ogw-ratelimit-reset": str(reset)}
        self.fail(99991400, endpoint=endpoint, after=after, times=times, headers=headers)

    def recover(self) -> None:
        """Cancel every fault that has not happened yet."""
        self._service.faults.clear()

    @property
    def pending_faults(self) -> int:
        """How many calls are still to go wrong; a fault without an end counts as one."""
        return self._service.faults.pending()

    def revoke_tokens(self) -> None:
        """End every tenant token before its time."""
        with self._tenant.lock:
            self._tenant.tokens.revoke()

    def user_token(self, value: str = "u-demo") -> str:
        """Accept a user token and return it."""
        with self._tenant.lock:
            self._tenant.tokens.user_tokens.add(value)
        return value

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock forward: tokens age, rate limits recover."""
        self._tenant.clock.advance(seconds)


def _content(body: bytes | str | Mapping[str, Any] | None) -> tuple[bytes | None, str]:
    if isinstance(body, Mapping):
        return orjson.dumps(dict(body)), JSON_TYPE
    return body.encode() if isinstance(body, str) else body, "text/html; charset=utf-8"


def serve(
    port: int = 8080,
    host: str = "127.0.0.1",
    tenant: Literal["empty", "sample"] = "sample",
    *,
    rows: int | None = None,
    **switches: Any,
) -> None:
    """Run an emulator until interrupted.

    Args:
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on; only this machine by default.
        tenant: ``sample`` or ``empty``.
        rows: Adds a base ``Large`` with a table of so many computed rows.
        **switches: Switches to start with.
    """
    with LarkEmulator(port, host, tenant, rows=rows, **switches) as emulator:
        print(banner(emulator), flush=True)  # noqa: T201 - the one line a user waits for
        try:
            emulator.wait()
        except KeyboardInterrupt:
            return


def banner(emulator: LarkEmulator) -> str:
    """Return what a user needs to connect to an emulator."""
    return (
        f"Lark emulator on {emulator.url}\n"
        f"  LARK_DOMAIN={emulator.url} LARK_APP_ID={emulator.app_id} "
        f"LARK_APP_SECRET={emulator.app_secret}"
    )
