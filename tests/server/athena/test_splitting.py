"""Parallel splits: a large table is read by several invocations, and every row comes once."""

from __future__ import annotations

import json
import random
from typing import Any

import pyarrow as pa
import pytest

SPLIT_KEY = "$reserved_split_key"
PARALLEL = {"default_does_activate_parallel_split": "true", "default_page_size": "100"}
ROWS = 900


@pytest.fixture
def events(world: Any) -> Any:
    """The table ``log.events`` of 900 rows: Name, Status, Amount, and nothing that is unique."""
    base = world.lark.database("Log")
    table = base.table(
        "Events",
        fields=[
            ("Name", "Text"),
            ("Status", "SingleSelect", {"options": ["open", "done", "late"]}),
            ("Amount", "Number", {"formatter": "0.00"}),
        ],
    )
    chance = random.Random(3)
    table.insert(
        {
            "Name": f"n{number}",
            "Status": chance.choice(["open", "done", "late", None]),
            "Amount": None if number % 9 == 0 else chance.gauss(100, 40),
        }
        for number in range(ROWS)
    )
    world.publish(log=base)
    return table


@pytest.fixture
def keyed(events: Any) -> Any:
    """The table with a split key that has gaps, duplicates and empty cells."""
    events.add_field(SPLIT_KEY, "Number", {"formatter": "0"})
    for number, record in enumerate(events.records):
        key = None if number % 10 == 0 else number // 3 * 3 + number // 300 * 10_000
        events.update(record["record_id"], {SPLIT_KEY: key})
    return events


def key_names(splits: list[Any], table: Any) -> set[str]:
    """Return the names of the columns that splits are cut by."""
    parts = [json.loads(split.properties["part"]) for split in splits]
    return {table.field(part["cut"]["field"]).name for part in parts if "cut" in part}


def named(engine: Any, splits: list[Any]) -> list[str]:
    """Read splits, each on its own, and return the names of all rows."""
    schema = pa.schema([engine.table("log.events").field("name")])
    return [
        name
        for split in splits
        for name in engine.read("log.events", split, schema).column("name").to_pylist()
    ]


def asked(world: Any, table: Any) -> int:
    """Return how many searches of a table there were."""
    return sum(table.table_id in call.path for call in world.lark.calls.named("search"))


EVERY_NAME = sorted(f"n{number}" for number in range(ROWS))


def test_without_the_flag_a_table_is_one_split(world, engine, keyed):
    """As it was before: the other settings alone change nothing."""
    world.set(LARK_SPLIT_STRATEGY="auto", LARK_MAX_SPLITS="8", default_page_size="100")

    assert len(engine.splits("log.events")) == 1
    assert asked(world, keyed) == 0


def test_a_split_key_divides_a_table_whatever_it_holds(world, engine, keyed):
    """Gaps, duplicates and empty keys; splits are read in any order, and one of them twice."""
    world.set(**PARALLEL)

    splits = engine.splits("log.events")

    assert len(splits) == 4
    assert key_names(splits, keyed) == {SPLIT_KEY}
    first = named(engine, splits[2:3])
    world.fresh_process()
    assert named(engine, splits[2:3]) == first
    assert sorted(named(engine, splits[::-1])) == EVERY_NAME


def test_the_split_key_is_an_ordinary_column_too(world, engine, keyed):
    """It can be selected, and need not be."""
    world.set(**PARALLEL)

    rows = engine.select("log.events", [SPLIT_KEY])

    expected = [row["fields"].get(SPLIT_KEY) for row in keyed.records]
    assert sorted(row[SPLIT_KEY] or 0 for row in rows) == sorted(key or 0 for key in expected)


@pytest.mark.parametrize(
    ("environ", "splits", "column"),
    [
        ({"LARK_SPLIT_STRATEGY": "auto"}, 4, {"Amount"}),
        ({"LARK_SPLIT_STRATEGY": "reserved"}, 1, set()),
        ({"LARK_SPLIT_STRATEGY": "off"}, 1, set()),
        ({"LARK_MAX_SPLITS": "2"}, 2, {"Amount"}),
        ({"LARK_MAX_SPLITS": "1"}, 1, set()),
    ],
    ids=str,
)
def test_without_a_split_key_another_column_may_serve(
    world, engine, events, environ, splits, column
):
    """As far as the settings allow."""
    world.set(**PARALLEL, **environ)

    found = engine.splits("log.events")

    assert len(found) == splits
    assert key_names(found, events) == column
    assert sorted(named(engine, found)) == EVERY_NAME


def test_splits_are_small_and_know_how_many_there_are(world, engine, keyed):
    """No schema travels with them; each has a place of its own to spill to."""
    world.set(**PARALLEL)

    splits = engine.splits("log.events")

    assert {split.properties["splits"] for split in splits} == {"4"}
    assert max(len(json.dumps(dict(split.properties))) for split in splits) < 1000
    assert len({split.spill_location for split in splits}) == 4


def test_every_split_applies_the_conditions_of_the_query(world, engine, sets, events):
    """Lark filters by them and by the cut at once."""
    world.set(**PARALLEL | {"default_page_size": "50"})
    text, number = pa.string(), pa.float64()
    where = sets.where(
        status=sets.points(text, "open", "done", "late"),
        amount=sets.between(number, low=20.0, high=150.0),
    )

    splits = engine.splits("log.events", where)
    rows = engine.select("log.events", ["name"], where)

    wanted = [
        f"n{number}"
        for number, row in enumerate(events.records)
        if "Status" in row["fields"] and 20 <= row["fields"].get("Amount", 0) <= 150
    ]
    assert len(wanted) > 500
    assert len(splits) == 4
    assert sorted(row["name"] for row in rows) == sorted(wanted)


def test_a_limit_leaves_the_read_in_one_split(world, engine, sets, keyed):
    """Ten rows are found sooner by one invocation."""
    world.set(**PARALLEL)

    assert len(engine.splits("log.events", sets.where(limit=10))) == 1


def test_a_small_table_stays_one_split(world, engine, sales):
    """Up to 500 rows nothing is gained; the call that counts them is all that it costs."""
    world.set(**PARALLEL)

    assert len(engine.splits("sales.orders")) == 1
    assert asked(world, sales) == 1


def test_a_token_leads_to_the_rest_of_the_same_plan(world, engine, keyed):
    """Rows that come between two answers change no split that is still to be handed out."""
    world.set(**PARALLEL | {"default_page_size": "20"}, LARK_MAX_SPLITS="30")
    first = engine.splits_page("log.events")
    keyed.insert([{"Name": "late", SPLIT_KEY: 5}, {"Name": "later"}])
    world.fresh_process()
    before = asked(world, keyed)

    rest = engine.splits_page("log.events", token=first.continuation_token)

    assert (len(first.splits), rest.continuation_token) == (25, None)
    assert asked(world, keyed) == before
    assert sorted(named(engine, [*first.splits, *rest.splits])) == sorted(
        [*EVERY_NAME, "late", "later"]
    )


def test_types_that_glue_declares_divide_as_well(world, engine, keyed):
    """The cut is made on the values that the declared types hold."""
    world.into_glue("log", "events", keyed, [
        world.glue_column(keyed, "Name", "string"),
        world.glue_column(keyed, "Amount", "int"),
        world.glue_column(keyed, SPLIT_KEY, "decimal(38,18)"),
    ])  # fmt: skip
    world.set(**PARALLEL, disable_glue="false", default_does_activate_lark_base_source="false")

    splits = engine.splits("log.events")

    assert key_names(splits, keyed) == {SPLIT_KEY}
    assert sorted(named(engine, splits)) == EVERY_NAME


def test_an_option_renamed_after_planning_loses_no_row(world, engine, events):
    """The splits that were planned with it read more, and give the same rows."""
    events.delete_field("Amount")
    world.set(**PARALLEL)
    splits = engine.splits("log.events")
    assert key_names(splits, events) == {"Status"}

    events.rename_option("Status", "open", "opened")

    assert sorted(named(engine, splits)) == EVERY_NAME
