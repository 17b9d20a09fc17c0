"""Random operations and the check of each answer against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from questions import Condition, condition
from world import CHURN, Row, World

from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.options import Options

ORDERS = ["no", "amount", "qty", "status", "day", "paid", "buyer"]


class WrongAnswer(AssertionError):
    """An answer that is not what the rows mean."""


def check(holds: bool, what: str, *facts: Any) -> None:
    if not holds:
        raise WrongAnswer(f"{what}: {facts}")


def matching(rows: dict[str, Row], wanted: Condition) -> dict[str, Row]:
    """The rows for which a condition is true."""
    return {key: row for key, row in rows.items() if wanted.holds(row) is True}


def read(world: World) -> None:
    """A scan with columns and a condition gives each matching row once, as it is."""
    wanted = condition(world.dice)
    columns = world.dice.sample(ORDERS, world.dice.randrange(1, len(ORDERS) + 1))
    scan = world.lark.table("Shop.Orders").scan(columns=columns, where=wanted.sql)
    rows = scan.to_arrow(names="sql").to_pylist()
    expected = matching(world.orders.rows, wanted)

    check(len(rows) == len(expected), "rows", wanted.sql, len(rows), len(expected))
    for row in rows:
        truth = expected.get(row["record_id"])
        check(truth is not None, "a row too many", wanted.sql, row)
        check(all(row[name] == truth[name] for name in columns), "cells", wanted.sql, row, truth)


def read_first(world: World) -> None:
    """The first rows of an order are the first, and as many as there are."""
    wanted = condition(world.dice)
    limit = world.dice.choice([1, 7, 60, 300])
    column, sign = world.dice.choice(["amount", "day", "no"]), world.dice.choice(["", "-"])
    scan = world.lark.table("Shop.Orders").scan(
        columns=[column], where=wanted.sql, order_by=f"{sign}{column}", limit=limit
    )
    found = [row[column] for row in scan.to_arrow(names="sql").to_pylist()]
    cells = [row[column] for row in matching(world.orders.rows, wanted).values()]
    filled = sorted((cell for cell in cells if cell is not None), reverse=bool(sign))
    expected = [*filled, *[None] * (len(cells) - len(filled))][:limit]

    check(found == expected, "first rows", wanted.sql, sign + column, limit, found[:5])


def read_some(world: World) -> None:
    """A limit without an order gives so many rows that match."""
    wanted = condition(world.dice)
    limit = world.dice.choice([1, 20, 250])
    scan = world.lark.table("Shop.Orders").scan(columns=["no"], where=wanted.sql, limit=limit)
    ids = scan.to_arrow(names="sql")["record_id"].to_pylist()
    expected = matching(world.orders.rows, wanted)

    check(len(ids) == len(set(ids)) == min(limit, len(expected)), "limit", wanted.sql, len(ids))
    check(set(ids) <= set(expected), "limited rows", wanted.sql)


def count(world: World) -> None:
    """A count is the number of rows."""
    wanted = condition(world.dice) if world.dice.random() < 0.6 else None
    table = world.lark.table("Shop.Orders")
    found = table.scan(where=wanted.sql).count() if wanted else table.count()
    rows = world.orders.rows
    expected = len(matching(rows, wanted)) if wanted else len(rows)

    check(found == expected, "count", wanted and wanted.sql, found, expected)


def read_while_edited(world: World) -> None:
    """Rows that stay while others come, go and move are read once each."""
    known, switches = world.moving_customers, world.moving_emulator.switches
    before = known.ids()
    switches.edit_between_pages = world.dice.choice(CHURN)
    try:
        rows = world.moving.table("Shop.Customers").to_arrow(names="sql").to_pylist()
    finally:
        switches.edit_between_pages = "off"
    after = known.ids()
    ids = [row["record_id"] for row in rows]

    check(len(ids) == len(set(ids)), "repeated while edited")
    check(before & after <= set(ids), "lost while edited", len(before & after - set(ids)))
    check(set(ids) <= before | after, "invented while edited")
    for row in rows:
        truth = known.rows.get(row["record_id"], {})
        check(truth.items() <= row.items(), "cells while edited", row, truth)


def sql_groups(world: World) -> None:
    """A statement with a condition and groups gives what Python counts."""
    wanted = condition(world.dice)
    statement = (
        "SELECT status, count(*) AS n, count(amount) AS filled, max(qty) AS most "
        f"FROM shop.orders WHERE {wanted.sql} GROUP BY status"
    )
    groups: dict[Any, list[Row]] = {}
    for row in matching(world.orders.rows, wanted).values():
        groups.setdefault(row["status"], []).append(row)
    expected = [
        (
            status,
            len(rows),
            sum(row["amount"] is not None for row in rows),
            max((row["qty"] for row in rows if row["qty"] is not None), default=None),
        )
        for status, rows in groups.items()
    ]
    found = _tuples(world.lark.sql(statement).to_arrow())

    check(same_rows(found, expected), "groups", wanted.sql, found, expected)


def sql_join(world: World) -> None:
    """A join of two tables of Lark gives each pair once."""
    wanted = condition(world.dice)
    statement = (
        "SELECT o.no, c.region FROM shop.orders o JOIN shop.customers c ON c.name = o.buyer "
        f"WHERE {wanted.sql}"
    )
    regions = {row["name"]: row["region"] for row in world.customers.rows.values()}
    expected = [
        (row["no"], regions[row["buyer"]])
        for row in matching(world.orders.rows, wanted).values()
        if row["buyer"] in regions
    ]

    check(same_rows(_tuples(world.lark.sql(statement).to_arrow()), expected), "join", wanted.sql)


def athena_query(world: World) -> None:
    """A query of Athena, through messages, splits and spilled blocks, gives what Python counts."""
    wanted = condition(world.dice)
    limit = world.dice.choice([None, 5, 200])
    statement = f"SELECT no, status, qty, paid FROM lark.shop.orders WHERE {wanted.sql}"
    expected = {
        (row["no"], row["status"], row["qty"], row["paid"])
        for row in matching(world.orders.rows, wanted).values()
    }
    if limit is not None:
        statement += f" LIMIT {limit}"
    found = _tuples(world.athena.query(statement).table)

    check(len(found) == len(set(found)), "rows of Athena repeat", statement)
    check(set(found) <= expected, "rows of Athena", statement)
    wanted_rows = len(expected) if limit is None else min(limit, len(expected))
    check(len(found) == wanted_rows, "rows of Athena are missing", statement, len(found))


def _tuples(table: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def crawl(world: World) -> None:
    """A crawl brings Glue in line with the tables and fields that are there."""
    orders = world.orders.table
    extra = f"Extra {world.dice.randrange(10_000)}"
    orders.add_field(extra, "Text")
    try:
        result = world.crawler.run(world.crawl_payload)
        check(result["status"] == "Success", "crawl", result)
        tables = _glue_tables(world.glue_database)
    finally:
        orders.delete_field(extra)
        world.lark.refresh()
    names = [*ORDERS, extra.lower().replace(" ", "_")]
    expected = {"customers": ["name", "region"], "orders": names}

    check(tables == expected, "Glue", tables, result)


def _glue_tables(database: str) -> dict[str, list[str]]:
    glue = GlueCatalog(None, Options())
    return {
        table.sql_name: [column.name for column in table.declared or ()]
        for table in glue.tables(database)
    }


def same_rows(found: Iterable[tuple[Any, ...]], expected: Iterable[tuple[Any, ...]]) -> bool:
    """Whether the same rows came, in any order."""
    return Counter(found) == Counter(expected)


OPERATIONS: tuple[tuple[Callable[[World], None], int], ...] = (
    (read, 6),
    (read_first, 3),
    (read_some, 2),
    (count, 2),
    (read_while_edited, 3),
    (sql_groups, 3),
    (sql_join, 2),
    (athena_query, 4),
    (crawl, 1),
)
"""What is done, and how often in proportion."""
