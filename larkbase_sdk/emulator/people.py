"""People and group chats of the tenant, with the three kinds of person id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.ids import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_AVATAR = "https://s1-imfile.feishucdn.com/static-resource/v1/avatar~?image_size=72x72"
ID_TYPES = ("open_id", "union_id", "user_id")


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the tenant; ``cell`` is how a record shows them."""

    open_id: str
    union_id: str
    user_id: str
    cell: dict[str, Any]

    def id_of(self, id_type: str) -> str:
        """Return the id of this kind: ``open_id``, ``union_id`` or ``user_id``."""
        return str(getattr(self, id_type))


class Directory:
    """Who is known; people are added when a cell first names them."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._chats: dict[str, dict[str, Any]] = {}

    def person(self, reference: str | Mapping[str, Any]) -> Person:
        """Return a person by open id, by name, or by the members of a person cell."""
        if isinstance(reference, str):
            known = reference.startswith("ou_")
            reference = {"id": reference} if known else {"name": reference}
        name = str(reference.get("name") or "")
        open_id = str(reference.get("id") or f"ou_{number_of('person', name):x}"[:35])
        person = self._people.get(open_id)
        if person is None:
            person = self._people[open_id] = _new_person(open_id, name, reference)
        return person

    def find(self, identifier: str, id_type: str) -> Person | None:
        """Return the person with this id of this kind, or None."""
        if id_type == "open_id":
            return self._people.get(identifier)
        matches = (one for one in self._people.values() if one.id_of(id_type) == identifier)
        return next(matches, None)

    def chat(self, reference: str | Mapping[str, Any]) -> dict[str, Any]:
        """Return the cell of a chat by id, by name, or by the members of a chat cell."""
        if isinstance(reference, str):
            known = reference.startswith("oc_")
            reference = {"id": reference} if known else {"name": reference}
        name = str(reference.get("name") or "")
        chat_id = str(reference.get("id") or f"oc_{number_of('chat', name):x}"[:35])
        chat = self._chats.get(chat_id)
        if chat is None:
            avatar = str(reference.get("avatar_url", _AVATAR))
            chat = {"avatar_url": avatar, "id": chat_id, "name": name or "Chat"}
            self._chats[chat_id] = chat
        return chat


def _new_person(open_id: str, name: str, given: Mapping[str, Any]) -> Person:
    name = name or f"Person {open_id[-4:]}"
    mailbox = name.lower().replace(" ", ".")
    cell = {
        "avatar_url": str(given.get("avatar_url", _AVATAR)),
        "email": str(given.get("email", f"{mailbox}@example.com")),
        "en_name": str(given.get("en_name", name)),
        "id": open_id,
        "name": name,
    }
    union_id = f"on_{number_of('union', open_id):x}"[:35]
    return Person(open_id, union_id, f"{number_of('user', open_id):x}"[:8], cell)
