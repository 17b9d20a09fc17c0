"""One Lark and one AWS, and every way in which a statement can be answered over them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from larkbase_sdk.testing import LarkEmulator
from larkbase_server.athena.function import ConnectorFunction
from larkbase_server.crawler.function import CrawlerFunction
from larkbase_server.local.lambda_endpoint import LambdaEndpoint
from larkbase_server.local.query import LocalAthena
from larkbase_server.local.table_scan import ReadSettings

STATUSES = ["Open", "Paid", "Shipped", "Cancelled"]
CHANNELS = ["Web", "门店", "Phone"]
TAGS = ["gift", "late", "加急"]
NOTES = [
    "apple", "Apple", "APPLE", "banana", "it's", 'say "hi"', " padded ", "苹果", "100% sure", "100",
    "one\ntwo", "ÀÉ", "a_b", "anything that is longer than the others", None, None,
]  # fmt: skip
_UTC = dt.UTC
MOMENTS = [
    dt.datetime(2025, 1, 31, 16, 59, 59, 999000, _UTC),
    dt.datetime(2025, 1, 31, 17, 0, 0, 0, _UTC),
    dt.datetime(2025, 1, 31, 23, 59, 59, 999000, _UTC),
    dt.datetime(2025, 2, 1, 0, 0, 0, 0, _UTC),
    dt.datetime(2025, 2, 1, 16, 59, 59, 999000, _UTC),
    dt.datetime(2025, 1, 1, 0, 0, 0, 0, _UTC),
    dt.datetime(1970, 1, 1, 0, 0, 0, 0, _UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999000, _UTC),
    dt.datetime(1931, 5, 6, 7, 8, 9, 10000, _UTC),
    dt.datetime(2199, 12, 31, 23, 0, 0, 0, _UTC),
]
AMOUNTS = [250.0, 10.004, 10.005, 0.0, -5.5, 0.3, 1e15, 4000.0]
ORDERS = 620
CUSTOMERS = 60
SITE = pa.struct([("link", pa.string()), ("text", pa.string()), ("type", pa.string())])
COLUMNS = {
    "no": pa.string(),
    "amount": pa.float64(),
    "qty": pa.float64(),
    "price": pa.float64(),
    "done": pa.float64(),
    "rating": pa.int8(),
    "status": pa.string(),
    "channel": pa.string(),
    "tags": pa.list_(pa.string()),
    "day": pa.timestamp("ms"),
    "gift": pa.bool_(),
    "note": pa.string(),
    "phone": pa.string(),
    "site": SITE,
    "buyer": pa.string(),
    "customer": pa.struct([("link_record_ids", pa.list_(pa.string()))]),
    "net": pa.float64(),
    "serial": pa.string(),
}
FIELDS = [
    ("No", "Text"),
    ("Amount", "Number", {"formatter": "0.00"}),
    ("Qty", "Number", {"formatter": "0"}),
    ("Price", "Currency", {"formatter": "0.00", "currency_code": "IDR"}),
    ("Done", "Progress", {"formatter": "0%"}),
    ("Rating", "Rating"),
    ("Status", "SingleSelect", {"options": STATUSES}),
    ("Channel", "SingleSelect", {"options": CHANNELS}),
    ("Tags", "MultiSelect", {"options": TAGS}),
    ("Day", "DateTime"),
    ("Gift", "Checkbox"),
    ("Note", "Text"),
    ("Phone", "Phone"),
    ("Site", "Url"),
    ("Buyer", "Text"),
    ("Net", "Formula", {"result": "Number", "declared": True}),
    ("Serial", "AutoNumber"),
]


def orders_of(dice: random.Random, customer_ids: list[str]) -> list[dict[str, Any]]:
    """The rows as they are meant, under SQL names; the first ones hold every odd value."""
    rows = []
    for number in range(1, ORDERS + 1):
        amount = AMOUNTS[number - 1] if number <= len(AMOUNTS) else round(dice.random() * 5000, 2)
        day = (
            MOMENTS[number - 1]
            if number <= len(MOMENTS)
            else dt.datetime(2025, 1, 1, tzinfo=_UTC) + dt.timedelta(minutes=dice.randrange(90_000))
        )
        link = f"https://acme.example/{number}"
        rows.append(
            {
                "no": f"A-{number:04}",
                "amount": None if number % 11 == 10 else amount,
                "qty": None if number % 13 == 12 else float(dice.randrange(6)),
                "price": None if number % 7 == 6 else dice.choice([19.99, 5.0, 120.5]),
                "done": None if number % 5 == 4 else dice.choice([0.0, 0.25, 0.75, 1.0]),
                "rating": None if number % 9 == 8 else dice.randrange(1, 6),
                "status": None if number % 17 == 16 else dice.choice(STATUSES),
                "channel": dice.choice([*CHANNELS, None]),
                "tags": dice.choice([None, ["gift"], ["late", "gift"], ["加急"]]),
                "day": None if number % 19 == 18 else day,
                "gift": dice.random() < 0.4,
                "note": NOTES[number % len(NOTES)],
                "phone": dice.choice(["+6281", "+6282", "0800", None]),
                "site": {"link": link, "text": f"page {number}", "type": None}
                if number % 50 == 1
                else None,
                "buyer": None if number % 23 == 22 else f"Customer {dice.randrange(70)}",
                "customer": {"link_record_ids": [dice.choice(customer_ids)]}
                if number % 3
                else None,
                "net": None if number % 11 == 10 else amount,
                "serial": str(number),
            }
        )
    return rows


def written(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the emulator takes it."""
    day, site, customer = row["day"], row["site"], row["customer"]
    return {
        "No": row["no"],
        "Amount": row["amount"],
        "Qty": row["qty"],
        "Price": row["price"],
        "Done": row["done"],
        "Rating": row["rating"],
        "Status": row["status"],
        "Channel": row["channel"],
        "Tags": row["tags"],
        "Day": None if day is None else round(day.timestamp() * 1000),
        "Gift": row["gift"] or None,
        "Note": row["note"],
        "Phone": row["phone"],
        "Site": None if site is None else {"link": site["link"], "text": site["text"]},
        "Buyer": row["buyer"],
        "Customer": None if customer is None else customer["link_record_ids"],
        "Net": row["net"],
    }


@dataclass
class Shop:
    """The base of the statements, and what its tables hold."""

    emulator: LarkEmulator
    orders: Any
    customers: Any
    truth: dict[str, pa.Table]


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """A base with two tables, in a folder and named by two metadata tables."""
    dice = random.Random(7)
    with LarkEmulator() as emulator:
        base = emulator.database("Shop")
        regions = {"options": ["Java", "Bali", "Kalimantan"]}
        customers = base.table(
            "Customers", fields=[("Name", "Text"), ("Region", "SingleSelect", regions)]
        )
        people = [
            {"name": f"Customer {number}", "region": dice.choice([*regions["options"], None])}
            for number in range(CUSTOMERS)
        ]
        ids = customers.insert([{"Name": p["name"], "Region": p["region"]} for p in people])
        orders = base.table("Orders", fields=FIELDS)
        orders.add_field("Customer", "SingleLink", {"table": customers})
        rows = orders_of(dice, ids)
        orders.insert([written(row) for row in rows])
        truth = {
            "orders": pa.Table.from_pylist(rows, pa.schema(list(COLUMNS.items()))),
            "customers": pa.table({"record_id": ids, **_columns(people)}),
        }
        yield Shop(emulator, orders, customers, truth)


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@dataclass
class Route:
    """A way to the answer: a name, the names of the tables on it, and the engine."""

    name: str
    orders: str
    customers: str
    record_id: str
    answer: Callable[[str], pa.Table]

    def run(self, statement: str) -> pa.Table:
        """Return the answer to a statement with placeholders."""
        named = {"orders": self.orders, "customers": self.customers, "record_id": self.record_id}
        return self.answer(statement.format(**named))


def over(tables: dict[str, pa.Table]) -> Callable[[str], pa.Table]:
    """DuckDB over tables in memory, which knows nothing of Lark."""
    engine = duckdb.connect()
    for name, table in tables.items():
        engine.register(name, table)
    return lambda sql: engine.sql(sql).to_arrow_table()


@pytest.fixture(scope="session")
def truth(shop: Shop) -> Route:
    """The answer from the rows as they were meant."""
    return Route("truth", "orders", "customers", "record_id", over(shop.truth))


@pytest.fixture(scope="session")
def session_aws(aws_emulator: Any) -> Iterator[Any]:
    """An AWS with nothing but an empty spill bucket, which the environment leads to."""
    aws_emulator.reset()  # moto keeps what other tests of this process left
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        for name, value in aws_emulator.environment().items():
            patch.setenv(name, value)
        aws_emulator.client("s3").create_bucket(Bucket="sql-spill")
        yield aws_emulator


class Flows:
    """A connector for each flow, behind one Lambda endpoint."""

    def __init__(self, shop: Shop) -> None:
        emulator = shop.emulator
        metadata = emulator.database("Metadata")
        base, folder = shop.orders.base, emulator.drive.folder("Sales")
        folder.add(base)
        listed = {"id": [base.app_token], "name": ["Shop"]}
        table = metadata.table("databases", listed)
        common = {
            "LARK_APP_ID": emulator.app_id,
            "LARK_APP_SECRET": emulator.app_secret,
            "LARK_DOMAIN": emulator.url,
            "LARK_RATE": "1000",
            "spill_bucket": "sql-spill",
        }
        source = f"{metadata.app_token}:{table.table_id}"
        self.environments = {
            "flow-1": common,
            "flow-2": common
            | {
                "disable_glue": "true",
                "default_does_activate_lark_base_source": "true",
                "default_lark_base_sources": source,
            },
            "flow-3": common
            | {
                "disable_glue": "true",
                "default_does_activate_lark_drive_source": "true",
                "default_lark_drive_sources": folder.token,
            },
            "flow-4": common
            | {"disable_glue": "true", "default_does_activate_experimental_feature": "true"},
            "flow-2-parallel": common
            | {
                "disable_glue": "true",
                "default_does_activate_lark_base_source": "true",
                "default_lark_base_sources": source,
                "default_does_activate_parallel_split": "true",
            },
        }
        crawler = CrawlerFunction(common)
        crawled = crawler.run(
            {
                "larkBaseDataSourceId": metadata.app_token,
                "larkTableDataSourceId": table.table_id,
            }
        )
        assert crawled["status"] == "Success", crawled

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The handlers by function name."""
        return {name: ConnectorFunction(values).run for name, values in self.environments.items()}


SPILLED = ReadSettings(max_block_size=20_000, max_inline_block_size=1_000)


@pytest.fixture(scope="session")
def routes(shop: Shop, session_aws: Any) -> Iterator[list[Route]]:
    """Direct reads, SQL of the notebook, and every flow through Athena, spilled and not."""
    flows = Flows(shop)
    lark = shop.emulator.connect(url=shop.orders.base.url)
    with LambdaEndpoint(flows.functions()) as endpoint:
        found = [*_of_the_notebook(lark)]
        opened = []
        for name in flows.environments:
            # Parts of a table are read in the same way, spilled or not: once is enough.
            for spilled in (False, True) if "parallel" not in name else (True,):
                read = SPILLED if spilled else ReadSettings()
                athena = LocalAthena({"lark_base": name}, endpoint.url, database="shop", read=read)
                opened.append(athena)
                found.append(_of_athena(athena, name, shop, spilled=spilled))
        yield found
        for athena in opened:
            athena.close()
    lark.close()


def _of_the_notebook(lark: Any) -> Iterator[Route]:
    tables = {
        name: _without_zone(lark.table(f"Shop.{name}").to_arrow(names="sql"))
        for name in ("Orders", "Customers")
    }
    direct = over({name.lower(): table for name, table in tables.items()})
    yield Route("direct read", "orders", "customers", "record_id", direct)

    def sql(text: str) -> pa.Table:
        return _without_zone(lark.sql(text).to_arrow())

    yield Route("lark.sql", "shop.orders", "shop.customers", "record_id", sql)


def _without_zone(table: pa.Table) -> pa.Table:
    """Times in UTC without saying so, as Athena has them."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz:
            column = table.column(place).cast(pa.timestamp(field.type.unit, "UTC"))
            plain = column.cast(pa.timestamp(field.type.unit))
            table = table.set_column(place, field.name, plain)
    return table


def _of_athena(athena: LocalAthena, flow: str, shop: Shop, *, spilled: bool) -> Route:
    names = ["orders", "customers"]
    if flow == "flow-4":
        base = shop.orders.base.app_token
        names = [f'"{base}"."{table.table_id}"' for table in (shop.orders, shop.customers)]
    name = f"{flow}, spilled" if spilled else flow
    return Route(name, *names, '"$reserved_record_id"', lambda sql: athena.query(sql).table)
