"""Where results go: data to stdout in the chosen format, everything else to stderr."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

from larkbase_sdk.cli.formats import BINARY, Format, format_of, write
from larkbase_sdk.cli.text import count, one_line
from larkbase_sdk.display import fit, printable, window_width
from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.sinks.files import check_folder

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from _typeshed import ReadableBuffer

Rows = Sequence[Mapping[str, Any]]


class Output:
    """The output of one command.

    Args:
        wanted: The format asked for; None means a table on a terminal and NDJSON in a pipe.
        quiet: Leave out everything that is neither data nor a warning nor an error.
    """

    def __init__(self, wanted: Format | None = None, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.wanted = wanted

    def check(self, target: Path | None = None) -> Format:
        """Return the format of data for a file, or for stdout when None.

        Raises:
            ConfigurationError: when bytes would be shown on a terminal, when a table would be
                written to a file, or when the file has no folder.
        """
        if target is not None:
            return self._check_file(target)
        terminal = sys.stdout.isatty()
        if terminal and self.wanted in BINARY:
            msg = f"The format {self.wanted} is not for a terminal."
            raise ConfigurationError(msg, hint="Send it to a file: add > FILE.")
        return self.wanted or (Format.TABLE if terminal else Format.NDJSON)

    def _check_file(self, target: Path) -> Format:
        chosen = format_of(target) if self.wanted is None else self.wanted
        if chosen is Format.TABLE:
            msg = "The format table is for people; a file needs another one."
            raise ConfigurationError(msg, hint="Leave --format out: the suffix decides.")
        check_folder(target)
        return chosen

    def records(self, reader: pa.RecordBatchReader, target: Path | None = None) -> int:
        """Write the rows of a table, batch by batch, and return how many they were.

        A file appears under its name only when it is complete.
        """
        from larkbase_sdk.sinks.files import exported_file, flat_schema, flatten
        from larkbase_sdk.sinks.values import plain_rows

        chosen = self.check(target)
        if target is not None:
            with exported_file(target) as scratch, scratch.open("wb") as sink:
                return write(reader, chosen, sink, file=True)
        if chosen is not Format.TABLE:
            return self._write(reader)
        schema = flat_schema(reader.schema)
        rows = [row for batch in reader for row in plain_rows(flatten(batch, schema))]
        self._table(rows, schema.names)
        return len(rows)

    def rows(self, rows: Rows, *, empty: str = "(nothing)") -> None:
        """Write facts about tables, fields or files; the headings are upper case for people."""
        if self.check() is Format.TABLE:
            titled = [{name.upper(): value for name, value in row.items()} for row in rows]
            self._table(titled, [], empty=empty)
        else:
            self._write(_reader(rows))

    def report(self, text: str, rows: Rows) -> None:
        """Write something that people read as a text, and programs as rows."""
        if self.check() is Format.TABLE:
            _say(text, sys.stdout)
        else:
            self._write(_reader(rows))

    def done(self, text: str) -> None:
        """Say on stderr that something was done."""
        self._aside(f"✓ {text}")

    def note(self, text: str) -> None:
        """Say something about the data on stderr."""
        self._aside(text)

    def next(self, command: str, why: str = "") -> None:
        """Give on stderr one hint what to do next."""
        self._aside(f"→ next: {command}" + (f"   ({why})" if why else ""))

    def _aside(self, text: str) -> None:
        if not self.quiet:
            with suppress(OSError):  # nobody reads stderr, which changes nothing about the data
                _say(text, sys.stderr)

    def _write(self, reader: pa.RecordBatchReader) -> int:
        sys.stdout.flush()
        chosen = self.check()
        if sys.stdout.isatty():
            screen = cast("IO[bytes]", _Screen(sys.stdout.buffer))
            return write(reader, chosen, screen, file=False)
        rows = write(reader, chosen, sys.stdout.buffer, file=False)
        sys.stdout.buffer.flush()
        return rows

    def _table(self, rows: Rows, names: Sequence[str], *, empty: str = "") -> None:
        if not rows:
            _say("  ".join(names) or empty, sys.stdout)
            return
        shown, hidden = fit(rows, window_width())
        _say(shown, sys.stdout)
        if hidden:
            self._aside(f"{count(len(hidden), 'column')} left out: {one_line(', '.join(hidden))}")


class _Screen(io.RawIOBase):
    """Shows text formats on a terminal, which no cell can steer; a pipe and a file get bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Show some bytes, which may end in the middle of a character."""
        whole = bytes(data)
        self._stream.write(printable(self._decoder.decode(whole)).encode())
        self._stream.flush()
        return len(whole)


def _say(text: str, stream: IO[str]) -> None:
    stream.write(printable(text) + "\n")
    stream.flush()


def _reader(rows: Rows) -> pa.RecordBatchReader:
    import pyarrow as pa

    given = [dict(row) for row in rows]
    inferred = pa.Table.from_pylist(given).schema
    schema = pa.schema([field.with_type(_typed(field.type)) for field in inferred])
    return pa.Table.from_pylist(given, schema=schema).to_reader()


def _typed(kind: pa.DataType) -> pa.DataType:
    """Return a type in which whatever holds no value is text: Parquet and CSV know no other."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return pa.list_(_typed(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_typed(field.type)) for field in kind])
    return pa.string() if pa.types.is_null(kind) else kind
