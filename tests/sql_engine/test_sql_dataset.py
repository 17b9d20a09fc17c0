"""A scanned dataset applies filters exactly, reads lazily, and hides no error."""

from __future__ import annotations

import pickle
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from larkbase_sdk import QueryError
from larkbase_sdk.sql.dataset import ScannedDataset

SCHEMA = pa.schema(
    [pa.field("id", pa.string(), nullable=False), ("n", pa.int64()), ("word", pa.string())],
    metadata={"origin": "test"},
)
PAGES = 5


class Pages:
    """Five pages of three rows, which are sent whatever is asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent = 0
        self.asked: list[tuple[list[str], str]] = []
        self._error = error

    def read(self, columns: list[str], condition: Any) -> Any:
        """Yield every page, and perhaps break off after the last."""
        self.asked.append((columns, str(condition)))
        for page in range(PAGES):
            self.sent += 1
            rows = range(page * 3, page * 3 + 3)
            yield pa.RecordBatch.from_pydict(
                {
                    "id": [f"r{n}" for n in rows],
                    "n": list(rows),
                    "word": ["ab"[n % 2] for n in rows],
                },
            )
        if self._error is not None:
            raise self._error


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def dataset(pages: Pages) -> ScannedDataset:
    return ScannedDataset(SCHEMA, pages.read)


def test_the_filter_is_applied_although_the_reader_ignores_it(dataset):
    """Engines trust the scan, so more rows than asked for would be wrong answers."""
    found = dataset.to_table(
        columns=["id"], filter=(pc.field("n") > 12) & (pc.field("word") == "b")
    )

    assert found.to_pydict() == {"id": ["r13"]}


def test_the_filter_may_look_at_columns_that_are_not_wanted(dataset, pages):
    """It is applied before the columns are cut; the reader is told of both."""
    assert dataset.to_table(columns=["word"], filter=pc.field("n") == 1).to_pydict() == {
        "word": ["b"]
    }
    assert pages.asked == [(["word"], "(n == 1)")]


def test_schema_and_order_of_columns_are_those_asked_for(dataset):
    """Also nullability and metadata, which readers need not carry."""
    found = dataset.to_table(columns=["n", "id"])

    assert found.schema == pa.schema([SCHEMA.field("n"), SCHEMA.field("id")])
    assert found.schema.metadata == {b"origin": b"test"}
    assert dataset.schema is SCHEMA


def test_nothing_is_read_before_it_is_asked_for(dataset, pages):
    """A page is fetched when its batch is wanted, and none after the consumer stops."""
    reader = dataset.scanner().to_reader()
    assert pages.sent == 0

    reader.read_next_batch()
    assert pages.sent == 1

    assert dataset.head(4)["n"].to_pylist() == [0, 1, 2, 3]
    assert pages.sent == 1 + 2
    assert len(dataset.head(0)) == 0
    assert pages.sent == 1 + 2


def test_rows_are_counted_exactly(dataset, pages):
    """Counting reads no more columns than the condition needs."""
    assert dataset.count_rows() == 15
    assert dataset.count_rows(filter=pc.field("word") == "a") == 8
    assert [columns for columns, _ in pages.asked] == [["id"], ["id"]]


def test_filters_add_up(dataset):
    """``dataset.filter`` gives another dataset with all conditions."""
    few = dataset.filter(pc.field("n") > 3).filter(pc.field("word") == "a")

    assert few.to_table(filter=pc.field("n") < 9)["n"].to_pylist() == [4, 6, 8]
    assert dataset.count_rows() == 15


def test_duckdb_pushes_and_stops(dataset, pages):
    """Columns and filter arrive, LIMIT ends the reading."""
    connection = duckdb.connect()
    connection.register("rows", dataset)

    assert connection.sql("SELECT id FROM rows WHERE n = 7").fetchall() == [("r7",)]
    assert pages.asked[0][1] == "(n == 7)"
    pages.sent = 0
    assert len(connection.sql("SELECT * FROM rows LIMIT 2").fetchall()) == 2
    assert pages.sent < PAGES


def test_polars_pushes(dataset, pages):
    """The lazy frame of polars reads through the same door."""
    lazy = pl.scan_pyarrow_dataset(dataset)
    found = lazy.filter(pl.col("n").is_in([2, 5]) & (pl.col("word") == "a")).select("id").collect()

    assert found.to_dict(as_series=False) == {"id": ["r2"]}
    assert "n" in pages.asked[0][1]


def test_an_error_inside_arrives_as_itself_in_python(pages):
    """pyarrow and polars raise what the reader raised."""
    dataset = ScannedDataset(SCHEMA, Pages(KeyError("gone")).read)

    with pytest.raises(KeyError, match="gone"):
        dataset.to_table()


def test_an_error_inside_is_kept_for_who_ran_an_engine():
    """DuckDB raises an error of its own, so the first one is kept."""
    dataset = ScannedDataset(SCHEMA, Pages(KeyError("gone")).read)
    connection = duckdb.connect()
    connection.register("rows", dataset)

    with pytest.raises(duckdb.Error):
        connection.sql("SELECT sum(n) FROM rows").fetchall()
    assert isinstance(dataset.error, KeyError)


def test_stopping_is_no_error(dataset):
    """A consumer that has enough leaves no error behind."""
    batches = dataset.scanner().to_batches()
    next(batches)
    batches.close()

    assert dataset.error is None


@pytest.mark.parametrize(
    "name", ["get_fragments", "join", "join_asof", "replace_schema", "sort_by"]
)
def test_what_would_need_files_is_refused(dataset, name):
    """The base class would reach for memory that is not there."""
    with pytest.raises(QueryError, match="no files"):
        getattr(dataset, name)("n")


def test_it_cannot_be_pickled_or_computed(dataset):
    """Neither sent to other processes nor asked for new columns."""
    with pytest.raises(QueryError, match="no files"):
        pickle.dumps(dataset)
    with pytest.raises(QueryError, match="its own columns only"):
        dataset.to_table(columns={"twice": pc.field("n") * 2})
    with pytest.raises(QueryError, match="its own columns only"):
        dataset.to_table(columns=["nothing"])
    assert dataset.partition_expression is None
