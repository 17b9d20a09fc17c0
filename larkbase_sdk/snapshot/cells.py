"""Which cells of two columns differ, nested ones included, and cells as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def differing(before: pa.Array, after: pa.Array, ignored: frozenset[str] = frozenset()) -> Any:
    """Return a mask that is TRUE where two arrays of one type and length hold different cells.

    An empty cell is equal to an empty cell, and different from every other. Never NULL.

    Args:
        before: Cells.
        after: Cells to compare with them.
        ignored: Members of structures that do not count.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    emptied = pc.xor(pc.is_null(before), pc.is_null(after))
    if pa.types.is_struct(before.type):
        found = emptied
        for member, old, new in zip(before.type, before.flatten(), after.flatten(), strict=True):
            if member.name not in ignored:
                found = pc.or_(found, differing(old, new, ignored))
        return found
    if pa.types.is_list(before.type):
        return pc.or_(emptied, _differing_lists(before, after, ignored))
    return pc.or_(emptied, pc.fill_null(pc.not_equal(before, after), False))


def _differing_lists(before: pa.Array, after: pa.Array, ignored: frozenset[str]) -> Any:
    """Return where both hold lists that differ in length or in an element."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.list_value_length(before), pc.list_value_length(after)
    longer = pc.fill_null(pc.not_equal(*lengths), False)
    comparable = pc.fill_null(pc.equal(*lengths), False)
    rows = pc.indices_nonzero(comparable)
    old, new = before.filter(comparable), after.filter(comparable)
    elements = differing(old.flatten(), new.flatten(), ignored)
    changed = rows.take(pc.list_parent_indices(old).filter(elements))
    positions = pa.array(range(len(before)), changed.type)
    return pc.or_(longer, pc.is_in(positions, value_set=changed))


def as_text(cells: pa.Array) -> pa.Array:
    """Return cells as text: times in ISO 8601, lists and structures as JSON."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from larkbase_sdk.sinks.files import flat_schema, flatten

    batch = pa.RecordBatch.from_arrays([cells], names=["cell"])
    flat = flatten(batch, flat_schema(batch.schema)).column(0)
    return pc.cast(flat, pa.string())
