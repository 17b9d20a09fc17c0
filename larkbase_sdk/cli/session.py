"""One run of a command: where its output goes, and the client that its options describe."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from larkbase_sdk.cli.failures import ABOUT_CREDENTIALS
from larkbase_sdk.cli.text import command, count
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.cli.output import Output
    from larkbase_sdk.client import Lark
    from larkbase_sdk.schema.table_schema import NameKind


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command.

    Attributes:
        output: Where results go.
        profile: Name of the stored profile, or None.
        domain: Domain given, or None.
        folders: Drive folders given; none given leaves them to the environment, as below.
        wikis: Wiki pages given.
        catalog: Metadata tables given.
        snapshot: Folder of a snapshot that is read instead of Lark, or None.
        progress: Whether progress lines may be shown.
        names: Which names the columns of records carry.
        started: Moment of the start, on the monotonic clock.
    """

    output: Output
    profile: str | None = None
    domain: str | None = None
    folders: tuple[str, ...] = ()
    wikis: tuple[str, ...] = ()
    catalog: tuple[str, ...] = ()
    snapshot: str | None = None
    progress: bool = True
    names: NameKind = "lark"
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def lark(self, reference: str | None = None) -> Iterator[Lark]:
        """Connect, and close at the end; a reference that is a link chooses the domain.

        With a snapshot nothing is connected: its tables are those of the client.

        Raises:
            LarkBaseError: what ``connect`` raises; missing credentials are marked as such.
        """
        if self.snapshot is not None:
            from larkbase_sdk.snapshot.snapshot import open_snapshot

            yield open_snapshot(self.snapshot).as_client()
            return
        from larkbase_sdk.api.links import is_link
        from larkbase_sdk.client import connect
        from larkbase_sdk.options import environment_error, options
        from larkbase_sdk.profile import find_credentials

        if environment_error is not None:
            raise environment_error
        try:
            find_credentials(profile=self.profile, domain=self.domain)
        except ConfigurationError as error:
            error.context["about"] = ABOUT_CREDENTIALS
            raise
        link = reference if reference and is_link(reference) else None
        quiet = None if self.progress else options.replace(progress=False)
        with connect(
            link,
            profile=self.profile,
            domain=self.domain,
            folders=self.folders or None,
            wikis=self.wikis or None,
            catalog=self.catalog or None,
            options=quiet,
        ) as lark:
            yield lark

    def command(self, *words: str | None) -> str:
        """Return a command of the same identity and sources, to copy into a shell."""
        given = {
            "--profile": [self.profile],
            "--domain": [self.domain],
            "--folder": self.folders,
            "--wiki": self.wikis,
            "--catalog": self.catalog,
            "--snapshot": [self.snapshot],
        }
        options = (f"{name}={value}" for name, values in given.items() for value in values if value)
        return command(*words, *options)

    def done(self, lark: Lark, number: int, thing: str = "row", where: str = "") -> None:
        """Say what a read brought and what it cost."""
        cost = f"{count(lark.stats.calls, 'call')}, {time.monotonic() - self.started:.1f} s"
        self.output.done(f"{count(number, thing)}{where}, {cost}")
