"""Plans, splits and rows: what is sent to Lark, what is spilled, and what a query costs."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pytest

from larkbase_server.protocol.faults import (
    InternalServiceException,
    InvalidInputException,
    OperationTimeoutException,
)
from larkbase_server.protocol.splits import Split
from larkbase_server.protocol.wire_batches import from_wire

TEXT, NUMBER, FLAG, TIME = pa.string(), pa.float64(), pa.bool_(), pa.date64()


def numbers(rows):
    return [row["order_no"] for row in rows]


def searches(world, table):
    return [call for call in world.lark.calls.named("search") if table.table_id in call.path]


class TestConditions:
    """Value sets, alone and together."""

    @pytest.mark.parametrize(
        ("column", "make", "expected"),
        [
            ("order_no", lambda s: s.points(TEXT, "A2"), ["A2"]),
            ("order_no", lambda s: s.points(TEXT, "A2", "A5", "zz", null=True), ["A2", None, "A5"]),
            ("order_no", lambda s: s.beside(TEXT, "A2"), ["A1", "A3", "A5"]),
            ("order_no", lambda s: s.beside(TEXT, "A2", "A3", null=True), ["A1", None, "A5"]),
            ("order_no", lambda s: s.between(TEXT, "A2", "A3"), ["A2", "A3"]),
            ("order_no", lambda s: s.between(TEXT, low="A2", low_inclusive=False), ["A3", "A5"]),
            ("order_no", lambda s: s.null(TEXT), [None]),
            ("order_no", lambda s: s.not_null(TEXT), ["A1", "A2", "A3", "A5"]),
            ("order_no", lambda s: s.ranges(TEXT), []),
            ("order_no", lambda s: s.between(TEXT, null=True), ["A1", "A2", "A3", None, "A5"]),
            ("amount", lambda s: s.points(NUMBER, 10.5), ["A1", "A5"]),
            ("amount", lambda s: s.between(NUMBER, high=8.0, high_inclusive=False), ["A3"]),
            ("amount", lambda s: s.between(NUMBER, 8.0, 10.5, high_inclusive=False), [None]),
            ("amount", lambda s: s.beside(NUMBER, 10.5, null=True), ["A2", "A3", None]),
            ("amount", lambda s: s.outside(NUMBER, 3.0, 8.0, inclusive=False), ["A1", "A5"]),
            ("amount", lambda s: s.outside(NUMBER, 3.0, 8.0, inclusive=True),
             ["A1", "A3", None, "A5"]),
            ("amount", lambda s: s.outside(NUMBER, 8.0, 8.0, inclusive=False), ["A1", "A3", "A5"]),
            ("amount", lambda s: s.outside(NUMBER, 8.0, 8.0, inclusive=True),
             ["A1", "A3", None, "A5"]),
            ("amount", lambda s: s.between(NUMBER, high=float("inf")), ["A1", "A3", None, "A5"]),
            ("amount", lambda s: s.between(NUMBER, low=float("inf")), []),
            ("amount", lambda s: s.between(NUMBER, high=float("-inf"), null=True), ["A2"]),
            ("amount", lambda s: s.between(NUMBER, float("-inf"), 3.0), ["A3"]),
            ("amount", lambda s: s.points(NUMBER, float("nan")), []),
            ("amount", lambda s: s.listed(NUMBER, 3.0, 8.0), ["A3", None]),
            ("amount", lambda s: s.listed(NUMBER, 3.0, float("inf")), ["A3"]),
            ("amount", lambda s: s.points(NUMBER, 3.0, float("inf")), ["A3"]),
            ("amount", lambda s: s.beside(NUMBER, 3.0, float("inf")), ["A1", None, "A5"]),
            ("amount", lambda s: s.listed(NUMBER, 3.0, white=False), ["A1", None, "A5"]),
            ("amount", lambda s: s.listed(NUMBER, null=True), ["A2"]),
            ("amount", lambda s: s.listed(NUMBER, white=False), ["A1", "A3", None, "A5"]),
            ("amount", lambda s: s.any_or_none(NUMBER, null=False), ["A1", "A3", None, "A5"]),
            ("amount", lambda s: s.any_or_none(NUMBER, null=True), ["A1", "A2", "A3", None, "A5"]),
            ("paid", lambda s: s.points(FLAG, True), ["A1", None]),
            ("paid", lambda s: s.beside(FLAG, True), ["A2", "A3", "A5"]),
            ("paid", lambda s: s.between(FLAG, low=False, low_inclusive=False), ["A1", None]),
            ("paid", lambda s: s.null(FLAG), []),
            ("status", lambda s: s.points(TEXT, "open"), ["A1", None]),
            ("status", lambda s: s.beside(TEXT, "open"), ["A2", "A5"]),
        ],
    )  # fmt: skip
    def test_a_value_set_means_what_the_protocol_says(
        self, sales, engine, sets, column, make, expected
    ):
        """NULL passes if and only if the set says so."""
        found = engine.select("sales.orders", ["order_no"], sets.where(**{column: make(sets)}))

        assert numbers(found) == expected

    def test_the_sets_of_several_columns_hold_together(self, sales, engine, sets):
        """And the columns need not be among those wanted."""
        wanted = sets.where(
            status=sets.points(TEXT, "open", "done"),
            amount=sets.between(NUMBER, low=8.0),
            paid=sets.points(FLAG, False),
        )

        assert numbers(engine.select("sales.orders", ["order_no"], wanted)) == ["A5"]

    def test_conditions_on_reserved_columns(self, world, sales, engine, sets):
        """A record id is compared row by row, the other two are the same in every row."""
        third = sales.records[2]["record_id"]
        name = "$reserved_record_id"
        one = sets.where(**{name: sets.points(TEXT, third)})
        here = sets.where(**{"$reserved_table_id": sets.points(TEXT, sales.table_id)})
        elsewhere = sets.where(**{"$reserved_base_id": sets.points(TEXT, "other")})

        assert numbers(engine.select("sales.orders", ["order_no"], one)) == ["A3"]
        assert len(engine.select("sales.orders", ["order_no"], here)) == 5
        world.lark.calls.clear()
        assert engine.select("sales.orders", ["order_no"], elsewhere) == []
        assert searches(world, sales) == []

    def test_lists_and_structures_are_asked_for_null_only(self, world, engine, sets):
        """A condition beyond that is refused, as Athena would not check it again."""
        base = world.lark.database("B")
        tags = ["MultiSelect", {"options": ["x", "y"]}]
        base.table("T", fields=[("Tags", *tags)], rows=[{"Tags": ["x"]}, {}])
        world.publish(b=base)
        of_list = pa.list_(TEXT)
        some = sets.where(tags=sets.any_or_none(of_list, null=False))

        assert engine.select("b.t", ["tags"], some) == [{"tags": ["x"]}]
        assert engine.select("b.t", ["tags"], sets.where(tags=sets.null(of_list))) == [
            {"tags": None}
        ]
        with pytest.raises(InvalidInputException, match="LARK_CAPABILITIES=none"):
            engine.select("b.t", ["tags"], sets.where(tags=sets.listed(of_list, ["x"])))

    def test_moments_are_compared_to_the_millisecond(self, world, engine, sets):
        """A condition on dates asks for the zone of the base, once."""
        base = world.lark.database("B")
        moments = [dt.datetime(2024, 2, 29, 23, 59, 59, 999000, tzinfo=dt.UTC),
                   dt.datetime(2024, 3, 1, tzinfo=dt.UTC), None]  # fmt: skip
        base.table("T", {"At": moments})
        world.publish(b=base)

        def found(**ends):
            rows = engine.select("b.t", ["at"], sets.where(at=sets.between(TIME, **ends)))
            return [row["at"].replace(tzinfo=dt.UTC) for row in rows]

        assert found(low=moments[1]) == [moments[1]]
        assert found(high=moments[1], high_inclusive=False) == [moments[0]]
        assert found() == moments[:2]
        assert world.lark.calls.count("base") == 1

    def test_moments_multiplied_by_a_known_defect_are_corrected(self, world, engine, sets, caplog):
        """Older engines send milliseconds as if they were microseconds."""
        base = world.lark.database("B")
        base.table("T", {"At": [dt.datetime(2024, 3, 1, tzinfo=dt.UTC),
                                dt.datetime(2024, 3, 2, tzinfo=dt.UTC)]})  # fmt: skip
        world.publish(b=base)
        from larkbase_server.protocol.messages import write_message
        from larkbase_server.protocol.records import ReadRecordsRequest

        wanted = sets.where(at=sets.points(TIME, dt.datetime(2024, 3, 2, tzinfo=dt.UTC)))
        schema = pa.schema([engine.table("b.t").field("at")])
        [split] = engine.splits("b.t")
        request = ReadRecordsRequest(
            **engine.about("b.t"), schema=schema, split=split, constraints=wanted
        )
        event = write_message(request, 5)
        millis = pa.array([1_709_337_600_000_000], pa.int64()).view(TIME)
        block = pa.record_batch({"col1": millis})
        from larkbase_server.protocol.arrow_codecs import write_block

        [found] = event["constraints"]["summary"]["at"]["ranges"]
        found["low"]["valueBlock"] = found["high"]["valueBlock"] = write_block(block, 5)

        answer = engine.invoke(event)

        from larkbase_server.protocol.messages import read_response

        assert len(read_response(answer).records) == 1
        assert "read as microseconds" in caplog.text

    def test_without_declared_capabilities_conditions_are_athenas_task(
        self, world, sales, engine, sets
    ):
        """Every row is returned, whatever the constraints say."""
        world.set(LARK_CAPABILITIES="none")
        wanted = sets.where(1, ["amount", "ASC_NULLS_LAST"], order_no=sets.points(TEXT, "A1"))

        assert len(engine.select("sales.orders", ["order_no"], wanted)) == 5
        assert "filter" not in searches(world, sales)[-1].body


class TestCost:
    """What is sent to Lark."""

    def test_only_matching_pages_are_read(self, world, sales, engine, sets):
        """The condition goes to Lark, by the names that its fields have."""
        wanted = sets.where(status=sets.points(TEXT, "done"))

        engine.select("sales.orders", ["order_no"], wanted)

        [search] = searches(world, sales)
        assert search.body["field_names"] == ["Order No", "Status"]
        assert search.body["filter"]["conditions"] == [
            {"field_name": "Status", "operator": "is", "value": ["done"]}
        ]

    def test_only_wanted_columns_are_read(self, world, sales, engine):
        """And at least one, as Lark takes none for all."""
        engine.select("sales.orders", ["amount"])
        engine.select("sales.orders", ["$reserved_record_id"])

        names = [search.body["field_names"] for search in searches(world, sales)]
        assert names == [["Amount"], ["Paid"]]

    @pytest.fixture
    def events(self, world):
        """A table of 1,200 rows."""
        base = world.lark.database("Big")
        table = base.table("Events", {"No": list(range(1200)), "Kind": ["a", "b", "c"] * 400})
        world.publish(big=base)
        world.lark.calls.clear()
        return table

    def test_a_limit_costs_one_page_of_as_many_rows(self, world, events, engine, sets):
        """Nothing else is read, nothing counted."""
        rows = engine.select("big.events", ["no"], sets.where(10))

        assert [row["no"] for row in rows] == [float(number) for number in range(10)]
        [search] = searches(world, events)
        assert search.query["page_size"] == "10"

    def test_a_limit_counts_matching_rows_only(self, world, events, engine, sets):
        """However far apart they are."""
        wanted = sets.where(3, no=sets.points(NUMBER, 1.0, 700.0, 1199.0, 5000.0))

        rows = engine.select("big.events", ["no"], wanted)

        assert [row["no"] for row in rows] == [1.0, 700.0, 1199.0]

    def test_the_first_rows_of_an_order(self, world, events, engine, sets):
        """Sorted by Lark where its order is the engine's, exact in any case."""
        wanted = sets.where(2, ["no", "DESC_NULLS_LAST"], kind=sets.points(TEXT, "a"))

        rows = engine.select("big.events", ["no"], wanted)

        assert [row["no"] for row in rows] == [1197.0, 1194.0]
        assert searches(world, events)[0].body["sort"] == [{"field_name": "No", "desc": True}]

    @pytest.mark.parametrize(
        "order",
        [
            ["amount", "ASC_NULLS_FIRST"],
            ["amount", "DESC_NULLS_FIRST", "order_no", "ASC_NULLS_LAST"],
        ],
    )
    def test_an_order_that_lark_does_not_know_is_left_to_athena(self, sales, engine, sets, order):
        """With NULL first, all rows are returned rather than the wrong ones."""
        assert len(engine.select("sales.orders", ["order_no"], sets.where(1, order))) == 5

    def test_an_order_by_what_all_rows_share_counts_for_nothing(self, sales, engine, sets):
        """Any row is the first."""
        order = ["$reserved_table_id", "ASC_NULLS_FIRST", "amount", "DESC_NULLS_LAST"]

        [row] = engine.select("sales.orders", ["amount"], sets.where(1, order))

        assert row == {"amount": 10.5}

    def test_a_count_takes_larks_own(self, world, events, engine):
        """A query that wants no columns costs one call for one row."""
        rows = engine.select("big.events", [])

        assert len(rows) == 1200
        assert [search.query["page_size"] for search in searches(world, events)] == ["1"]

    @pytest.mark.parametrize("reason", ["setting", "rights", "condition", "column"])
    def test_a_count_reads_where_larks_own_cannot_be_trusted(
        self, world, events, engine, sets, reason
    ):
        """Ids are read instead."""
        if reason == "setting":
            world.set(LARK_TRUST_TOTAL="off")
        if reason == "rights":
            events.base.access = "manage"
        wanted = sets.where(no=sets.not_null(NUMBER)) if reason == "condition" else sets.where()
        columns = ["$reserved_record_id"] if reason == "column" else []
        world.lark.calls.clear()

        assert len(engine.select("big.events", columns, wanted)) == 1200
        assert sum(int(search.query["page_size"]) for search in searches(world, events)) >= 1200

    def test_a_count_under_a_condition_on_record_ids_is_no_count_of_all(self, events, engine, sets):
        """Although no field is looked at."""
        first = events.records[0]["record_id"]
        wanted = sets.where(**{"$reserved_record_id": sets.points(TEXT, first)})

        assert len(engine.select("big.events", [], wanted)) == 1

    def test_a_count_in_parallel_counts_every_row_once(self, world, events, engine):
        """Lark's filters of the parts overlap, so that their totals would not do."""
        world.set(default_does_activate_parallel_split="true")

        assert len(engine.splits("big.events")) > 1
        assert len(engine.select("big.events", [])) == 1200

    def test_a_limit_bounds_a_count(self, events, engine, sets):
        """As it bounds any other read."""
        assert len(engine.select("big.events", [], sets.where(7))) == 7
        assert len(engine.select("big.events", [], sets.where(0))) == 0

    def test_a_warm_get_table_makes_no_call(self, world, sales, engine):
        """Tables and fields are remembered for the time that the settings say."""
        engine.table("sales.orders")
        world.lark.calls.clear()

        engine.table("sales.orders")
        engine.layout("sales.orders")
        engine.splits("sales.orders")

        assert world.lark.calls.list == []


class TestSplits:
    """What splits carry."""

    def test_a_split_is_small_and_carries_no_schema(self, sales, engine, sets):
        """Ids and the server's filter, and nothing of the columns wanted."""
        [split] = engine.splits("sales.orders", sets.where(status=sets.points(TEXT, "done")))

        part = json.loads(split.properties["part"])
        assert set(split.properties) == {"part", "splits"}
        assert set(part) == {"base_id", "table_id", "fields", "filter", "page_size"}
        assert part["fields"] == [sales.field("Status").field_id]

    def test_every_split_has_a_place_and_a_key_of_its_own(self, sales, engine):
        """The place names the query."""
        first, second = engine.splits("sales.orders")[0], engine.splits("sales.orders")[0]

        places = [item.spill_location for item in (first, second)]
        assert first.encryption_key != second.encryption_key
        assert places[0] != places[1]
        assert {place.bucket for place in places} == {"spill"}
        assert {place.key.rpartition("/")[0] for place in places} == {
            f"athena-spill/{engine.query_id}"
        }

    def test_a_split_read_twice_gives_the_same_rows(self, sales, engine):
        """Inline and spilled, the latter in the same objects."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")

        inline = [engine.read("sales.orders", split, schema) for _ in range(2)]
        spilled = [engine.read("sales.orders", split, schema, inline=1) for _ in range(2)]

        assert inline[0].num_rows == 5
        assert all(table.equals(inline[0]) for table in (*inline, *spilled))

    def test_a_split_can_be_read_by_another_process(self, world, sales, engine):
        """It needs nothing that the planning process knows."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        world.fresh_process()

        assert engine.read("sales.orders", split, schema).num_rows == 5

    def test_a_split_is_read_with_the_columns_that_the_request_names(self, sales, engine):
        """In its order."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        wanted = pa.schema([schema.field("status"), schema.field("order_no")])

        table = engine.read("sales.orders", split, wanted)

        assert table.schema == wanted
        assert table.column("order_no").to_pylist() == ["A1", "A2", "A3", None, "A5"]

    def test_many_splits_come_in_several_answers(self, world, engine):
        """The tokens carry the rest of one plan, so that no split is lost or comes twice."""
        base = world.lark.database("Big")
        base.table("T", {"No": list(range(640))})
        world.publish(big=base)
        world.set(
            default_does_activate_parallel_split="true",
            LARK_MAX_SPLITS="32",
            default_page_size="20",
        )
        schema = pa.schema([engine.table("big.t").field("no")])

        first = engine.splits_page("big.t")
        world.lark.calls.clear()
        rest, again = (engine.splits_page("big.t", token=first.continuation_token) for _ in "12")

        assert world.lark.calls.list == []
        assert (len(first.splits), rest.continuation_token) == (25, None)
        parts = [split.properties for split in (*first.splits, *rest.splits)]
        assert [split.properties for split in again.splits] == parts[25:]
        assert {part["splits"] for part in parts} == {str(len(parts))}
        tables = [engine.read("big.t", item, schema) for item in (*first.splits, *rest.splits)]
        numbers = pa.concat_tables(tables).column("no").to_pylist()
        assert sorted(numbers) == [float(number) for number in range(640)]

    def test_in_lambda_the_splits_share_the_rate_of_calls(self, world, sales, engine):
        """Each of them is a process of its own there."""
        schema = engine.table("sales.orders")
        [split] = engine.splits("sales.orders")
        shared = Split(
            spill_location=split.spill_location,
            encryption_key=split.encryption_key,
            properties={**split.properties, "splits": "4"},
        )

        def rate_of(item):
            engine.read("sales.orders", item, schema)
            return world.connector.api.http.options.rate

        world.set(LARK_RATE="20")
        assert rate_of(shared) == 20
        world.set(AWS_LAMBDA_FUNCTION_NAME="connector")
        assert [rate_of(shared), rate_of(split)] == [5, 20]


class TestSpill:
    """Blocks beside the answer."""

    @pytest.fixture
    def wide(self, world):
        """A table of 600 rows of some size."""
        base = world.lark.database("Wide")
        base.table("T", {"No": list(range(600)), "Text": ["x" * 200] * 600})
        world.publish(wide=base)
        return base

    def test_rows_too_large_for_an_answer_are_spilled_in_order(self, world, wide, engine):
        """In numbered blocks, encrypted, of no more than the size allowed."""
        rows = engine.select("wide.t", ["no", "text"], block=20_000, inline=10_000)

        assert [row["no"] for row in rows] == [float(number) for number in range(600)]
        places = engine.answers[-1]["remoteBlocks"]
        assert [place["key"].rpartition(".")[2] for place in places] == [
            str(number) for number in range(len(places))
        ]
        assert len(places) > 5
        assert {place["directory"] for place in places} == {False}
        assert len(world.blocks()) == len(places)
        body = world.aws.client("s3").get_object(Bucket="spill", Key=places[0]["key"])["Body"]
        assert b"xxxx" not in body.read()

    def test_encryption_can_be_switched_off(self, world, wide, engine):
        """Then splits and answers carry no key."""
        world.set(disable_spill_encryption="true")

        rows = engine.select("wide.t", ["text"], inline=1)

        assert len(rows) == 600
        assert engine.answers[-1]["encryptionKey"] is None
        key = engine.answers[-1]["remoteBlocks"][0]["key"]
        body = world.aws.client("s3").get_object(Bucket="spill", Key=key)["Body"].read()
        assert b"xxxx" in body

    def test_keys_come_from_kms_when_a_key_is_named(self, world, wide, engine):
        """Two calls a split."""
        key = world.aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
        world.set(kms_key_id=key)

        rows = engine.select("wide.t", ["no"], inline=1)

        assert len(rows) == 600
        assert [call.operation for call in world.aws.calls.named("kms")][1:] == [
            "GenerateDataKey",
            "GenerateRandom",
        ]

    def test_headers_of_the_setting_go_with_every_block(self, world, wide, engine):
        """Such as the encryption of the bucket."""
        headers = {"x-amz-server-side-encryption": "AES256", "x-amz-meta-team": "sales"}
        world.set(spill_put_request_headers=json.dumps(headers))

        engine.select("wide.t", ["no"], inline=1)

        [key] = world.blocks()
        found = world.aws.client("s3").head_object(Bucket="spill", Key=key)
        assert found["ServerSideEncryption"] == "AES256"
        assert found["Metadata"] == {"team": "sales"}

    def test_the_largest_block_can_be_made_smaller(self, world, wide, engine):
        """Than Athena asks for."""
        world.set(MAX_BLOCK_SIZE_BYTES="20000")

        engine.select("wide.t", ["text"], inline=1)

        assert len(world.blocks()) > 5

    def test_the_callers_own_bucket_wins(self, world, wide, engine):
        """As managed callers bring one."""
        world.aws.client("s3").create_bucket(Bucket="mine")
        from larkbase_server.protocol import planning
        from larkbase_server.protocol.identity import Identity

        request = planning.GetSplitsRequest(
            **engine.about("wide.t"),
            identity=Identity(config_options={"spill_bucket": "mine", "spill_prefix": "here"}),
            partitions=planning.single_partition(),
        )

        [split] = engine.send(request).splits

        assert split.spill_location.bucket == "mine"
        assert split.spill_location.key.startswith("here/")

    def test_without_a_bucket_small_answers_still_work(self, world, wide, engine):
        """Only large ones need it."""
        world.set(spill_bucket="")

        assert len(engine.select("wide.t", ["no"])) == 600

    def test_no_rows_are_an_inline_answer(self, world, wide, engine, sets):
        """Even where everything else is spilled."""
        wanted = sets.where(no=sets.points(NUMBER, -1.0))

        assert engine.select("wide.t", ["no"], wanted, inline=1) == []
        assert world.blocks() == []


class TestTypes:
    """Values in Athena's types."""

    def test_the_last_second_of_the_calendar_can_be_asked_for(self, world, engine, sets):
        """Many write "no end" so; where the base is, it is a day of the year 10000 already."""
        never = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
        base = world.lark.database("B")
        base.table("T", {"Name": ["now", "never"], "Ends": [never - dt.timedelta(1), never]})
        world.publish(b=base)

        found = engine.select("b.t", ["name"], sets.where(ends=sets.points(TIME, never)))

        assert found == [{"name": "never"}]

    def test_times_keep_their_time_of_day(self, world, engine):
        """Which pyarrow's casts would cut, also before 1970 and inside lists."""
        base = world.lark.database("B")
        moments = [dt.datetime(1969, 12, 31, 23, 0, 0, 1000, tzinfo=dt.UTC), None]
        table = base.table("T", {"At": moments})
        other = base.table("O", {"Name": ["x"]})
        other.add_field("Rows", "SingleLink", {"table": table})
        other.add_field("Ats", "Lookup", {"table": table, "field": "At", "link": "Rows"})
        other.update(
            other.records[0]["record_id"],
            {"Rows": [table.records[0]["record_id"]], "Ats": [-3_599_999]},
        )
        world.publish(b=base)

        assert engine.table("b.o").field("ats").type == pa.list_(pa.date64())
        assert engine.select("b.t", ["at"]) == [
            {"at": moments[0].replace(tzinfo=None)},
            {"at": None},
        ]
        assert engine.select("b.o", ["ats"]) == [{"ats": [moments[0].replace(tzinfo=None)]}]

    def test_cells_that_cannot_be_converted_are_null_unless_strict(self, world, engine, caplog):
        """The row is returned either way, or the query fails."""
        table = world.lark.database("B").table("T", {"A": ["7", "seven", None]})
        world.into_glue("b", "t", table, [world.glue_column(table, "A", "int")])

        assert engine.select("b.t", ["a"]) == [{"a": 7}, {"a": None}, {"a": None}]
        assert caplog.text.count("became NULL") == 1
        world.set(LARK_STRICT="true")
        with pytest.raises(InternalServiceException, match='column "a" cannot be converted'):
            engine.select("b.t", ["a"])

    @pytest.mark.parametrize(
        ("declared", "expected"),
        [
            ("array<struct<email:string,en_name:string,id:string,name:string>>", list),
            ("struct<id:string,name:string,en_name:string,email:string>", dict),
        ],
    )
    def test_people_in_the_types_of_older_catalogues(self, world, engine, declared, expected):
        """Their members, and only those."""
        table = world.lark.database("B").table("T", fields=["A", ("Who", "User")])
        table.insert([{"A": "x", "Who": ["Ann Lee"]}])
        world.into_glue("b", "t", table, [world.glue_column(table, "Who", declared)])

        [row] = engine.select("b.t", ["who"])

        assert type(row["who"]) is expected
        person = row["who"] if expected is dict else row["who"][0]
        assert person["name"] == "Ann Lee"
        assert "avatar_url" not in person


class TestTime:
    """Lambda's time."""

    class Context:
        def __init__(self, *milliseconds):
            self.left = list(milliseconds)

        def get_remaining_time_in_millis(self):
            return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    def test_a_read_ends_with_an_error_before_the_function_is_cut_off(self, world, engine):
        """Athena would otherwise be told nothing of use."""
        base = world.lark.database("Big")
        base.table("T", {"No": list(range(1500))})
        world.publish(big=base)
        engine.context = self.Context(60_000, 30_000, 900)

        with pytest.raises(OperationTimeoutException, match=r"nearly over after (999|1,000) rows"):
            engine.select("big.t", ["no"])

    @pytest.mark.parametrize("left", [60_000, 3_000])
    def test_a_read_in_time_is_not_disturbed(self, sales, engine, left):
        """Also in a function that has little time from the beginning."""
        engine.context = self.Context(left)

        assert len(engine.select("sales.orders")) == 5


def test_nested_rows_come_back_as_they_went(world, engine):
    """A table with every kind of list and structure, inline and spilled alike."""
    base = world.lark.database("B")
    table = base.table(
        "T", fields=["Name", ("Who", "User"), ("Page", "Url"), ("Place", "Location")]
    )
    table.insert(
        [
            {
                "Name": "x",
                "Who": ["Ann Lee", "Budi Santoso"],
                "Page": {"link": "https://a.example"},
            },
            {"Place": {"address": "1 Harbour Road", "cityname": "Jakarta"}},
        ]
    )
    world.publish(b=base)

    inline, spilled = engine.select("b.t"), engine.select("b.t", inline=1)

    assert inline == spilled
    assert [person["name"] for person in inline[0]["who"]] == ["Ann Lee", "Budi Santoso"]
    assert inline[1]["place"]["cityname"] == "Jakarta"
    assert from_wire(pa.record_batch({"a": pa.array([1], pa.int64()).view(TIME)})).num_rows == 1
