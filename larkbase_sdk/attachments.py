"""The files of an attachment column: listed when asked for, downloaded into a folder."""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larkbase_sdk.display import counted, escape, html_card, html_table, printable, text_table
from larkbase_sdk.errors import (
    ConfigurationError,
    LarkBaseError,
    NetworkError,
    SourceSkipped,
    UnsupportedField,
    warn,
)
from larkbase_sdk.sinks.files import complete_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from larkbase_sdk.api.drive import Drive
    from larkbase_sdk.scan import Scan

_SHOWN = 10
_CHUNK = 1024 * 1024
_LONGEST_STEM = 120
_LONGEST_SUFFIX = 16
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_RESERVED = frozenset('/\\:*?"<>|')
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *\.", re.IGNORECASE
)
"""Begin of a name that Windows takes for a device, whatever follows the dot."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in an attachment cell.

    Attributes:
        record_id: Row whose cell holds it.
        name: The file's name in Lark; not safe as a name on disk.
        size: Bytes, or None when Lark does not say.
        type: MIME type.
        token: Id of the file; the same file may be in several cells.
        url: Where Lark offers it, with the ``extra`` that advanced permissions need.
    """

    record_id: str
    name: str
    size: int | None
    type: str
    token: str = field(repr=False)
    url: str = field(repr=False)


class Attachments:
    """The files of one column; made by ``table.attachments("Contract")``.

    The rows are read at the first use of ``len``, iteration, ``to_pandas`` or ``download``, and
    kept. Displaying costs no call.

    Raises:
        UnsupportedField: when the column holds no attachments.
        QueryError: when there is no such column.
    """

    def __init__(self, scan: Scan, column: str) -> None:
        found = scan.table.schema.column(column)
        if found.result.shape != "attachments":
            msg = f'The column "{found.lark_name}" holds no files: it is of type {found.lark_type}.'
            raise UnsupportedField(msg, hint=_columns_with_files(scan))
        self._scan = scan.select(found.name)
        self._label = f"{scan.table.label}.{found.lark_name}"
        self._found: tuple[Attachment, ...] | None = None

    def _read(self) -> tuple[Attachment, ...]:
        """Return the files, reading the rows at the first use."""
        if self._found is None:
            self._found = tuple(
                _attachment(record_id, item)
                for batch in self._scan.to_reader(names="sql")
                for record_id, cell in zip(*(c.to_pylist() for c in batch.columns), strict=True)
                for item in _items(cell)
            )
        return self._found

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[Attachment]:
        return iter(self._read())

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a file: record_id, name, size in bytes, type; reads at the first use."""
        import pandas as pd

        frame = pd.DataFrame(_rows(self._read()), columns=["record_id", "name", "size", "type"])
        return frame.astype({"size": "Int64"})

    def download(self, folder: str | Path, workers: int = 4) -> pd.DataFrame:
        """Download the files into a folder; one call a file that is not there yet.

        A file is named after its name in Lark and its id, so that two files of one name do not
        overwrite each other. It appears under that name only when it is complete; one that is
        there with the right size is kept.

        Args:
            folder: Where to put them; made when missing.
            workers: Files downloaded at the same time.

        Returns:
            One row a file: record_id, name, path, bytes, sha256, and status: ``downloaded``,
            ``kept`` or ``failed: …``. A failed file has no path.

        Raises:
            ConfigurationError: when ``workers`` is below 1.
            LarkBaseError: when the rows cannot be read.

        Warns:
            SourceSkipped: when some files could not be downloaded.
        """
        import pandas as pd

        if workers < 1:
            msg = f"The number of workers cannot be {workers!r}."
            raise ConfigurationError(msg, hint="Give a whole number from 1.")
        files = self._read()
        target = Path(folder).expanduser()
        target.mkdir(parents=True, exist_ok=True)
        drive = self._scan.table.database.lark.api.drive
        outcomes = _download_all(drive, files, target, workers)
        rows = [_outcome_row(file, outcomes[file.token]) for file in files]
        _tell_failures(rows)
        columns = ["record_id", "name", "path", "bytes", "sha256", "status"]
        return pd.DataFrame(rows, columns=columns).astype({"bytes": "Int64"})

    def __repr__(self) -> str:
        if self._found is None:
            return printable(f"<Attachments {self._label}: not read yet>")
        title = f"Attachments {self._label}: {self._summary()}"
        return printable(f"{title}\n{text_table(self._shown())}")

    def _repr_html_(self) -> str:
        title = f"Attachments {escape(self._label)}"
        if self._found is None:
            return html_card(title, "<p>.to_pandas() lists them, .download(folder) gets them.</p>")
        return html_card(title, f"<p>{escape(self._summary())}</p>", html_table(self._shown()))

    def _shown(self) -> list[dict[str, object]]:
        return _rows(self._read()[:_SHOWN])

    def _summary(self) -> str:
        files = self._read()
        size = sum(file.size or 0 for file in files)
        more = f", the first {_SHOWN} are shown" if len(files) > _SHOWN else ""
        return f"{counted(len(files), 'file')}, {counted(size, 'byte')}{more}"


def _columns_with_files(scan: Scan) -> str:
    names = [c.lark_name for c in scan.table.schema.columns if c.result.shape == "attachments"]
    if not names:
        return f"{scan.table.label} has no attachment column."
    return f"Columns with files: {', '.join(names)}."


def _items(cell: Any) -> Iterator[dict[str, Any]]:
    """Yield the files of a cell; the cell of a lookup may hold lists of them."""
    if isinstance(cell, dict):
        yield cell
    elif isinstance(cell, list):
        for part in cell:
            yield from _items(part)


def _attachment(record_id: str, item: dict[str, Any]) -> Attachment:
    return Attachment(
        record_id=record_id,
        name=item.get("name") or "",
        size=item.get("size"),
        type=item.get("type") or "",
        token=item.get("file_token") or "",
        url=item.get("url") or "",
    )


def _rows(files: tuple[Attachment, ...]) -> list[dict[str, object]]:
    return [
        {"record_id": file.record_id, "name": file.name, "size": file.size, "type": file.type}
        for file in files
    ]


# -- downloading -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one file."""

    status: str
    path: Path | None = None
    size: int | None = None
    sha256: str | None = None


def _outcome_row(file: Attachment, outcome: _Outcome) -> dict[str, object]:
    return {
        "record_id": file.record_id,
        "name": file.name,
        "path": None if outcome.path is None else str(outcome.path),
        "bytes": outcome.size,
        "sha256": outcome.sha256,
        "status": outcome.status,
    }


def _download_all(
    drive: Drive, files: tuple[Attachment, ...], folder: Path, workers: int
) -> dict[str, _Outcome]:
    """Return what became of each file by token; a file in several cells is fetched once."""
    wanted = {file.token: file for file in files}
    stop = threading.Event()

    def work(file: Attachment) -> _Outcome:
        return _download(drive, file, folder / file_name(file.name, file.token), stop)

    with ThreadPoolExecutor(workers, thread_name_prefix="larkbase-download") as pool:
        try:
            return dict(zip(wanted, pool.map(work, wanted.values()), strict=True))
        except BaseException:
            # Ctrl-C: the running downloads end at their next piece and leave no half file.
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _download(drive: Drive, file: Attachment, path: Path, stop: threading.Event) -> _Outcome:
    try:
        if not file.token:
            return _Outcome("failed: Lark gives no id of the file.")
        if file.size is not None and path.is_file() and path.stat().st_size == file.size:
            return _Outcome("kept", path, file.size, _digest(path))
        return _fetch(drive, file, path, stop)
    except (LarkBaseError, OSError) as error:
        return _Outcome(f"failed: {str(error).splitlines()[0]}")


def _fetch(drive: Drive, file: Attachment, path: Path, stop: threading.Event) -> _Outcome:
    digest = hashlib.sha256()
    size = 0
    with complete_file(path) as scratch:
        with scratch.open("xb") as target:
            for piece in drive.download(file.url or file.token):
                if stop.is_set():
                    raise KeyboardInterrupt
                digest.update(piece)
                size += target.write(piece)
        if file.size is not None and size != file.size:
            msg = f"{size} bytes came instead of {file.size}."
            raise NetworkError(msg)
    return _Outcome("downloaded", path, size, digest.hexdigest())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _tell_failures(rows: list[dict[str, object]]) -> None:
    failed = sum(str(row["status"]).startswith("failed") for row in rows)
    if failed:
        text = f"{failed} of {len(rows)} files could not be downloaded; see the column status."
        warn(text, SourceSkipped)


def file_name(name: str, token: str) -> str:
    """Return a file name that is safe on every system and belongs to this file alone.

    It keeps the beginning of ``name`` and its suffix for people and adds ``token``, by which two
    files of one name differ. Folders, control signs and signs that some systems reserve are
    replaced. At most 255 bytes with the ending of a file that is still being written.
    """
    plain = unicodedata.normalize("NFC", name)
    clean = "".join("_" if _is_unsafe(char) else char for char in plain).strip(" .")
    stem, dot, suffix = clean.rpartition(".")
    if not stem or not suffix.isalnum() or len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, dot, suffix = clean, "", ""
    short = stem.encode()[:_LONGEST_STEM].decode(errors="ignore").rstrip(" .")
    if _DEVICE.match(short):
        short = f"_{short}"
    key = token if _PLAIN_TOKEN.fullmatch(token) else hashlib.sha256(token.encode()).hexdigest()
    return f"{short or 'file'}-{key}{dot}{suffix}"


def _is_unsafe(char: str) -> bool:
    return char in _RESERVED or unicodedata.category(char) in _INVISIBLE
