"""Reads that are kept on this machine for a while, and given again while they are young enough.

A kept read is an Arrow file in ``<cache folder>/reads``, readable by its owner only. Its name is a
digest of everything that decides about the rows: service, identity, table, columns, conditions.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk._version import __version__
from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.profile import cache_dir
from larkbase_sdk.sinks.files import complete_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pyarrow as pa

    from larkbase_sdk.scan import Scan

MaxAge = str | float | dt.timedelta
"""How old a kept read may be: ``"90s"``, ``"15m"``, ``"1h"``, ``"2d"``, seconds, a timedelta, or
``"auto"``: as old as the last change of the base."""

AUTO = "auto"
KEPT_AT_MOST = dt.timedelta(days=7)
"""Kept reads that are older are removed when the next one is kept."""
MOST_BYTES = 2 * 2**30
"""Kept reads take no more; the oldest are removed first."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])", re.IGNORECASE)
_FACTS = b"larkbase.kept"
_OWN_FILE = re.compile(r"\.?[0-9a-f]{64}\.arrow(\.[0-9a-f]+\.part)?")
"""Names of kept reads, and of those that a killed process left half written."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept read.

    Attributes:
        table: Its rows.
        read_at: When the reading began (seconds since 1970).
        modified: When the base was last changed before that (seconds since 1970), or None.
    """

    table: pa.Table
    read_at: float
    modified: int | None

    def is_younger_than(self, age: dt.timedelta) -> bool:
        """Tell whether the reading began at most so long ago; False for a read of the future."""
        return 0 <= time.time() - self.read_at <= age.total_seconds()


def through_cache(
    scan: Scan,
    max_age: MaxAge,
    read: Callable[[], pa.Table],
    *,
    extra: Iterable[str],
    modified: Callable[[], int | None],
    still_holds: Callable[[], bool],
) -> pa.Table:
    """Return a kept read that is young enough, or read anew and keep that.

    Args:
        scan: What is read.
        max_age: How old a kept read may be.
        read: Reads anew.
        extra: What else decides about the result, as text.
        modified: Asks when the base was last changed; None when that says nothing.
        still_holds: Asked before a read is kept under that time: whether it says something by
            the fields of now too.

    Raises:
        ConfigurationError: when ``max_age`` cannot be read.
    """
    age = None if max_age == AUTO else parse_age(max_age)
    path = cache_dir() / "reads" / f"{digest_of(scan, extra)}.arrow"
    changed = modified() if age is None else None
    kept = _load(path)
    if kept is not None and _is_good(kept, age, changed):
        return _marked(kept.table)
    if changed is not None and not still_holds():
        changed = None
    began = time.time()
    table = read()
    _store(path, Kept(table, began, changed))
    return table


def _is_good(kept: Kept, age: dt.timedelta | None, changed: int | None) -> bool:
    if age is not None:
        return kept.is_younger_than(age)
    return changed is not None and kept.modified == changed


def parse_age(max_age: MaxAge) -> dt.timedelta:
    """Return an age as a timedelta.

    Raises:
        ConfigurationError: when it is not one, or negative.
    """
    found: dt.timedelta | None = None
    with contextlib.suppress(ValueError, OverflowError, TypeError):
        if isinstance(max_age, dt.timedelta):
            found = max_age
        elif isinstance(max_age, str):
            match = _AGE.fullmatch(max_age.strip())
            found = match and dt.timedelta(**{_UNITS[match[2].lower()]: float(match[1])})
        elif not isinstance(max_age, bool):
            found = dt.timedelta(seconds=max_age)
    if found is None or found < dt.timedelta(0):
        msg = f"The age max_age={max_age!r} cannot be read."
        raise ConfigurationError(msg, hint='Write "90s", "15m", "1h", "2d", seconds, or "auto".')
    return found


def digest_of(scan: Scan, extra: Iterable[str]) -> str:
    """Return the name under which a read is kept; it leads back to no value and no secret."""
    lark, options = scan.table.database.lark, scan.table.database.lark.options
    facts = [
        __version__, lark.domain, lark.cache_identity, scan.table.base_id, scan.table.id,
        options.number_type, options.name_style, options.strict, options.lookup_depth,
        *scan.key(), *extra,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _marked(table: pa.Table) -> pa.Table:
    """Return a kept table that says in its provenance that it was kept."""
    metadata = dict(table.schema.metadata or {})
    facts = json.loads(metadata.get(b"larkbase", b"{}")) | {"from_cache": True}
    return table.replace_schema_metadata(metadata | {b"larkbase": json.dumps(facts).encode()})


def _load(path: Path) -> Kept | None:
    """Return a kept read; None when there is none that can be read."""
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
        metadata = dict(table.schema.metadata)
        facts = json.loads(metadata.pop(_FACTS))
        plain = table.replace_schema_metadata(metadata)
        return Kept(plain, float(facts["read_at"]), facts["modified"])
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None


def _store(path: Path, kept: Kept) -> None:
    """Keep a read; a disk that is full only means that it is not kept."""
    import pyarrow as pa

    facts = json.dumps({"read_at": kept.read_at, "modified": kept.modified}).encode()
    metadata = dict(kept.table.schema.metadata or {}) | {_FACTS: facts}
    table = kept.table.replace_schema_metadata(metadata)
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clean(path.parent)
        with complete_file(path) as scratch:
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                options = pa.ipc.IpcWriteOptions(compression="zstd")
                with pa.ipc.new_file(file, table.schema, options=options) as writer:
                    writer.write_table(table)


def clear_cache() -> int:
    """Remove every kept read and return how many there were; no call."""
    return _clean(cache_dir() / "reads", KEPT_AT_MOST * 0)


def _clean(folder: Path, oldest: dt.timedelta = KEPT_AT_MOST) -> int:
    """Remove kept reads that are too old, then the oldest while they take too much room."""
    found = []
    for path in folder.glob("*"):
        if not _OWN_FILE.fullmatch(path.name):
            continue
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path.stat().st_size, path))
    removed, room = 0, MOST_BYTES
    for moment, size, path in sorted(found, reverse=True):
        room -= size
        if room < 0 or time.time() - moment >= oldest.total_seconds():
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    return removed
