"""The emulated tenant: bases, Drive, people, files and access tokens."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.emulator.base import EmulatedBase
from larkbase_sdk.emulator.clock import Clock
from larkbase_sdk.emulator.drive import Drive
from larkbase_sdk.emulator.ids import number_of
from larkbase_sdk.emulator.media import MediaStore
from larkbase_sdk.emulator.people import Directory

if TYPE_CHECKING:
    from larkbase_sdk.emulator.switches import Switches

APP_ID = "cli_demo"
APP_SECRET = "demo-secret-of-the-emulator"  # noqa: S105 - a published demo credential


@dataclass(slots=True)
class Token:
    """An access token and the moment (seconds) at which it ends."""

    value: str
    ends: float


class Tokens:
    """Tenant tokens that were handed out, and user tokens that are accepted."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._tokens: list[Token] = []
        self.user_tokens: set[str] = set()

    def issue(self) -> tuple[str, int]:
        """Return a token and its seconds of life; the same one while enough of them remain."""
        now = self._clock.now()
        if self._tokens:
            left = self._tokens[-1].ends - now
            if left >= self._switches.token_same_until:
                return self._tokens[-1].value, int(left)
        seconds = self._switches.token_seconds
        serial = len(self._tokens) + 1
        value = f"t-{number_of('token', id(self), now, serial):064x}"[:42]
        self._tokens.append(Token(value, now + seconds))
        return value, seconds

    def accepts(self, value: str) -> bool:
        """Tell whether a tenant token is valid now."""
        now = self._clock.now()
        return any(token.value == value and token.ends > now for token in self._tokens)

    def revoke(self) -> None:
        """End every tenant token before its time."""
        for token in self._tokens:
            token.ends = float("-inf")


class Tenant:
    """Everything behind the service; ``lock`` guards all of it."""

    def __init__(self, switches: Switches, url: str, app_id: str, app_secret: str) -> None:
        self.lock = threading.RLock()
        self.switches = switches
        self.url = url
        self.app_id = app_id
        self.app_secret = app_secret
        self.clock = Clock()
        self.directory = Directory()
        self.media = MediaStore()
        self.tokens = Tokens(self.clock, switches)
        self.drive = Drive(lambda: self.url, lambda: int(self.clock.now()))
        self.bases: dict[str, EmulatedBase] = {}

    def database(self, name: str) -> EmulatedBase:
        """Return the base of this name, made in the root folder on first use."""
        with self.lock:
            for base in self.bases.values():
                if base.name == name:
                    return base
            return self.add_base(EmulatedBase(self, name))

    def add_base(self, base: EmulatedBase) -> EmulatedBase:
        """Register a base and put it into the root folder."""
        self.bases[base.app_token] = base
        self.drive.root.add(base)
        return base

    def guarded_files(self) -> set[str]:
        """Return the tokens of files in bases with advanced permissions."""
        found: set[str] = set()
        for base in self.bases.values():
            if not base.is_advanced:
                continue
            for table in base.tables:
                for field in table.fields:
                    if field.kind.family == "attachment":
                        cells = table.rows.values(field.field_id, range(len(table.rows)))
                        found |= {one["file_token"] for cell in cells for one in cell or ()}
        return found
