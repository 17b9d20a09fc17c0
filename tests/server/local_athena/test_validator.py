"""The validator: a connector that keeps the protocol passes, one that breaks it is found out."""

from __future__ import annotations

import pyarrow as pa
import pytest
from athena_fake import EVERYTHING
from athena_wire import decode_block, decode_schema, encode_block, encode_schema

from larkbase_sdk.errors import NotFound, QueryError
from larkbase_server.local.query import LocalAthena
from larkbase_server.local.validator import Validator

STEPS = [
    "Ping", "Capabilities", "Unknown message", "ListSchemas", "ListTables", "GetTable",
    "Unknown table", "GetTableLayout", "GetSplits", "ReadRecords", "Spill", "Projection",
    "Conditions", "Limit", "Order",
]  # fmt: skip


@pytest.fixture
def connector(spilling):
    """The fake connector with two splits and two more tables, one of them with lists."""
    spilling.splits = 2
    lines = pa.table({"no": [3, 1, 2, None], "kind": ["a", "b", None, "a"]})
    people = pa.table({"name": ["Ann", "Bo", None], "tags": [["x"], None, []]})
    spilling.tables |= {("crm", "lines"): lines, ("crm", "people"): people}
    return spilling


@pytest.fixture
def validate(athena, connector):
    """Validate a table, the small crm.lines unless another is named, with fixed choices."""

    def run(schema="crm", table="lines", seed=1, **options):
        return Validator(athena, seed=seed).run(schema, table, **options)

    return run


def failures(report):
    return {check.step: check.detail for check in report.checks if check.status == "failed"}


class TestSound:
    """A connector that keeps the protocol passes every check."""

    @pytest.mark.parametrize("table", ["orders", "lines", "people"])
    def test_all_steps_pass(self, validate, table):
        """Whatever the columns are."""
        report = validate(table=table)

        assert failures(report) == {}
        assert list(dict.fromkeys(check.step for check in report.checks)) == STEPS
        assert report.ok

    def test_schema_and_table_are_chosen_when_none_is_named(self, validate, connector):
        """From those that are listed; the same seed makes the same choice."""
        first, second = validate(None, None, seed=4), validate(None, None, seed=4)

        assert first.ok
        assert first.checks == second.checks
        assert connector.named("GetTable")[0]["tableName"]["schemaName"] == "crm"

    def test_planning_only_reads_no_row(self, validate, connector):
        """It ends with the splits."""
        report = validate(planning_only=True)

        assert report.ok
        assert [check.step for check in report.checks][-1] == "GetSplits"
        assert connector.named("ReadRecords") == []

    def test_a_connector_that_declares_nothing_passes(self, validate, connector):
        """It is sent no condition, no limit and no order."""
        connector.capabilities = {}

        report = validate()

        assert report.ok
        demands = [item["constraints"] for item in connector.named("ReadRecords")]
        assert {len(item["summary"]) for item in demands} == {0}
        assert {item["limit"] for item in demands} == {-1}

    def test_a_table_without_rows_passes_with_a_note(self, validate, connector):
        """There is nothing to compare."""
        connector.tables["crm", "lines"] = connector.tables["crm", "lines"].slice(0, 0)

        report = validate()

        assert report.ok
        assert [check.detail for check in report.checks if check.status == "note"] == [
            "the table has no rows, so conditions were not tried"
        ]

    def test_a_report_reads_as_one_line_a_check(self, validate):
        """And as rows for programs."""
        report = validate(planning_only=True)

        assert str(report).splitlines()[:4] == [
            "✓ Ping: fake, serde version 5",
            f"✓ Capabilities: {', '.join(EVERYTHING)}",
            "✓ Unknown message",
            "✓ ListSchemas: 1 schemas",
        ]
        assert report.rows()[0] == {
            "step": "Ping",
            "status": "ok",
            "detail": "fake, serde version 5",
        }

    def test_a_connector_that_cannot_be_called_is_no_report(self, athena, connector, endpoint):
        """It is an error of the caller."""
        with LocalAthena({"x": "nobody"}, endpoint) as other, pytest.raises(NotFound):
            Validator(other).run()


class TestConstraints:
    """Conditions can be given as text, as the official validator takes them."""

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("order_no=A-1", 1),
            ("rating>=3,rating<5", 2),
            ("rating!=3", 4),
            ("amount=", 1),
            ("amount!=", 5),
            ("gift=true", 2),
            ("ordered>2025-01-01", 2),
            ("price<=2, gift=false", 1),
        ],
    )
    def test_reads_carry_them(self, validate, text, rows):
        """Every operator and every type, and no value for NULL."""
        report = validate(table="orders", constraints=text)

        assert report.ok
        (read,) = [check for check in report.checks if check.step == "ReadRecords"]
        assert read.detail.startswith(f"{rows} rows")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("rating", "'rating' cannot be read"),
            ("ratign=1", "There is no column 'ratign'"),
            ("rating=much", "'rating=much' does not fit the column 'rating'"),
            ("rating>", "'rating>' compares with no value"),
        ],
    )
    def test_what_does_not_fit_the_table_is_told(self, validate, text, message):
        """Before anything is read."""
        with pytest.raises(QueryError, match=message):
            validate(table="orders", constraints=text)


def upper(*path):
    """Change a text deep inside an answer to upper case."""

    def change(answer):
        place = answer
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = place[path[-1]].upper()
        return answer

    return change


def doubled(answer):
    block = decode_block(answer["records"])
    if not block.num_columns:
        return answer
    twice = pa.Table.from_batches([block, block]).combine_chunks().to_batches()
    return {**answer, "records": encode_block(twice[0])} if twice else answer


def same_place(answer):
    for split in answer["splits"]:
        split["spillLocation"]["key"] = "prefix/same"
    return answer


def no_directory(answer):
    for split in answer["splits"]:
        split["spillLocation"]["directory"] = False
    return answer


def short_nonce(answer):
    for split in answer["splits"]:
        split["encryptionKey"]["nonce"] = "AAAA"
    return answer


def emptied(answer):
    block = decode_block(answer["partitions"])
    return {**answer, "partitions": encode_block(block.slice(0, 0))}


def with_capital_column(answer):
    schema = decode_schema(answer["schema"])
    fields = [pa.field("No", schema.field(0).type), *list(schema)[1:]]
    return {**answer, "schema": encode_schema(pa.schema(fields))}


FAULTS = [
    ("Ping", lambda a: {**a, "queryId": "other"}, "Ping", "query id is not repeated"),
    ("Ping", lambda a: {**a, "sourceType": ""}, "Ping", "source type is empty"),
    (
        "GetDataSourceCapabilities",
        lambda a: {**a, "capabilities": {"supports_magic": []}},
        "Capabilities",
        "'supports_magic' is unknown",
    ),
    ("ListSchemas", upper("schemas", 0), "ListSchemas", "lower case: schema CRM"),
    ("ListSchemas", lambda a: {**a, "schemas": ["crm", "crm"]}, "ListSchemas", "the same"),
    ("ListTables", upper("tables", 0, "tableName"), "ListTables", "lower case"),
    (
        "ListTables",
        lambda a: {**a, "nextToken": None},
        "ListTables",
        "Pages of one table have other tables",
    ),
    ("GetTable", with_capital_column, "GetTable", "lower case: column No"),
    ("GetTable", lambda a: {**a, "partitionColumns": ["x"]}, "GetTable", "are no columns"),
    ("GetTableLayout", emptied, "GetTableLayout", "no partition"),
    ("GetSplits", lambda a: {**a, "splits": []}, "GetSplits", "no split"),
    ("GetSplits", same_place, "GetSplits", "spill to the same place"),
    ("GetSplits", no_directory, "GetSplits", "no directory"),
    ("GetSplits", short_nonce, "GetSplits", "wrong length"),
    ("ReadRecords", lambda a: 1 / 0, "ReadRecords", "ZeroDivisionError"),
]


class TestFaults:
    """Every broken rule is told at its step."""

    @pytest.mark.parametrize(
        ("message", "change", "step", "text"), FAULTS, ids=[f"{f[2]}-{f[3]}" for f in FAULTS]
    )
    def test_a_broken_rule_fails_its_step(self, validate, connector, message, change, step, text):
        """And the report as a whole."""
        connector.change[message] = change

        report = validate(planning_only=message != "ReadRecords")

        assert not report.ok
        assert text in failures(report)[step]

    def test_a_schema_without_tables_fails_unless_it_is_allowed(self, validate, connector):
        """As the official validator has it."""
        connector.tables.clear()
        connector._ListSchemas = lambda event: {
            "@type": "ListSchemasResponse", "catalogName": event["catalogName"],
            "schemas": ["empty"],
        }  # fmt: skip

        assert failures(validate(None, None)) == {"ListTables": "The schema empty has no table."}
        assert validate(None, None, allow_empty=True).ok

    def test_a_table_that_is_missing_on_a_later_page(self, validate, connector):
        """Pages together must be the whole list."""

        def shorter(answer):
            many = len(answer["tables"]) > 1 or answer["nextToken"] is None
            return {**answer, "nextToken": None} if many else answer

        connector.change["ListTables"] = shorter

        found = failures(validate(planning_only=True))
        assert found == {"ListTables": "Pages of 2 tables together have other tables."}

    def test_a_table_that_is_described_although_it_is_not_there(self, validate, connector):
        """A made-up name must be refused."""
        known, lines = connector._rows, connector.tables["crm", "lines"]
        connector._rows = lambda event: (
            lines if "lines" in event["tableName"]["tableName"] else known(event)
        )

        report = validate(planning_only=True)

        assert "yet it was described" in failures(report)["Unknown table"]

    def test_an_unknown_message_that_is_answered(self, validate, connector):
        """A made-up message too."""
        connector._NoSuch = lambda event: {"@type": "PingResponse"}

        assert failures(validate(planning_only=True)) == {
            "Unknown message": "It was answered, not refused with an error."
        }

    @pytest.mark.parametrize("kind", ["too many", "too few"])
    def test_conditions_that_are_applied_wrongly(self, validate, connector, kind):
        """As rows that are too many or missing."""
        whole = connector._wanted

        def careless(event):
            if event["constraints"]["summary"] and kind == "too many":
                event["constraints"]["summary"] = {}
            batch = whole(event)
            return batch.slice(1) if event["constraints"]["summary"] else batch

        connector._wanted = careless

        assert {"too many": "are too many", "too few": "are missing"}[kind] in (
            failures(validate())["Conditions"]
        )

    def test_rows_that_are_read_twice(self, validate, connector):
        """When a limit of one row brings two."""
        connector.change["ReadRecords"] = lambda answer: (
            doubled(answer) if "records" in answer else answer
        )

        assert "Limit" in failures(validate())

    def test_spilled_rows_that_are_others(self, validate, connector):
        """Both ways must bring the same."""
        whole = connector._wanted

        def shorter(event):
            batch = whole(event)
            return batch.slice(1) if event["maxInlineBlockSize"] == "1" else batch

        connector._wanted = shorter

        assert failures(validate()) == {"Spill": "Spilled rows are others."}

    def test_blocks_whose_numbers_have_gaps(self, validate, connector):
        """Athena may guess the next name."""

        def gap(answer):
            for place in answer.get("remoteBlocks", ()):
                place["key"] = place["key"].rpartition(".")[0] + ".7"
            return answer

        connector.change["ReadRecords"] = gap

        assert "Blocks are called" in failures(validate())["Spill"]

    def test_a_limit_that_is_ignored(self, validate, connector):
        """More rows come than splits were asked for one."""
        whole = connector._wanted

        def endless(event):
            return whole({**event, "constraints": {**event["constraints"], "limit": -1}})

        connector._wanted = endless

        assert "4 rows came of 2 splits" in failures(validate())["Limit"]

    def test_an_order_that_is_ignored(self, validate, connector):
        """The limit then counts other rows."""
        whole = connector._wanted

        def unordered(event):
            return whole({**event, "constraints": {**event["constraints"], "orderByClause": []}})

        connector._wanted = unordered
        connector.splits = 1

        assert any("Order" in failures(validate(seed=seed)) for seed in range(4))

    def test_a_column_that_is_always_null_in_projections(self, validate, connector):
        """Values are compared, not only counted."""
        whole = connector._wanted
        everything = len(connector.tables["crm", "orders"].schema)

        def empty(event):
            batch = whole(event)
            if 0 < batch.num_columns < everything:
                columns = [pa.nulls(batch.num_rows, item.type) for item in batch.schema]
                return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
            return batch

        connector._wanted = empty

        assert "Other values came." in failures(validate(table="orders"))["Projection"]
