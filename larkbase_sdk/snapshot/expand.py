"""Linked rows of a stored table, from the same snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.sinks.expand import LinkedTable

if TYPE_CHECKING:
    import pyarrow as pa


class StoredLinkedTable(LinkedTable):
    """The rows of the table that a link column points to, as the snapshot holds them."""

    def _batches(self, ids: list[str]) -> list[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.compute as pc

        names = [column.name for column in self._columns]
        table = self._scan.table.database.table(self._table_id)
        wanted = pa.array(ids, pa.string())
        return [
            batch.filter(pc.is_in(batch.column(0), value_set=wanted))
            for batch in table.scan(columns=names).to_reader(names="sql")
        ]
