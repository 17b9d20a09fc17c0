"""The types that users' checkers see; never run, checked by ``make types``."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import duckdb
import pandas as pd
import polars as pl

import larkbase_sdk as larkbase
from larkbase_sdk import (
    Database,
    Explorer,
    Lark,
    Plan,
    Result,
    Scan,
    Schema,
    Snapshot,
    SnapshotDiff,
    SnapshotPlan,
    SqlPlan,
    Table,
)
from larkbase_sdk.accessors import DatabaseMap
from larkbase_sdk.api.models import ViewInfo
from larkbase_sdk.sql.dataset import ScannedDataset


def connecting() -> None:
    assert_type(larkbase.connect(), Lark)
    assert_type(larkbase.connect("https://acme.larksuite.com/base/x", domain="larksuite"), Lark)
    assert_type(larkbase.demo(), Lark)


def looking_around(lark: Lark) -> None:
    assert_type(lark.databases["CRM"], Database)
    assert_type(lark.databases["CRM"].tables["Orders"], Table)
    assert_type(lark.table("CRM.Orders"), Table)
    assert_type(lark.add("https://acme.larksuite.com/base/x"), Database | DatabaseMap)
    assert_type(lark.table("CRM.Orders").schema, Schema)
    assert_type(lark.table("CRM.Orders").views, list[ViewInfo])
    assert_type(lark.identity, str)
    assert_type(lark.explore(), Explorer)
    assert_type(lark.databases["CRM"].explore(), Explorer)
    assert_type(lark.table("CRM.Orders").explore(), Explorer)
    assert_type(lark.explore().sql, str)
    assert_type(lark.explore().to_pandas(), pd.DataFrame)


def reading(orders: Table) -> None:
    assert_type(orders.count(), int)
    assert_type(orders.head(), pd.DataFrame)
    assert_type(orders.to_pandas(where="amount > 1"), pd.DataFrame)
    assert_type(orders.to_polars(), pl.DataFrame)
    assert_type(orders.to_parquet("orders.parquet"), Path)
    assert_type(orders.to_csv("orders.csv"), Path)
    scan = orders.scan(columns=["OrderNo"], where="amount > 1", order_by="-Amount", limit=3)
    assert_type(scan, Scan)
    assert_type(scan.select("OrderNo").where("amount > 2").limit(1), Scan)
    assert_type(scan.to_pandas(expand="Customer", explode=True), pd.DataFrame)
    assert_type(scan.count(), int)
    assert_type(scan.explain(), Plan)


def asking(lark: Lark, orders: Table) -> None:
    result = lark.sql("SELECT * FROM crm.orders WHERE amount > ?", [1000])
    assert_type(result, Result)
    assert_type(lark.sql("SELECT $x", {"x": 1}, variables={}, limit=5), Result)
    assert_type(lark.explain("SELECT 1"), SqlPlan)
    assert_type(lark.connection(), duckdb.DuckDBPyConnection)
    assert_type(result.to_pandas(dtype_backend="numpy_nullable"), pd.DataFrame)
    assert_type(result.to_polars(), pl.DataFrame)
    assert_type(result.relation, duckdb.DuckDBPyRelation)
    assert_type(result.explain(), SqlPlan)
    assert_type(result.stats.pushed, tuple[str, ...])
    assert_type(len(result), int)
    assert_type(orders.to_duckdb("my.duckdb"), Path)
    assert_type(orders.to_dataset(names="sql"), ScannedDataset)


def keeping(crm: Database, orders: Table) -> None:
    assert_type(crm.snapshot("data/crm"), Snapshot)
    assert_type(crm.snapshot("data/crm", tables=["Orders"], dry_run=True), SnapshotPlan)
    snap = larkbase.open_snapshot("data/crm")
    assert_type(snap.diff("data/crm-last-week"), SnapshotDiff)
    assert_type(larkbase.diff("data/crm", crm), SnapshotDiff)
    assert_type(snap.tables["Orders"].to_pandas(where="amount > 1"), pd.DataFrame)
    assert_type(orders.to_pandas(max_age="1h"), pd.DataFrame)
    assert_type(larkbase.clear_cache(), int)
