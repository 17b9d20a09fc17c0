"""A table of deals, random rows of it, and random conditions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from larkbase_sdk.api.models import Field
from larkbase_sdk.schema.table_schema import TableSchema, build_schema

Row = Mapping[str, Any]
"""A record as the server keeps it: select cells by option id, times in ms, None when empty."""

OPTIONS_READ = [
    ("o1", "Open"),
    ("o2", "Won"),
    ("o3", "Lost"),
    ("o4", "Twice"),
    ("o5", "Twice"),
    ("o6", "case"),
    ("o7", "CASE"),
]
# What the options are by the time of the scan: one was renamed, one was added.
OPTIONS_NOW = {**dict(OPTIONS_READ), "o3": "Gone", "o8": "Added"}

_OPTIONS: dict[str, Any] = {"options": [{"id": key, "name": name} for key, name in OPTIONS_READ]}
_FIELDS: list[tuple[str, str, str, int, dict[str, Any]]] = [
    ("fldName", "Name", "Text", 1, {}),
    ("fldAmount", "Amount", "Number", 2, {"formatter": "0.00"}),
    ("fldStars", "Stars", "Rating", 2, {"formatter": "0"}),
    ("fldStatus", "Status", "SingleSelect", 3, _OPTIONS),
    ("fldTags", "Tags", "MultiSelect", 4, _OPTIONS),
    ("fldDue", "Due date", "DateTime", 5, {"date_formatter": "yyyy/MM/dd"}),
    ("fldDone", "Done", "Checkbox", 7, {}),
    ("fldOwner", "Owner", "User", 11, {"multiple": True}),
    ("fldTel", "Tel", "Phone", 13, {}),
    ("fldSite", "Site", "Url", 15, {}),
    ("fldFiles", "Files", "Attachment", 17, {}),
    ("fldCustomer", "Customer", "SingleLink", 18, {"table_id": "tblCustomers"}),
    ("fldTotal", "Total", "Formula", 20, {}),
    ("fldNo", "No", "AutoNumber", 1005, {"auto_serial": {"type": "auto_increment_number"}}),
    ("fldCode", "Code", "AutoNumber", 1005, {"auto_serial": {"type": "custom"}}),
]


def _schema(number_type: Any) -> TableSchema:
    fields = [
        Field(key, name, number, ui_type, property=extra)
        for key, name, ui_type, number, extra in _FIELDS
    ]
    return build_schema("base", "tblDeals", fields, table_name="Deals", number_type=number_type)


@pytest.fixture(scope="session")
def deals() -> TableSchema:
    """The schema of the table, as it was before the options changed."""
    return _schema("double")


@pytest.fixture(scope="session")
def decimal_deals() -> TableSchema:
    """The same with numbers as decimal(38,18)."""
    return _schema("decimal")


@pytest.fixture(scope="session")
def options_now() -> Mapping[str, str]:
    """Names of the options by id, as they are at the time of the scan."""
    return OPTIONS_NOW


@pytest.fixture(scope="session")
def to_batch() -> Callable[[TableSchema, Sequence[Row]], pa.RecordBatch]:
    """Turns rows into the record batch that a decoder makes of them."""

    def convert(schema: TableSchema, rows: Sequence[Row]) -> pa.RecordBatch:
        cells = [_cells(number, row) for number, row in enumerate(rows)]
        return pa.RecordBatch.from_pylist(cells, schema=schema.to_arrow("sql"))

    return convert


def _cells(number: int, row: Row) -> dict[str, Any]:
    tags, owner, customer, site = row["tags"], row["owner"], row["customer"], row["site"]
    return {
        **row,
        "record_id": f"rec{number}",
        "status": OPTIONS_NOW[row["status"]] if row["status"] else None,
        "tags": [OPTIONS_NOW[tag] for tag in tags] if tags else None,
        "done": bool(row["done"]),
        "owner": [{"id": person} for person in owner] if owner else None,
        "customer": {"link_record_ids": customer} if customer else None,
        "site": {"link": "https://example.com", "text": site} if site else None,
    }


WORDS = ["a", "A", "ab", "a b", " a", "a\nb", "50%", "a_b", "it's", "\\", "İi", "ß", "客户", "😀"]
MOMENT = 1_704_067_200_000  # 2024-01-01 00:00 UTC
PEOPLE = ["ou_1", "ou_2", "ou_3"]
LINKS = ["rec1", "rec2", "rec3"]
NUMBERS = [0.0, -0.0, 0.1, 1.0, 1.004, 1.005, 2.5, -3.0, 99.995, 2.0**53, 1e15 + 0.3, 123456.789]

_texts = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=5
)
_numbers = st.sampled_from(NUMBERS) | st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
_moments = st.integers(-5, 5).flatmap(
    lambda days: st.sampled_from([-1, 0, 1, 499, 3_600_000, 57_600_000]).map(
        lambda part: MOMENT + days * 86_400_000 + part
    )
)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _some(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


@pytest.fixture(scope="session")
def rows() -> st.SearchStrategy[list[Row]]:
    """Random records."""
    row = st.fixed_dictionaries(
        {
            "name": _maybe(_texts),
            "amount": _maybe(_numbers),
            "stars": _maybe(st.integers(-128, 127)),
            "status": _maybe(st.sampled_from(list(OPTIONS_NOW))),
            "tags": _maybe(_some(list(OPTIONS_NOW))),
            "due_date": _maybe(_moments),
            "done": _maybe(st.booleans()),
            "owner": _maybe(_some(PEOPLE)),
            "tel": _maybe(st.sampled_from(["+8613112345678", "110", "030 123"])),
            "site": _maybe(_texts),
            "customer": _maybe(_some(LINKS)),
            "total": _maybe(_texts),
            "no": st.integers(1, 20).map(str),
            "code": st.integers(1, 20).map(lambda number: f"A{number:03}"),
        }
    )
    return st.lists(row, max_size=12)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _number_text(value: float) -> str:
    return format(value, ".15g") if abs(value) < 1e15 else str(int(value))


@st.composite
def _moment_texts(draw: st.DrawFn) -> str:
    moment, part = draw(_moments), draw(st.sampled_from(["", "", "500"]))
    stamp = (
        pa.scalar(moment, pa.timestamp("ms")).as_py().isoformat(sep=" ", timespec="milliseconds")
    )
    shift = draw(st.sampled_from(["", "+00:00", "+08:00"]))
    forms = [
        f"'{stamp}{part}{shift}'",
        f"TIMESTAMPTZ '{stamp}{part}{shift or '+00'}'",
        f"TIMESTAMP '{stamp}{part}'",
        f"'{stamp[:10]}'",
        f"DATE '{stamp[:10]}'",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def _comparisons(draw: st.DrawFn) -> str:
    """Comparisons, IN lists and NULL tests, on columns of one value."""
    column, literals = draw(
        st.sampled_from(
            [
                ("name", _texts.map(_quote)),
                ("total", _texts.map(_quote)),
                ("site.text", _texts.map(_quote)),
                (
                    "status",
                    st.sampled_from([*dict(OPTIONS_READ).values(), "Gone", "Added"]).map(_quote),
                ),
                ("tel", st.sampled_from(["+8613112345678", "110", "030 123"]).map(_quote)),
                ("no", st.integers(1, 20).map(str).map(_quote)),
                ("code", st.sampled_from(["'A001'", "'1'"])),
                ("amount", _numbers.map(_number_text)),
                ("stars", st.sampled_from(["3", "-128", "3.5", "300", "1e1", "127.0"])),
                ("due_date", _moment_texts()),
                ("done", st.sampled_from(["true", "false"])),
            ]
        )
    )
    literal = draw(literals)
    operator = draw(st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="]))
    match draw(st.integers(0, 9)):
        case 0:
            return f"{column} IS {draw(st.sampled_from(['', 'NOT ']))}NULL"
        case 1 | 2:
            words = draw(st.lists(literals, min_size=1, max_size=4))
            words += draw(st.sampled_from([[], [], ["NULL"]]))
            return f"{column} {draw(st.sampled_from(['', 'NOT ']))}IN ({', '.join(words)})"
        case 3:
            return f"{column} BETWEEN {literal} AND {draw(literals)}"
        case 4:
            negation = draw(st.sampled_from(["", "NOT "]))
            return f"{column} IS {negation}DISTINCT FROM {draw(st.sampled_from([literal, 'NULL']))}"
        case 5:
            return f"{literal} {operator} {column}"
        case _:
            return f"{column} {operator} {literal}"


@st.composite
def _patterns(draw: st.DrawFn) -> str:
    """LIKE and its relatives."""
    column = draw(st.sampled_from(["name", "status", "site.text", "total"]))
    text = draw(_texts)
    pattern = draw(st.sampled_from(["%{}%", "{}%", "%{}", "{}", "_{}", "%", "{}_%", "%{}a%"]))
    words = pattern.format(text)
    match draw(st.integers(0, 5)):
        case 0:
            return f"contains({column}, {_quote(text)})"
        case 1:
            return f"starts_with({column}, {_quote(text)})"
        case 2:
            return f"strpos({column}, {_quote(text)}) {draw(st.sampled_from(['> 0', '= 0']))}"
        case 3:
            quoted = words.replace("!", "!!").replace("%", "!%")
            return f"{column} LIKE {_quote(quoted)} ESCAPE '!'"
        case _:
            word = draw(st.sampled_from(["LIKE", "NOT LIKE", "ILIKE"]))
            return f"{column} {word} {_quote(words)}"


_lists = st.one_of(
    st.sampled_from(["Open", "Twice", "Added", "case"]).map(
        lambda tag: f"list_contains(tags, '{tag}')"
    ),
    st.sampled_from(LINKS).map(lambda key: f"list_contains(customer.link_record_ids, '{key}')"),
    st.sampled_from(["tags", "customer", "owner", "files", "site", "record_id"]).map(
        lambda column: f"{column} IS NULL"
    ),
)
_constants = st.sampled_from(["TRUE", "FALSE", "NULL", "1 = 1", "'a' > 'b'", "done"])


def _compose(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    truths = st.sampled_from(["TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "NULL", "NOT NULL"])
    return st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda text: f"NOT ({text})"),
        st.tuples(inner, truths).map(lambda parts: f"({parts[0]}) IS {parts[1]}"),
    )


@pytest.fixture(scope="session")
def conditions() -> st.SearchStrategy[str]:
    """Random texts for WHERE, within what `where` understands."""
    leaves = st.one_of(_comparisons(), _comparisons(), _patterns(), _lists, _constants)
    return st.recursive(leaves, _compose, max_leaves=5)
