"""The folder of a snapshot: what is visible, what is being written, and the step between the two.

``manifest.json`` names the files in ``tables/`` that belong to the snapshot. New tables are
written into ``.staging/``. When all are there, they move to ``tables/`` under names that were
never used before, and the new manifest replaces the old one in one step: until then the old
snapshot is whole, and afterwards the new one is.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import asdict
from secrets import token_hex
from typing import TYPE_CHECKING

from larkbase_sdk.errors import LarkBaseError, SnapshotError
from larkbase_sdk.sinks.files import complete_file
from larkbase_sdk.snapshot.manifest import (
    FORMAT,
    NAME,
    Manifest,
    TableEntry,
    damaged,
    read_manifest,
    read_object,
    table_entry,
)
from larkbase_sdk.snapshot.parquet import digest, flush_to_disk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_STAGING = ".staging"
_TABLES = "tables"
_LOCK = ".lock"
_ENTRY = ".entry.json"
_LONGEST_NAME = 80
_OWN_FILE = re.compile(r".+-[0-9a-f]{12}\.(parquet|json|entry\.json)")


class Folder:
    """One snapshot folder.

    Args:
        path: The folder; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def lock(self) -> Path:
        """The file that a writer locks."""
        return self.path / _LOCK

    def manifest(self) -> Manifest | None:
        """Return the manifest of the snapshot that is visible; None when there is none.

        Raises:
            SnapshotError: when it is damaged or a newer version wrote it.
        """
        return read_manifest(self.path) if (self.path / NAME).exists() else None

    def require_manifest(self) -> Manifest:
        """Return the manifest of the snapshot that is visible.

        Raises:
            SnapshotError: when there is none, it is damaged, or a newer version wrote it.
        """
        found = self.manifest()
        if found is not None:
            return found
        if (self.path / _STAGING).is_dir():
            msg = f"The snapshot in {self.path} was never completed."
            raise SnapshotError(msg, hint="Take it again: tables that are complete are reused.")
        msg = f"There is no snapshot in {self.path}."
        raise SnapshotError(msg, hint='Take one: db.snapshot("data/crm") or larkbase snapshot.')

    def whole_manifest(self) -> Manifest:
        """Return the manifest of the snapshot that is visible, whose files are all there.

        Raises:
            SnapshotError: when there is none, or a file of it is missing or damaged.
        """
        while True:
            manifest = self.require_manifest()
            try:
                for entry in manifest.tables:
                    self.rows_file(entry)
                    self.schema(entry)
            except SnapshotError:
                # Another process may have put a new snapshot in its place meanwhile.
                if self.require_manifest() == manifest:
                    raise
            else:
                return manifest

    # -- writing -------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            SnapshotError: when it holds something that is no snapshot.
        """
        self.check()
        for folder in (_STAGING, _TABLES):
            (self.path / folder).mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """Raise a SnapshotError when the folder holds something that is no snapshot."""
        hint = "Name a folder that is empty or not there."
        for name in (_STAGING, _TABLES, _LOCK):
            # Whoever prepared the folder would decide which files of the user a run removes.
            if (self.path / name).is_symlink():
                msg = f"{self.path / name} is a link to somewhere else."
                raise SnapshotError(msg, hint=hint)
        if self.path.exists() and not self.path.is_dir():
            msg = f"{self.path} is a file."
            raise SnapshotError(msg, hint=hint)
        ours = {NAME, _STAGING, _TABLES, _LOCK}
        strangers = self.path.is_dir() and [
            item.name for item in self.path.iterdir() if item.name not in ours
        ]
        if strangers and not (self.path / NAME).exists():
            msg = f"The folder {self.path} holds other files, such as {strangers[0]}."
            raise SnapshotError(msg, hint=hint)

    def clean_staging(self) -> None:
        """Remove what a run before left unfinished, such as half a file on a full disk."""
        names = {entry.file for entry in self.staged()}
        whole = {f"{name}{end}" for name in names for end in (".parquet", ".json", _ENTRY)}
        for path in (self.path / _STAGING).iterdir():
            if path.name not in whole:
                path.unlink(missing_ok=True)

    def new_file(self, sql_name: str) -> str:
        """Return a name for the files of a table that no other files have."""
        short = sql_name.encode()[:_LONGEST_NAME].decode(errors="ignore")
        return f"{short}-{token_hex(6)}"

    def staged_rows(self, file: str) -> Path:
        """Return where the Parquet file of a table is written."""
        return self.path / _STAGING / f"{file}.parquet"

    def stage_schema(self, file: str, schema: dict[str, object]) -> str:
        """Write the schema file of a table and return its digest."""
        path = self.path / _STAGING / f"{file}.json"
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        flush_to_disk(path)
        return digest(path)

    def stage_entry(self, entry: TableEntry) -> None:
        """Mark a staged table as complete, so that a later run can find it."""
        with complete_file(self.path / _STAGING / f"{entry.file}{_ENTRY}") as scratch:
            scratch.write_text(json.dumps({"format": FORMAT, **asdict(entry)}), encoding="utf-8")

    def staged(self) -> list[TableEntry]:
        """Return the tables that a run before completed without making them visible.

        The newest comes last. What cannot be read is left out: it is read from Lark again.
        """
        found = []
        for path in (self.path / _STAGING).glob(f"*{_ENTRY}"):
            with suppress(LarkBaseError, TypeError, ValueError, AttributeError):
                found.append(table_entry(read_object(path)))
        return sorted(found, key=lambda entry: entry.checked_at)

    def commit(self, manifest: Manifest) -> None:
        """Make a snapshot visible in place of the one before, and remove what nobody needs.

        Raises:
            OSError: when it cannot be written; the snapshot before is whole then.
        """
        for entry in manifest.tables:
            for ending in (".parquet", ".json"):
                staged = self.path / _STAGING / f"{entry.file}{ending}"
                if staged.exists():
                    staged.replace(self.path / _TABLES / staged.name)
        # Staged too: what a killed process leaves beside the manifest would be a stranger there.
        staged = self.path / _STAGING / NAME
        staged.write_text(manifest.to_json(), encoding="utf-8")
        flush_to_disk(staged)
        staged.replace(self.path / NAME)
        self._clean(entry.file for entry in manifest.tables)

    def _clean(self, used: Iterable[str]) -> None:
        """Remove files of our own making that the manifest does not name."""
        keep = {f"{file}{ending}" for file in used for ending in (".parquet", ".json")}
        for path in (self.path / _TABLES).iterdir():
            if path.name not in keep and _OWN_FILE.fullmatch(path.name):
                with suppress(OSError):  # somebody reads it, on systems where that holds it
                    path.unlink()
        shutil.rmtree(self.path / _STAGING, ignore_errors=True)

    # -- reading -------------------------------------------------------------------------------

    def rows_file(self, entry: TableEntry) -> Path:
        """Return the Parquet file of a table.

        Raises:
            SnapshotError: when it is missing or has another size than it was written with.
        """
        path = self._find(f"{entry.file}.parquet")
        try:
            size = path.stat().st_size
        except OSError as error:
            raise self._gone(path) from error
        if size != entry.bytes:
            raise damaged(path, f"it has {size} bytes instead of {entry.bytes}")
        return path

    def schema(self, entry: TableEntry) -> dict[str, object]:
        """Return what the schema file of a table says.

        Raises:
            SnapshotError: when it is missing or not as it was written.
        """
        path = self._find(f"{entry.file}.json")
        if not path.exists():
            raise self._gone(path)
        if digest(path) != entry.schema_sha256:
            raise damaged(path, "it is not as it was written")
        return read_object(path)

    def is_whole(self, entry: TableEntry) -> bool:
        """Tell whether both files of a table are byte by byte as they were written."""
        try:
            self.schema(entry)
            return digest(self.rows_file(entry)) == entry.sha256
        except (SnapshotError, OSError):
            return False

    def _find(self, name: str) -> Path:
        """Return a file, which lies among the tables or waits to be moved there."""
        staged = self.path / _STAGING / name
        return staged if staged.exists() else self.path / _TABLES / name

    def _gone(self, path: Path) -> SnapshotError:
        if (self.path / NAME).exists():
            msg = f"The snapshot file {path} is missing."
            hint = "If a new snapshot was taken meanwhile, open it again; else take it again."
            return SnapshotError(msg, hint=hint)
        return damaged(path, "it is missing")
