"""Whatever people paste and type becomes a value or an error that says what is wrong."""

from __future__ import annotations

import contextlib
import warnings
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.links import check_host, is_link, parse_link
from larkbase_sdk.api.models import Field
from larkbase_sdk.catalog.names import split_reference
from larkbase_sdk.errors import ConfigurationError, LarkBaseError, LarkBaseWarning
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.field_types import FIELD_TYPES
from larkbase_sdk.schema.naming import sql_name, unique_names
from larkbase_sdk.schema.table_schema import build_schema

DOMAIN = Domain.parse("larksuite")
TRUSTED = ("larksuite.com", "feishu.cn", "larkoffice.com", "127.0.0.1", "localhost", "[::1]")
PIECES = (
    "https://", "http://", "acme.", "larksuite.com", "feishu.cn", "evil.example", "@", "/", "\\",
    "/base/", "/wiki/", "/drive/folder/", "/docx/", "NQRxbLz1", "?table=", "tblA", "&view=",
    "vewB", "#", "%2F",  "%00", ":443", ":x", "..", " ", "\n", "127.0.0.1:8080", "[::1]", "客户",
    "?", "&", "=",
)  # fmt: skip
LINKS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join) | st.text()


@given(LINKS)
def test_a_pasted_text_is_a_link_or_an_error(text):
    """Never another kind of error."""
    try:
        link = parse_link(text)
    except ConfigurationError:
        return
    assert link.token


@given(LINKS)
def test_credentials_go_to_hosts_that_are_trusted(text):
    """Whatever tricks are in the text: user info, ports, escapes, dots."""
    try:
        link = parse_link(text)
        check_host(link, DOMAIN)
    except ConfigurationError:
        return
    if link.url:
        host = urlsplit(link.url).hostname or ""
        assert any(host == name.strip("[]") or host.endswith(f".{name}") for name in TRUSTED), link


@given(st.text())
def test_a_reference_is_split_or_refused(text):
    """``Database.Table`` with any quoting."""
    is_link(text)
    with contextlib.suppress(ConfigurationError):
        list(split_reference(text))


@given(
    st.lists(st.tuples(st.text(max_size=300), st.text(max_size=20))),
    st.sampled_from(["ascii", "unicode"]),
)
def test_names_are_unique_and_stay_what_they_are(pairs, style):
    """Whatever people call their fields; a blank result has no name."""
    names = unique_names(pairs, style)
    given_names = [name for name in names if name is not None]

    assert len(set(given_names)) == len(given_names)
    assert all(0 < len(name) <= 255 for name in given_names)
    assert unique_names(pairs, style) == names
    for (text, _), name in zip(pairs, names, strict=True):
        assert (name is None) == (sql_name(text, style) == "")


SCHEMA = build_schema(
    "A",
    "tblA",
    [
        Field("fld1", "Name", 1, "Text"),
        Field("fld2", "Amount", 2, "Number"),
        Field("fld3", "Day", 5, "DateTime"),
        Field("fld4", "Status", 3, "SingleSelect"),
        Field("fld5", "Tags", 4, "MultiSelect"),
        Field("fld6", "Done", 7, "Checkbox"),
        Field("fld7", "Owner", 11, "User"),
    ],
)
WORDS = (
    "name", "amount", "day", "status", "tags", "done", "owner", "record_id", "nobody", '"', "'a'",
    "'2025-01-31'", "1", "-1.5e3", "99999999999999999999", "NULL", "TRUE", "AND", "OR", "NOT", "IN",
    "(", ")", ",", "=", "<>", "<", ">=", "LIKE", "ILIKE", "ESCAPE", "BETWEEN", "IS", "DATE", "CAST",
    "::", "list_contains", "[1]", ".text", "CASE", "WHEN", "END", "SELECT", "--", "/*", ";", "?",
    "||", "+", "客户", "\x00",
)  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text())
def test_a_condition_is_understood_or_refused(text):
    """With an error that says what to do."""
    with contextlib.suppress(LarkBaseError):
        parse_where(text, SCHEMA)


@given(st.data())
def test_a_field_of_any_properties_has_a_column_or_none(any_json, data):
    """Field lists hold whatever Lark puts into them next year."""
    fields = [
        Field(
            f"fld{number}",
            data.draw(st.text(max_size=12)),
            data.draw(st.integers(-5, 5000)),
            data.draw(st.sampled_from([*FIELD_TYPES, "", "NewType"])),
            property=data.draw(st.dictionaries(st.sampled_from(PROPERTIES), any_json, max_size=4)),
        )
        for number in range(3)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LarkBaseWarning)
        schema = build_schema("A", "tblA", fields, fields_of=lambda _: fields)

    assert {column.field_id for column in schema.columns} <= {field.field_id for field in fields}
    assert schema.to_arrow("sql").names[0] == "record_id"


PROPERTIES = (
    "options", "formatter", "type", "auto_serial", "filter_info", "target_field", "date_formatter",
    "formula_expression", "multiple", "table_id", "currency_code", "min", "max", "rating",
)  # fmt: skip
