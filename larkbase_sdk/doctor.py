"""The doctor: checks what a client needs and says how to mend what is missing."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk._version import __version__
from larkbase_sdk.api.links import Link, check_host, is_link, parse_link
from larkbase_sdk.catalog.link_source import BaseLinks
from larkbase_sdk.display import counted, html_card, html_table, printable
from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    LarkBaseError,
    NetworkError,
    NotFound,
    PermissionDenied,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from larkbase_sdk.api.models import BaseInfo, TableInfo
    from larkbase_sdk.client import Lark

Status = Literal["ok", "warn", "fail"]

_SIGNS: dict[Status, str] = {"ok": "✓", "warn": "!", "fail": "✗"}
_PACKAGES = ("pyarrow", "pandas", "duckdb")
_WHERE_IT_FAILED: tuple[tuple[type[LarkBaseError], str], ...] = (
    (AuthenticationError, "credentials"),
    (ConfigurationError, "settings"),
    (NetworkError, "network"),
)
_ADVANCED = "advanced permissions are on; without “can manage” the app may see empty tables"
_MANAGE = "Open the base → ⋯ → More → Add document app → give the app “can manage”."
_CLOCK_DIFFERS = 60.0
"""Seconds."""

_SET_CLOCK = "Set the clock of this machine: AWS refuses calls that are five minutes off."
_NO_BASE = "no base is known: paste the link of one"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at, such as ``credentials`` or ``base CRM``.
        status: ``ok``, ``warn`` (works, but look at it) or ``fail``.
        detail: What was found.
        hint: What to do, or None.
        url: Where to do it, or None.
    """

    name: str
    status: Status
    detail: str
    hint: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class DoctorReport:
    """What the doctor found; shows itself as text and in notebooks."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed; warnings do not count."""
        return all(check.status != "fail" for check in self.checks)

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a check: check, status, detail, hint, url."""
        return [
            {
                "check": check.name,
                "status": check.status,
                "detail": check.detail,
                "hint": check.hint,
                "url": check.url,
            }
            for check in self.checks
        ]

    def __repr__(self) -> str:
        return printable("\n".join(line for check in self.checks for line in _lines(check)))

    def _repr_html_(self) -> str:
        rows = [
            {
                "check": f"{_SIGNS[check.status]} {check.name}",
                "found": check.detail,
                "what to do": check.hint or "",
                "url": check.url or "",
            }
            for check in self.checks
        ]
        return html_card("Doctor", html_table(rows))


def _lines(check: Check) -> Iterator[str]:
    yield f"{_SIGNS[check.status]} {check.name}: {check.detail}"
    if check.hint:
        yield f"  → {check.hint}"
    if check.url:
        yield f"    {check.url}"


def examine(lark: Lark, url: str | None = None) -> DoctorReport:
    """Check versions, credentials, clock, Drive and the bases, and return what was found.

    Every check asks Lark afresh: two calls for Drive, and three for each base (the base, its
    tables, one record). The clock is only mentioned when it is not Lark's.

    Args:
        lark: The client to check.
        url: Link, name or id of the base to check; every known base when None.
    """
    checks = [_versions(), _credentials(lark)]
    if checks[-1].status == "fail":
        return DoctorReport(tuple(checks))
    found, drive = _drive(lark)
    checks.extend([*_clock(lark), drive])
    links, problems = _links(lark, url)
    checks.extend(problems)
    targets = [*links, *(() if url else found)]
    for target in _without_repeats(targets):
        checks.extend(_base(lark, target))
    if not targets and not problems:
        checks.append(Check("bases", "warn", _NO_BASE, 'lark.add("https://…/base/…")'))
    return DoctorReport(tuple(checks))


def not_connected(error: LarkBaseError) -> DoctorReport:
    """Return the report for a client that could not even be made; no call."""
    name = next((name for kind, name in _WHERE_IT_FAILED if isinstance(error, kind)), "connection")
    return DoctorReport((_versions(), _failed(name, error)))


def _versions() -> Check:
    parts = [f"larkbase-sdk {__version__}", f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            parts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            parts.append(f"no {name}")
    return Check("versions", "ok", ", ".join(parts))


def _credentials(lark: Lark) -> Check:
    try:
        lark.api.http.authenticate()
    except LarkBaseError as error:
        return _failed("credentials", error)
    return Check("credentials", "ok", f"{lark.identity} at {lark.domain}")


def _clock(lark: Lark) -> Iterator[Check]:
    """Yield a warning when this machine's clock is not that of the service."""
    at_lark = lark.api.http.service_clock.now()
    ahead = 0.0 if at_lark is None else time.time() - at_lark
    if abs(ahead) >= _CLOCK_DIFFERS:
        side = "ahead of" if ahead > 0 else "behind"
        yield Check("clock", "warn", f"{abs(ahead):.0f} s {side} Lark's", _SET_CLOCK)


def _drive(lark: Lark) -> tuple[list[str], Check]:
    """Return the tokens of the bases in the Drive root, and the check of it.

    A Drive that is closed is only a warning: links work without it.
    """
    try:
        files = lark.api.drive.files(lark.api.drive.root())
    except LarkBaseError as error:
        optional = isinstance(error, PermissionDenied | NotFound | ServiceError)
        return [], _failed("drive", error, "warn" if optional else "fail")
    tokens = [file.token for file in files if file.type == "bitable"]
    return tokens, Check("drive", "ok", f"{counted(len(tokens), 'base')} in the root folder")


def _links(lark: Lark, url: str | None) -> tuple[list[Link], list[Check]]:
    if url is None:
        return [source.link for source in lark.catalog.links()], []
    try:
        if not is_link(url):
            return [Link("base", lark.database(url).id)], []
        link = parse_link(url)
        check_host(link, lark.api.domain)
    except LarkBaseError as error:
        return [], [_failed("link", error)]
    return [link], []


def _without_repeats(targets: Sequence[Link | str]) -> Iterator[Link | str]:
    seen: set[str] = set()
    for target in targets:
        token = target if isinstance(target, str) else target.token
        if token not in seen:
            seen.add(token)
            yield target


def _base(lark: Lark, target: Link | str) -> Iterator[Check]:
    """Yield the checks of one base, until one of them fails."""
    link = None if isinstance(target, str) else target
    name = f"base {target if link is None else link.token}"
    try:
        token = str(target) if link is None else BaseLinks(lark.api).base_of(link)
        info = lark.api.bitable.base(token)
        name = f"base {info.name or token}"
        tables = lark.api.bitable.tables(token)
    except LarkBaseError as error:
        yield _failed(name, error, url=link.url if link is not None else None)
        return
    yield Check(name, "ok", f"readable, {counted(len(tables), 'table')}")
    if info.is_advanced:
        yield Check(name, "warn", _ADVANCED, _MANAGE, link.url if link is not None else None)
    yield from _record(lark, info, tables, link)


def _record(
    lark: Lark, info: BaseInfo, tables: list[TableInfo], link: Link | None
) -> Iterator[Check]:
    """Yield the check whether one record can be read, of the link's table or else the first."""
    wanted = link.table_id if link is not None else None
    table = next((item for item in tables if item.table_id == wanted), None)
    name = f"records of {info.name or info.app_token}"
    if wanted and table is None:
        yield Check(name, "fail", f"the base has no table {wanted}", "Copy the link again.")
        return
    if table is None and not tables:
        return
    table = table or tables[0]
    try:
        rows = lark.api.bitable.search(
            info.app_token, table.table_id, {}, page_size=1, parse=_count_rows
        )
    except LarkBaseError as error:
        yield _failed(name, error)
        return
    if rows or not info.is_advanced:
        found = "one record can be read" if rows else "readable, but empty"
        yield Check(name, "ok", f"table {table.name}: {found}")
        return
    detail = f"table {table.name}: no record is shown; perhaps they are hidden from the app"
    yield Check(name, "warn", detail, _MANAGE)


def _count_rows(body: bytes) -> int:
    from larkbase_sdk.api.answers import data_of

    items: Any = data_of(body).get("items")
    return len(items) if isinstance(items, list) else 0


def _failed(
    name: str, error: LarkBaseError, status: Status = "fail", *, url: str | None = None
) -> Check:
    detail = str(error).splitlines()[0]
    return Check(name, status, detail, error.hint, error.help_url or url)
