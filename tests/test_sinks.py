"""What a read can become: DataFrames, Arrow, files, expanded links."""

from __future__ import annotations

import datetime as dt
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.sinks import files

UTC = dt.UTC
NOON = dt.datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
TAKERS = [pa.table, pl.DataFrame]
if hasattr(pd.DataFrame, "from_arrow"):  # since pandas 3
    TAKERS.append(pd.DataFrame.from_arrow)


@pytest.fixture
def crm(lark_emulator):
    return lark_emulator.database("CRM")


@pytest.fixture
def customers(crm):
    return crm.table(
        "Customers",
        fields=[("Name", "Text"), ("Region", "SingleSelect", {"options": ["North", "South"]})],
        rows=[
            {"Name": "Ann", "Region": "North"},
            {"Name": "Bo"},
            {"Name": "Cy", "Region": "South"},
        ],
    )


@pytest.fixture
def orders(crm, customers):
    ann, bo, cy = (record["record_id"] for record in customers.records)
    return crm.table(
        "Orders",
        fields=[
            ("Order No", "Text"),
            ("Amount", "Number"),
            ("Paid", "Checkbox"),
            ("At", "DateTime"),
            ("Tags", "MultiSelect", {"options": ["a", "b"]}),
            ("Customer", "SingleLink", {"table": customers}),
        ],
        rows=[
            {
                "Order No": "A-1",
                "Amount": 12.5,
                "Paid": True,
                "At": NOON,
                "Tags": ["a", "b"],
                "Customer": [ann, cy],
            },
            {"Order No": "A-2", "Customer": [bo]},
            {"Order No": "A-3", "Amount": 0, "Paid": False},
        ],
    )


@pytest.fixture
def table(lark, orders):
    return lark.table("CRM.Orders")


class TestPandas:
    """DataFrames are indexed by record id and know empties from zeros."""

    def test_the_index_is_the_record_id(self, table, orders):
        """Rows are addressed by the id that Lark knows them by."""
        frame = table.to_pandas()

        assert frame.index.name == "record_id"
        assert list(frame.index) == [record["record_id"] for record in orders.records]
        assert list(frame.columns) == ["Order No", "Amount", "Paid", "At", "Tags", "Customer"]

    def test_empties_are_missing_and_a_checkbox_is_false(self, table):
        """0 is a number; an empty cell is not."""
        frame = table.to_pandas()

        assert frame["Amount"].isna().tolist() == [False, True, False]
        assert frame["Paid"].tolist() == [True, False, False]
        assert all(isinstance(kind, pd.ArrowDtype) for kind in frame.dtypes)

    def test_a_plain_index_keeps_the_id_as_a_column(self, table):
        """``index=None`` is for those who merge by it."""
        assert table.to_pandas(index=None).columns[0] == "record_id"

    def test_pandas_own_nullable_types(self, table):
        """``numpy_nullable`` gives Float64, boolean and string."""
        kinds = table.to_pandas(dtype_backend="numpy_nullable").dtypes.astype(str).to_dict()

        assert (kinds["Amount"], kinds["Paid"]) == ("Float64", "boolean")

    def test_times_can_be_shown_in_a_zone(self, table):
        """The instant stays, the clock face changes."""
        shown = table.to_pandas(timezone="Asia/Jakarta")["At"].iloc[0]

        assert shown == pd.Timestamp(NOON)
        assert shown.hour == 19

    def test_times_of_linked_rows_are_shown_in_the_zone_too(self, table, customers):
        """They stand in lists of structures."""
        customers.add_field("Since", "DateTime")
        customers.update(customers.records[0]["record_id"], {"Since": NOON})

        frame = table.to_pandas(expand={"Customer": ["Since"]}, timezone="Asia/Jakarta")
        shown = [row["Since"] for cell in frame["Customer"].dropna() for row in cell]

        assert [(time, time.hour) for time in shown if time] == [(NOON, 19)]

    def test_an_unknown_zone_or_backend_is_refused(self, table):
        """Bad arguments fail with the allowed values."""
        with pytest.raises(larkbase.ConfigurationError, match="Mars"):
            table.to_pandas(timezone="Mars/Olympus")
        with pytest.raises(larkbase.ConfigurationError, match="numpy_nullable"):
            table.to_pandas(dtype_backend="numpy")
        with pytest.raises(larkbase.ConfigurationError, match="index"):
            table.to_pandas(index="Order No")

    def test_a_frame_tells_where_it_came_from(self, table):
        """Provenance travels with the data."""
        attrs = table.to_pandas(where="amount > 1").attrs["larkbase"]

        assert (attrs["name"], attrs["where"]) == ("CRM.Orders", ["amount > 1"])
        assert attrs["table"] == table.id

    def test_an_empty_result_keeps_its_types(self, table):
        """Types come from the fields, not from the rows."""
        empty, full = table.to_pandas(where="amount > 99"), table.to_pandas()

        assert len(empty) == 0
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()


class TestArrow:
    """Any Arrow library takes a table as it is."""

    def test_names_are_larks_own_or_sql(self, table):
        """``names`` switches; the record id comes first either way."""
        assert table.to_arrow().column_names[:2] == ["record_id", "Order No"]
        assert table.to_arrow(names="sql").column_names[:2] == ["record_id", "order_no"]

    def test_other_kinds_of_names_are_refused(self, table):
        """A typing mistake does not quietly give one of the two."""
        with pytest.raises(larkbase.ConfigurationError, match="'SQL'"):
            table.to_arrow(names="SQL")

    def test_fields_carry_their_lark_ids(self, table):
        """Metadata tells the field's id, name and type."""
        metadata = table.to_arrow().schema.field("Amount").metadata

        assert metadata[b"larkFieldName"] == b"Amount"
        assert metadata[b"larkUIType"] == b"Number"

    @pytest.mark.parametrize("take", TAKERS)
    def test_other_libraries_read_the_stream(self, table, take):
        """The Arrow C stream interface is enough."""
        assert len(take(table)) == 3
        assert len(take(table.scan(limit=2))) == 2

    def test_the_schema_alone_reads_no_rows(self, table, lark_emulator):
        """Asking for types makes no search."""
        assert pa.schema(table).names[1] == "Order No"
        assert lark_emulator.calls.count("search") == 0

    def test_polars(self, table):
        """The extra gives a polars frame."""
        assert table.to_polars()["Amount"].to_list() == [12.5, None, 0.0]


class TestFiles:
    """Files appear when they are complete."""

    def test_parquet_keeps_every_type(self, table, tmp_path):
        """What is read back equals what was read."""
        path = table.to_parquet(tmp_path / "orders.parquet")

        assert pq.read_table(path).equals(table.to_arrow())

    def test_pages_become_row_groups_of_a_useful_size(self, lark_emulator, tmp_path, monkeypatch):
        """A group for every page would make readers of the file slow."""
        monkeypatch.setattr(files, "_ROWS_IN_GROUP", 500)
        lark_emulator.database("CRM").table("Many", {"No": list(range(1_200))})
        table = lark_emulator.connect().table("CRM.Many")
        file = pq.ParquetFile(table.to_parquet(tmp_path / "many.parquet"))

        assert [file.metadata.num_row_groups, file.metadata.num_rows] == [2, 1_200]
        assert file.read().equals(table.to_arrow())

    def test_csv_writes_nested_cells_as_json_and_times_as_iso(self, table, tmp_path):
        """Nothing is lost on the way to text."""
        path = table.to_csv(tmp_path / "orders.csv")
        rows = pyarrow.csv.read_csv(path).to_pylist()

        assert rows[0]["Tags"] == '["a","b"]'
        assert path.read_text().splitlines()[1].split(",")[4] == '"2026-03-01T12:30:15.250Z"'
        assert rows[1]["Amount"] is None

    def test_a_missing_folder_is_told_before_anything_is_read(self, table, tmp_path, lark_emulator):
        """The error names the folder, not a scratch file."""
        for write in (table.to_parquet, table.to_csv):
            with pytest.raises(larkbase.ConfigurationError, match=r"no folder \".*missing\""):
                write(tmp_path / "missing" / "orders.file")
        assert lark_emulator.calls.count("search") == 0

    def test_a_folder_is_no_file(self, table, tmp_path, lark_emulator):
        """It is told before anything is read."""
        for write in (table.to_parquet, table.to_csv):
            with pytest.raises(larkbase.ConfigurationError, match=r'" is a folder\.'):
                write(tmp_path)
        assert lark_emulator.calls.count("search") == 0

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
    def test_a_pipe_or_device_is_not_replaced(self, table, tmp_path, lark_emulator):
        """A file in place of ``/dev/null`` would harm every program of the machine."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for write in (table.to_parquet, table.to_csv):
            with pytest.raises(larkbase.ConfigurationError, match="no file that can be replaced"):
                write(pipe)
        assert pipe.is_fifo()
        assert lark_emulator.calls.count("search") == 0

    def test_the_home_folder_can_be_named(self, table, tmp_path, monkeypatch):
        """``~`` means what it means in a shell."""
        monkeypatch.setenv("HOME", str(tmp_path))

        assert table.to_csv("~/orders.csv") == tmp_path / "orders.csv"

    def test_threads_may_write_the_same_file(self, table, tmp_path):
        """Each writes its own scratch file, so that the last complete one stays whole."""
        path = tmp_path / "orders.parquet"
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda _: table.to_parquet(path), range(8))) == [path] * 8

        assert pq.read_table(path).num_rows == 3
        assert list(tmp_path.iterdir()) == [path]

    def test_a_failed_write_leaves_nothing_behind(self, table, tmp_path, lark_emulator):
        """Neither a half file nor a scratch file stays."""
        lark_emulator.fail(91403, endpoint="search")

        with pytest.raises(larkbase.PermissionDenied):
            table.to_parquet(tmp_path / "orders.parquet")
        assert list(tmp_path.iterdir()) == []

    def test_a_link_to_a_file_stays_a_link(self, table, tmp_path):
        """``latest.csv`` leads to the file of today, whose rows are replaced."""
        (tmp_path / "files").mkdir()
        for suffix, write in ((".parquet", table.to_parquet), (".csv", table.to_csv)):
            file, link = tmp_path / f"files/today{suffix}", tmp_path / f"latest{suffix}"
            link.symlink_to(file)

            assert write(link) == link
            assert write(link) == link
            assert (link.is_symlink(), file.stat().st_size > 0) == (True, True)
        assert sorted(path.name for path in tmp_path.rglob("today*")) == [
            "today.csv",
            "today.parquet",
        ]

    def test_a_file_that_others_may_not_read_stays_one(self, table, tmp_path):
        """New rows do not open it."""
        path = table.to_csv(tmp_path / "orders.csv")
        path.chmod(0o600)

        assert table.to_csv(path).stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("name", ["x" * 251 + ".csv", "客" * 83 + "xx.csv"])
    def test_a_name_may_be_as_long_as_the_system_allows(self, table, tmp_path, name):
        """255 bytes, although the scratch file has a name of its own."""
        assert len(name.encode()) == 255

        table.to_csv(tmp_path / name)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_what_a_killed_process_left_vanishes_with_the_next_file(self, table, tmp_path):
        """A day later, when nobody can be writing it any more."""
        old, young, other = (
            tmp_path / f".{name}.part" for name in ("rows[1].csv.0a", "rows[1].csv.0b", "b.csv.0c")
        )
        for path in (old, young, other):
            path.touch()
        for path in (old, other):
            os.utime(path, (0, 0))

        table.to_csv(tmp_path / "rows[1].csv")
        assert sorted(tmp_path.iterdir()) == sorted([young, other, tmp_path / "rows[1].csv"])


class TestExpand:
    """Link cells hold record ids; the linked rows come on request."""

    def test_links_become_linked_rows(self, table):
        """Each cell is a list of the wanted columns; an empty link is NULL."""
        result = table.to_arrow(expand={"Customer": ["Name", "Region"]})

        assert result.column("Customer").to_pylist() == [
            [{"Name": "Ann", "Region": "North"}, {"Name": "Cy", "Region": "South"}],
            [{"Name": "Bo", "Region": None}],
            None,
        ]

    def test_the_primary_field_is_the_default(self, table):
        """A name is what people want to see behind a link."""
        result = table.to_arrow(expand="Customer", columns=["Customer"])

        assert result.column("Customer").to_pylist()[1] == [{"Name": "Bo"}]

    def test_explode_gives_one_row_per_link(self, table):
        """Rows without a link stay, with empties."""
        frame = table.to_pandas(
            expand={"Customer": ["Name"]}, explode=True, columns=["Order No", "Customer"]
        )

        assert frame.columns.tolist() == ["Order No", "Customer.Name"]
        assert frame["Order No"].tolist() == ["A-1", "A-1", "A-2", "A-3"]
        assert frame["Customer.Name"].fillna("–").tolist() == ["Ann", "Cy", "Bo", "–"]

    def test_a_linked_row_that_is_gone_is_null_in_its_place(self, table, customers):
        """The list keeps its length, so that positions still match the ids."""
        customers.delete([customers.records[0]["record_id"]])

        result = table.to_arrow(expand="Customer")
        assert result.column("Customer").to_pylist()[0] == [None, {"Name": "Cy"}]

    def test_a_field_renamed_in_the_linked_table_is_not_read_as_empty(self, table, customers):
        """Rows by id come with all fields, so Lark does not refuse an old name."""
        table.to_arrow(expand={"Customer": ["Region"]})
        customers.rename_field("Region", "Area")

        result = table.to_arrow(expand={"Customer": ["Area"]})
        assert result.column("Customer").to_pylist()[1:] == [[{"Area": None}], None]
        assert result.column("Customer").to_pylist()[0] == [{"Area": "North"}, {"Area": "South"}]
        with pytest.raises(larkbase.QueryError, match="Region"):
            table.to_arrow(expand={"Customer": ["Region"]})

    def test_hidden_linked_rows_are_told(self, lark, crm, customers, lark_emulator):
        """Without rights Lark answers as if the linked rows were gone."""
        other = crm.table("More", fields=[("Who", "SingleLink", {"table": customers})])
        other.insert([{"Who": [customers.records[0]["record_id"]]}])
        crm.access = "manage"
        table = lark.table("CRM.More")
        lark_emulator.fail(
            endpoint="batch_get", body={"code": 0, "msg": "success", "data": {"records": []}}
        )

        with pytest.warns(larkbase.EmptyBecauseRestricted, match="can manage") as told:
            result = table.to_arrow(expand="Who")
        assert str(told[0].message).startswith('CRM.Customers: No rows linked by "Who" came')
        assert result.column("Who").to_pylist() == [[None]]

    def test_a_hidden_field_of_the_linked_table_is_told(self, lark, crm, customers, orders):
        """Rows by id leave it out in silence; a search that names it is refused."""
        customers.role_hidden_fields = {"Region"}
        crm.access = "role"

        with pytest.warns(larkbase.PushdownRefused, match="hidden from this app"):
            result = lark.table("CRM.Orders").to_arrow(expand={"Customer": ["Region"]})
        assert result.column("Customer").to_pylist()[1] == [{"Region": None}]

    def test_many_links_are_fetched_the_cheaper_way(self, crm, lark, lark_emulator):
        """Seven hundred links cost two searches instead of seven batch calls."""
        people = crm.table("People", {"Name": [f"p{n}" for n in range(700)]})
        ids = [record["record_id"] for record in people.records]
        crm.table(
            "Seats",
            fields=[("No", "Number"), ("Who", "SingleLink", {"table": people})],
            rows=[{"No": n, "Who": [record_id]} for n, record_id in enumerate(ids)],
        )

        result = lark.table("CRM.Seats").to_arrow(expand="Who")

        assert result.column("Who").to_pylist() == [[{"Name": f"p{n}"}] for n in range(700)]
        assert lark_emulator.calls.count("batch_get") == 0

    @pytest.mark.parametrize(("concurrency", "threads"), [(8, 5), (1, 1)])
    def test_linked_rows_are_fetched_side_by_side(self, crm, lark_emulator, concurrency, threads):
        """Each further call in a thread of its own, as far as the options allow; in order."""
        people = crm.table("People", {"Name": [f"p{n}" for n in range(450)]})
        people.insert([{"Name": "nobody"}])
        ids = [record["record_id"] for record in people.records[:450]]
        crm.table(
            "Seats",
            fields=[("Who", "SingleLink", {"table": people})],
            rows=[{"Who": [record_id]} for record_id in reversed(ids)],
        )
        callers = []

        def heard(call):
            if call["endpoint"] == "batch_get":
                callers.append(threading.current_thread())

        options = larkbase.Options(concurrency=concurrency, on_call=heard)
        with lark_emulator.connect(options=options) as lark:
            result = lark.table("CRM.Seats").to_arrow(expand="Who")

        assert result.column("Who").to_pylist() == [
            [{"Name": f"p{n}"}] for n in reversed(range(450))
        ]
        assert (len(callers), len(set(callers))) == (5, threads)

    def test_an_odd_cell_of_a_linked_row_is_told(self, crm, lark, lark_emulator):
        """At the line that reads, whichever thread has decoded it."""
        people = crm.table("People", fields=[("Name", "Text"), ("Age", "Number")])
        people.insert([{"Name": f"p{n}", "Age": n} for n in range(150)])
        ids = [record["record_id"] for record in people.records]
        crm.table(
            "Seats",
            fields=[("Who", "SingleLink", {"table": people})],
            rows=[{"Who": [record_id]} for record_id in ids],
        )
        records = [{"record_id": ids[120], "fields": {"Age": "many"}}]
        lark_emulator.fail(
            endpoint="batch_get",
            times=None,
            body={"code": 0, "msg": "success", "data": {"records": records}},
        )

        with pytest.warns(larkbase.CellNotConverted) as told:
            lark.table("CRM.Seats").to_arrow(expand={"Who": ["Age"]})
        assert [str(item.message) for item in told] == [
            'CRM.People: A cell of column "age" became NULL: the text is not a number.'
        ]
        assert told[0].filename == __file__

    def test_names_given_twice(self, table):
        """A wanted column comes once; a link column has one list of wanted columns."""
        twice = table.to_arrow(expand={"Customer": ["Name", "name"]}, columns=["Customer"])

        assert twice.column("Customer").to_pylist()[1] == [{"Name": "Bo"}]
        with pytest.raises(larkbase.QueryError, match="twice"):
            table.to_arrow(expand={"Customer": ["Name"], "customer": ["Region"]})

    def test_only_links_expand(self, table):
        """Other columns are refused with their type."""
        with pytest.raises(larkbase.UnsupportedField, match="Number"):
            table.to_arrow(expand="Amount")
        with pytest.raises(larkbase.QueryError, match="not among the columns"):
            table.to_arrow(expand="Customer", columns=["Amount"])
        with pytest.raises(larkbase.QueryError, match="exactly one"):
            table.to_pandas(explode=True)


def test_a_field_called_record_id_gives_way(crm, lark):
    """The first column is always the record's id; the field is renamed, and kept."""
    crm.table("T", {"record_id": ["mine"], "x": ["y"]})
    table = lark.table("CRM.T")
    result = table.to_arrow()

    assert result.column(0).to_pylist()[0].startswith("rec")
    assert result.column(1).to_pylist() == ["mine"]
    assert len(set(result.column_names)) == 3
