"""Commands that need no account: an emulator of Lark's API, and a tour on its sample data."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.cli.common import local_command
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.text import command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.emulator.emulator import LarkEmulator


_STEP = 0.5
"""Seconds."""


class Tenant(StrEnum):
    """What an emulator holds at its start."""

    SAMPLE = "sample"
    EMPTY = "empty"


@local_command
def emulator(
    session: Session,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    tenant: Annotated[Tenant, typer.Option(help="What it holds at the start.")] = Tenant.SAMPLE,
    rows: Annotated[
        int | None, typer.Option(min=0, help="Adds a table Large.Events of so many rows.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, help="Calls per second before it refuses, as Lark does (20)."),
    ] = None,
    latency: Annotated[float, typer.Option(min=0, help="Seconds that every call takes.")] = 0.0,
) -> None:
    """Run an emulator of Lark's API until Ctrl-C.

    The lines on stdout set up any client, this one included: its credentials are published ones.
    """
    from larkbase_sdk.emulator.emulator import LarkEmulator

    with (
        stop_signals() as stopped,
        LarkEmulator(port, host, tenant.value, rows=rows, rate=rate, latency=latency) as running,
    ):
        _introduce(session, running)
        wait_for(stopped)
    session.output.done("stopped")


@local_command
def aws_emulator(
    session: Session,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 5000,
) -> None:
    """Run an emulator of Glue, Athena, S3 and Secrets Manager until Ctrl-C.

    The lines on stdout set up any client of AWS; the keys open nothing. Needs the extra emulator:
    pip install 'larkbase-sdk[emulator]'.
    """
    from larkbase_server.local.aws_emulator import AwsEmulator

    with stop_signals() as stopped, AwsEmulator(port) as running:
        for name, text in running.environment().items():
            typer.echo(f"{name}={text}")
        session.output.done(f"emulator of AWS at {running.url}; Ctrl-C stops it")
        session.output.next(
            command("glue", "crawl", "--base-table", "<paste its link>", "--dry-run"),
            "in another terminal, with these variables and those of larkbase emulator set",
        )
        wait_for(stopped)
    session.output.done("stopped")


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Give what is set when somebody wants the command to end; Ctrl-C is as before at the end."""
    stopped = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            # None stands for a handler that Python did not install, and cannot put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def wait_for(stopped: threading.Event) -> None:
    """Wait until somebody wants the process to end."""
    # In steps, since on Windows a wait without end hears no Ctrl-C.
    while not stopped.wait(_STEP):
        pass


def _introduce(session: Session, running: LarkEmulator) -> None:
    typer.echo(f"LARK_DOMAIN={running.url}")
    typer.echo(f"LARK_APP_ID={running.app_id}")
    typer.echo(f"LARK_APP_SECRET={running.app_secret}")
    session.output.done(f"emulator at {running.url}; Ctrl-C stops it")
    for base in running.bases:
        session.output.note(f"  {base.name}: {base.url}")
    session.output.next(command("ls"), "in another terminal, with the three variables set")


@local_command
def demo(
    session: Session,
    out: Annotated[str, typer.Option(metavar="FOLDER", help="Where to write.")] = "demo-output",
) -> None:
    """Show what larkbase does on sample data; needs no account and ends by itself."""
    from larkbase_sdk.cli.tour import take_tour

    target = take_tour(Path(out))
    session.output.done(f"the rows are in {target}")
    session.output.next(command("emulator"), "the same sample data for your own programs")
