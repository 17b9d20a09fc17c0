"""The block spiller: rows go in, and come out inline or as blocks written in parallel."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from larkbase_server.protocol.blocks import joined, pieces
from larkbase_server.protocol.errors import ProtocolError, SchemaMismatch, SpillError
from larkbase_server.protocol.limits import BlockLimits, fits_inline
from larkbase_server.protocol.spill import SpillStore, spilled_body

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    import pyarrow as pa

    from larkbase_server.protocol.splits import S3SpillLocation, Split


@dataclass(frozen=True, slots=True)
class Spilling:
    """How blocks are written.

    Attributes:
        store: Writes them; None when there is none.
        headers: HTTP headers of every write.
        max_block_size: Bytes above which no block goes, if less than Athena allows.
        writers: Threads that encode, encrypt and write.
        queue: Blocks that may wait for a writer; a full queue holds the reading back.
    """

    store: SpillStore | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    max_block_size: int | None = None
    writers: int = 2
    queue: int = 2


class BlockSpiller:
    """Collects the rows of one split; use it as a context, and ``finish`` it inside.

    In memory are at most the blocks that are being written, those that wait, and the one that
    grows. Blocks are numbered in the order of their rows, without gaps.
    """

    def __init__(
        self, schema: pa.Schema, split: Split, limits: BlockLimits, spilling: Spilling
    ) -> None:
        self._schema = schema
        self._split = split
        self._limits = limits
        self._spilling = spilling
        self._waiting: list[pa.RecordBatch] = []
        self._size = 0
        self._locations: list[S3SpillLocation] = []
        self._running: deque[Future[None]] = deque()
        self._executor: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows; waits while as many blocks as allowed are being written.

        Raises:
            SchemaMismatch: when the batch has another schema than the answer.
            RowTooLarge: when one row exceeds the largest block.
            EncryptionError: when the key of the split cannot be used.
            SpillError: when there is no store, or it refused an earlier block.
        """
        if batch.schema != self._schema:
            msg = "The rows do not have the columns and types that Athena asked for, in its order."
            raise SchemaMismatch(msg)
        if batch.num_rows == 0:
            return
        for piece, size in pieces(batch, self._limits.target, self._limits.largest):
            if self._waiting and self._size + size > self._limits.target:
                self._spill()
            self._waiting.append(piece)
            self._size += size

    def finish(self) -> pa.RecordBatch | tuple[S3SpillLocation, ...]:
        """Return the rows themselves when they stay inline, else where their blocks are.

        Raises:
            EncryptionError: when the key of the split cannot be used.
            SpillError: when there is no store, or it refused a block.
        """
        if not self._locations and self._size < self._limits.inline:
            rows = joined(self._waiting, self._schema)
            if fits_inline(rows):
                return rows
        if self._waiting:
            self._spill()
        for future in self._running:
            future.result()
        self._running.clear()
        return tuple(self._locations)

    def _spill(self) -> None:
        batch = joined(self._waiting, self._schema)
        self._waiting, self._size = [], 0
        store, place = self._spilling.store, self._split.spill_location
        if store is None or place is None or not place.bucket:
            msg = "The rows do not fit into an inline answer, and there is no spill bucket."
            raise SpillError(msg)
        location = place.block(len(self._locations))
        self._locations.append(location)
        self._make_room()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._spilling.writers, "spill")
        self._running.append(self._executor.submit(self._write, store, location, batch))

    def _make_room(self) -> None:
        """Wait until one more block may run, and pass on what made an earlier one fail."""
        most = self._spilling.writers + self._spilling.queue
        while len(self._running) >= most:
            self._running.popleft().result()

    def _write(self, store: SpillStore, location: S3SpillLocation, batch: pa.RecordBatch) -> None:
        body = spilled_body(batch, self._split.encryption_key)
        try:
            store.put(location, body, self._spilling.headers)
        except ProtocolError:
            raise
        except Exception as error:
            msg = f"The block s3://{location.bucket}/{location.key} was refused: {error}"
            raise SpillError(msg) from error
