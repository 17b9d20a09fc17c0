"""Make a synthetic search page: the cell shapes that Lark documents, in a page of realistic size.

The page is not captured from a tenant. It is the same on every run and on every machine.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from larkbase_sdk.api.models import Field

ROWS = 500
_START = 1_735_689_600_000
_WORDS = (
    *("invoice", "delivery", "customer", "review", "open", "shipped", "北京", "上海", "客户"),
    *("contract", "renewal", "draft", "urgent", "quarter", "budget", "team", "order", "stock"),
    *("发票", "follow", "call", "site", "visit", "sample", "quality", "check"),
)
_NAMES = ("Ana Silva", "Li Wei", "张三", "Maya Patel", "Tom Becker", "王芳", "Noor Khan")
_AVATAR = (
    "https://s1-imfile.feishucdn.com/static-resource/v1/v3_00b1_{:012x}g~?image_size=72x72"
    "&cut_type=&quality=&format=image&sticker_format=.webp"
)
_OPEN = "https://open.feishu.cn/open-apis/drive/v1/medias/"
_EXTRA = (
    "extra=%7B%22bitablePerm%22%3A%7B%22tableId%22%3A%22tblSynth00000001%22%2C%22rev%22%3A9%7D%7D"
)

Cell = Callable[[random.Random, int], Any]


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choice(_WORDS) for _ in range(words))


def _token(dice: random.Random, prefix: str, length: int = 10) -> str:
    return prefix + f"{dice.getrandbits(length * 4):0{length}x}"


def _segments(words: int) -> Cell:
    def cell(dice: random.Random, _: int) -> Any:
        parts: list[dict[str, Any]] = [{"text": _text(dice, words), "type": "text"}]
        if dice.random() < 0.05:
            name = dice.choice(_NAMES)
            parts.append(
                {
                    "mentionNotify": False,
                    "mentionType": "User",
                    "name": name,
                    "text": f"@{name}",
                    "token": _token(dice, "ou_", 32),
                    "type": "mention",
                }
            )
        return parts

    return cell


def _person(dice: random.Random) -> dict[str, Any]:
    number = dice.randrange(len(_NAMES))
    name = _NAMES[number]
    return {
        "avatar_url": _AVATAR.format(number * 7919),
        "email": f"user{number}@example.com",
        "en_name": name,
        "id": f"ou_{number * 104729:032x}",
        "name": name,
    }


def _persons(most: int) -> Cell:
    return lambda dice, _: [_person(dice) for _ in range(dice.randint(1, most))]


def _attachment(dice: random.Random, _: int) -> Any:
    token = _token(dice, "", 24)
    return [
        {
            "file_token": token,
            "name": f"{dice.choice(_WORDS)}.pdf",
            "size": dice.randrange(1_000, 9_000_000),
            "type": "application/pdf",
            "tmp_url": f"{_OPEN}batch_get_tmp_download_url?file_tokens={token}&{_EXTRA}",
            "url": f"{_OPEN}{token}/download?{_EXTRA}",
        }
    ]


def _email(_: random.Random, row: int) -> Any:
    address = f"user{row}@example.com"
    return [{"link": f"mailto:{address}", "text": address, "type": "url"}]


def _barcode(dice: random.Random, _: int) -> Any:
    return [{"text": _token(dice, "FS"), "type": "text"}]


def _links(dice: random.Random, _: int) -> Any:
    if dice.random() < 0.1:
        return {"link_record_ids": None}
    return {"link_record_ids": [_token(dice, "rec") for _ in range(dice.randint(1, 2))]}


def _location(dice: random.Random, _: int) -> Any:
    return {
        "address": "东长安街",
        "adname": "东城区",
        "cityname": "北京市",
        "full_address": "天安门广场，北京市东城区东长安街",
        "name": "天安门广场",
        "pname": "北京市",
        "location": f"{116 + dice.random():.6f},{39 + dice.random():.6f}",
    }


def _chat(dice: random.Random, _: int) -> Any:
    return [
        {
            "avatar_url": _AVATAR.format(dice.randrange(9)),
            "id": _token(dice, "oc_", 32),
            "name": "Operations",
        }
    ]


def _url(dice: random.Random, row: int) -> Any:
    return {
        "link": f"https://example.com/orders/{row}?ref={_token(dice, '')}",
        "text": f"order {row}",
    }


def _wrapped(number: int, element: Cell, most: int = 1) -> Cell:
    def cell(dice: random.Random, row: int) -> Any:
        return {"type": number, "value": [element(dice, row) for _ in range(dice.randint(1, most))]}

    return cell


def _segment(dice: random.Random, _: int) -> Any:
    return {"text": _text(dice, 4), "type": "text"}


def _number(digits: int) -> Cell:
    return lambda dice, _: round(dice.uniform(-1_000, 90_000), digits)


def _millis(dice: random.Random, row: int) -> Any:
    return _START + row * 3_600_000 + dice.randrange(3_600_000)


def _choice(*options: str) -> Cell:
    return lambda dice, _: dice.choice(options)


# name, type, ui_type, share of filled cells, cell maker, property
_SPECS: tuple[tuple[str, int, str, float, Cell, dict[str, Any]], ...] = (
    ("Order", 1, "Text", 1.0, _segments(4), {}),
    ("Customer 客户", 1, "Text", 1.0, _segments(3), {}),
    ("Description", 1, "Text", 0.9, _segments(75), {}),
    ("Notes 备注", 1, "Text", 0.6, _segments(50), {}),
    ("Comment", 1, "Text", 0.5, _segments(30), {}),
    ("Email", 1, "Email", 0.9, _email, {}),
    ("Barcode", 1, "Barcode", 0.7, _barcode, {}),
    ("Quantity", 2, "Number", 0.95, lambda dice, _: dice.randrange(1_000), {"formatter": "0"}),
    ("Weight", 2, "Number", 0.8, _number(3), {"formatter": "0.000"}),
    ("Amount", 2, "Currency", 0.95, _number(2), {"formatter": "0.00", "currency_code": "CNY"}),
    (
        "Progress",
        2,
        "Progress",
        0.6,
        lambda dice, _: round(dice.random(), 2),
        {"formatter": "0%", "min": 0, "max": 1},
    ),
    (
        "Rating",
        2,
        "Rating",
        0.5,
        lambda dice, _: dice.randint(1, 5),
        {"formatter": "0", "min": 1, "max": 5},
    ),
    ("Status", 3, "SingleSelect", 1.0, _choice("open", "shipped", "closed", "退货"), {}),
    ("Region", 3, "SingleSelect", 0.9, _choice("North", "South", "East", "West", "华东"), {}),
    ("Channel", 3, "SingleSelect", 0.7, _choice("shop", "web", "partner"), {}),
    (
        "Tags",
        4,
        "MultiSelect",
        0.5,
        lambda dice, _: dice.sample(("new", "vip", "late", "fragile", "重要"), dice.randint(1, 3)),
        {},
    ),
    ("Due", 5, "DateTime", 0.9, _millis, {"date_formatter": "yyyy/MM/dd"}),
    ("Shipped at", 5, "DateTime", 0.6, _millis, {"date_formatter": "yyyy-MM-dd HH:mm"}),
    ("Paid", 7, "Checkbox", 0.7, lambda dice, _: dice.random() < 0.8, {}),
    ("Owner", 11, "User", 0.8, _persons(2), {"multiple": True}),
    ("Phone", 13, "Phone", 0.8, lambda dice, _: f"+86131{dice.randrange(10**8):08}", {}),
    ("Web page", 15, "Url", 0.5, _url, {}),
    ("Files", 17, "Attachment", 0.3, _attachment, {}),
    (
        "Parent",
        18,
        "SingleLink",
        0.6,
        _links,
        {"multiple": True, "table_id": "tblTarget0000001", "table_name": "Target"},
    ),
    ("Place", 22, "Location", 0.2, _location, {}),
    ("Group", 23, "GroupChat", 0.2, _chat, {"multiple": False}),
    ("Created", 1001, "CreatedTime", 1.0, _millis, {}),
    ("Created by", 1003, "CreatedUser", 1.0, _persons(1), {}),
    (
        "Number",
        1005,
        "AutoNumber",
        1.0,
        lambda _, row: str(row + 1),
        {"auto_serial": {"type": "auto_increment_number"}},
    ),
    (
        "Label",
        20,
        "Formula",
        0.9,
        _wrapped(1, _segment),
        {"type": {"data_type": 1, "ui_type": "Text"}},
    ),
    (
        "Total",
        20,
        "Formula",
        0.9,
        _wrapped(2, _number(2)),
        {"type": {"data_type": 2, "ui_type": "Number"}},
    ),
    (
        "Target titles",
        19,
        "Lookup",
        0.5,
        _wrapped(1, _segment, 3),
        {
            "formatter": "",
            "formula": "",
            "roll_up": 0,
            "target_field": "fldTargetTitle1",
            "filter_info": {"target_table": "tblTarget0000001"},
        },
    ),
)


def fields() -> list[Field]:
    """Return the 32 fields of the page, in order."""
    return [
        Field(
            field_id=f"fldSynth{number:04}",
            name=name,
            type=kind,
            ui_type=ui_type,
            is_primary=number == 0,
            property=prop,
        )
        for number, (name, kind, ui_type, _, _, prop) in enumerate(_SPECS)
    ]


def target_fields(_: str = "tblTarget0000001") -> list[Field]:
    """Return the fields of the table that the lookup points to."""
    return [Field("fldTargetTitle1", "Title", 1, "Text", is_primary=True)]


def page(rows: int = ROWS, seed: int = 20250101) -> bytes:
    """Return the bytes of a search answer with ``rows`` records; no network is used."""
    dice = random.Random(seed)
    items = [
        {
            "fields": {
                name: make(dice, row)
                for name, _, _, share, make, _ in _SPECS
                if share == 1.0 or dice.random() < share
            },
            "record_id": _token(dice, "rec"),
        }
        for row in range(rows)
    ]
    answer = {
        "code": 0,
        "data": {
            "has_more": True,
            "items": items,
            "page_token": "cGFnZVRva2VuOjUwMA==",
            "total": 130_000,
        },
        "msg": "success",
    }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
