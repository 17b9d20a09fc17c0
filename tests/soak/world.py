"""A small Lark whose rows are known here too, and the faults that befall its calls."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from larkbase_sdk.client import Lark
from larkbase_sdk.emulator import LarkEmulator
from larkbase_sdk.emulator.table import EmulatedTable
from larkbase_sdk.options import Options
from larkbase_server.athena.function import ConnectorFunction
from larkbase_server.crawler.function import CrawlerFunction
from larkbase_server.local.lambda_endpoint import LambdaEndpoint
from larkbase_server.local.query import LocalAthena
from larkbase_server.local.table_scan import ReadSettings

Row = dict[str, Any]
STATUSES = ("Open", "Paid", "Shipped", "Cancelled")
REGIONS = ("Java", "Bali", "Kalimantan", "苏门答腊")
_EPOCH = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
SPILL = "soak-spill"
CHURN = ("insert", "delete", "move")


@dataclass
class Known:
    """A table and what its rows hold, by record id, under SQL names."""

    table: EmulatedTable
    rows: dict[str, Row]

    def ids(self) -> set[str]:
        """Ids of the rows that are there now."""
        return {record["record_id"] for record in self.table.records}


@dataclass
class World:
    """Two emulators, a client of each, and the truth.

    Rows come and go only in the second: a call that was given up there may still be answered, and
    edit a table, when the next operation has begun.

    Attributes:
        dice: Source of every choice, so that a seed gives the same plan again.
        faults: How many faults were met so far.
    """

    seed: int
    dice: random.Random = field(init=False)
    emulator: LarkEmulator = field(init=False)
    lark: Lark = field(init=False)
    moving_emulator: LarkEmulator = field(init=False)
    moving: Lark = field(init=False)
    moving_customers: Known = field(init=False)
    orders: Known = field(init=False)
    customers: Known = field(init=False)
    crawler: CrawlerFunction = field(init=False)
    crawl_payload: dict[str, str] = field(init=False)
    glue_database: str = field(init=False)
    endpoint: LambdaEndpoint = field(init=False)
    athena: LocalAthena = field(init=False)
    faults: int = 0
    _ordered: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.emulator = LarkEmulator(app_id=f"cli_soak_{self.seed}")
        shop = self.emulator.database("Shop")
        self.customers = self._customers(shop)
        self.orders = self._orders(shop)
        options = Options(
            page_size=self.dice.choice([50, 100, 200]), rate=1000.0, timeout=3.0, progress=False
        )
        self.lark = self.emulator.connect(url=shop.url, options=options)
        self.moving_emulator = LarkEmulator(app_id=f"cli_moving_{self.seed}")
        self.moving_customers = self._customers(self.moving_emulator.database("Shop"))
        self.moving = self.moving_emulator.connect(options=options)
        self._prepare_crawl(shop)
        self._prepare_athena(shop)

    def _prepare_athena(self, shop: Any) -> None:
        """Put a connector that finds the base in a folder behind a Lambda endpoint."""
        folder = self.emulator.drive.folder("Sales")
        folder.add(shop)
        connector = ConnectorFunction(
            {
                "LARK_APP_ID": self.emulator.app_id,
                "LARK_APP_SECRET": self.emulator.app_secret,
                "LARK_DOMAIN": self.emulator.url,
                "LARK_TIMEOUT": "3",
                "LARK_RATE": "1000",
                "disable_glue": "true",
                "default_page_size": str(self.dice.choice([100, 500])),
                "default_does_activate_lark_drive_source": "true",
                "default_lark_drive_sources": folder.token,
                "default_does_activate_parallel_split": self.dice.choice(["true", "false"]),
                "spill_bucket": SPILL,
            }
        )
        self.endpoint = LambdaEndpoint({"connector": connector.run})
        read = self.dice.choice([ReadSettings(), ReadSettings(max_inline_block_size=5_000)])
        self.athena = LocalAthena({"lark": "connector"}, self.endpoint.url, read=read)

    def _prepare_crawl(self, shop: Any) -> None:
        """Name the base in a metadata table, both with names, and so ids, of this world's own."""
        self.glue_database = f"shop_{self.seed}"
        listed = {"id": [shop.app_token], "name": [self.glue_database]}
        table = self.emulator.database(f"Metadata {self.seed}").table("databases", listed)
        self.crawler = CrawlerFunction(
            {
                "LARK_APP_ID": self.emulator.app_id,
                "LARK_APP_SECRET": self.emulator.app_secret,
                "LARK_DOMAIN": self.emulator.url,
                "LARK_TIMEOUT": "3",
            }
        )
        self.crawl_payload = {
            "larkBaseDataSourceId": table.base.app_token,
            "larkTableDataSourceId": table.table_id,
        }

    def close(self) -> None:
        self.athena.close()
        self.endpoint.stop()
        for lark, emulator in (
            (self.lark, self.emulator),
            (self.moving, self.moving_emulator),
        ):
            lark.close()
            emulator.stop()

    def _customers(self, shop: Any) -> Known:
        fields = [("Name", "Text"), ("Region", "SingleSelect", {"options": list(REGIONS)})]
        table = shop.table("Customers", fields=fields)
        rows = [
            {"name": f"Customer {number}", "region": self.dice.choice([*REGIONS, None])}
            for number in range(310)
        ]
        written = [{"Name": row["name"], "Region": row["region"]} for row in rows]
        return Known(table, dict(zip(table.insert(written), rows, strict=True)))

    def _orders(self, shop: Any) -> Known:
        fields = [
            ("No", "Text"),
            ("Amount", "Number", {"formatter": "0.00"}),
            ("Qty", "Number", {"formatter": "0"}),
            ("Status", "SingleSelect", {"options": list(STATUSES)}),
            ("Day", "DateTime"),
            ("Paid", "Checkbox"),
            ("Buyer", "Text"),
        ]
        table = shop.table("Orders", fields=fields)
        rows = [self._order(number) for number in range(1130)]
        written = [
            {
                "No": row["no"],
                "Amount": row["amount"],
                "Qty": row["qty"],
                "Status": row["status"],
                "Day": None if row["day"] is None else int(row["day"].timestamp() * 1000),
                "Paid": row["paid"] or None,
                "Buyer": row["buyer"],
            }
            for row in rows
        ]
        return Known(table, dict(zip(table.insert(written), rows, strict=True)))

    def _order(self, number: int) -> Row:
        some = self.dice.random
        choose = self.dice.choice
        return {
            "no": f"A-{number:04}",
            "amount": None if some() < 0.1 else round(some() * 5000, 2),
            "qty": None if some() < 0.1 else float(self.dice.randrange(12)),
            "status": choose([*STATUSES, None]),
            "day": None if some() < 0.1 else _EPOCH + dt.timedelta(hours=self.dice.randrange(9000)),
            "paid": some() < 0.5,
            "buyer": None if some() < 0.1 else f"Customer {self.dice.randrange(330)}",
        }

    # -- faults --------------------------------------------------------------------------------

    def upset(self) -> None:
        """Order up to three faults for the calls to come, and now and then other weather."""
        for emulator in (self.emulator, self.moving_emulator):
            for _ in range(self.dice.choice([0, 1, 1, 2, 3])):
                self._order_fault(emulator)
            if self.dice.random() < 0.1:
                emulator.revoke_tokens()
            emulator.switches.opaque_tokens = self.dice.random() < 0.3
            emulator.switches.extra_error_key = self.dice.random() < 0.3
            emulator.switches.record_url = self.dice.random() < 0.3

    def _order_fault(self, emulator: LarkEmulator) -> None:
        after = self.dice.choice([0, 0, 1, 2, 4])
        endpoint = self.dice.choice(["search", "search", "search", None])
        kind = self.dice.choice(
            ["rate", "busy", "html", "reset", "stall", "truncated", "empty", "expired"]
        )
        fail = emulator.fail
        where = {"endpoint": endpoint, "after": after}
        if kind == "rate":
            fail(99991400, headers={"x-ogw-ratelimit-reset": "1"}, **where)
        elif kind == "busy":
            fail(1254607, **where)
        elif kind == "html":
            fail(body="<html><body>502 Bad Gateway</body></html>", status=502, **where)
        elif kind == "reset":
            fail(disconnect=True, **where)
        elif kind == "stall":
            fail(stall=3.5, **where)
        elif kind == "truncated":
            fail(truncate=True, **where)
        elif kind == "empty":
            fail(empty_page=True, endpoint="search", after=after)
        else:
            fail(99991663, **where)
        self._ordered += 1

    def settle(self) -> None:
        """Cancel the faults that nothing met, and count the others."""
        for emulator in (self.emulator, self.moving_emulator):
            self._ordered -= emulator.pending_faults
            emulator.recover()
        self.faults += self._ordered
        self._ordered = 0
