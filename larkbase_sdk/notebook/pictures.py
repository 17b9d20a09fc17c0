"""Small pictures of a column's values, drawn as SVG inside the page; every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.display import cell_text, escape, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.notebook.profiling import Bar, ColumnProfile

_WIDTH = 240
_HEIGHT = 48
_LINE = 16
_LETTERS = 28
_COLOUR = "var(--jp-brand-color1, #1976d2)"


def picture(profile: ColumnProfile) -> str:
    """Return the picture of a profile; "" when there is nothing to draw."""
    if not profile.bars:
        return ""
    draw = _histogram if profile.picture == "histogram" else _top
    return draw(profile.bars, f"{profile.name}: {profile.picture}")


def _histogram(bars: Sequence[Bar], label: str) -> str:
    highest = max(bar.count for bar in bars)
    step = _WIDTH / len(bars)
    drawn = "".join(
        _bar(bar, i * step, _HEIGHT - size, max(step - 1, 1), size)
        for i, bar in enumerate(bars)
        for size in (_HEIGHT * bar.count / highest,)
    )
    return _svg(drawn, _HEIGHT, label)


def _top(bars: Sequence[Bar], label: str) -> str:
    highest = max(bar.count for bar in bars)
    drawn = "".join(
        _bar(bar, 0, i * _LINE + 1, max(_WIDTH * bar.count / highest, 1), _LINE - 2, opacity=0.35)
        + f'<text x="4" y="{i * _LINE + 12}" font-size="11" fill="currentColor">'
        f"{escape(_short(bar))}</text>"
        for i, bar in enumerate(bars)
    )
    return _svg(drawn, _LINE * len(bars), label)


def _bar(bar: Bar, x: float, y: float, width: float, height: float, *, opacity: float = 1.0) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{_COLOUR}" fill-opacity="{opacity:g}">'
        f"<title>{escape(bar.label)}: {bar.count:,}</title></rect>"
    )


def _short(bar: Bar) -> str:
    return f"{shorten(cell_text(bar.label), _LETTERS)} · {bar.count:,}"


def _svg(drawn: str, height: int, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" '
        f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}">{drawn}</svg>'
    )


_HEADINGS = ("name", "values", "type", "filled", "empty", "distinct", "least", "greatest")


def profile_html(profiles: Sequence[ColumnProfile]) -> str:
    """Return profiles as an HTML table with a picture in each line."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
    body = "".join(map(_line, profiles))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _line(profile: ColumnProfile) -> str:
    facts = (
        profile.lark_type,
        f"{profile.filled:,}",
        f"{profile.empty:,}",
        f"{profile.distinct:,}",
        cell_text(profile.low or None),
        cell_text(profile.high or None),
    )
    cells = "".join(f"<td>{escape(fact)}</td>" for fact in facts)
    name = escape(cell_text(profile.name))
    return f'<tr><th scope="row">{name}</th><td>{picture(profile)}</td>{cells}</tr>'
