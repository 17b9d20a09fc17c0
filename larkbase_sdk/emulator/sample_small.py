"""The smaller sample bases: Chinese names, advanced permissions, Drive folders and metadata."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_sdk.emulator.base import EmulatedBase
    from larkbase_sdk.emulator.tenant import Tenant

_CHINESE_START = datetime(2024, 12, 31, 16, tzinfo=UTC)  # midnight in UTC+8


def fill_chinese(tenant: Tenant) -> EmulatedBase:
    """Build the base 客户管理, whose names are Chinese throughout."""
    base = tenant.database("客户管理")
    base.time_zone = "Asia/Beijing"
    customers = base.table("客户", fields=[
        "客户",
        ("地区", "SingleSelect", {"options": ["华北", "华东", "华南"]}),
        ("金额", "Currency", {"currency_code": "CNY", "formatter": "0.00"}),
        ("签约日期", "DateTime"),
        ("负责人", "User"),
        ("已付款", "Checkbox"),
        ("备注", "Text"),
    ])  # fmt: skip
    cities = ["北京", "上海", "广州", "深圳", "杭州", "成都"]
    customers.insert(
        {
            "客户": f"{cities[i % 6]}客户{i + 1}",
            "地区": ["华北", "华东", "华南"][i % 3] if i % 7 else None,
            "金额": round(1000 + i * 321.5, 2) if i % 5 else None,
            "签约日期": _CHINESE_START + timedelta(days=i * 9) if i % 4 else None,
            "负责人": [["张三", "李四"][i % 2]],
            "已付款": [True, False, None][i % 3],
            "备注": "首次合作\n请先电话联系" if i % 6 == 0 else None,
        }
        for i in range(36)
    )
    orders = base.table("订单", fields=[
        "订单号",
        ("客户", "SingleLink", {"table": customers}),
        ("金额", "Number", {"formatter": "0.00"}),
    ])  # fmt: skip
    ids = customers.rows.ids(range(36))
    orders.insert(
        {"订单号": f"D{i + 1:04d}", "客户": [ids[i % 36]], "金额": i * 12.5} for i in range(60)
    )
    return base


def fill_hr(tenant: Tenant) -> EmulatedBase:
    """Build the base HR: advanced permissions hide a column of one table and another's rows."""
    base = tenant.database("HR")
    names = ["Ann Lee", "Budi Santoso", "Chen Wei", "Dewi Putri", "Erik Berg"]
    employees = base.table("Employees", {
        "Name": names,
        "Department": ["Sales", "Sales", "Stock", "Office", "Office"],
        "Salary": [5200, 4100, 3900, 4700, 6100],
        "Since": [datetime(2019 + i, 3, 1, tzinfo=UTC) for i in range(5)],
    })  # fmt: skip
    reviews = base.table("Reviews", {"Employee": names, "Score": [4, 5, 3, 4, 5]})
    employees.role_hidden_fields = {"Salary"}
    reviews.role_hides_rows = True
    base.access = "role"
    return base


def fill_sales(tenant: Tenant, name: str, year: int) -> EmulatedBase:
    """Build a small base for a Drive folder."""
    base = tenant.database(name)
    base.table("Targets", {
        "Quarter": ["Q1", "Q2", "Q3", "Q4"],
        "Target": [120_000, 140_000, 135_000, 180_000],
        "Closed": [datetime(year, month, 1, tzinfo=UTC) for month in (4, 7, 10, 12)],
        "Reached": [True, False, True, None],
    })  # fmt: skip
    return base


def fill_metadata(tenant: Tenant) -> EmulatedBase:
    """Build the base with both kinds of metadata tables that name other bases."""
    base = tenant.database("Metadata")
    text = ["name", "whitelist_tables", "blacklist_tables"]
    crm, chinese, sales = (tenant.database(n) for n in ("CRM", "客户管理", "Sales 2025"))
    products = crm.table("Products")
    rows: list[dict[str, Any]] = [
        {"id": crm.app_token, "name": "crm", "blacklist_tables": products.table_id},
        {"id": chinese.app_token, "name": "customers_cn"},
        {},
        {"id": sales.app_token, "name": "sales"},
    ]
    base.table("databases", fields=["id", *text], rows=rows)
    columns = ["database_name", "database_lark_base_id", "table_name", "table_lark_base_id",
               "table_lark_table_id"]  # fmt: skip
    tables = [("shop", crm, "Orders"), ("shop", crm, "Customers"), ("cn", chinese, "客户")]
    base.table("tables", fields=columns, rows=[
        dict(zip(columns, (database, found.app_token, name, found.app_token,
                           found.table(name).table_id), strict=True))
        for database, found, name in tables
    ])  # fmt: skip
    return base
