"""The 32 columns of the large table, each a function of the row number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.tenant import Tenant

_FIRST_DAY = 1_735_664_400_000  # midnight of 2025-01-01 in UTC+7
_DAY = 86_400_000
_HOUR = 3_600_000
# Primes, so that columns do not move in step and the values look shuffled.
_MIX = (7919, 104_729, 1_299_709, 15_485_863)

STATUSES = ["Open", "In progress", "Waiting", "Done", "Cancelled"]
REGIONS = ["North", "East", "South", "West"]
TAGS = ["new", "urgent", "vip", "export", "repair", "spare"]
_NAMES = ["Ann", "Budi", "Chen", "Dewi", "Erik", "Fatima", "Gita"]
_WORDS = ("The shipment left the warehouse in good order and was signed for at the gate. "
          "Papers follow by mail; the invoice waits for the purchase number. ")  # fmt: skip


Compute = Callable[[Sequence[int]], list[Any]]


@dataclass(frozen=True, slots=True)
class GeneratedColumn:
    """A field and the function that gives its cells at some row numbers."""

    name: str
    ui_type: str
    property: Mapping[str, Any] | None
    compute: Compute


def columns_of(table: EmulatedTable, record_ids: Sequence[str]) -> list[GeneratedColumn]:
    """Return the columns, lighter ones first; ``record_ids`` are targets for the link columns."""
    tenant = table.base.tenant
    columns = [*_light(), *_dates(), *_texts(), *_people(tenant), *_links(table, record_ids),
               *_objects(tenant), *_results()]  # fmt: skip
    return [GeneratedColumn(*column) for column in columns]


_Spec = tuple[str, str, Mapping[str, Any] | None, Compute]


def _cycle(values: Sequence[Any], step: int = 1) -> Compute:
    length = len(values)
    return lambda rows: [values[n * step % length] for n in rows]


def _each(cell: Callable[[int], Any]) -> Compute:
    return lambda rows: [cell(n) for n in rows]


def _text(value: str) -> list[dict[str, str]]:
    return [{"text": value, "type": "text"}]


def _light() -> list[_Spec]:
    return [
        ("Event", "Text", None, _each(lambda n: [{"text": f"Event {n + 1:07d}", "type": "text"}])),
        ("Amount", "Number", {"formatter": "0.00"}, _each(lambda n: n * _MIX[0] % 1_000_003 / 100)),
        ("Status", "SingleSelect", {"options": STATUSES}, _cycle(STATUSES, 3)),
        ("Due", "DateTime", None,
         _each(lambda n: None if n % 11 == 0 else _FIRST_DAY + n * _MIX[1] % 700 * _DAY)),
        ("Done", "Checkbox", None, _cycle([True, False, None])),
        ("Quantity", "Number", {"formatter": "0"},
         _each(lambda n: None if n % 13 == 0 else n * _MIX[2] % 500)),
        ("Region", "SingleSelect", {"options": REGIONS}, _cycle([*REGIONS, None])),
        ("Tags", "MultiSelect", {"options": TAGS},
         _cycle([[TAGS[0], TAGS[i]] for i in range(1, 6)] + [None, [TAGS[2]]])),
        ("Price", "Currency", {"currency_code": "USD", "formatter": "0.00"},
         _each(lambda n: n * _MIX[3] % 99_991 / 100)),
        ("Progress", "Progress", None, _each(lambda n: n * _MIX[0] % 101 / 100)),
        ("Rating", "Rating", None, _cycle([1, 2, 3, 4, 5, None])),
        ("No", "AutoNumber", None, _each(lambda n: str(n + 1))),
    ]  # fmt: skip


def _dates() -> list[_Spec]:
    return [
        ("Start", "DateTime", {"date_formatter": "yyyy-MM-dd HH:mm"},
         _each(lambda n: _FIRST_DAY + n * _MIX[2] % 17_000 * _HOUR)),
        ("Created", "CreatedTime", None, _each(lambda n: _FIRST_DAY + n * 60_000)),
        ("Paid", "Checkbox", None, _cycle([None, True, True, False, None])),
    ]  # fmt: skip


def _texts() -> list[_Spec]:
    titles = [_text(f"Delivery {i} of the yearly contract, part {i % 4 + 1}") for i in range(89)]
    notes: list[Any] = [_text((_WORDS * 2)[: 150 + i]) for i in range(0, 120, 3)]
    notes += [None, _text("First line\nsecond line, after a break in the cell\n\nlast line")]
    mails = [[{"link": f"mailto:{name.lower()}@example.com", "text": f"{name.lower()}@example.com",
               "type": "url"}] for name in _NAMES]  # fmt: skip
    return [
        ("Title", "Text", None, _cycle(titles, 5)),
        ("Notes", "Text", None, _cycle(notes)),
        ("Phone", "Phone", None, _each(lambda n: f"+6281{n * _MIX[0] % 100_000_000:08d}")),
        ("Email", "Email", None, _cycle(mails)),
        ("Barcode", "Barcode", None,
         _each(lambda n: [{"text": f"BC{n * _MIX[3] % 10**9:09d}", "type": "text"}])),
        ("Website", "Url", None,
         _each(lambda n: {"link": f"https://www.example.com/events/{n + 1}",
                          "text": f"Event {n + 1}"})),
    ]  # fmt: skip


def _people(tenant: Tenant) -> list[_Spec]:
    people = [tenant.directory.person(name).cell for name in _NAMES]
    pairs = [[people[i], people[(i + 2) % 7]] for i in range(7)]
    chats = [[tenant.directory.chat(f"Team {region}")] for region in REGIONS]
    return [
        ("Owner", "User", None, _cycle([[person] for person in people])),
        ("Reviewers", "User", None, _cycle([*pairs, None])),
        ("Created by", "CreatedUser", None, _cycle([[person] for person in people], 2)),
        ("Team", "GroupChat", None, _cycle([*chats, None])),
    ]


def _links(table: EmulatedTable, record_ids: Sequence[str]) -> list[_Spec]:
    one: list[Any] = [{"link_record_ids": [record_id]} for record_id in record_ids] or [None]
    two: list[dict[str, Any] | None] = [None]
    two += [{"link_record_ids": list(record_ids[i : i + 2])} for i in range(len(record_ids))]
    link = {"table": table}
    return [
        ("Parent", "SingleLink", link, _cycle(one, 3)),
        ("Related", "SingleLink", link, _cycle(two)),
    ]


def _objects(tenant: Tenant) -> list[_Spec]:
    contents = [f"Contract {i}\n".encode() * 40 for i in range(5)]
    files = [tenant.media.describe((f"contract-{i}.txt", text)) for i, text in enumerate(contents)]
    place = {
        "address": "1 Harbour Road", "adname": "Old Port", "cityname": "Jakarta",
        "full_address": "Warehouse, 1 Harbour Road, Old Port, Jakarta",
        "location": "106.827153,-6.175392", "name": "Warehouse", "pname": "Jakarta",
    }  # fmt: skip
    return [
        ("Contract", "Attachment", None, _cycle([[file] for file in files])),
        ("Place", "Location", None, _cycle([place, None, place])),
    ]


def _results() -> list[_Spec]:
    labels = [{"type": 1, "value": _text(f"{status} / {region}")}
              for status in STATUSES for region in REGIONS]  # fmt: skip
    return [
        ("Total", "Formula", {"result": "Number", "declared": True},
         _each(lambda n: {"type": 2, "value": [n * _MIX[0] % 1_000_003 / 50]})),
        ("Label", "Formula", {"result": "Text"}, _cycle(labels)),
        ("Owner names", "Formula", {"result": "Text"},
         _cycle([{"type": 1, "value": _text(name)} for name in _NAMES])),
    ]  # fmt: skip
