"""What a local Athena answers: rows and types, spilled blocks, several catalogues, errors."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from athena_fake import BUCKET, FUNCTION
from athena_wire import encode_block, encode_schema, moments

from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    NetworkError,
    NotFound,
    PermissionDenied,
    QueryError,
    RateLimited,
    ServiceError,
)
from larkbase_server.local.query import LocalAthena
from larkbase_server.local.table_scan import ReadSettings


class TestRows:
    """Rows come in Athena's types."""

    def test_every_kind_of_column_comes_as_the_connector_sent_it(self, athena):
        """A date64 is a timestamp in milliseconds, with its time of day."""
        result = athena.query("SELECT * FROM orders WHERE order_no = 'A-4'")

        assert result.table.to_pylist() == [
            {
                "order_no": "A-4",
                "rating": 1,
                "amount": 0.1,
                "price": Decimal("0.1"),
                "gift": None,
                "ordered": dt.datetime(2025, 1, 8, 17, 0, 0, 123000),  # noqa: DTZ001
                "tags": ["b"],
                "place": {"city": "Bonn"},
                "$reserved_record_id": "rec3",
            }
        ]
        assert [str(item.type) for item in result.table.schema][:6] == [
            "string", "int8", "double", "decimal128(38, 18)", "bool", "timestamp[ms]",
        ]  # fmt: skip

    def test_times_within_lists_and_structures_keep_their_time_of_day(self, athena, fake):
        """At every depth."""
        times = moments("2025-01-08 17:00:00.123")
        fake.tables["crm", "nested"] = pa.table(
            {
                "list": pa.ListArray.from_arrays([0, 1], times),
                "row": pa.StructArray.from_arrays([times], ["at"]),
            }
        )

        (row,) = athena.query("SELECT list, row FROM nested").table.to_pylist()

        moment = dt.datetime(2025, 1, 8, 17, 0, 0, 123000)  # noqa: DTZ001
        assert row == {"list": [moment], "row": {"at": moment}}

    def test_times_with_a_zone_are_unpacked(self, athena, fake):
        """On the wire they hold milliseconds and the number of a zone."""
        packed = pa.array([(1_700_000_000_123 << 12) | 1989, None], pa.int64())
        fake.tables["crm", "zoned"] = pa.table({"at": packed.view(pa.timestamp("ms", "UTC"))})

        rows = athena.query("SELECT at FROM zoned WHERE at IS NOT NULL").table

        assert rows["at"].to_pylist() == [
            dt.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=dt.UTC)
        ]

    def test_times_that_are_computed_have_milliseconds_too(self, athena):
        """The engine underneath computes in microseconds."""
        table = athena.query("SELECT date_trunc('month', ordered) AS m FROM orders LIMIT 1").table

        assert table.schema.field("m").type == pa.timestamp("ms")

    def test_a_query_without_tables_sends_nothing(self, athena, fake):
        """No connector is even pinged."""
        assert athena.query("SELECT 1 AS x, 'a' AS y").table.to_pylist() == [{"x": 1, "y": "a"}]
        assert fake.requests == []

    def test_two_columns_of_a_name_are_told_apart(self, athena):
        """In the order of the statement."""
        result = athena.query(
            "SELECT a.rating, b.rating FROM orders a JOIN orders b ON a.order_no = b.order_no "
            "WHERE a.rating = 5"
        )

        assert result.table.to_pylist() == [{"rating": 5, "rating_1": 5}]

    def test_figures_tell_what_a_query_cost(self, athena, fake):
        """Messages by kind, splits, rows and bytes."""
        fake.splits = 3

        stats = athena.query("SELECT order_no FROM orders").stats

        assert dict(stats.messages) == {
            "GetDataSourceCapabilities": 1, "GetSplits": 1, "GetTable": 1, "GetTableLayout": 1,
            "Ping": 1, "ReadRecords": 3,
        }  # fmt: skip
        assert (stats.splits, stats.rows, stats.lark_calls) == (3, 6, None)
        assert (stats.spilled_blocks, stats.spilled_bytes) == (0, 0)
        assert stats.answer_bytes > 1000
        assert stats.seconds > 0


class TestSpill:
    """Blocks beside the answer are fetched, decrypted and read."""

    @pytest.mark.parametrize("encrypted", [True, False])
    @pytest.mark.parametrize("rows", [1, 4])
    def test_spilled_blocks_hold_the_same_rows(self, athena, spilling, encrypted, rows):
        """Encrypted or plain, one block or several."""
        inline = athena.query("SELECT * FROM orders ORDER BY amount").table
        spilling.spill, spilling.encrypted = rows, encrypted

        result = athena.query("SELECT * FROM orders ORDER BY amount")

        assert result.table == inline
        assert result.stats.spilled_blocks == {1: 6, 4: 2}[rows]
        assert result.stats.spilled_bytes > 0

    def test_a_spilled_answer_without_blocks_has_no_rows(self, athena, spilling):
        """The protocol allows it."""
        spilling.spill = 1

        assert athena.query("SELECT * FROM orders WHERE rating = 77").table.num_rows == 0

    def test_a_local_athena_can_ask_for_spilled_answers_only(self, spilling, endpoint):
        """The size in the request decides."""
        read = ReadSettings(max_block_size=100_000, max_inline_block_size=1)
        with LocalAthena({"lark_base": FUNCTION}, endpoint, read=read) as athena:
            result = athena.query("SELECT order_no FROM crm.orders")

        (asked,) = spilling.named("ReadRecords")
        assert (asked["maxBlockSize"], asked["maxInlineBlockSize"]) == ("100000", "1")
        assert (result.table.num_rows, result.stats.spilled_blocks) == (6, 1)

    def test_a_missing_block_is_an_error_of_the_query(self, athena, spilling):
        """Not fewer rows."""
        spilling.spill = 1

        def lost(answer):
            places = [{**place, "key": place["key"] + "x"} for place in answer["remoteBlocks"]]
            return {**answer, "remoteBlocks": places}

        spilling.change["ReadRecords"] = lost

        with pytest.raises(ServiceError, match="AWS refuses s3:GetObject: NoSuchKey"):
            athena.query("SELECT order_no FROM orders")

    def test_a_block_under_another_key_is_an_error_of_the_query(self, athena, spilling):
        """Not other rows."""
        spilling.spill = 1

        def other_key(answer):
            key = {"key": "A" * 43 + "=", "nonce": "A" * 16}
            return {**answer, "encryptionKey": key}

        spilling.change["ReadRecords"] = other_key

        with pytest.raises(ServiceError, match=f"block s3://{BUCKET}/.* cannot be read: .*decrypt"):
            athena.query("SELECT order_no FROM orders")


class TestCatalogues:
    """Tables of several catalogues and local files meet in one statement."""

    @pytest.fixture
    def other(self, fake, aws_here, endpoint):
        functions = {"lark_base": FUNCTION, "other": FUNCTION}
        fake.tables["shop", "targets"] = pa.table({"no": ["A-1", "A-2"], "target": [5, 7]})
        with LocalAthena(functions, endpoint, database="crm") as running:
            yield running

    def test_catalogues_are_joined(self, other, fake):
        """Each is pinged under its own name."""
        result = other.query(
            "SELECT o.order_no, t.target FROM orders o "
            "JOIN other.shop.targets t ON t.no = o.order_no ORDER BY 1"
        )

        assert result.table.to_pylist() == [
            {"order_no": "A-1", "target": 5},
            {"order_no": "A-2", "target": 7},
        ]
        assert {item["catalogName"] for item in fake.named("Ping")} == {"lark_base", "other"}

    def test_columns_may_be_named_with_their_database(self, other):
        """In any clause."""
        result = other.query(
            "SELECT crm.orders.order_no, targets.target FROM crm.orders "
            "JOIN other.shop.targets ON shop.targets.no = crm.orders.order_no "
            "WHERE crm.orders.rating = 5"
        )

        assert result.table.to_pylist() == [{"order_no": "A-1", "target": 5}]
        assert [plan.conditions for plan in result.plans if "orders" in plan.table] == [
            ("rating = 5",)
        ]

    def test_a_function_can_be_named_as_a_catalogue(self, other, fake):
        """As Athena allows without registration."""
        result = other.query(f'SELECT count(*) FROM "lambda:{FUNCTION}".crm.orders')

        assert result.table.to_pylist() == [{"_col0": 6}]
        assert fake.requests[-1]["catalogName"] == f"lambda:{FUNCTION}"

    def test_an_unknown_catalogue_is_told_with_those_that_there_are(self, other):
        """And with the nearest name."""
        with pytest.raises(NotFound, match='No catalogue "othre"') as caught:
            other.query("SELECT * FROM othre.crm.orders")

        assert caught.value.hint.startswith('did you mean "other"?')

    @pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
    def test_a_local_file_is_a_table(self, athena, tmp_path, suffix):
        """Named in double quotes; its alias is its name without the suffix."""
        path = tmp_path / f"Targets.{suffix}"
        if suffix == "parquet":
            import pyarrow.parquet as pq

            pq.write_table(pa.table({"no": ["A-1"], "target": [5]}), path)
        else:
            path.write_text(
                {"csv": "no,target\nA-1,5\n", "json": '{"no":"A-1","target":5}'}[suffix]
            )

        result = athena.query(
            "SELECT o.rating, targets.target FROM orders o "
            f'JOIN "{path}" ON targets.no = o.order_no'
        )

        assert result.table.to_pylist() == [{"rating": 5, "target": 5}]

    def test_python_variables_are_no_tables(self, athena):
        """A name that no connector knows is an error, whatever the caller's variables are."""
        nothing = pa.table({"x": [1]})
        assert nothing.num_rows

        with pytest.raises(NotFound, match=r"Table not found: crm\.nothing"):
            athena.query("SELECT * FROM nothing")

    def test_a_local_athena_needs_a_catalogue(self):
        """Without one it could answer nothing."""
        with pytest.raises(ConfigurationError, match="needs a catalogue"):
            LocalAthena({})


class TestShow:
    """SHOW and DESCRIBE answer from the connector's lists and descriptions."""

    @pytest.mark.parametrize(
        ("sql", "rows"),
        [
            ("SHOW DATABASES", ["crm", "hr"]),
            ("show schemas in lark_base;", ["crm", "hr"]),
            ("SHOW DATABASES LIKE 'c*'", ["crm"]),
            ("SHOW DATABASES LIKE 'H%|x*'", ["hr"]),
            (f"SHOW DATABASES IN `lambda:{FUNCTION}`", ["crm", "hr"]),
            ("SHOW TABLES", ["orders"]),
            ("SHOW TABLES IN HR", ["people", "salaries"]),
            ('SHOW TABLES FROM "lark_base"."hr" LIKE \'p*\'', ["people"]),
            ("SHOW COLUMNS FROM hr.people", ["name", "born"]),
        ],
    )
    def test_what_there_is(self, athena, fake, sql, rows):
        """Patterns are Athena's: a star, and a bar between two of them."""
        people = pa.table({"name": ["Ann"], "born": moments(None)})
        fake.tables |= {("hr", "people"): people, ("hr", "salaries"): people}

        table = athena.query(sql).table

        assert table.column(0).to_pylist() == rows

    def test_describe_tells_athenas_types(self, athena):
        """Not those of Arrow or of DuckDB."""
        table = athena.query("DESCRIBE lark_base.crm.orders").table

        assert table.column_names == ["col_name", "data_type", "comment"]
        assert dict(zip(*(column.to_pylist() for column in table.columns[:2]), strict=True)) == {
            "order_no": "varchar",
            "rating": "tinyint",
            "amount": "double",
            "price": "decimal(38,18)",
            "gift": "boolean",
            "ordered": "timestamp(3)",
            "tags": "array(varchar)",
            "place": "row(city varchar)",
            "$reserved_record_id": "varchar",
        }

    def test_it_costs_the_messages_that_athena_sends(self, athena, fake):
        """A Ping and one question."""
        athena.query("SHOW TABLES IN crm")
        athena.query("DESCRIBE orders")

        assert fake.names == ["Ping", "ListTables", "Ping", "GetTable"]
        assert fake.named("ListTables")[0]["pageSize"] == -1

    @pytest.mark.parametrize("sql", ["SHOW PARTITIONS orders", "SHOW TABLES IN a.b.c", "DESCRIBE"])
    def test_what_cannot_be_read_is_told(self, athena, sql):
        """With the forms that can."""
        with pytest.raises(QueryError, match="cannot be read"):
            athena.query(sql)


class TestExplain:
    """A plan shows what is handed over, and reads no row."""

    def test_a_plan_says_what_goes_where(self, athena, fake):
        """Handed over, checked again, or applied here only."""
        fake.splits = 3
        result = athena.query(
            "SELECT order_no FROM orders WHERE rating IN (1, 5) AND upper(order_no) <> 'X' "
            "AND tags IS NOT NULL AND (ordered < DATE '2025-01-01' OR ordered IS NULL)",
            explain=True,
        )

        assert "ReadRecords" not in fake.names
        assert result.table.num_rows == 0
        (plan,) = result.plans
        assert plan.to_dict() == {
            "table": "lark_base.crm.orders",
            "columns": ["order_no", "tags"],
            "conditions": [
                "rating IN (1, 5)",
                "ordered < TIMESTAMP '2025-01-01 00:00:00.000' OR ordered IS NULL",
            ],
            "checked": ["tags IS NOT NULL"],
            "kept": ["UPPER(order_no) <> 'X'", "NOT tags IS NULL"],
            "order": [],
            "limit": None,
            "splits": 3,
        }

    def test_a_plan_reads_well(self, athena):
        """One line a fact, and none for what there is not."""
        result = athena.query(
            "SELECT order_no FROM orders WHERE rating > 1 ORDER BY rating DESC LIMIT 3",
            explain=True,
        )

        assert str(result.plans[0]).splitlines() == [
            "lark_base.crm.orders",
            "  columns: order_no, rating",
            "  handed over: rating > 1",
            "  order: rating DESC NULLS LAST",
            "  limit: 3 rows of each split",
            "  splits: 1",
        ]

    def test_both_sides_of_a_join_are_planned(self, athena):
        """Although no row of the first one came."""
        sql = "SELECT count(*) FROM orders a JOIN orders b ON a.rating = b.rating WHERE a.gift"

        assert len(athena.query(sql, explain=True).plans) == 2


class TestErrors:
    """What went wrong anywhere is the query's error."""

    def test_an_unknown_table_is_the_connectors_error(self, athena):
        """In its own words."""
        with pytest.raises(NotFound, match=r"^Table not found: crm\.ordres$"):
            athena.query("SELECT * FROM ordres")

    def test_an_unknown_column_is_told(self, athena):
        """With columns of similar names, and without a text that nobody wrote."""
        with pytest.raises(QueryError, match='"amout" not found') as caught:
            athena.query("SELECT amout FROM orders")

        assert "amount" in str(caught.value)
        assert "LINE" not in str(caught.value)

    def test_a_name_for_two_tables_is_told(self, athena):
        """By the engine, as the query cannot be planned."""
        with pytest.raises(QueryError, match="uplicate alias"):
            athena.query("SELECT * FROM orders, orders WHERE rating > 2")

    @pytest.mark.parametrize(
        ("sql", "text"),
        [
            ("SELECT FROM WHERE", "The statement cannot be read"),
            ("SELECT 1; SELECT 2", "One statement is needed, not 2"),
            ("", "One statement is needed, not 0"),
            ("DROP TABLE orders", "does not run DROP"),
            ("INSERT INTO orders VALUES (1)", "does not run INSERT"),
            ("SELECT * FROM a.b.c.d", "a.b.c.d has too many names"),
            ("SELECT * FROM information_schema.tables", "has no information_schema"),
            ("SELECT * FROM lark.information_schema.tables", "has no information_schema"),
        ],
    )
    def test_a_text_that_is_no_query_is_refused(self, athena, fake, sql, text):
        """Without a message to any connector."""
        with pytest.raises(QueryError, match=text):
            athena.query(sql)

        assert fake.requests == []

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("AccessDeniedException", PermissionDenied),
            ("InvalidCredentialsException", AuthenticationError),
            ("EntityNotFoundException", NotFound),
            ("InvalidInputException", QueryError),
            ("ThrottlingException", RateLimited),
            ("OperationTimeoutException", NetworkError),
            ("PermissionDenied", PermissionDenied),
        ],
    )
    def test_the_kind_of_a_connectors_error_survives(self, athena, fake, name, kind):
        """With Lark's code, its log id, the hint and the link."""
        text = (
            'The app may not read base "CRM". (Lark 91403, log 2025ABC)\n'
            "  Hint: open the base → Add document app\n  https://acme.larksuite.com/base/x"
        )

        def refuse(_):
            raise type(name, (Exception,), {})(text)

        fake.change["ReadRecords"] = refuse

        with pytest.raises(kind) as caught:
            athena.query("SELECT order_no FROM orders")

        error = caught.value
        assert (error.message, error.code, error.log_id) == (
            'The app may not read base "CRM".',
            91403,
            "2025ABC",
        )
        assert (error.hint, error.help_url) == (
            "open the base → Add document app",
            "https://acme.larksuite.com/base/x",
        )
        assert str(error) == text

    @pytest.mark.parametrize(
        "message", ["Ping", "GetTable", "GetTableLayout", "GetSplits", "ReadRecords"]
    )
    def test_any_other_error_names_the_function_and_the_type(self, athena, fake, message):
        """In whatever message it comes."""
        fake.change[message] = lambda _: 1 / 0

        with pytest.raises(ServiceError, match="fake-connector failed with ZeroDivisionError: div"):
            athena.query("SELECT order_no FROM orders")

    def test_an_error_in_the_middle_of_the_splits_is_no_smaller_result(self, athena, fake):
        """The splits before it do not count."""
        fake.splits = 6

        def refuse(event):
            if (
                event["@type"] == "ReadRecordsRequest"
                and event["split"]["properties"]["number"] > "3"
            ):
                raise ValueError("the fourth is gone")

        fake.before = refuse

        with pytest.raises(ServiceError, match="the fourth is gone"):
            athena.query("SELECT count(amount) FROM orders")

    def test_a_function_that_is_not_there_is_told(self, fake, aws_here, endpoint):
        """As Lambda tells it."""
        with (
            LocalAthena({"lark_base": "nobody"}, endpoint) as athena,
            pytest.raises(NotFound, match="Function not found: arn:aws:lambda"),
        ):
            athena.query("SELECT * FROM crm.orders")

    def test_an_endpoint_that_is_not_there_is_told(self, aws_here):
        """As a network error."""
        with (
            LocalAthena({"lark_base": FUNCTION}, "http://127.0.0.1:9") as athena,
            pytest.raises(NetworkError, match="No answer came from lambda"),
        ):
            athena.query("SELECT * FROM crm.orders")

    def test_a_whole_number_beyond_64_bits_is_told(self, athena, fake):
        """Athena fails on such a sum too."""
        largest = 2**63 - 1
        fake.tables["crm", "big"] = pa.table({"n": pa.array([largest, 1], pa.int64())})

        with pytest.raises(QueryError, match="more than 64 bits"):
            athena.query("SELECT sum(n) FROM big")


def without(key):
    return lambda answer: {name: value for name, value in answer.items() if name != key}


def reordered(answer):
    kind, *others = answer.items()
    return dict([kind, *reversed(others)])


class TestStrictReading:
    """An answer that Athena's own reader would refuse is refused here."""

    @pytest.mark.parametrize("message", ["Ping", "GetTable", "GetTableLayout", "GetSplits"])
    def test_keys_in_another_order_are_refused(self, athena, fake, message):
        """Order matters on the wire."""
        fake.change[message] = reordered

        with pytest.raises(ServiceError, match=f"to {message}Request cannot be read: .*this order"):
            athena.query("SELECT order_no FROM orders")

    @pytest.mark.parametrize(
        ("message", "key"),
        [
            ("GetSplits", "continuationToken"),
            ("GetTable", "partitionColumns"),
            ("Ping", "sourceType"),
        ],
    )
    def test_a_missing_key_is_refused(self, athena, fake, message, key):
        """Even one whose value would be null."""
        fake.change[message] = without(key)

        with pytest.raises(ServiceError, match="cannot be read"):
            athena.query("SELECT order_no FROM orders")

    def test_a_missing_key_deep_inside_is_refused(self, athena, fake):
        """Its place is told."""

        def keyless(answer):
            splits = [without("encryptionKey")(split) for split in answer["splits"]]
            return {**answer, "splits": splits}

        fake.change["GetSplits"] = keyless

        with pytest.raises(ServiceError, match=r"GetSplitsResponse\.splits\[0\] has the keys"):
            athena.query("SELECT order_no FROM orders")

    def test_keys_after_the_last_known_one_are_allowed(self, athena, fake):
        """That is how newer connectors stay readable."""
        fake.change["GetTable"] = lambda answer: {**answer, "later": 1}

        assert athena.query("SELECT order_no FROM orders").table.num_rows == 6

    def test_a_type_that_athena_cannot_read_is_refused(self, athena, fake):
        """Such as a timestamp without a zone."""
        times = pa.schema([("at", pa.timestamp("ms"))])
        fake.change["GetTable"] = lambda answer: {**answer, "schema": encode_schema(times)}

        with pytest.raises(ServiceError, match=r"cannot read the Arrow type timestamp\[ms\]"):
            athena.query("SELECT order_no FROM orders")

    def test_rows_with_other_columns_than_asked_for_are_refused(self, athena, fake):
        """The types count too."""
        block = encode_block(pa.record_batch({"order_no": [1, 2]}))
        fake.change["ReadRecords"] = lambda answer: {**answer, "records": block}

        with pytest.raises(ServiceError, match="order_no int64, but order_no string were asked"):
            athena.query("SELECT order_no FROM orders")

    def test_an_answer_of_another_kind_is_refused(self, athena, fake):
        """Both kinds are told."""
        fake.change["GetSplits"] = lambda _: {"@type": "ListSchemasResponse", "catalogName": "x",
                                              "schemas": []}  # fmt: skip

        with pytest.raises(ServiceError, match="GetSplitsRequest with a ListSchemasResponse"):
            athena.query("SELECT order_no FROM orders")

    def test_an_error_that_is_returned_instead_of_raised_is_refused(self, athena, fake):
        """It is no answer of the protocol."""
        fake.change["GetTable"] = lambda _: {"error": "no such table"}

        with pytest.raises(ServiceError, match="lacks the member '@type'"):
            athena.query("SELECT order_no FROM orders")

    def test_an_old_serde_version_that_nobody_writes_is_told(self, athena, fake):
        """A connector that reports none speaks version 1."""
        fake.serde = 1

        with pytest.raises(ServiceError, match="Serde version 1 cannot be written"):
            athena.query("SELECT order_no FROM orders")


@pytest.mark.parametrize("message", ["GetSplits", "ReadRecords"])
def test_ctrl_c_ends_a_query_that_waits_for_a_connector(aws_here, tmp_path, message):
    """At once, although the connector would never answer."""
    script = tmp_path / "hang.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys, threading
            from larkbase_server.local.lambda_endpoint import LambdaEndpoint
            from larkbase_server.local.query import LocalAthena
            sys.path.insert(0, sys.argv[1])
            from athena_fake import FakeConnector, orders

            fake = FakeConnector(tables={("crm", "orders"): orders()})

            def hang(event):
                if event["@type"] == sys.argv[2]:
                    print("reading", flush=True)
                    threading.Event().wait()

            fake.before = hang
            with LambdaEndpoint({"f": fake.handler}) as endpoint:
                with LocalAthena({"lark_base": "f"}, endpoint.url) as athena:
                    try:
                        athena.query("SELECT order_no FROM crm.orders")
                    except KeyboardInterrupt:
                        print("interrupted", flush=True)
            """
        )
    )
    here = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, str(script), here, f"{message}Request"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "reading\n"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert (process.returncode, out) == (0, "interrupted\n"), err


def test_a_result_tells_itself_in_a_line(athena):
    """And its figures are JSON."""
    result = athena.query("SELECT order_no FROM orders")

    assert repr(result).startswith("AthenaResult(6 rows, ")
    assert repr(athena) == f"LocalAthena(lark_base={FUNCTION})"
    assert json.dumps(result.stats.to_dict())
