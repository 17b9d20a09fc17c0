"""Whatever is wrong ends as the documented error: never as fewer rows, never as a hang."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import larkbase_server.athena
from larkbase_server.protocol import planning
from larkbase_server.protocol.arrow_types import ArrowType
from larkbase_server.protocol.constraints import Constraints, QueryPlan
from larkbase_server.protocol.expressions import FunctionCallExpression, VariableExpression
from larkbase_server.protocol.faults import (
    AccessDeniedException,
    EntityNotFoundException,
    FederationException,
    InternalServiceException,
    InvalidCredentialsException,
    InvalidInputException,
    OperationNotSupportedException,
    OperationTimeoutException,
    ThrottlingException,
)
from larkbase_server.protocol.messages import write_message
from larkbase_server.protocol.records import ReadRecordsRequest
from larkbase_server.protocol.splits import EncryptionKey, Split


def fault(engine, event):
    """Invoke the handler with an event that must fail, and return the exception."""
    with pytest.raises(FederationException) as caught:
        engine.invoke(event)
    return caught.value


def rotate_secret(world, engine):
    """Let the process meet the old secret, which Lark refuses, before the new one is there."""
    good = {"lark_app_id": world.lark.app_id, "lark_app_secret": world.lark.app_secret}
    secrets = world.aws.client("secretsmanager")
    secrets.put_secret_value(
        SecretId="lark-app", SecretString=json.dumps({**good, "lark_app_secret": "old-secret"})
    )
    world.fresh_process()
    with pytest.raises(InvalidCredentialsException):
        engine.schemas()
    secrets.put_secret_value(SecretId="lark-app", SecretString=json.dumps(good))


class TestMessages:
    """Events that are no requests."""

    @pytest.mark.parametrize("event", [None, [], "x", 7, {}, {"@type": 7}])
    def test_what_is_no_message_is_invalid_input(self, engine, event):
        """Lambda hands over whatever JSON it was given."""
        assert type(fault(engine, event)) is InvalidInputException

    @pytest.mark.parametrize("name", ["GetTheTableRequest", "PingResponse", "ping", ""])
    def test_an_unknown_request_is_not_supported(self, engine, name):
        """The text names it."""
        error = fault(engine, {"@type": name, "queryId": "q"})

        assert type(error) is OperationNotSupportedException
        assert repr(name) in str(error)

    def test_a_user_defined_function_is_not_supported(self, engine):
        """There are none here."""
        from larkbase_server.protocol.records import UserDefinedFunctionRequest

        batch = pa.record_batch({"a": ["x"]})
        request = UserDefinedFunctionRequest(
            input_records=batch, output_schema=batch.schema, method_name="f"
        )

        error = fault(engine, write_message(request, 5))

        assert type(error) is OperationNotSupportedException

    def test_a_request_without_a_member_is_invalid_input(self, sales, engine):
        """Missing, null, or of another kind; no answer is made up."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        request = ReadRecordsRequest(**engine.about("sales.orders"), schema=schema, split=split)
        event = write_message(request, 5)

        for key in ("queryId", "catalogName", "tableName", "schema", "split"):
            for value in (None, 7, [], {}):
                assert type(fault(engine, {**event, key: value})) is InvalidInputException

    def test_a_truncated_request_is_invalid_input(self, sales, engine):
        """Wherever its text ends."""
        request = planning.GetSplitsRequest(
            **engine.about("sales.orders"), partitions=planning.single_partition()
        )
        text = json.dumps(write_message(request, 5))

        for length in range(0, len(text), 37):
            assert type(fault(engine, text[:length])) is InvalidInputException

    def test_broken_base64_and_arrow_bytes_are_errors(self, sales, engine):
        """Of a schema or of a block."""
        request = planning.GetSplitsRequest(
            **engine.about("sales.orders"), partitions=planning.single_partition()
        )
        event = write_message(request, 5)

        for text in ("***", "AAAA", event["partitions"]["schema"][:40]):
            broken = {**event, "partitions": {**event["partitions"], "schema": text}}
            assert type(fault(engine, broken)) is InvalidInputException

    def test_native_queries_are_refused_at_every_step(self, sales, engine):
        """Nothing was declared of them."""
        native = {"schemaFunctionName": "SYSTEM.QUERY", "QUERY": "select 1"}
        constraints = Constraints(query_passthrough=native)
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        steps = [
            lambda: engine.table("sales.orders", query_passthrough=native),
            lambda: engine.layout("sales.orders", constraints),
            lambda: engine.splits("sales.orders", constraints),
            lambda: engine.read("sales.orders", split, schema, constraints),
        ]

        for step in steps:
            with pytest.raises(OperationNotSupportedException, match="no native queries"):
                step()


class TestSplitsOfOthers:
    """Splits that this connector did not make, or made of something else."""

    @pytest.mark.parametrize(
        "properties",
        [
            {},
            {"part": "{"},
            {"part": "[]", "splits": "1"},
            {"part": "{}", "splits": "1"},
            {"part": '{"base_id":"b","table_id":"t"}', "splits": "x"},
            {"part": '{"base_id":"b","table_id":"t","sort":7}', "splits": "1"},
            {"part": '{"base_id":"b","table_id":"t","page_size":1e400}', "splits": "1"},
        ],
    )
    def test_foreign_properties_are_invalid_input(self, sales, engine, properties):
        """And no reason to read the whole table."""
        schema = engine.table("sales.orders")

        with pytest.raises(InvalidInputException, match="not made by this connector"):
            engine.read("sales.orders", Split(properties=properties), schema)

    def test_a_foreign_continuation_token_is_invalid_input(self, sales, engine):
        """It could only lead to splits left out."""
        for token in ("", "x", "7", "[7]", '[{"part":"{}"}]'):
            with pytest.raises(InvalidInputException):
                engine.splits_page("sales.orders", token=token)

    def test_a_column_that_the_table_does_not_have(self, sales, engine):
        """After the fields were read again."""
        [split] = engine.splits("sales.orders")
        schema = pa.schema([("order_no", pa.string()), ("nothing", pa.string())])

        with pytest.raises(InvalidInputException, match='"nothing" cannot be read'):
            engine.read("sales.orders", split, schema)

    def test_a_column_of_another_type_than_planned(self, sales, engine):
        """Its values would be read as something else."""
        [split] = engine.splits("sales.orders")
        schema = pa.schema([("amount", pa.string())])

        with pytest.raises(InvalidInputException, match="other types"):
            engine.read("sales.orders", split, schema)

    def test_a_name_that_means_another_table_meanwhile(self, world, sales, engine):
        """The split belongs to the table that the query was planned with."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        moved = world.lark.database("Moved")
        moved.table("Orders", {"Order No": ["other"]})
        world.publish(sales=moved)
        records = world.lark.database("Metadata").table("databases")
        records.delete([records.records[0]["record_id"]])
        world.fresh_process()

        with pytest.raises(InvalidInputException, match="another table"):
            engine.read("sales.orders", split, schema)

    def test_a_process_that_remembers_another_table_looks_again(self, world, sales, engine):
        """The name was given to another table after this process last looked."""
        engine.table("sales.orders")
        older = larkbase_server.athena._function()
        moved = world.lark.database("Moved")
        moved.table("Orders", {"Order No": ["other"]})
        records = world.lark.database("Metadata").table("databases")
        records.update(records.records[0]["record_id"], {"id": moved.app_token})
        world.fresh_process()
        schema = pa.schema([engine.table("sales.orders").field("order_no")])
        [split] = engine.splits("sales.orders")

        with world.patch.context() as patch:
            patch.setattr(larkbase_server.athena, "_function", lambda: older)
            table = engine.read("sales.orders", split, schema)

        assert table.to_pylist() == [{"order_no": "other"}]

    def test_a_table_that_vanished_between_plan_and_read(self, world, sales, engine):
        """With Lark's code."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        sales.base.remove_table("Orders")

        with pytest.raises(EntityNotFoundException, match="1254041"):
            engine.read("sales.orders", split, schema)

    def test_a_table_of_glue_that_vanished_in_lark(self, world, engine, caplog):
        """Glue still lists it; planning is possible, reading is not."""
        table = world.lark.database("B").table("T", {"A": ["x"]})
        world.into_glue("b", "t", table, [world.glue_column(table, "A", "string")])
        table.base.remove_table("T")

        with pytest.raises(EntityNotFoundException, match="1254041"):
            engine.select("b.t", ["a"])


class TestLark:
    """Lark's refusals and silences."""

    @pytest.fixture
    def big(self, world):
        """A table of 1,500 rows."""
        base = world.lark.database("Big")
        table = base.table("T", {"No": list(range(1500))})
        world.publish(big=base)
        return table

    def test_a_page_that_fails_half_way_is_an_error(self, world, big, engine):
        """With Lark's code and log id, after blocks were written."""
        world.set(MAX_BLOCK_SIZE_BYTES="4000")
        engine.splits("big.t")
        world.lark.fail(1254002, endpoint="search", path=big.table_id, after=2, times=None)

        with pytest.raises(InternalServiceException, match=r"Lark 1254002, log \w+"):
            engine.select("big.t", ["no"], inline=1)

        assert world.blocks()

    @pytest.mark.parametrize(
        ("broken", "expected"),
        [
            ({"disconnect": True}, OperationTimeoutException),
            ({"truncate": True}, OperationTimeoutException),
            ({"body": "<html>gateway</html>", "status": 502}, OperationTimeoutException),
            ({"code": 99991400}, ThrottlingException),
            ({"code": 1254607}, InternalServiceException),
            ({"code": 1254302}, AccessDeniedException),
            ({"code": 91403}, AccessDeniedException),
            ({"code": 1254040}, EntityNotFoundException),
            ({"code": 1255001}, InternalServiceException),
        ],
    )
    def test_every_kind_of_refusal_has_its_exception(self, world, big, engine, broken, expected):
        """Once repeating does not help."""
        engine.splits("big.t")
        world.lark.fail(endpoint="search", path=big.table_id, times=None, **broken)

        with pytest.raises(expected):
            engine.select("big.t", ["no"])

    @pytest.mark.parametrize(
        ("broken", "hint"),
        [
            ({"code": 91403}, "choose the app cli_dem…, then run the query or crawl again."),
            ({"code": 1254041}, "Run the query again, and before it the crawler if Glue declares"),
            ({"code": 1254045}, "Run the query again, and before it the crawler if Glue declares"),
            ({"code": 1254040}, "Compare its id with the link of the base in the browser."),
            ({"code": 1254030}, "a smaller page (default_page_size)."),
            ({"code": 99991400}, "Lower LARK_RATE;"),
            ({"disconnect": True}, "LARK_TIMEOUT and LARK_RETRIES allow more."),
        ],
    )
    def test_hints_speak_of_what_can_be_done_here(self, world, big, engine, broken, hint):
        """Nobody can call a method of the notebook in Athena's console; names stand by ids."""
        engine.splits("big.t")
        world.lark.fail(endpoint="search", path=big.table_id, times=None, **broken)

        with pytest.raises(FederationException) as caught:
            engine.select("big.t", ["no"])

        assert hint in str(caught.value)
        assert "lark." not in str(caught.value).replace(big.base.url, "")
        assert "larkbase.options" not in str(caught.value)

    def test_a_table_that_is_gone_is_named(self, world, big, engine):
        """By its name in the query, beside its id."""
        engine.splits("big.t")
        world.lark.fail(1254041, endpoint="search", path=big.table_id, times=None)

        with pytest.raises(EntityNotFoundException, match=rf'table "T" \({big.table_id}\)'):
            engine.select("big.t", ["no"])

    def test_refused_credentials_name_the_app(self, world, sales, engine):
        """After the secret was read once more."""
        world.aws.client("secretsmanager").put_secret_value(
            SecretId="lark-app",
            SecretString='{"lark_app_id": "cli_0123456789abcdef", "lark_app_secret": "wrong0000"}',
        )
        world.fresh_process()
        world.aws.calls.clear()

        with pytest.raises(InvalidCredentialsException) as caught:
            engine.schemas()

        assert "wrong0000" not in str(caught.value)
        assert world.aws.calls.count("secretsmanager", "GetSecretValue") == 2

    def test_a_rotated_secret_is_read_again_once(self, world, sales, engine):
        """In the middle of the life of a process; the request succeeds."""
        rotate_secret(world, engine)

        assert engine.schemas() == ["sales"]
        assert len(engine.select("sales.orders")) == 5

    def test_a_rotated_secret_is_read_again_for_all_requests_at_the_time(
        self, world, sales, engine_class
    ):
        """One of them reads it, and the others do not take that for a secret that stayed."""
        rotate_secret(world, engine_class(world.aws))
        together = threading.Barrier(4)

        def schemas(engine):
            together.wait(20)
            return engine.schemas()

        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(schemas, [engine_class(world.aws) for _ in range(4)]))

        assert found == [["sales"]] * 4


class TestAws:
    """AWS's refusals."""

    def test_a_spill_bucket_that_refuses(self, world, sales, engine):
        """The hint names the permission."""
        world.aws.fail("s3", "PutObject", "AccessDenied", times=None, status=403)

        with pytest.raises(InvalidInputException, match="s3:PutObject"):
            engine.select("sales.orders", inline=1)

    def test_a_spill_bucket_that_does_not_exist(self, world, sales, engine):
        """The hint says what the setting should hold."""
        world.set(spill_bucket="nowhere")

        with pytest.raises(InvalidInputException, match=r"NoSuchBucket[^$]*name of a bucket"):
            engine.select("sales.orders", inline=1)

    def test_no_spill_bucket_and_too_many_rows(self, world, sales, engine):
        """An error, and not as many rows as fit."""
        world.set(spill_bucket="")

        with pytest.raises(InvalidInputException, match="no spill bucket"):
            engine.select("sales.orders", inline=1)

    def test_a_spill_that_fails_half_way(self, world, engine):
        """Other blocks are there, and count for nothing."""
        base = world.lark.database("Wide")
        base.table("T", {"Text": ["x" * 200] * 600})
        world.publish(wide=base)
        world.aws.fail("s3", "PutObject", "InternalError", times=None, after=3, status=400)

        with pytest.raises(InvalidInputException, match="was refused"):
            engine.select("wide.t", ["text"], block=20_000, inline=1)

    @pytest.mark.parametrize("operation", ["GenerateDataKey", "GenerateRandom"])
    def test_kms_denied(self, world, sales, engine, operation):
        """At planning, where the keys are made."""
        key = world.aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
        world.set(kms_key_id=key)
        world.aws.fail("kms", operation, "AccessDeniedException", times=None)

        with pytest.raises(InvalidInputException, match=r"AccessDenied[^$]*kms:GenerateDataKey"):
            engine.splits("sales.orders")

    def test_a_key_that_cannot_be_used(self, sales, engine):
        """The wrong length; nothing is written in the clear."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        bad = Split(
            spill_location=split.spill_location,
            encryption_key=EncryptionKey(b"short", b"x"),
            properties=split.properties,
        )

        with pytest.raises(InvalidInputException, match="cannot be used"):
            engine.read("sales.orders", bad, schema, inline=1)

    def test_glue_denied(self, world, engine):
        """The hint names the permission."""
        world.aws.fail("glue", "GetDatabases", "AccessDeniedException", times=None)

        with pytest.raises(AccessDeniedException, match="glue:GetDatabases"):
            engine.schemas()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("default_secret_manager_lark_app_key", "nothing"), ("LARK_RATE", "fast")],
    )
    def test_a_setting_that_cannot_work(self, world, engine, name, value):
        """Named, and told again at the next request."""
        world.set(**{name: value})

        for _ in range(2):
            with pytest.raises(InvalidInputException):
                engine.schemas()


class TestRows:
    """Rows and columns that cannot be answered."""

    def test_a_row_larger_than_a_block(self, world, engine):
        """Named with its size; the rows before it count for nothing."""
        base = world.lark.database("Wide")
        base.table("T", {"Text": ["x", "y" * 50_000]})
        world.publish(wide=base)

        with pytest.raises(OperationNotSupportedException, match="One row has"):
            engine.select("wide.t", ["text"], block=20_000)

    def test_a_condition_that_cannot_be_applied_is_no_reason_to_relax_it(self, sales, engine, sets):
        """A text for a number: somebody else's value set."""
        wanted = sets.where(amount=sets.points(pa.string(), "x"))

        with pytest.raises(InvalidInputException, match='condition on the column "amount"'):
            engine.splits("sales.orders", wanted)

    def test_a_limit_beside_conditions_that_were_not_declared_is_left_to_athena(
        self, sales, engine
    ):
        """The rows that it counts are not known here."""
        kind = ArrowType.of(pa.bool_())
        call = FunctionCallExpression(kind, "$not", (VariableExpression("paid", kind),))
        for constraints in (
            Constraints(limit=1, expression=(call,)),
            Constraints(limit=1, query_plan=QueryPlan("0.1", "")),
        ):
            engine.version = 6
            assert len(engine.select("sales.orders", ["paid"], constraints)) == 5


def test_a_fault_of_our_own_is_told_without_its_text(world, sales, engine, monkeypatch, caplog):
    """Its text might hold cells; the class and the place are enough to find it."""
    import larkbase_sdk.read.decode

    def broken(*_):
        message = "cell A1 of somebody"
        raise ZeroDivisionError(message)

    schema = engine.table("sales.orders")
    [split] = engine.splits("sales.orders")
    monkeypatch.setattr(larkbase_sdk.read.decode.PageDecoder, "decode", broken)
    caplog.set_level(logging.DEBUG)

    with pytest.raises(InternalServiceException, match="ZeroDivisionError") as caught:
        engine.read("sales.orders", split, schema)

    assert "somebody" not in str(caught.value) + caplog.text
