"""What Lark says, remembered: many field lists at once, broken lookups, ages."""

from __future__ import annotations

import threading

import pytest

from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.errors import AuthenticationError, NotFound, SourceSkipped
from larkbase_sdk.options import Options


@pytest.fixture
def metadata(lark):
    return Metadata(lark.api.bitable, Options())


@pytest.fixture
def bases(lark_emulator):
    """Three bases with four tables each."""
    made = [lark_emulator.database(f"Base {n}") for n in range(3)]
    for base in made:
        for number in range(4):
            base.table(f"Table {number}", {"A": ["x"]})
    return made


@pytest.fixture
def all_tables(lark, bases):
    """Every table of the three bases as the catalogue lists them."""
    return [table for base in lark.databases.values() for table in base.catalog_tables()]


def kinds(schema):
    return {column.name: column.lark_type for column in schema.columns}


def test_many_field_lists_are_read_at_the_same_time(lark_emulator, all_tables):
    """The first call does not end before a second one; each table is asked for once."""
    both = threading.Barrier(2)
    first_two = iter((both, both))

    def wait_for_the_other(call):
        barrier = next(first_two, None) if call["endpoint"] == "fields" else None
        if barrier is not None:
            barrier.wait(10)

    with lark_emulator.connect(options=Options(on_call=wait_for_the_other)) as lark:
        assert lark.metadata.prefetch(all_tables) == []

    asked = [call.path for call in lark_emulator.calls.named("fields")]
    assert len(asked) == len(set(asked)) == 12


def test_bases_take_turns(metadata, lark_emulator, all_tables):
    """No base has to answer everything at once: the first calls go to different ones."""
    metadata.prefetch(all_tables)

    first = {call.path.split("/")[5] for call in lark_emulator.calls.named("fields")[:3]}
    assert len(first) > 1


def test_what_is_remembered_is_not_read_again(metadata, lark_emulator, all_tables):
    """After it, every schema is there without a call."""
    metadata.prefetch(all_tables)
    lark_emulator.calls.clear()

    metadata.prefetch(all_tables)
    for table in all_tables:
        assert kinds(metadata.schema(table.base_id, table.table_id)) == {"a": "Text"}
    assert lark_emulator.calls.count() == 0


def test_a_table_that_cannot_be_read_affects_only_itself(metadata, bases, all_tables):
    """It is told of and returned; its schema raises the error."""
    gone = all_tables[0]
    bases[0].remove_table("Table 0")

    with pytest.warns(SourceSkipped, match='the fields of table "Table 0"'):
        (skipped,) = metadata.prefetch(all_tables)
    assert (skipped.token, skipped.unreadable) == (gone.table_id, True)
    assert metadata.known_fields(all_tables[1].base_id, all_tables[1].table_id) is not None
    with pytest.raises(NotFound):
        metadata.schema(gone.base_id, gone.table_id)


def test_refused_credentials_end_the_whole(metadata, lark_emulator, all_tables):
    """They are no fault of a table."""
    lark_emulator.fail(99991661, endpoint="fields", times=None)

    with pytest.raises(AuthenticationError):
        metadata.prefetch(all_tables)


class TestLookups:
    """A lookup whose target cannot be found costs only its own type."""

    @pytest.fixture
    def orders(self, lark_emulator):
        """A table with a lookup into another one."""
        base = lark_emulator.database("CRM")
        customers = base.table("Customers", {"Name": ["Ann"], "Age": [3]})
        orders = base.table("Orders", {"No": ["1"]})
        orders.add_field("Customer", "SingleLink", {"table": customers})
        orders.add_field("Age", "Lookup", {"table": customers, "field": "Age"})
        return orders

    @pytest.fixture
    def read(self, metadata, orders):
        return lambda: kinds(metadata.schema(orders.base.app_token, orders.table_id))

    def test_the_target_is_read_with_the_table(self, read, lark_emulator):
        """One call more, for the table that it points to."""
        assert read()["age"] == "Lookup<Number>"
        assert lark_emulator.calls.count("fields") == 2

    def test_a_deleted_target_leaves_the_rest_alone(self, read, orders):
        """The lookup becomes a list of texts."""
        orders.base.remove_table("Customers")

        assert read() == {"no": "Text", "customer": "SingleLink", "age": "Lookup<NULL>"}

    def test_an_unreadable_target_is_told(self, read, orders, lark_emulator):
        """The error of the other table is no error of this one."""
        customers = orders.base.find_table("Customers")
        lark_emulator.fail(1254302, endpoint="fields", path=customers.table_id)

        with pytest.warns(SourceSkipped, match="the target of a lookup"):
            assert read()["age"] == "Lookup<NULL>"

    def test_lookups_in_a_circle_end(self, read, orders):
        """Each has no type to be found."""
        customers = orders.base.find_table("Customers")
        back = customers.add_field("Back", "Lookup", {"table": orders, "field": "Age"})
        age = orders.find_field("Age")
        age.property = {**age.property, "target_field": back.field_id}

        assert read()["age"] == "Lookup<Lookup<NULL>>"


def test_the_age_of_a_schema_is_known(metadata, bases):
    """For displays; None before it was read."""
    table = bases[0].tables[0]
    ids = (bases[0].app_token, table.table_id)
    assert metadata.schema_age(*ids) is None

    metadata.schema(*ids)
    assert metadata.schema_age(*ids) < 60
