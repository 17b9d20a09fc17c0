"""Draw how seconds and memory grow with the rows, on two logarithmic axes, as an SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 72, 48, 40, 48
SECONDS, MEMORY, GREY = "#1f77b4", "#d95f02", "#808080"
"""Legible on a light and on a dark page."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Where values lie: powers of ten from the least to the greatest of each axis."""

    x: tuple[int, int]
    y: tuple[int, int]

    def across(self, value: float) -> float:
        """Return the horizontal place of a value."""
        return LEFT + _share(value, self.x) * (WIDTH - LEFT - RIGHT)

    def down(self, value: float) -> float:
        """Return the vertical place of a value."""
        return HEIGHT - BOTTOM - _share(value, self.y) * (HEIGHT - TOP - BOTTOM)


def draw(found: Sequence[dict[str, float]]) -> str:
    """Return the picture of figures with ``rows``, ``seconds`` and ``grown`` (MB)."""
    values = [item[name] for item in found for name in ("seconds", "grown")]
    axes = Axes(_powers([item["rows"] for item in found]), _powers(values))
    lines = [
        *_grid(axes),
        *_series(axes, [(item["rows"], item["seconds"]) for item in found], SECONDS, "s"),
        *_series(axes, [(item["rows"], item["grown"]) for item in found], MEMORY, "MB"),
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        '  font-family="sans-serif" font-size="13">',
        "<title>Seconds and memory of a read, by its rows</title>",
        *lines,
        "</svg>",
        "",
    ])  # fmt: skip


def _share(value: float, powers: tuple[int, int]) -> float:
    return (math.log10(value) - powers[0]) / (powers[1] - powers[0])


def _powers(values: Sequence[float]) -> tuple[int, int]:
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def _grid(axes: Axes) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for power in range(axes.y[0], axes.y[1] + 1):
        at = axes.down(10.0**power)
        yield f'<path d="M{LEFT} {at:.1f}H{right}" stroke="{GREY}" stroke-opacity="0.4"/>'
        yield _text(LEFT - 8, at + 4, f"{10.0**power:,g}", "end")
    for power in range(axes.x[0], axes.x[1] + 1):
        at = axes.across(10.0**power)
        yield f'<path d="M{at:.1f} {TOP}V{bottom}" stroke="{GREY}" stroke-opacity="0.4"/>'
        yield _text(at, bottom + 20, f"{10**power:,}", "middle")
    yield _text((LEFT + right) / 2, HEIGHT - 8, "rows", "middle")


def _series(
    axes: Axes, points: Sequence[tuple[float, float]], colour: str, unit: str
) -> Iterator[str]:
    places = [(axes.across(x), axes.down(y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for (x, y), (_, value) in zip(places, points, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        figure = f"{value:.2g}" if value < 10 else f"{value:.0f}"
        yield _text(x, y - 14, f"{figure} {unit}", "middle", colour)


def _text(x: float, y: float, text: str, anchor: str, colour: str = GREY) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
