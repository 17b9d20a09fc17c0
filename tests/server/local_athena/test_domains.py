"""Domains: sets of values that mean the same as the condition they were made from."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.read.predicate import And, Compare, Constant, In, IsNull, Like, Not, Or
from larkbase_server.local.domain_text import domain_text
from larkbase_server.local.domains import EVERYTHING, NOTHING, VALUES, Domain, domain_of

CELLS = [None, *range(-1, 7)]
values = st.integers(0, 5)
tests = st.one_of(
    st.builds(Compare, st.just("c"), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), values),
    st.builds(Compare, st.just("c"), st.just("="), st.none()),
    st.builds(In, st.just("c"), st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.just(IsNull("c")),
    st.sampled_from([Constant(True), Constant(False), Constant(None)]),
)
predicates = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
OPERATORS = {
    "=": int.__eq__, "<>": int.__ne__, "<": int.__lt__, "<=": int.__le__,
    ">": int.__gt__, ">=": int.__ge__,
}  # fmt: skip


def truth(predicate, cell):
    """Return what SQL says of a cell: True, False or None."""
    match predicate:
        case Constant(value):
            return value
        case IsNull():
            return cell is None
        case Compare(_, op, value):
            return None if cell is None or value is None else OPERATORS[op](cell, value)
        case In(_, listed, has_null):
            if cell is None:
                return None
            return True if cell in listed else (None if has_null else False)
        case Not(operand):
            inner = truth(operand, cell)
            return None if inner is None else not inner
        case And(operands):
            found = [truth(operand, cell) for operand in operands]
            return False if False in found else (None if None in found else True)
        case Or(operands):
            found = [truth(operand, cell) for operand in operands]
            return True if True in found else (None if None in found else False)


@given(predicates)
def test_a_domain_holds_exactly_the_cells_for_which_its_condition_is_true(predicate):
    """NULL included; neither FALSE nor NULL lets a cell in."""
    domain = domain_of(predicate)

    assert [domain.holds(cell) for cell in CELLS] == [
        truth(predicate, cell) is True for cell in CELLS
    ]


@given(predicates, predicates)
def test_domains_are_joined_and_cut_like_sets(one, other):
    """And the rest of the rest is the set itself."""
    left, right = domain_of(one), domain_of(other)

    for cell in CELLS:
        assert left.union(right).holds(cell) == (left.holds(cell) or right.holds(cell))
        assert left.intersection(right).holds(cell) == (left.holds(cell) and right.holds(cell))
        assert left.complement().holds(cell) != left.holds(cell)
    assert left.complement().complement() == left


@given(predicates)
def test_the_ranges_of_a_domain_are_sorted_and_do_not_touch(predicate):
    """As the protocol wants them."""
    cuts = [cut for span in domain_of(predicate).spans for cut in span]

    assert all(low < high for low, high in pairwise(cuts))


def test_what_no_domain_can_say_is_refused():
    """Patterns, for example."""
    with pytest.raises(TypeError, match="no condition on ranges"):
        domain_of(Like("c", "a%"))


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (EVERYTHING, "TRUE"),
        (VALUES, "c IS NOT NULL"),
        (NOTHING, "FALSE"),
        (Domain(null=True), "c IS NULL"),
        (domain_of(Compare("c", "=", "it's")), "c = 'it''s'"),
        (domain_of(In("c", (1, 2))), "c IN (1, 2)"),
        (domain_of(Not(In("c", (1, 2)))), "c NOT IN (1, 2)"),
        (domain_of(Compare("c", "<>", 1)), "c <> 1"),
        (domain_of(Or((Compare("c", "=", True), IsNull("c")))), "c = TRUE OR c IS NULL"),
        (domain_of(And((Compare("c", ">", 1), Compare("c", "<=", 2.5)))), "c > 1 AND c <= 2.5"),
    ],
)
def test_a_domain_reads_as_the_condition_that_it_is(domain, text):
    """In SQL."""
    assert domain_text("c", domain) == text
