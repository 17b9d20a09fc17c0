"""The tenant's Drive: folders with bases, shortcuts and other files, and wiki nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.ids import number_of, stable_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.emulator.base import EmulatedBase

OWNER = "ou_20b31734443364ec8a1df89fdf325b44"
_PATHS = {"bitable": "base", "folder": "drive/folder", "sheet": "sheets", "doc": "docs"}
_PREFIXES = {"docx": "doxcn", "sheet": "shtcn", "doc": "doccn", "file": "boxcn", "slides": "sld"}


@dataclass(slots=True)
class Entry:
    """A file in a folder; times are seconds."""

    token: str
    name: str
    type: str
    created: int
    modified: Callable[[], int]
    target: tuple[str, str] | None = None

    def listed(self, parent: str, origin: str) -> dict[str, Any]:
        """Return the item of "list files"."""
        kind, token = self.target or (self.type, self.token)
        item: dict[str, Any] = {
            "created_time": str(self.created),
            "modified_time": str(self.modified()),
            "name": self.name,
            "owner_id": OWNER,
            "parent_token": parent,
            "token": self.token,
            "type": self.type,
            "url": f"{origin}/{_PATHS.get(kind, kind)}/{token}",
        }
        if self.target is not None:
            item["shortcut_info"] = {"target_token": token, "target_type": kind}
        return item


class Folder:
    """A folder of the emulated Drive.

    Attributes:
        token: Its token, the same in every run.
        shared: False when the app may not open it (1061004).
    """

    def __init__(self, drive: Drive, name: str, token: str, parent: Folder | None) -> None:
        self.drive = drive
        self.name = name
        self.token = token
        self.parent = parent
        self.shared = True
        self.entries: list[Entry] = []

    @property
    def url(self) -> str:
        """Link of the folder."""
        return f"{self.drive.origin()}/drive/folder/{self.token}"

    def __repr__(self) -> str:
        return f"Folder({self.name}, {len(self.entries)} entries)"

    def folder(self, name: str) -> Folder:
        """Return the sub-folder of this name, made on first use."""
        for entry in self.entries:
            if entry.type == "folder" and entry.name == name:
                return self.drive.folders[entry.token]
        made = Folder(self.drive, name, stable_id("fldcn", 21, self.token, name), self)
        self.drive.folders[made.token] = made
        self._add(made.token, name, "folder")
        return made

    def add(self, base: EmulatedBase, name: str | None = None) -> None:
        """Put a base here, moving it from the folder it was in."""
        self.drive.remove(base.app_token)
        entry = self._add(base.app_token, name or base.name, "bitable")
        entry.modified = lambda: base.modified // 1000

    def add_shortcut(self, target: EmulatedBase | Folder, name: str | None = None) -> None:
        """Put a shortcut to a base or folder here."""
        is_folder = isinstance(target, Folder)
        token = target.token if isinstance(target, Folder) else target.app_token
        entry = self._add(stable_id("nod", 24, self.token, token), name or target.name, "shortcut")
        entry.target = ("folder" if is_folder else "bitable", token)

    def add_file(self, name: str, file_type: str = "docx") -> str:
        """Put a file of another type here (``docx``, ``sheet``, ``file`` …); return its token."""
        prefix = _PREFIXES.get(file_type, "boxcn")
        return self._add(stable_id(prefix, 22, self.token, name), name, file_type).token

    def _add(self, token: str, name: str, file_type: str) -> Entry:
        seconds = self.drive.now() + len(self.entries)
        entry = Entry(token, name, file_type, seconds, lambda: seconds)
        self.entries.append(entry)
        return entry


@dataclass(frozen=True, slots=True)
class WikiNode:
    """A wiki node and the object it shows."""

    token: str
    obj_type: str
    obj_token: str
    title: str
    created: int

    def described(self) -> dict[str, Any]:
        """Return ``data.node`` of "get node"."""
        when = str(self.created)
        return {
            "creator": OWNER,
            "has_child": False,
            "node_create_time": when,
            "node_creator": OWNER,
            "node_token": self.token,
            "node_type": "origin",
            "obj_create_time": when,
            "obj_edit_time": when,
            "obj_token": self.obj_token,
            "obj_type": self.obj_type,
            "origin_node_token": self.token,
            "origin_space_id": "6946843325487912356",
            "owner": OWNER,
            "parent_node_token": "",
            "space_id": "6946843325487912356",
            "title": self.title,
        }


@dataclass(slots=True)
class Drive:
    """The whole Drive of the app: its root folder and every folder by token."""

    origin: Callable[[], str]
    now: Callable[[], int]
    folders: dict[str, Folder] = field(default_factory=dict)
    nodes: dict[str, WikiNode] = field(default_factory=dict)
    root: Folder = field(init=False)

    def __post_init__(self) -> None:
        self.root = Folder(self, "", stable_id("nod", 23, "root"), None)
        self.folders[self.root.token] = self.root

    def folder(self, name: str) -> Folder:
        """Return the folder of this name in the root, made on first use."""
        return self.root.folder(name)

    def find(self, token: str) -> tuple[Folder, Entry] | None:
        """Return a file and its folder by token, or None."""
        for folder in self.folders.values():
            for entry in folder.entries:
                if entry.token == token:
                    return folder, entry
        return None

    def remove(self, token: str) -> None:
        """Take a file out of the folder that holds it, if any."""
        found = self.find(token)
        if found is not None:
            found[0].entries.remove(found[1])

    def root_meta(self) -> dict[str, str]:
        """Return ``data`` of "root folder metadata"."""
        number = number_of("root") % 10**19
        return {"id": str(number), "token": self.root.token, "user_id": "7103496998321312356"}

    def wiki_node(self, target: EmulatedBase | str, title: str = "", obj_type: str = "") -> str:
        """Add a wiki node that shows a base (or any object by token); return the node's token."""
        if isinstance(target, str):
            obj_token, kind = target, obj_type or "docx"
        else:
            obj_token, kind, title = target.app_token, "bitable", title or target.name
        token = stable_id("wik", 24, "wiki", obj_token, title)
        self.nodes[token] = WikiNode(token, kind, obj_token, title, self.now())
        return token
