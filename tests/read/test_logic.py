"""Predicates are rewritten by the laws of three-valued logic without changing their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.read.evaluate import mask
from larkbase_sdk.read.logic import FALSE, TRUE, is_false, is_null, is_true, leaf_of, normal_form
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    Constant,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
    conjunction,
    conjuncts,
)
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.table_schema import TableSchema

A, B = Compare("a", "=", 1), Compare("b", "<", 2)
LIKE = Like("c", "x%")
UNKNOWN = Constant(None)


@pytest.mark.parametrize(
    ("predicate", "normal"),
    [
        (Not(A), Compare("a", "<>", 1)),
        (Not(Not(LIKE)), LIKE),
        (Not(And((A, B))), Or((Compare("a", "<>", 1), Compare("b", ">=", 2)))),
        (Not(Or((LIKE, IsNull("a")))), And((Not(LIKE), Not(IsNull("a"))))),
        (And((A, And((B, LIKE)))), And((A, B, LIKE))),
        (Or((A, UNKNOWN)), A),
        (And((A, UNKNOWN)), FALSE),
        (Not(And((A, UNKNOWN))), Compare("a", "<>", 1)),
        (Or((A, TRUE)), TRUE),
        (And(()), TRUE),
        (Or(()), FALSE),
        (Compare("a", "=", None), FALSE),
        (Not(Compare("a", "=", None)), FALSE),
        (In("a", (1,), has_null=True), In("a", (1,))),
        (Not(In("a", (1,), has_null=True)), FALSE),
        (Not(In("a", (1,))), Not(In("a", (1,)))),
        (In("a", ()), FALSE),
        (Not(In("a", ())), TRUE),
        (Not(In("a", (), has_null=True)), FALSE),
        (And((A, Not(IsNull("a")))), A),
        (And((B, Not(IsNull("a")))), And((B, Not(IsNull("a"))))),
        (Or((A, B, In("a", (2, 3)), Compare("a", "=", 4))), Or((In("a", (1, 2, 3, 4)), B))),
        (Or((A, IsNull("a"))), Or((A, IsNull("a")))),
    ],
)
def test_the_normal_form_keeps_negation_at_the_leaves(
    predicate: Predicate, normal: Predicate
) -> None:
    """NOT moves inwards, constants go, and equal columns join into one IN."""
    assert normal_form(predicate) == normal


@given(data=st.data())
def test_rewriting_keeps_the_rows(
    data: st.DataObject,
    deals: TableSchema,
    rows: st.SearchStrategy[list[Any]],
    conditions: st.SearchStrategy[str],
    to_batch: Callable[[TableSchema, Sequence[Any]], pa.RecordBatch],
) -> None:
    """The normal form is TRUE for the same rows, and IS TRUE, IS FALSE, IS NULL never NULL."""
    batch = to_batch(deals, data.draw(rows))
    predicate = parse_where(data.draw(conditions), deals)
    truth = mask(predicate, batch).to_pylist()
    normal = mask(normal_form(predicate), batch).to_pylist()
    assert [value is True for value in normal] == [value is True for value in truth]
    assert mask(is_true(predicate), batch).to_pylist() == [value is True for value in truth]
    assert mask(is_false(predicate), batch).to_pylist() == [value is False for value in truth]
    assert mask(is_null(predicate), batch).to_pylist() == [value is None for value in truth]


def test_a_leaf_says_whether_it_is_negated() -> None:
    """Anything that is no leaf of a normal form is a mistake of the caller."""
    assert leaf_of(A) == (A, False)
    assert leaf_of(Not(LIKE)) == (LIKE, True)
    with pytest.raises(TypeError, match="no leaf"):
        leaf_of(And((A, B)))


def test_conjuncts_come_apart_and_together() -> None:
    """Nested ANDs are one flat list; nothing is the condition of all rows."""
    assert conjuncts(And((A, And((B, LIKE))))) == (A, B, LIKE)
    assert conjuncts(None) == ()
    assert conjunction(A, None, And((B, LIKE))) == And((A, B, LIKE))
    assert conjunction(None, A) == A
    assert conjunction(None) is None
