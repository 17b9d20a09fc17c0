"""Rows become an inline answer or spilled blocks, whole and in order, whatever their size."""

from __future__ import annotations

import json
import threading

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_server.protocol.answer_size import LAMBDA_LIMIT
from larkbase_server.protocol.answers import records_answer
from larkbase_server.protocol.errors import (
    AnswerTooLarge,
    EncryptionError,
    RowTooLarge,
    SchemaMismatch,
    SpillError,
)
from larkbase_server.protocol.identity import Identity, TableName
from larkbase_server.protocol.limits import BlockLimits, block_size
from larkbase_server.protocol.messages import read_response, write_answer
from larkbase_server.protocol.planning import GetTableResponse
from larkbase_server.protocol.records import ReadRecordsResponse, RemoteReadRecordsResponse
from larkbase_server.protocol.spill import SpillTarget, read_spilled
from larkbase_server.protocol.spiller import BlockSpiller, Spilling
from larkbase_server.protocol.splits import EncryptionKey, S3SpillLocation, Split

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])


def batch_of(start: int, count: int, text: str = "x" * 100) -> pa.RecordBatch:
    ids = pa.array(range(start, start + count), pa.int64())
    return pa.RecordBatch.from_arrays([ids, pa.array([text] * count, pa.string())], schema=SCHEMA)


def ids_of(answer, store) -> list[int]:
    """Return the ids of an answer, in the order of its blocks."""
    if isinstance(answer, ReadRecordsResponse):
        batches = [answer.records]
    else:
        batches = [
            read_spilled(store.objects[place.key], answer.schema, answer.encryption_key)
            for place in answer.remote_blocks
        ]
    return [item for batch in batches for item in batch.column("id").to_pylist()]


def test_few_rows_stay_inline(read_request, store_of):
    """The store is never called."""
    store = store_of()
    answer = records_answer(
        read_request(SCHEMA), [batch_of(0, 10), batch_of(10, 5)], Spilling(store)
    )

    assert isinstance(answer, ReadRecordsResponse)
    assert ids_of(answer, store) == list(range(15))
    assert store.objects == {}


@pytest.mark.parametrize("batches", [[], [batch_of(0, 0)]])
def test_no_rows_are_an_empty_inline_block_with_the_schema(read_request, batches):
    """Its records are an empty text: an encoded empty batch makes the engine fail."""
    schema = SCHEMA.with_metadata({"source": "Orders"})
    answer = records_answer(read_request(schema), batches, Spilling())
    data = write_answer(answer, 6)

    assert data["records"]["records"] == ""
    assert read_response(data).records.schema.equals(schema, check_metadata=True)


def test_many_rows_are_spilled_in_order_under_dense_names(read_request, store_of):
    """Blocks n = 0, 1, 2, … are ``<split key>.<n>``, and encrypted with the key of the split."""
    store = store_of()
    request = read_request(SCHEMA, max_block_size=50_000, max_inline_block_size=1000)
    batches = [batch_of(start, 500) for start in range(0, 5000, 500)]
    answer = records_answer(request, batches, Spilling(store))

    assert isinstance(answer, RemoteReadRecordsResponse)
    assert ids_of(answer, store) == list(range(5000))
    assert [place.key for place in answer.remote_blocks] == [
        f"prefix/query/split.{number}" for number in range(len(answer.remote_blocks))
    ]
    assert not any(place.directory for place in answer.remote_blocks)
    assert set(store.objects) == {place.key for place in answer.remote_blocks}
    assert answer.encryption_key == request.split.encryption_key
    assert read_response(json.dumps(write_answer(answer, 6))) == answer


@given(
    st.lists(st.lists(st.integers(0, 3000), max_size=20), max_size=6),
    st.sampled_from([4_000, 20_000, 1_000_000]),
    st.sampled_from([1, 5_000, 100_000]),
    st.booleans(),
)
def test_every_row_comes_out_once_and_no_block_is_too_large(
    read_request, store_of, shapes, largest, inline, encrypted
):
    """For rows of any length in batches of any length."""
    store = store_of()
    request = read_request(SCHEMA, max_block_size=largest, max_inline_block_size=inline)
    if not encrypted:
        place = request.split.spill_location
        request = read_request(
            SCHEMA,
            max_block_size=largest,
            max_inline_block_size=inline,
            split=Split(spill_location=place),
        )
    batches, count = [], 0
    for lengths in shapes:
        ids = pa.array(range(count, count + len(lengths)), pa.int64())
        texts = pa.array(["x" * length for length in lengths], pa.string())
        batches.append(pa.RecordBatch.from_arrays([ids, texts], schema=SCHEMA))
        count += len(lengths)
    answer = records_answer(request, batches, Spilling(store))

    assert ids_of(answer, store) == list(range(count))
    if isinstance(answer, RemoteReadRecordsResponse):
        sizes = [
            block_size(read_spilled(body, SCHEMA, answer.encryption_key))
            for body in store.objects.values()
        ]
        assert max(sizes) <= largest
        assert len(sizes) == len(answer.remote_blocks) > 0
    else:
        assert block_size(answer.records) < inline


def test_one_large_batch_is_cut(read_request, store_of):
    """A source may hand over everything at once."""
    store = store_of()
    request = read_request(SCHEMA, max_block_size=100_000)
    answer = records_answer(request, [batch_of(0, 5000)], Spilling(store))

    assert ids_of(answer, store) == list(range(5000))
    assert len(answer.remote_blocks) > 5


def test_a_row_larger_than_a_block_is_an_error(read_request, store_of):
    """It says how large the row is and what fits, not what is in it."""
    request = read_request(SCHEMA, max_block_size=10_000)
    secret = "top secret " * 1000

    with pytest.raises(RowTooLarge, match=r"One row has 11,0\d\d bytes.*above 10,000") as caught:
        records_answer(request, [batch_of(0, 3), batch_of(3, 1, secret)], Spilling(store_of()))
    assert "secret" not in str(caught.value)


def test_a_row_just_small_enough_is_its_own_block(read_request, store_of):
    """A block holds at least one row."""
    store = store_of()
    request = read_request(SCHEMA, max_block_size=10_000, max_inline_block_size=1)
    batches = [batch_of(start, 1, "x" * 9_900) for start in range(3)]
    answer = records_answer(request, batches, Spilling(store))

    assert len(answer.remote_blocks) == 3
    assert ids_of(answer, store) == [0, 1, 2]


def test_a_store_that_refuses_fails_the_read(read_request, store_of):
    """With the place and the reason; none of the blocks is simply missing."""
    store = store_of(refuse=lambda key: key.endswith(".2"))
    request = read_request(SCHEMA, max_block_size=10_000, max_inline_block_size=1)

    with pytest.raises(
        SpillError, match=r"s3://bucket/prefix/query/split\.2 was refused: AccessDenied"
    ):
        records_answer(request, [batch_of(0, 5000)], Spilling(store))


def test_a_refused_block_stops_the_reading_early(read_request, store_of):
    """The source is not read to its end for nothing."""
    store = store_of(refuse=lambda key: True)
    request = read_request(SCHEMA, max_block_size=10_000)
    taken = []

    def source():
        for start in range(0, 100_000, 100):
            taken.append(start)
            yield batch_of(start, 100)

    with pytest.raises(SpillError):
        records_answer(request, source(), Spilling(store))
    assert len(taken) < 20


@pytest.mark.parametrize(
    ("split", "store"),
    [
        (Split(), True),
        (Split(spill_location=S3SpillLocation("", "k")), True),
        (Split(spill_location=S3SpillLocation("bucket", "k")), False),
    ],
)
def test_rows_that_have_no_place_to_go_are_an_error(read_request, store_of, split, store):
    """No bucket is set: small answers work, large ones say what is missing."""
    spilling = Spilling(store_of() if store else None)
    few = records_answer(read_request(SCHEMA, split=split), [batch_of(0, 1)], spilling)
    tight = read_request(SCHEMA, split=split, max_inline_block_size=1)

    assert isinstance(few, ReadRecordsResponse)
    with pytest.raises(SpillError, match="no spill bucket"):
        records_answer(tight, [batch_of(0, 1)], spilling)


def test_a_split_whose_place_is_no_directory_is_an_error(read_request, store_of):
    """It would overwrite somebody's block."""
    split = Split(spill_location=S3SpillLocation("bucket", "prefix/q/s.0", directory=False))
    request = read_request(SCHEMA, split=split, max_inline_block_size=1)

    with pytest.raises(SpillError, match="no directory"):
        records_answer(request, [batch_of(0, 1)], Spilling(store_of()))


def test_a_key_that_cannot_be_used_fails_the_read(read_request, store_of):
    """Blocks never leave unencrypted by mistake."""
    store = store_of()
    split = Split(
        spill_location=S3SpillLocation("bucket", "k"), encryption_key=EncryptionKey(b"x", b"y")
    )
    request = read_request(SCHEMA, split=split, max_inline_block_size=1)

    with pytest.raises(EncryptionError):
        records_answer(request, [batch_of(0, 1)], Spilling(store))
    assert store.objects == {}


@pytest.mark.parametrize(
    "other",
    [
        pa.record_batch({"text": ["x"], "id": pa.array([1], pa.int64())}),
        pa.record_batch({"id": pa.array([1], pa.int32()), "text": ["x"]}),
        pa.record_batch({"id": pa.array([1], pa.int64())}),
    ],
)
def test_rows_of_another_schema_are_refused(read_request, other):
    """Names, types and order must be those that were asked for."""
    with pytest.raises(SchemaMismatch):
        records_answer(read_request(SCHEMA), [other], Spilling())


def test_rows_without_columns_are_counted(read_request):
    """A query that only counts gets as many rows as there are, in batches of any number."""
    empty = pa.RecordBatch.from_struct_array(pa.nulls(700, pa.struct([])))
    answer = records_answer(read_request(pa.schema([])), [empty, empty], Spilling())

    assert read_response(write_answer(answer, 6)).records.num_rows == 1400


def test_headers_go_with_every_block(read_request, store_of):
    """Such as the one that asks S3 for its own encryption."""
    store = store_of()
    headers = {"x-amz-server-side-encryption": "aws:kms"}
    request = read_request(SCHEMA, max_block_size=20_000, max_inline_block_size=1)
    answer = records_answer(request, [batch_of(0, 500)], Spilling(store, headers))

    assert store.headers == [headers] * len(answer.remote_blocks)


def test_blocks_are_written_in_parallel_by_a_bounded_number_of_threads(read_request, store_of):
    """The reading goes on meanwhile, but never runs far ahead."""
    both = threading.Barrier(2, timeout=10)
    store = store_of(refuse=lambda key: both.wait() < 0 if key[-2:] in (".0", ".1") else False)
    request = read_request(SCHEMA, max_block_size=10_000, max_inline_block_size=1)
    answer = records_answer(request, [batch_of(0, 2000)], Spilling(store, writers=2, queue=1))

    assert ids_of(answer, store) == list(range(2000))
    assert len(store.threads) == 2


def test_a_full_queue_holds_the_reading_back(read_request, store_of):
    """In memory are the block in the writer, two in the queue, and the one in the making."""
    never, seen = threading.Event(), []
    store = store_of(refuse=lambda key: not never.wait(0.2))
    request = read_request(SCHEMA, max_block_size=2_000, max_inline_block_size=1)

    def source():
        for number in range(10_000):
            seen.append(number)
            yield batch_of(number, 1, "x" * 1_900)

    with pytest.raises(SpillError):
        records_answer(request, source(), Spilling(store, writers=1, queue=2))
    assert len(seen) <= 5


def test_an_error_of_the_source_is_passed_on_and_ends_the_writers(read_request, store_of):
    """A page that fails half way fails the read."""
    request = read_request(SCHEMA, max_block_size=10_000, max_inline_block_size=1)

    def source():
        yield batch_of(0, 1000)
        raise ConnectionError("half way")

    before = threading.active_count()
    with pytest.raises(ConnectionError, match="half way"):
        records_answer(request, source(), Spilling(store_of()))
    assert threading.active_count() == before


def test_after_an_error_waiting_blocks_are_not_written(read_request, store_of):
    """Only what a writer has begun is ended."""
    gate, begun = threading.Event(), []
    store = store_of(refuse=lambda key: begun.append(key) or not gate.wait(10))
    request = read_request(SCHEMA, max_block_size=2_000, max_inline_block_size=1)

    def source():
        for number in range(4):
            yield batch_of(number, 1, "x" * 1_900)
        threading.Timer(0.3, gate.set).start()
        raise ConnectionError("half way")

    with pytest.raises(ConnectionError):
        records_answer(request, source(), Spilling(store, writers=1, queue=2))
    assert begun == ["prefix/query/split.0"]


def test_limits_follow_the_request_and_the_setting(read_request):
    """The setting makes blocks smaller; larger than Athena allows they never get."""
    plain = read_request(SCHEMA)
    huge = read_request(SCHEMA, max_block_size=10**11, max_inline_block_size=10**11)

    assert BlockLimits.of(plain) == BlockLimits(16_000_000, 8_000_000, 4_000_000)
    assert BlockLimits.of(plain, 1_000) == BlockLimits(1_000, 1_000, 4_000_000)
    assert BlockLimits.of(plain, 10**9).largest == 16_000_000
    assert BlockLimits.of(huge).inline == 4_000_000


def test_the_largest_inline_answer_passes_through_lambda(read_request, store_of):
    """Just below the inline limit, as base64 in JSON with every character escaped."""
    text = "客" * 333_000
    rows = [batch_of(0, 1, text)] * 4
    request = read_request(SCHEMA, max_inline_block_size=10**9)
    answer = records_answer(request, rows, Spilling(store_of()))
    size = len(json.dumps(write_answer(answer, 6)))

    assert isinstance(answer, ReadRecordsResponse)
    assert 5_000_000 < size < LAMBDA_LIMIT


def test_a_schema_that_fills_the_answer_sends_the_rows_to_the_store(read_request, store_of):
    """The schema counts too: it travels with every answer."""
    schema = SCHEMA.with_metadata({"comment": "x" * 1_200_000})
    store = store_of()
    rows = [batch_of(0, 1, "x" * 3_900_000)]
    answer = records_answer(read_request(schema), rows, Spilling(store))

    assert isinstance(answer, RemoteReadRecordsResponse)
    assert ids_of(answer, store) == [0]


def test_an_answer_that_lambda_would_refuse_is_an_error():
    """Names of columns beyond ASCII are escaped, so they count by what they become."""
    answer = GetTableResponse(
        catalog_name="c",
        table_name=TableName("s", "客" * 1_100_000),
        schema=SCHEMA,
    )

    with pytest.raises(AnswerTooLarge, match="GetTableResponse has 6,6"):
        write_answer(answer, 6)


def test_a_spiller_is_used_step_by_step(read_request, store_of):
    """As the answer uses it."""
    request = read_request(SCHEMA)
    limits = BlockLimits.of(request)
    with BlockSpiller(SCHEMA, request.split, limits, Spilling(store_of())) as spiller:
        spiller.add(batch_of(0, 3))
        rows = spiller.finish()

    assert rows.equals(batch_of(0, 3))


@pytest.mark.parametrize(
    ("prefix", "begin"),
    [
        ("athena-spill", "athena-spill/query-1/"),
        ("/a/b/", "a/b/query-1/"),
        ("a/query-1", "a/query-1/"),
        ("", "query-1/"),
    ],
)
def test_splits_get_places_of_their_own(prefix, begin):
    """Prefix, query and a random name, without slashes at the ends and without the query twice."""
    target = SpillTarget("bucket", prefix)
    places = [target.new_split("query-1", {}).spill_location for _ in range(2)]

    assert all(place.directory and place.bucket == "bucket" for place in places)
    assert all(place.key.startswith(begin) for place in places)
    assert all(len(place.key) == len(begin) + 36 for place in places)
    assert places[0] != places[1]


def test_every_split_has_a_key_of_its_own_unless_encryption_is_off():
    """And properties of its own: a shared map would duplicate rows."""
    properties = {"part": "1"}
    one, other = (SpillTarget("bucket").new_split("q", properties) for _ in range(2))
    properties["part"] = "2"

    assert one.encryption_key != other.encryption_key
    assert one.properties == {"part": "1"}
    assert SpillTarget("bucket", keys=None).new_split("q", {}).encryption_key is None


def test_without_a_bucket_a_split_has_no_place():
    """Then every answer must fit inline."""
    assert SpillTarget("").new_split("q", {"a": "b"}) == Split(properties={"a": "b"})


def test_a_caller_that_brings_its_own_bucket_is_obeyed():
    """As AWS does for the connectors that it manages."""
    brought = Identity(config_options={"spill_bucket": "theirs", "spill_prefix": "p"})
    own = SpillTarget("ours", "athena-spill", keys=None)

    assert own.of(brought) == SpillTarget("theirs", "p", keys=None)
    assert own.of(Identity()) == own
