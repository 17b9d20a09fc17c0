"""One progress line for a read of more than one page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_sdk.options import Options

_LINE = (
    "{desc}  {percentage:3.0f}%  {n_fmt}/{total_fmt} rows  {postfix[0]} calls  "
    "{remaining} left{postfix[1]}"
)
_LINE_WITHOUT_TOTAL = "{desc}  {n_fmt} rows  {postfix[0]} calls  {elapsed}{postfix[1]}"


class Progress:
    """Shows how far a read has come, on stderr or in a notebook; nothing for a single page."""

    def __init__(self, label: str, options: Options) -> None:
        self._label = label
        self._enabled = options.progress if options.progress is not None else _has_viewer()
        self._pages = 0
        self._bar: Any = None

    def page(self, rows: int, total: int | None) -> None:
        """Take note of a page: rows so far, and the total if Lark names one."""
        self._pages += 1
        if not self._enabled or (self._bar is None and self._pages == 1):
            return
        if self._bar is None:
            self._bar = self._open(rows, total)
        self._bar.postfix[:] = [self._pages, ""]
        self._bar.update(rows - self._bar.n)

    def waiting(self, seconds: float, reason: str) -> None:
        """Say in the line that a call waits before it is repeated."""
        if self._bar is not None:
            self._bar.postfix[1] = f"  waiting {seconds:.1f} s, {reason}"
            self._bar.refresh()

    def _open(self, rows: int, total: int | None) -> Any:
        from tqdm.auto import tqdm

        return tqdm(
            desc=self._label,
            initial=rows,
            total=total,
            unit="rows",
            leave=False,
            postfix=[self._pages, ""],
            bar_format=_LINE if total else _LINE_WITHOUT_TOTAL,
        )

    def close(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _has_viewer() -> bool:
    """Tell whether somebody looks: a terminal, or a notebook's kernel."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
