"""Databases that Drive holds: the bases of a folder, and its sub-folders of bases (Flow 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.catalog.skipping import Skipped, each
from larkbase_sdk.catalog.sources import Listing, SourcedBase, SourcedDatabase
from larkbase_sdk.errors import LarkBaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.api.drive import Drive
    from larkbase_sdk.api.models import DriveFile

_BASE, _FOLDER, _SHORTCUT = "bitable", "folder", "shortcut"
_RANKS = {_FOLDER: 1, _SHORTCUT: 2}


class LarkDriveSource:
    """A folder, read anew at every listing.

    Attributes:
        text: What the ``source`` column shows.
        label: What messages call it.
    """

    asked_for = True

    def __init__(self, drive: Drive, token: str) -> None:
        self._drive = drive
        self._token = token
        self.text = self.label = f"folder {token}"

    def read(self) -> Listing:
        """Return what the folder holds; see ``read_folder``."""
        return read_folder(self._drive, self._token)


class DriveRootSource:
    """The bases in the root folder of whoever acts; an app's is usually empty.

    Sub-folders are left alone, since nobody said that they are databases.
    """

    text = "drive root"
    label = "the Drive root"
    asked_for = False

    def __init__(self, drive: Drive) -> None:
        self._drive = drive

    def read(self) -> Listing:
        """Return the bases of the root; one call, and one per 200 entries."""
        entries = _distinct(self._drive.files(self._drive.root()), seen=set())
        return Listing(tuple(_database_of(entry) for entry in entries if entry.type == _BASE))


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of a folder, with a shortcut replaced by what it points to."""

    type: str
    token: str
    name: str
    url: str


def read_folder(drive: Drive, token: str) -> Listing:
    """Return the databases of a folder: its own bases first, the oldest of a kind first.

    A base, or a shortcut to one, is a database of that name with all its tables. A sub-folder
    that holds bases, or shortcuts to bases, is a database too; folders within it are not
    entered. Everything else is ignored.

    Costs one call per 200 entries of the folder and of each sub-folder; sub-folders are read at
    the same time, and one that cannot be read is in ``skipped``.

    Raises:
        LarkBaseError: Lark's error about the folder itself; nothing is then known of the source.
    """
    entries = _distinct(drive.files(token), seen={token})
    folders = [entry for entry in entries if entry.type == _FOLDER]
    contents = iter(each(lambda folder: drive.files(folder.token), folders))
    databases: list[SourcedDatabase] = []
    skipped: list[Skipped] = []
    for entry in entries:
        if entry.type == _BASE:
            databases.append(_database_of(entry))
            continue
        files = next(contents)
        if isinstance(files, LarkBaseError):
            skipped.append(Skipped.because(f'folder "{entry.name}"', files, entry.token))
        elif bases := _bases_of(files):
            databases.append(SourcedDatabase(entry.name, entry.token, bases, url=entry.url))
    return Listing(tuple(databases), tuple(skipped))


def _database_of(entry: _Entry) -> SourcedDatabase:
    base = SourcedBase(entry.token, entry.name, url=entry.url)
    return SourcedDatabase(entry.name, entry.token, (base,), url=entry.url)


def _bases_of(files: Sequence[DriveFile]) -> tuple[SourcedBase, ...]:
    return tuple(
        SourcedBase(entry.token, entry.name, names_tables=True, url=entry.url)
        for entry in _distinct(files, seen=set())
        if entry.type == _BASE
    )


def _distinct(files: Sequence[DriveFile], seen: set[str]) -> list[_Entry]:
    """Return the bases and folders, each once: bases that lie here, then folders, then shortcuts.

    Bases come first because older crawls knew nothing else: so no folder or shortcut takes the
    name that a base of the folder has always had. A shortcut beside its target adds nothing, nor
    does one to the folder that it lies in.
    """
    found: list[_Entry] = []
    for file in sorted(files, key=lambda file: _RANKS.get(file.type, 0)):
        entry = _resolved(file)
        if entry.type in (_BASE, _FOLDER) and entry.token and entry.token not in seen:
            seen.add(entry.token)
            found.append(entry)
    return found


def _resolved(file: DriveFile) -> _Entry:
    if file.type == _SHORTCUT:
        return _Entry(file.target_type, file.target_token, file.name, file.url)
    return _Entry(file.type, file.token, file.name, file.url)
