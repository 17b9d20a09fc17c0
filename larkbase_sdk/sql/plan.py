"""What a statement reads, or read, from each table, as text, HTML and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.display import counted, escape, html_card, html_table, printable

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class TableScan:
    """One reading of one table.

    Attributes:
        label: The table.
        fields_read: Columns that are fetched.
        fields_total: Columns of the table.
        on_server: Conditions that Lark filters, and its order and end.
        here: Conditions that only this process checks, each with the reason.
        notes: Further decisions.
        rows: Rows that came; before the reading the most that Lark will send, or None.
        calls: Calls at most, before the reading; None when not known.
        seconds: Time at most, before the reading; None when not known.
    """

    label: str
    fields_read: int
    fields_total: int
    on_server: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: int | None = None
    calls: int | None = None
    seconds: float | None = None

    def lines(self) -> list[tuple[str, str]]:
        """Return the scan as pairs of heading and text."""
        every = "nothing: every row is sent"
        lines = [("on the server", " · ".join(self.on_server) or every)]
        if self.calls == 0 and not self.on_server:
            lines = []
        lines.extend(("in this process", text) for text in self.here)
        lines.extend(("note", text) for text in self.notes)
        return lines


@dataclass(frozen=True, slots=True, repr=False)
class SqlPlan:
    """How a statement is answered, or was.

    Attributes:
        sql: The statement.
        scans: What is read from each table, in the order of reading.
        local: Names of local variables and files that are read too.
        done: Whether the statement has been run, so that rows are those that came.
    """

    sql: str
    scans: tuple[TableScan, ...]
    local: tuple[str, ...] = ()
    done: bool = False

    @property
    def calls(self) -> int | None:
        """Calls for records at most, before the run; None when not known."""
        return _sum([scan.calls for scan in self.scans])

    @property
    def rows(self) -> int | None:
        """Rows that Lark sends; None when not known."""
        return _sum([scan.rows for scan in self.scans])

    def _heading(self, scan: TableScan) -> str:
        head = f"Scan {scan.label}  {scan.fields_read} of {scan.fields_total} fields"
        return head + self._amount(scan)

    def _amount(self, scan: TableScan) -> str:
        if scan.rows is None:
            return ""
        if self.done:
            return f" · {counted(scan.rows, 'row')} came"
        cost = "" if not scan.calls else f" · {counted(scan.calls, 'call')}"
        time = "" if scan.seconds is None else f" · about {scan.seconds:.1f} s"
        return f" · at most {counted(scan.rows, 'row')}{cost}{time}"

    def lines(self) -> list[tuple[str, str]]:
        """Return the plan as pairs of heading and text."""
        lines: list[tuple[str, str]] = []
        for scan in self.scans:
            lines.append((self._heading(scan), ""))
            lines.extend(scan.lines())
        return lines + self._rest()

    def _rest(self) -> list[tuple[str, str]]:
        """Return what happens besides the reading of Lark's tables."""
        local = [("local", name) for name in self.local]
        return [*local, ("in this process", "everything else, in DuckDB")]

    def __repr__(self) -> str:
        lines = (name if not text else f"  {name:<16}{text}" for name, text in self.lines())
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        scans = [html_card(escape(self._heading(s)), _html_lines(s.lines())) for s in self.scans]
        statement = f"<pre>{escape(self.sql)}</pre>"
        return html_card("Statement", statement, *scans, _html_lines(self._rest()))


def _html_lines(lines: Sequence[tuple[str, str]]) -> str:
    return html_table([{"": name, "what happens": text} for name, text in lines])


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
