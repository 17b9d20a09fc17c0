"""A table's fields become columns that can be found, filtered and shown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest

from larkbase_sdk.errors import NotFound, QueryError, UnknownFieldType
from larkbase_sdk.schema.table_schema import TableSchema, build_schema


def build(*fields, **options) -> TableSchema:
    """The schema of a table of these fields."""
    return build_schema("bas1", "tbl1", fields, table_name="Orders", **options)


def column(field, **options):
    """The only column of a table of one field."""
    return build(field, **options).columns[0]


@pytest.fixture
def orders(make_field):
    """A table whose names, SQL names and ids differ; one field is a button."""
    return build(
        make_field("Order No", "AutoNumber", is_primary=True),
        make_field("Amount", "Number", {"formatter": "0.00"}),
        make_field("客户"),
        make_field("amount", "Currency"),
        make_field("Go", "Button"),
    )


def test_fields_become_columns_in_their_order(orders):
    """With SQL name, Lark name and id."""
    found = [(item.name, item.lark_name, item.field_id) for item in orders.columns]
    assert found == [
        ("order_no", "Order No", "fld1"),
        ("amount", "Amount", "fld2"),
        ("客户", "客户", "fld3"),
        ("amount_fld4", "amount", "fld4"),
    ]


def test_a_field_without_values_is_left_out_with_a_reason(orders, make_field):
    """Buttons, stages, formulas that yield them, and fields without a name."""
    yields_stage = {"type": {"ui_type": "Stage"}}
    schema = build(
        make_field("Go", "Button"),
        make_field("Step", "Stage"),
        make_field("f", "Formula", yields_stage),
        make_field(""),
    )
    assert schema.columns == ()
    assert [(item.field.name, item.reason) for item in schema.skipped] == [
        ("Go", "a button holds no value"),
        ("Step", "the search call returns no values for it"),
        ("f", "the search call returns no values for it"),
        ("", "it has no name"),
    ]


def test_a_field_without_values_takes_no_name(make_field):
    """The field after it is not renamed."""
    assert [item.name for item in build(make_field("x", "Button"), make_field("X")).columns] == [
        "x"
    ]


def test_a_field_of_an_unknown_type_is_text_and_announced_once(make_field):
    """Each such field has one warning, which names it."""
    with pytest.warns(UnknownFieldType) as caught:
        schema = build(make_field("took", "Duration"), make_field("odd", "", type=99))
    assert [(item.lark_type, item.glue_type, item.arrow_type) for item in schema.columns] == [
        ("unknown", "string", pa.string())
    ] * 2
    assert [str(item.message).split(",")[0] for item in caught] == [
        "The field 'took' has the type 'Duration'",
        "The field 'odd' has the type 99",
    ]
    assert {item.filename for item in caught} == {__file__}


def test_the_record_id_keeps_its_name(make_field):
    """A field that would take it is renamed, except where a door reserves nothing."""
    field = make_field("Record ID")
    assert [column(field).name, column(field, reserved=()).name] == ["record_id_fld1", "record_id"]


def test_names_follow_the_style(make_field):
    """Athena's names hold ASCII only."""
    assert column(make_field("客户"), style="ascii").name == "__"


@pytest.mark.parametrize("ref", ["fld2", "Amount", "AMOUNT", "amounT"])
def test_a_column_is_found_by_id_by_lark_name_and_by_sql_name(orders, ref):
    """Only SQL names ignore the letter case."""
    assert orders.column(ref).field_id == "fld2"


def test_an_exact_lark_name_wins_over_a_sql_name(orders):
    """``amount`` is the SQL name of one field and Lark's own name of another."""
    assert [orders.column("amount").field_id, orders.sql_column("amount").field_id] == [
        "fld4",
        "fld2",
    ]


def test_a_field_id_wins_over_everything(make_field):
    """Even when another field is called like it."""
    schema = build(make_field("a"), make_field("fld1"))
    assert schema.column("fld1").lark_name == "a"


def test_a_column_is_found_by_id_alone(orders):
    """A name is no id."""
    assert orders.by_id("fld2").lark_name == "Amount"
    with pytest.raises(NotFound, match="no field with the id 'Amount'"):
        orders.by_id("Amount")


def test_a_schema_with_other_columns_finds_those(orders):
    """``dataclasses.replace`` keeps a schema whole."""
    fewer = replace(orders, columns=orders.columns[:1])
    assert fewer.column("fld1").name == "order_no"
    with pytest.raises(QueryError):
        fewer.column("fld2")


def test_an_unknown_column_names_similar_ones(orders):
    """By Lark's names where those are allowed."""
    with pytest.raises(QueryError) as caught:
        orders.column("Order Noo")
    assert caught.value.message == "There is no column 'Order Noo' in Orders (tbl1)."
    assert caught.value.hint == "Did you mean 'Order No' or 'order_no'?"


def test_an_unknown_sql_column_names_similar_ones(orders):
    """By SQL names, also when the text resembles Lark's name."""
    with pytest.raises(QueryError) as caught:
        orders.sql_column("Order Noo")
    assert caught.value.hint == "Did you mean 'order_no'?"


def test_a_lark_name_in_sql_leads_to_the_sql_name(orders):
    """SQL text takes SQL names only."""
    with pytest.raises(QueryError) as caught:
        orders.sql_column("Order No")
    assert caught.value.hint == "Did you mean 'order_no'?"


def test_athenas_record_id_leads_to_record_id(orders):
    """A query that was written for Athena."""
    with pytest.raises(QueryError) as caught:
        orders.sql_column("$reserved_record_id")
    assert caught.value.hint == "Did you mean 'record_id'?"


def test_a_name_like_no_other_lists_the_columns(make_field):
    """A few of them."""
    schema = build(*(make_field(f"c{place}") for place in range(10)))
    with pytest.raises(QueryError) as caught:
        schema.column("something else")
    assert caught.value.hint == "Columns: c0, c1, c2, c3, c4, c5, c6, c7, …."


def test_a_skipped_field_says_why_it_is_no_column(orders):
    """By name or id."""
    for ref in ("Go", "fld5"):
        with pytest.raises(QueryError, match=f"'{ref}' of Orders .* no column: a button holds"):
            orders.column(ref)


def test_the_primary_column_is_the_primary_field(orders, make_field):
    """None when that field became no column."""
    assert orders.primary is orders.columns[0]
    assert build(make_field("Go", "Button", is_primary=True)).primary is None


def test_arrow_fields_carry_lark_names_ids_and_types(make_field):
    """After the record id, which is never null."""
    found = build(make_field("Order No"), make_field("Sum", "Formula")).to_arrow()
    expected = pa.schema(
        [
            pa.field("record_id", pa.string(), nullable=False),
            pa.field(
                "Order No",
                pa.string(),
                metadata={"larkFieldId": "fld1", "larkFieldName": "Order No", "larkUIType": "Text"},
            ),
            pa.field(
                "Sum",
                pa.string(),
                metadata={
                    "larkFieldId": "fld2",
                    "larkFieldName": "Sum",
                    "larkUIType": "Formula<Text>",
                },
            ),
        ]
    )
    assert found.equals(expected, check_metadata=True)


def test_arrow_fields_carry_sql_names_on_request(orders):
    """As SQL and files do."""
    names = orders.to_arrow("sql").names
    assert names == ["record_id", "order_no", "amount", "客户", "amount_fld4"]


def test_arrow_names_are_unique_even_where_lark_names_are_not(make_field):
    """A name that is taken gives way to the SQL name."""
    schema = build(
        make_field("record_id"), make_field("a"), make_field("a"), make_field("record_id_fld1")
    )
    names = schema.to_arrow().names
    assert names == ["record_id", "record_id_fld1", "a", "a_fld3", "record_id_fld1_fld4"]


def test_numbers_are_decimals_on_request(make_field):
    """In Arrow only; Glue always says decimal."""
    found = column(make_field("n", "Number"), number_type="decimal")
    assert (found.arrow_type, found.glue_type) == (pa.decimal128(38, 18), "decimal")


def test_the_unit_of_a_number_follows_its_formatter(make_field):
    """For all four kinds of numbers; none given counts as whole numbers."""
    kinds = {"Number": "0.0", "Currency": "0.00", "Progress": "0%", "Rating": "0"}
    fields = [make_field(kind, kind, {"formatter": form}) for kind, form in kinds.items()]
    units = [item.unit() for item in build(*fields, make_field("bare", "Number")).columns]
    assert units == [Decimal(text) for text in ("0.1", "0.01", "0.01", "1", "1")]


def test_options_are_names_in_larks_order(make_field):
    """A name that two options share is not one option."""
    names = ["open", "closed", "open"]
    field = make_field("s", "SingleSelect", {"options": [{"id": n, "name": n} for n in names]})
    found = column(field)
    assert found.options == ("open", "closed", "open")
    assert [found.has_one_option(name) for name in ("closed", "open", "new")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("property_", [None, {"options": None}, {"options": [None]}])
def test_a_select_without_options_has_none(make_field, property_):
    """Lark may leave them out."""
    assert column(make_field("s", "SingleSelect", property_)).options == ()


@pytest.mark.parametrize(
    ("ui_type", "property_", "family", "sortable"),
    [
        ("Number", None, "number", True),
        ("DateTime", None, "date", True),
        ("Text", None, "text", False),
        ("AutoNumber", {"auto_serial": {"type": "auto_increment_number"}}, "autonumber", False),
        ("AutoNumber", {"auto_serial": {"type": "custom", "options": []}}, "none", False),
        ("AutoNumber", None, "none", False),
        ("Formula", {"type": {"ui_type": "Number"}}, "none", False),
        ("Lookup", None, "none", False),
    ],
)
def test_conditions_and_order_follow_the_type(make_field, ui_type, property_, family, sortable):
    """Nothing is sent for formulas, lookups and composed auto numbers."""
    found = column(make_field("f", ui_type, property_))
    assert (found.filter_family, found.sortable) == (family, sortable)


def test_lookups_are_typed_through_other_tables(make_field, make_lookup):
    """With the fields that the caller supplies."""
    target = make_field("target", "Rating")
    lookup = make_lookup("l", "tbl2", target.field_id)
    typed = column(lookup, fields_of={"tbl2": [target]}.get)
    untyped = column(lookup)
    assert (typed.lark_type, typed.wrapper, typed.arrow_type) == (
        "Lookup<Rating>",
        "lookup",
        pa.list_(pa.int8()),
    )
    assert (untyped.lark_type, untyped.arrow_type) == ("Lookup<NULL>", pa.list_(pa.string()))


def test_a_schema_shows_what_it_is(orders):
    """In one short line."""
    assert repr(orders).splitlines()[0] == "Orders (tbl1): 4 columns"


def test_equal_fields_make_equal_schemas(make_field):
    """A schema is a value."""
    field = make_field("a", "SingleSelect", {"options": [{"name": "x"}]})
    assert build(field) == build(field)
