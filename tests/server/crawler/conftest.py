"""A Lark with sources, a Glue, and the crawler's handler between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

import larkbase_server.crawler
from larkbase_sdk.options import Options
from larkbase_server.crawler.crawl import crawl
from larkbase_server.crawler.glue_calls import GlueCalls
from larkbase_server.crawler.request import CrawlRequest
from larkbase_server.crawler.result import CrawlResult
from larkbase_server.crawler.source import CrawlSource

SECRET = "lark-app"


@dataclass
class World:
    """Lark on one side, Glue on the other, and what tests do between them."""

    lark: Any
    aws: Any
    glue: Any
    slept: list[float] = field(default_factory=list)

    def source_table(
        self, columns: Iterable[str], rows: Iterable[Mapping[str, Any]], name: str = "databases"
    ) -> Any:
        """Make a metadata table in the base ``Metadata``, or add rows to it."""
        base = self.lark.database("Metadata")
        if base.find_table(name) is not None:
            return base.table(name, rows=rows)
        return base.table(name, fields=[(column, "Text") for column in columns], rows=rows)

    def bases(self, *names: str, **renamed: str) -> Any:
        """Make a metadata table with one row a base: ``bases("CRM", shop="Sales")``."""
        pairs = {name.lower(): name for name in names} | renamed
        rows = [
            {"id": self.lark.database(base).app_token, "name": name} for name, base in pairs.items()
        ]
        return self.source_table(["id", "name", "whitelist_tables", "blacklist_tables"], rows)

    @staticmethod
    def payload(source: Any, **flags: Any) -> dict[str, Any]:
        """Return the canonical payload of a crawl of a metadata table or folder."""
        if hasattr(source, "token"):
            payload = {"larkDriveFolderToken": source.token}
            return {"handlerType": "LARK_DRIVE", "payload": payload, **flags}
        ids = {
            "larkBaseDataSourceId": source.base.app_token,
            "larkTableDataSourceId": source.table_id,
        }
        return {"handlerType": "LARK_BASE", "payload": ids, **flags}

    @staticmethod
    def source_of(source: Any) -> CrawlSource:
        """Return a metadata table or folder as the crawler knows it."""
        if hasattr(source, "token"):
            return CrawlSource.of_folder(source.token)
        return CrawlSource.of_table(source.base.app_token, source.table_id)

    def label(self, source: Any) -> str:
        """Return what reports call a source."""
        return self.source_of(source).label

    @staticmethod
    def invoke(event: Any) -> dict[str, Any]:
        """Invoke the handler; what it answers must be JSON."""
        result: dict[str, Any] = json.loads(
            json.dumps(larkbase_server.crawler.handler(event, None))
        )
        return result

    def crawl(self, source: Any, **flags: Any) -> dict[str, Any]:
        """Invoke the handler with the canonical payload."""
        return self.invoke(self.payload(source, **flags))

    def calls(self, client: Any = None) -> GlueCalls:
        """Return the crawler's calls to Glue, whose pauses are noted and not waited for."""
        return GlueCalls(client or self.glue, sleep=self.slept.append, random=lambda: 0.5)

    def crawl_without_waiting(self, source: Any, **flags: Any) -> CrawlResult:
        """Crawl below the handler, where no pause is waited for."""
        request = CrawlRequest(self.source_of(source), **flags)
        with self.lark.connect() as client:
            options = Options(name_style="ascii", retries=0, rate=1000)
            return crawl(client.api, self.calls(), request, options)

    def databases(self) -> dict[str, Any]:
        """Return Glue's databases by name."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return {item["Name"]: item for page in pages for item in page["DatabaseList"]}

    def tables(self, database: str) -> dict[str, Any]:
        """Return the tables of a Glue database by name."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return {item["Name"]: item for page in pages for item in page["TableList"]}

    def names(self) -> dict[str, list[str]]:
        """Return the names of Glue's tables by database."""
        return {name: list(self.tables(name)) for name in self.databases()}

    def columns(self, database: str, table: str) -> dict[str, str]:
        """Return the declared types of a Glue table by column."""
        storage = self.tables(database)[table]["StorageDescriptor"]
        return {column["Name"]: column["Type"] for column in storage["Columns"]}

    def snapshot(self) -> dict[str, Any]:
        """Return everything in Glue, versions included."""
        return {name: (database, self.tables(name)) for name, database in self.databases().items()}

    def versions(self, database: str, table: str) -> list[str]:
        """Return the numbers of the versions that Glue keeps of a table."""
        found = self.glue.get_table_versions(DatabaseName=database, TableName=table)
        return sorted(item["VersionId"] for item in found["TableVersions"])

    def rewrite(self, database: str, table: str, **members: Any) -> None:
        """Change a Glue table as somebody else would."""
        known = self.tables(database)[table]
        taken = ("Name", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys")
        content = {name: known[name] for name in taken if name in known}
        self.glue.update_table(DatabaseName=database, TableInput={**content, **members})

    def touch(self, database: str, table: str) -> None:
        """Set what other people set on a table."""
        known = self.tables(database)[table]
        storage = known["StorageDescriptor"]
        storage["Columns"][0]["Parameters"] = {
            **storage["Columns"][0].get("Parameters", {}),
            "pii": "no",
        }
        self.rewrite(
            database,
            table,
            Description="All of them",
            Owner="sales",
            Retention=7,
            Parameters={**known["Parameters"], "team": "sales"},
            StorageDescriptor={**storage, "Parameters": {"note": "x"}},
        )

    def set_by_others(self, database: str, table: str) -> bool:
        """Tell whether all of what ``touch`` set is there."""
        known = self.tables(database)[table]
        storage = known["StorageDescriptor"]
        found = (
            *(known.get(name) for name in ("Description", "Owner", "Retention")),
            known["Parameters"].get("team"),
            storage.get("Parameters"),
            storage["Columns"][0]["Parameters"].get("pii"),
        )
        return found == ("All of them", "sales", 7, "sales", {"note": "x"}, "no")

    @staticmethod
    def fresh_process() -> None:
        """Let the next invocation begin as in a new process."""
        larkbase_server.crawler._function.cache_clear()


@pytest.fixture
def world(lark_emulator: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty Lark and an empty Glue; the handler finds both through its environment."""
    secret = {"lark_app_id": lark_emulator.app_id, "lark_app_secret": lark_emulator.app_secret}
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(secret))
    monkeypatch.setenv("default_secret_manager_lark_app_key", SECRET)
    monkeypatch.setenv("LARK_DOMAIN", lark_emulator.url)
    monkeypatch.setenv("LARK_RETRIES", "0")
    monkeypatch.setenv("LARK_RATE", "1000")
    World.fresh_process()
    yield World(lark_emulator, aws, aws.client("glue"))
    World.fresh_process()


@pytest.fixture
def crm(world: World) -> Any:
    """A base with two tables and a metadata table that names it ``crm``; returns that table."""
    base = world.lark.database("CRM")
    customers = base.table("Customers", {"Name": ["Ann", "Budi"], "Vip": [True, None]})
    orders = base.table("Orders", {"Order No": ["A1", "A2", "A3"], "Amount": [1.5, 2, None]})
    orders.add_field("Customer", "SingleLink", {"table": customers})
    return world.bases("CRM")
