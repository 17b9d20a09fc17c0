"""The sample base CRM: customers, products and some twelve hundred orders, linked together."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_sdk.emulator.base import EmulatedBase
    from larkbase_sdk.emulator.fields import FieldSpec
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.tenant import Tenant

ORDERS = 1200
CUSTOMERS = 120
_SEED = 20_250_101
_START = datetime(2024, 12, 31, 17, tzinfo=UTC)  # midnight in Jakarta, the zone of this base
_REGIONS = ["Java", "Sumatra", "Bali", "Sulawesi"]
_SEGMENTS = ["Retail", "Hotel", "School", "Export"]
_STATUSES = ["Open", "Paid", "Shipped", "Cancelled"]
_TAGS = ["urgent", "gift", "repeat", "fragile"]
_CATEGORIES = ["Tea", "Coffee", "Spice"]
_OWNERS = ["Ann Lee", "Budi Santoso", "Chen Wei", "Dewi Putri"]
_FIRST = ["Toko", "Kedai", "Hotel", "Warung", "Rumah", "Pasar"]
_SECOND = ["Melati", "Kenanga", "Merdeka", "Bahari", "Lestari", "Mutiara", "Cempaka", "Surya"]


def fill_crm(tenant: Tenant) -> EmulatedBase:
    """Build the base and return it."""
    # Not for secrets: the same seed gives the same sample in every run.
    dice = random.Random(_SEED)  # noqa: S311
    base = tenant.database("CRM")
    base.formula_type = 2
    customers = _customers(base, dice)
    products = _products(base)
    orders = _orders(base, customers, products, dice)
    _close_the_circle(products, orders)
    _views(orders)
    return base


def _customers(base: EmulatedBase, dice: random.Random) -> EmulatedTable:
    fields: list[FieldSpec] = [
        "Name",
        ("Region", "SingleSelect", {"options": _REGIONS}),
        ("Segment", "MultiSelect", {"options": _SEGMENTS}),
        ("Email", "Email"),
        ("Phone", "Phone"),
        ("Website", "Url"),
        ("Since", "DateTime"),
        ("Owner", "User"),
        ("Active", "Checkbox"),
        ("Address", "Location"),
        {"field_name": "Notes", "ui_type": "Text", "description": "Free text of the sales team"},
    ]
    return base.table(
        "Customers", fields=fields, rows=[_customer(i, dice) for i in range(CUSTOMERS)]
    )


def _customer(i: int, dice: random.Random) -> dict[str, Any]:
    name = f"{_FIRST[i % 6]} {_SECOND[i * 5 % 8]} {i + 1}"
    host = name.lower().replace(" ", "-") + ".example.com"
    return {
        "Name": name,
        "Region": _REGIONS[i % 4] if i % 17 else None,
        "Segment": dice.sample(_SEGMENTS, dice.randint(0, 2)) or None,
        "Email": f"info@{host}" if i % 5 else None,
        "Phone": f"+62215550{i:03d}",
        "Website": {"link": f"https://{host}/", "text": name} if i % 3 else None,
        "Since": (_START - timedelta(days=dice.randint(0, 2000))) if i % 13 else None,
        "Owner": [_OWNERS[i % 4]] if i % 9 else None,
        "Active": [True, True, False, None][i % 4],
        "Address": f"{106.8 + i / 1000:.6f},{-6.2 - i / 1000:.6f}" if i % 4 == 0 else None,
        "Notes": _note(i),
    }


def _note(i: int) -> Any:
    if i % 10 == 0:
        return "Called twice.\nPrefers delivery before noon."
    if i % 15 == 1:
        return [
            {"text": "Ask ", "type": "text"},
            {
                "mentionNotify": False, "mentionType": "User", "name": "Ann Lee",
                "text": "@Ann Lee", "token": "ou_9f2c1d6a8b3e4f50", "type": "mention",
            },
            {"text": " about the discount", "type": "text"},
        ]  # fmt: skip
    return "Pays on time." if i % 3 == 0 else None


def _products(base: EmulatedBase) -> EmulatedTable:
    table = base.table("Products", fields=[
        "SKU",
        "Name",
        ("Category", "SingleSelect", {"options": _CATEGORIES}),
        ("Price", "Currency", {"currency_code": "USD", "formatter": "0.00"}),
        ("Stock", "Number", {"formatter": "0"}),
        ("Rating", "Rating"),
        ("Barcode", "Barcode"),
        ("Photo", "Attachment"),
    ])  # fmt: skip
    table.insert(
        {
            "SKU": f"P-{i + 1:03d}",
            "Name": f"{_CATEGORIES[i % 3]} blend {i + 1}",
            "Category": _CATEGORIES[i % 3],
            "Price": round(4 + i * 1.35, 2),
            "Stock": i * 37 % 400 if i % 7 else None,
            "Rating": i % 5 + 1 if i % 4 else None,
            "Barcode": f"899{i:010d}",
            "Photo": [(f"product-{i + 1}.png", b"\x89PNG emulated " + bytes([i]) * 900)]
            if i % 2 == 0
            else None,
        }
        for i in range(24)
    )
    table.add_field("Replaces", "SingleLink", {"table": table})
    for position in range(1, 24, 8):
        ids = table.rows.ids([position, position - 1])
        table.update(ids[0], {"Replaces": [ids[1]]})
    return table


def _orders(
    base: EmulatedBase, customers: EmulatedTable, products: EmulatedTable, dice: random.Random
) -> EmulatedTable:
    orders = base.table("Orders", fields=_order_fields(customers, products))
    customer_ids = customers.rows.ids(range(len(customers)))
    rows = [_order(i, customers, products, dice) for i in range(ORDERS)]
    ids = orders.insert(rows)
    bought: dict[str, list[str]] = {}
    for order_id, row in zip(ids, rows, strict=True):
        for customer_id in row["Customer"] or []:
            bought.setdefault(customer_id, []).append(order_id)
    for customer_id in customer_ids:
        customers.update(customer_id, {"Orders": bought.get(customer_id)})
    return orders


def _order_fields(customers: EmulatedTable, products: EmulatedTable) -> list[FieldSpec]:
    return [
        "OrderNo",
        ("Serial", "AutoNumber", {"auto_serial": {"type": "custom", "options": [
            {"type": "fixed_text", "value": "SO-"}, {"type": "system_number", "value": "6"}]}}),
        ("Status", "SingleSelect", {"options": _STATUSES}),
        ("Amount", "Number", {"formatter": "0.00"}),
        ("Discount", "Progress"),
        ("Tags", "MultiSelect", {"options": _TAGS}),
        ("OrderDate", "DateTime", {"date_formatter": "yyyy/MM/dd"}),
        ("Shipped", "DateTime", {"date_formatter": "yyyy-MM-dd HH:mm"}),
        ("Gift", "Checkbox"),
        ("Owner", "User"),
        ("Customer", "DuplexLink", {"table": customers, "back": "Orders"}),
        ("Product", "SingleLink", {"table": products}),
        ("Customer name", "Lookup", {"table": customers, "field": "Name", "link": "Customer"}),
        ("Customer region", "Lookup", {"table": customers, "field": "Region", "link": "Customer"}),
        ("Unit price", "Lookup", {"table": products, "field": "Price", "link": "Product"}),
        ("Net", "Formula", {"result": "Number", "declared": True, "formatter": "0.00"}),
        ("Label", "Formula", {"result": "Text"}),
        ("Share", "Formula", {"result": "Number"}),
        ("Contract", "Attachment"),
        ("Comment", "Text"),
        ("Created", "CreatedTime"),
        ("Created by", "CreatedUser"),
    ]  # fmt: skip


def _order(
    i: int, customers: EmulatedTable, products: EmulatedTable, dice: random.Random
) -> dict[str, Any]:
    buyer = None if i % 41 == 7 else dice.randrange(CUSTOMERS)
    item = dice.randrange(24)
    amount = None if i % 29 == 3 else round(dice.uniform(5, 5000), 2)
    discount = dice.choice([None, 0, 0.05, 0.1, 0.25])
    ordered = _START + timedelta(days=i // 4)
    return {
        "OrderNo": f"A-{i + 1:04d}",
        "Status": dice.choice(_STATUSES) if i % 37 else None,
        "Amount": amount,
        "Discount": discount,
        "Tags": dice.sample(_TAGS, dice.randint(0, 3)) or None,
        "OrderDate": ordered if i % 31 else None,
        "Shipped": _shipped(i, ordered),
        "Gift": [True, None, False, None, None][i % 5],
        "Owner": [_OWNERS[i % 4]] if i % 6 else None,
        "Product": products.rows.ids([item]),
        "Unit price": products.rows.values(products.field("Price").field_id, [item]),
        "Label": f"A-{i + 1:04d} / {i % 7}",
        "Net": None if amount is None else round(amount * (1 - (discount or 0)), 2),
        "Share": _share(i, amount),
        "Contract": _contract(i),
        "Comment": _comment(i),
        "Created": ordered + timedelta(minutes=i % 600),
        "Created by": [_OWNERS[i % 4]],
        **_of_customer(customers, buyer),
    }


def _of_customer(customers: EmulatedTable, buyer: int | None) -> dict[str, Any]:
    if buyer is None:
        return {"Customer": None, "Customer name": None, "Customer region": None}
    name, region = (
        customers.rows.values(customers.field(column).field_id, [buyer])[0]
        for column in ("Name", "Region")
    )
    shown = {"type": 3, "value": [region]} if region is not None else None
    return {
        "Customer": customers.rows.ids([buyer]),
        "Customer name": {"type": 1, "value": name},
        "Customer region": shown,
    }


def _shipped(i: int, ordered: datetime) -> datetime | None:
    """Return a time near the edges of a day, where filters by day can go wrong."""
    edges = [timedelta(), timedelta(milliseconds=-1), timedelta(hours=7),
             timedelta(hours=23, minutes=59, seconds=59, milliseconds=999)]  # fmt: skip
    return None if i % 5 == 4 else ordered + timedelta(days=2) + edges[i % 4]


def _share(i: int, amount: float | None) -> Any:
    if i % 50 == 9:
        # A numeric formula in error arrives as ordinary text (seen live).
        return {"type": 1, "value": [{"text": "存在错误", "type": "text"}]}
    return None if amount is None else round(amount / 5000, 4)


def _contract(i: int) -> Any:
    if i % 20:
        return None
    return [(f"contract-{i + 1:04d}.txt", f"Contract of order A-{i + 1:04d}\n".encode() * 20)]


def _comment(i: int) -> Any:
    if i % 25 == 6:
        return "Leave at the gate.\nRing twice."
    if i % 25 == 12:
        link = f"https://www.example.com/track/{i}"
        return [{"link": link, "text": link, "type": "url"}]
    return "Please call before delivery" if i % 4 == 1 else None


def _close_the_circle(products: EmulatedTable, orders: EmulatedTable) -> None:
    """Add two lookups that look each other up; they hold nothing, but a resolver must stop."""
    forward = products.add_field("Echo", "Lookup", {"table": orders, "field": "Echo"})
    back = orders.add_field("Echo", "Lookup", {"table": products, "field": "Echo"})
    if forward.property is not None:
        forward.property["target_field"] = back.field_id


def _views(orders: EmulatedTable) -> None:
    orders.view("Open orders", conditions=[("Status", "is", ["Open"])], hidden=["Contract"])
    orders.view(
        "Large first",
        conditions=[("Amount", "isGreater", ["4000"]), ("Status", "is", ["Paid"])],
        conjunction="or",
        sort=[("Amount", True)],
    )
    orders.view("Board", view_type="kanban")
