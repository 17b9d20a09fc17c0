"""A statement has one answer, whichever way it takes."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest


def statements() -> list[str]:
    """The statements of the file, without its comments."""
    text = Path(__file__).with_name("statements.sql").read_text("utf-8")
    code = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    return [part.strip() for part in re.split(r";\s*$", code, flags=re.MULTILINE) if part.strip()]


STATEMENTS = statements()


def plain(value: Any) -> Any:
    """A cell as something that can be compared and counted."""
    if isinstance(value, dict):
        return tuple((name, plain(member)) for name, member in sorted(value.items()))
    if isinstance(value, list):
        return tuple(plain(item) for item in value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 (as Athena has it)
    return value


def rows(table: Any) -> list[tuple[Any, ...]]:
    """Names are compared apart, since engines differ in those that nobody gave."""
    return [tuple(map(plain, row.values())) for row in table.to_pylist()]


def in_order(statement: str) -> bool:
    """Whether the statement itself, and not a part of it, says the order."""
    return "ORDER BY" in re.sub(r"\([^()]*\)", "", statement)


def test_there_are_enough_statements(record_property, routes):
    """And no two are the same; the run's summary shows how many there are."""
    record_property("SQL statements, each with one answer", len(STATEMENTS))
    record_property("ways each of them is answered", len(routes))
    assert len(set(STATEMENTS)) == len(STATEMENTS) >= 150


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_has_one_answer(statement, truth, routes):
    """Direct reads, SQL in the notebook, and Athena through each flow, spilled and not."""
    expected = rows(truth.run(statement))
    wrong = {}
    for route in routes:
        found = rows(route.run(statement))
        same = found == expected if in_order(statement) else Counter(found) == Counter(expected)
        if not same:
            wrong[route.name] = (len(found), found[:3])

    assert wrong == {}, (len(expected), expected[:3])


def test_statements_are_not_all_empty(truth):
    """Most of them find rows, so that rows could be missing."""
    empty = [statement for statement in STATEMENTS if not rows(truth.run(statement))]

    assert len(empty) < len(STATEMENTS) / 5, empty


def test_blocks_were_spilled_where_they_had_to_be(routes, session_aws, truth):
    """The spilled routes left objects in the bucket; the others would prove nothing twice."""
    statement = "SELECT no, note, amount FROM {orders}"
    for route in routes:
        if "spilled" in route.name:
            before = spilled_objects(session_aws)
            assert Counter(rows(route.run(statement))) == Counter(rows(truth.run(statement)))
            assert spilled_objects(session_aws) > before


def spilled_objects(aws: Any) -> int:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket="sql-spill")
    return sum(page["KeyCount"] for page in pages)
