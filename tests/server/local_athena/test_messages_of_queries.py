"""What a local Athena sends: which messages, in which order, and what they demand."""

from __future__ import annotations

import base64
from decimal import Decimal

import pyarrow as pa
import pytest
from athena_wire import decode_block, decode_schema

PLANNED = ["Ping", "GetDataSourceCapabilities", "GetTable", "GetTableLayout", "GetSplits"]


def names(result):
    return result.table.schema.names


def summary_of(fake):
    """Return the value sets of the last read, in a form that people can read."""
    sets = fake.named("ReadRecords")[-1]["constraints"]["summary"]
    return {name: readable(values) for name, values in sets.items()}


def readable(values):
    null = " or NULL" if values["nullAllowed"] else ""
    if values["@type"] == "AllOrNoneValueSet":
        return f"all={values['all']}{null}"
    if values["@type"] == "EquatableValueSet":
        listed = decode_block(values["valueBlock"]).column("col1").to_pylist()
        return f"{'in' if values['whiteList'] else 'not in'} {listed}{null}"
    return ", ".join(span(item) for item in values["ranges"]) + null


def span(item):
    low, high = item["low"], item["high"]
    left = "(-inf" if low["nullValue"] else f"{'[' if low['bound'] == 'EXACTLY' else '('}{at(low)}"
    right = (
        "inf)" if high["nullValue"] else f"{at(high)}{']' if high['bound'] == 'EXACTLY' else ')'}"
    )
    return f"{left} {right}"


def at(marker):
    if marker["nullValue"]:
        return None
    array = decode_block(marker["valueBlock"]).column("col1")
    if pa.types.is_date64(array.type):
        array = array.view(pa.timestamp("ms"))
    return str(array[0].as_py())


class TestOrder:
    """The messages come as Athena sends them."""

    def test_a_select_pings_asks_plans_and_reads(self, athena, fake):
        """Every request carries the query's id and the catalogue."""
        result = athena.query("SELECT order_no FROM lark_base.crm.orders")

        assert fake.names == [*PLANNED, "ReadRecords"]
        assert {item["queryId"] for item in fake.requests} == {result.query_id}
        assert {item["catalogName"] for item in fake.requests} == {"lark_base"}

    def test_the_query_is_known_at_the_athena_endpoint_before_the_first_message(
        self, athena, fake, aws_here
    ):
        """A connector finds there the text as it was written, and that it is not over yet."""
        found = []
        client = aws_here.client("athena")

        def look(event):
            query = client.get_query_execution(QueryExecutionId=event["queryId"])
            found.append(query["QueryExecution"])

        fake.before = look
        sql = 'SELECT "order_no" FROM CRM.Orders'
        result = athena.query(sql)

        assert {query["Query"] for query in found} == {sql}
        assert {query["Status"]["State"] for query in found} <= {"QUEUED", "RUNNING"}
        assert {query["QueryExecutionContext"]["Database"] for query in found} == {"crm"}
        ended = client.get_query_execution(QueryExecutionId=result.query_id)["QueryExecution"]
        assert ended["Status"]["State"] == "CANCELLED"

    def test_a_connector_below_serde_4_is_not_asked_for_capabilities(self, athena, fake):
        """And gets no condition, because it declared none."""
        fake.serde = 3

        result = athena.query("SELECT order_no FROM orders WHERE rating = 5")

        assert "GetDataSourceCapabilities" not in fake.names
        assert list(fake.named("ReadRecords")[0]["constraints"]) == ["summary"]
        assert summary_of(fake) == {}
        assert result.table.to_pylist() == [{"order_no": "A-1"}]

    def test_a_table_named_twice_is_described_once_and_read_twice(self, athena, fake):
        """With one Ping for all of it."""
        sql = "SELECT a.order_no FROM orders a JOIN orders b ON a.rating = b.rating WHERE a.gift"
        athena.query(sql)

        assert [fake.names.count(name) for name in ("Ping", "GetTable", "ReadRecords")] == [1, 1, 2]

    def test_continuation_tokens_are_followed_to_the_end(self, athena, fake):
        """With the same partitions and the token of the answer before."""
        fake.splits, fake.split_page = 5, 2

        result = athena.query("SELECT order_no FROM orders")

        asked = fake.named("GetSplits")
        assert [item["continuationToken"] for item in asked] == [None, "2", "4"]
        assert len({item["partitions"]["records"] for item in asked}) == 1
        assert sorted(result.table["order_no"].to_pylist(), key=str) == [
            "A-1", "A-2", "A-3", "A-4", "A-5", None,
        ]  # fmt: skip

    def test_a_connector_whose_tokens_never_end_is_refused(self, athena, fake, monkeypatch):
        """After more answers than any table needs."""
        from larkbase_server.local import table_scan

        monkeypatch.setattr(table_scan, "_MOST_ANSWERS", 3)
        fake.change["GetSplits"] = lambda answer: {**answer, "continuationToken": "3"}

        with pytest.raises(Exception, match="continuation tokens of fake-connector do not end"):
            athena.query("SELECT order_no FROM orders")

    def test_splits_are_read_at_the_same_time(self, athena, fake):
        """Three reads are inside the connector together; each of them is another split."""
        import threading

        together = threading.Barrier(3, timeout=20)
        fake.splits = 3
        fake.before = lambda event: (
            together.wait() if event["@type"] == "ReadRecordsRequest" else None
        )

        athena.query("SELECT order_no FROM orders")

        splits = [item["split"]["properties"]["number"] for item in fake.named("ReadRecords")]
        assert sorted(splits) == ["0", "1", "2"]

    def test_a_layout_without_partitions_reads_nothing(self, athena, fake):
        """No splits are asked for."""

        def none_left(answer):
            block = answer["partitions"]
            return {**answer, "partitions": {**block, "records": ""}}

        fake.change["GetTableLayout"] = none_left

        result = athena.query("SELECT count(*) n FROM orders")

        assert result.table.to_pylist() == [{"n": 0}]
        assert "GetSplits" not in fake.names


class TestColumns:
    """Only columns that the query needs are asked for, in the types of the table."""

    def test_a_layout_and_a_read_carry_the_projected_columns(self, athena, fake):
        """And no others."""
        athena.query("SELECT amount, order_no FROM orders")

        for name in ("GetTableLayout", "ReadRecords"):
            (request,) = fake.named(name)
            schema = decode_schema(request["schema"])
            assert sorted(schema.names) == ["amount", "order_no"]

    def test_a_column_that_only_a_handed_over_condition_needs_is_not_asked_for(self, athena, fake):
        """The connector looks at it, nobody else."""
        athena.query("SELECT order_no FROM orders WHERE amount > 50")

        assert decode_schema(fake.named("ReadRecords")[0]["schema"]).names == ["order_no"]

    def test_rows_that_are_only_counted_are_asked_for_without_columns(self, athena, fake):
        """Their number is all that matters."""
        result = athena.query("SELECT count(*) FROM orders WHERE gift = false")

        assert decode_schema(fake.named("ReadRecords")[0]["schema"]).names == []
        assert result.table.to_pylist() == [{"_col0": 3}]

    def test_reserved_columns_are_quoted_and_names_need_no_letter_case(self, athena):
        """Names come back as the connector has them."""
        result = athena.query(
            'SELECT "$reserved_record_id", ORDER_NO FROM LARK_BASE."CRM".Orders WHERE RATING = 1'
        )

        assert result.table.to_pylist() == [{"$reserved_record_id": "rec3", "order_no": "A-4"}]


CONDITIONS = [
    ("rating = 3", {"rating": "[3 3]"}),
    ("3 = rating", {"rating": "[3 3]"}),
    ("rating <> 3", {"rating": "(-inf 3), (3 inf)"}),
    ("NOT rating = 3", {"rating": "(-inf 3), (3 inf)"}),
    ("rating > 3", {"rating": "(3 inf)"}),
    ("rating >= 3", {"rating": "[3 inf)"}),
    ("rating < 3", {"rating": "(-inf 3)"}),
    ("rating <= 3", {"rating": "(-inf 3]"}),
    ("rating BETWEEN 2 AND 4", {"rating": "[2 4]"}),
    ("rating IN (5, 1)", {"rating": "[1 1], [5 5]"}),
    ("rating IN (5, NULL)", {"rating": "[5 5]"}),
    ("rating NOT IN (1, 5)", {"rating": "(-inf 1), (1 5), (5 inf)"}),
    ("rating IS NULL", {"rating": " or NULL"}),
    ("rating IS NOT NULL", {"rating": "(-inf inf)"}),
    ("rating = 5 OR rating IS NULL", {"rating": "[5 5] or NULL"}),
    ("rating < 2 OR rating = 3 OR rating > 4", {"rating": "(-inf 2), [3 3], (4 inf)"}),
    ("rating < 3 OR rating > 2", {"rating": "(-inf inf)"}),
    ("rating IS DISTINCT FROM 5", {"rating": "(-inf 5), (5 inf) or NULL"}),
    ("rating > 1 AND rating <> 4", {"rating": "(1 4), (4 inf)"}),
    ("rating > 1 AND gift", {"rating": "(1 inf)", "gift": "[True True]"}),
    ("gift = false", {"gift": "[False False]"}),
    ("NOT gift", {"gift": "(-inf True), (True inf)"}),
    ("amount = 0.1", {"amount": "[0.1 0.1]"}),
    ("amount > 10 AND amount < 1e2", {"amount": "(10.0 100.0)"}),
    ("price = 7", {"price": f"[{Decimal('7.000000000000000000')} 7.000000000000000000]"}),
    ("order_no >= 'A-2' AND order_no < 'A-4'", {"order_no": "[A-2 A-4)"}),
    ("order_no = 'it''s'", {"order_no": "[it's it's]"}),
    (
        "ordered >= TIMESTAMP '2025-01-01 00:00:00'",
        {"ordered": "[2025-01-01 00:00:00 inf)"},
    ),
    (
        "ordered = TIMESTAMP '2025-01-08 17:00:00.123'",
        {"ordered": "[2025-01-08 17:00:00.123000 2025-01-08 17:00:00.123000]"},
    ),
    ("ordered < DATE '2025-01-01'", {"ordered": "(-inf 2025-01-01 00:00:00)"}),
    ("ordered IS NULL", {"ordered": " or NULL"}),
    ("\"$reserved_record_id\" = 'rec1'", {"$reserved_record_id": "[rec1 rec1]"}),
]


class TestConditions:
    """Conditions on one column are value sets, and the connector alone applies them."""

    @pytest.mark.parametrize(("condition", "wanted"), CONDITIONS, ids=[c for c, _ in CONDITIONS])
    def test_a_condition_is_handed_over_as_a_set_of_ranges(self, athena, fake, condition, wanted):
        """And no other condition is left to the engine."""
        result = athena.query(f"SELECT order_no FROM orders WHERE {condition}")

        assert summary_of(fake) == wanted
        assert result.plans[0].kept == ()

    @pytest.mark.parametrize(
        "condition",
        [
            "upper(order_no) = 'A-1'",
            "order_no LIKE '%1'",
            "rating + 1 = 6",
            "rating = 5 OR gift",
            "rating > 4.5",
            "amount <> 9007199254740993",
            "ordered <> TIMESTAMP '2025-01-01 00:00:00.000001'",
            "amount > rating",
            "place.city = 'Ulm'",
            "contains(tags, 'a')",
            "rating = (SELECT max(rating) FROM orders)",
        ],
    )
    def test_what_no_value_set_says_stays_with_the_engine(self, athena, fake, condition):
        """The first row satisfies each of them."""
        if condition == "amount > rating":
            condition += " AND order_no = 'A-1'"

        result = athena.query(f"SELECT order_no FROM orders WHERE {condition}")

        assert "A-1" in result.table["order_no"].to_pylist()
        assert result.table.num_rows < 6
        assert result.plans[-1].kept

    @pytest.mark.parametrize(
        ("condition", "wanted", "rows"),
        [
            ("tags IS NULL", "all=False or NULL", ["A-3", None]),
            ("tags IS NOT NULL", "all=False", ["A-1", "A-2", "A-4", "A-5"]),
            ("place IS NOT NULL", "all=False", ["A-1", "A-3", "A-4", None]),
        ],
    )
    def test_nested_columns_have_sets_of_all_or_none_which_are_checked_again(
        self, athena, fake, condition, wanted, rows
    ):
        """The fake lets every value pass that is not NULL, as the protocol's reader does."""
        result = athena.query(f"SELECT order_no FROM orders WHERE {condition}")

        (found,) = summary_of(fake).values()
        assert found == wanted
        assert result.table["order_no"].to_pylist() == rows

    def test_a_trusted_connector_that_filters_too_little_is_found_out(self, athena, fake):
        """Its wrong rows are in the result, as they would be in Athena."""
        fake.tables["crm", "orders"] = pa.table({"rating": pa.array([1, 5], pa.int8())})
        whole = fake._wanted

        def careless(event):
            event["constraints"]["summary"] = {}
            return whole(event)

        fake._wanted = careless
        result = athena.query("SELECT rating FROM orders WHERE rating = 5")

        assert result.table["rating"].to_pylist() == [1, 5]

    def test_a_condition_that_nothing_satisfies_sends_no_message_about_rows(self, athena, fake):
        """Only the table was described."""
        result = athena.query("SELECT order_no FROM orders WHERE rating > 4 AND rating < 2")

        assert result.table.num_rows == 0
        assert "GetTableLayout" not in fake.names

    def test_a_condition_outside_a_subquery_reaches_the_table_inside(self, athena, fake):
        """What DuckDB pushes through is handed over too."""
        sql = "SELECT order_no FROM (SELECT order_no, rating FROM orders) AS o WHERE o.rating = 5"
        result = athena.query(sql)

        assert summary_of(fake) == {"rating": "[5 5]"}
        assert result.table.to_pylist() == [{"order_no": "A-1"}]

    def test_a_condition_that_the_engine_can_push_only_in_part_is_answered(self, athena, fake):
        """Some releases of the engine push it and then find that they cannot."""
        sql = (
            "SELECT order_no FROM (SELECT order_no, rating FROM orders) AS o "
            "WHERE o.rating = 5 OR o.rating IS DISTINCT FROM 3"
        )
        result = athena.query(sql)

        assert result.table["order_no"].to_pylist() == ["A-1", "A-3", "A-4", "A-5", None]

    def test_conditions_on_both_sides_of_a_join_go_to_their_tables(self, athena, fake):
        """Each to its own."""
        fake.tables["crm", "lines"] = pa.table({"no": ["A-1", "A-5"], "rating": [7.0, 8.0]})

        result = athena.query(
            "SELECT o.order_no, l.rating FROM orders o JOIN lines l ON l.no = o.order_no "
            "WHERE o.rating >= 4 AND l.rating < 8"
        )

        sent = {
            item["tableName"]["tableName"]: item["constraints"]["summary"]
            for item in fake.named("ReadRecords")
        }
        assert {table: list(sets) for table, sets in sent.items()} == {
            "orders": ["rating"],
            "lines": ["rating"],
        }
        assert result.table.to_pylist() == [{"order_no": "A-1", "rating": 7.0}]

    def test_a_condition_on_the_side_of_a_join_that_may_be_missing_is_not_handed_over(
        self, athena, fake
    ):
        """``IS NULL`` there asks for rows that the connector does not have."""
        fake.tables["crm", "lines"] = pa.table({"no": ["A-1", "A-5"], "kind": ["x", None]})

        result = athena.query(
            "SELECT o.order_no FROM orders o LEFT JOIN lines l ON l.no = o.order_no "
            "WHERE l.kind IS NULL AND o.rating >= 4"
        )

        sent = {
            item["tableName"]["tableName"]: list(item["constraints"]["summary"])
            for item in fake.named("ReadRecords")
        }
        assert sent == {"orders": ["rating"], "lines": []}
        assert result.table.to_pylist() == [{"order_no": "A-5"}]

    def test_only_declared_kinds_are_sent(self, athena, fake):
        """Without the promise about NULL they are checked again here."""
        fake.capabilities = {"supports_filter_pushdown": ["sorted_range_set"]}

        result = athena.query("SELECT order_no FROM orders WHERE rating = 5 AND tags IS NOT NULL")

        assert summary_of(fake) == {"rating": "[5 5]"}
        assert result.plans[0].checked == ("rating = 5",)
        assert result.table.to_pylist() == [{"order_no": "A-1"}]

    @pytest.mark.parametrize(
        ("condition", "wanted"),
        [
            ("rating IN (1, 5)", {"rating": "in [1, 5]"}),
            ("rating <> 3", {"rating": "not in [3]"}),
            ("rating IS NULL", {"rating": "in [] or NULL"}),
            ("rating > 3", {}),
        ],
    )
    def test_equatable_sets_are_sent_where_only_they_are_declared(
        self, athena, fake, condition, wanted
    ):
        """As far as values can be listed."""
        fake.capabilities = {
            "supports_filter_pushdown": ["equatable_range_set", "nullable_comparison"]
        }
        expected = fake_rows(condition)

        result = athena.query(f"SELECT order_no FROM orders WHERE {condition}")

        assert summary_of(fake) == wanted
        assert result.table["order_no"].to_pylist() == expected

    def test_nothing_is_sent_when_nothing_is_declared(self, athena, fake):
        """The engine filters, sorts and limits alone."""
        fake.capabilities = {}

        result = athena.query(
            "SELECT order_no FROM orders WHERE rating > 1 ORDER BY rating DESC LIMIT 2"
        )

        constraints = fake.named("ReadRecords")[0]["constraints"]
        assert constraints == {
            "summary": {},
            "expression": [],
            "orderByClause": [],
            "limit": -1,
            "queryPassthroughArguments": {},
        }
        assert result.table["order_no"].to_pylist() == ["A-1", "A-5"]


def fake_rows(condition):
    return {
        "rating IN (1, 5)": ["A-1", "A-4"],
        "rating <> 3": ["A-1", "A-4", "A-5", None],
        "rating IS NULL": ["A-3"],
        "rating > 3": ["A-1", "A-5"],
    }[condition]


class TestLimits:
    """LIMIT and the first rows of an order are handed over where every row passes."""

    @pytest.mark.parametrize(
        ("tail", "limit", "order"),
        [
            ("LIMIT 2", 2, []),
            ("WHERE rating > 1 LIMIT 2", 2, []),
            ("OFFSET 1 LIMIT 2", 3, []),
            ("FETCH FIRST 2 ROWS ONLY", 2, []),
            ("ORDER BY rating LIMIT 2", 2, [("rating", "ASC_NULLS_LAST")]),
            (
                "ORDER BY rating DESC, order_no LIMIT 2",
                2,
                [("rating", "DESC_NULLS_LAST"), ("order_no", "ASC_NULLS_LAST")],
            ),
            ("ORDER BY 1 DESC LIMIT 2", 2, [("order_no", "DESC_NULLS_LAST")]),
            ("WHERE upper(order_no) > 'A' LIMIT 2", -1, []),
            ("ORDER BY rating NULLS FIRST LIMIT 2", -1, []),
            ("ORDER BY upper(order_no) LIMIT 2", -1, []),
            ("ORDER BY tags LIMIT 2", -1, []),
            ("ORDER BY rating", -1, []),
        ],
    )
    def test_what_is_handed_over_of_a_plain_select(self, athena, fake, tail, limit, order):
        """The engine limits and sorts again."""
        fake.splits = 2
        whole = "SELECT order_no FROM orders"
        athena.query(f"{whole} {tail}")

        constraints = fake.named("ReadRecords")[-1]["constraints"]
        sent = [(key["columnName"], key["direction"]) for key in constraints["orderByClause"]]
        assert (constraints["limit"], sent) == (limit, order)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT DISTINCT gift FROM orders LIMIT 2",
            "SELECT gift, count(*) FROM orders GROUP BY 1 LIMIT 2",
            "SELECT count(*) FROM orders LIMIT 2",
            "SELECT a.gift FROM orders a JOIN orders b ON a.rating = b.rating LIMIT 2",
            "SELECT row_number() OVER (ORDER BY rating) FROM orders LIMIT 2",
            "SELECT order_no FROM orders UNION ALL SELECT order_no FROM orders LIMIT 2",
            "SELECT t FROM orders CROSS JOIN UNNEST(tags) AS u(t) LIMIT 2",
        ],
    )
    def test_nothing_is_handed_over_where_rows_of_the_result_are_not_rows_of_the_table(
        self, athena, fake, sql
    ):
        """A limit there would be one of other rows."""
        athena.query(sql)

        assert {item["constraints"]["limit"] for item in fake.named("ReadRecords")} == {-1}

    def test_a_limit_inside_a_subquery_belongs_to_the_subquery(self, athena, fake):
        """The condition outside must not reach below it."""
        result = athena.query(
            "SELECT order_no FROM (SELECT * FROM orders ORDER BY rating DESC LIMIT 2) AS best "
            "WHERE gift = false"
        )

        constraints = fake.named("ReadRecords")[0]["constraints"]
        assert (constraints["limit"], constraints["summary"]) == (2, {})
        assert result.table.to_pylist() == [{"order_no": "A-5"}]

    @pytest.mark.parametrize("direction", ["ASC", "DESC"])
    def test_the_first_rows_of_several_splits_are_merged(self, athena, fake, direction):
        """Each split returned its own first rows."""
        fake.splits = 3

        result = athena.query(f"SELECT rating FROM orders ORDER BY rating {direction} LIMIT 3")

        assert result.stats.rows > 3
        wanted = {"ASC": [1, 2, 3], "DESC": [5, 4, 3]}[direction]
        assert result.table["rating"].to_pylist() == wanted

    def test_splits_are_not_begun_once_the_limit_is_reached(self, athena, fake):
        """At most as many as are read at the same time."""
        fake.splits = 100
        fake.tables["crm", "orders"] = pa.table({"n": range(1000)})

        result = athena.query("SELECT n FROM orders LIMIT 3")

        assert result.table.num_rows == 3
        assert len(fake.named("ReadRecords")) < 20


def test_the_identity_and_the_sizes_are_those_of_the_protocol(athena, fake):
    """Sizes are texts, and the identity has all its members in order."""
    athena.query("SELECT order_no FROM orders")

    (read,) = fake.named("ReadRecords")
    assert list(read) == [
        "@type", "identity", "queryId", "catalogName", "tableName", "schema", "split",
        "constraints", "maxBlockSize", "maxInlineBlockSize",
    ]  # fmt: skip
    assert (read["maxBlockSize"], read["maxInlineBlockSize"]) == ("16000000", "5242880")
    assert list(read["identity"]) == [
        "id", "principal", "account", "arn", "tags", "groups", "configOptions",
    ]  # fmt: skip
    assert len(base64.b64decode(read["split"]["encryptionKey"]["key"])) == 32
