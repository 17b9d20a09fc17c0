"""One writer at a time: a lock file that a killed process lets go of by itself."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from larkbase_sdk.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made when missing and stays.

    Raises:
        SnapshotError: when somebody else holds it.
    """
    with path.open("a+b") as file:
        try:
            _take(file.fileno())
        except OSError as error:
            msg = f"Another run is writing the snapshot in {path.parent}."
            raise SnapshotError(msg, hint="Wait until it has ended, or end it.") from error
        yield


if sys.platform == "win32":

    def _take(descriptor: int) -> None:
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _take(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
