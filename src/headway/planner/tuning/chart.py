"""Draws the throughput-latency curve: with letters for a terminal, and as an SVG picture."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

import plotille

from headway.planner.drawing import Frame, ticks
from headway.planner.tuning.curve import frontier, knee
from headway.planner.tuning.measurements import Measurement
from headway.planner.tuning.search import Search

_COLUMNS, _ROWS = 48, 12
_LETTERS = {"o": "measured", "x": "does not meet the goal", "k": "knee", "*": "chosen"}
"""In the order in which they are drawn, so that the choice is on top."""
_FRAME = Frame(width=720, height=420, left=70, top=44, right=30, bottom=56)
_GREY, _BLUE, _RED, _INK = "#94a3b8", "#2563eb", "#dc2626", "#334155"


class _Scales:
    """From zero to a little beyond the largest value on both axes; `x` and `y` lie in 0..1."""

    def __init__(self, points: Sequence[Measurement]) -> None:
        self.most_throughput = 1.08 * max(one.throughput for one in points)
        self.most_latency = 1.08 * max(one.percentiles[95] for one in points)

    def x(self, one: Measurement) -> float:
        return one.throughput / self.most_throughput

    def y(self, one: Measurement) -> float:
        return one.percentiles[95] / self.most_latency


def in_letters(search: Search) -> str:
    """The points by throughput and p95, a letter each, and what the letters mean. Empty without points."""
    points = _points(search)
    if not points:
        return ""
    scales = _Scales(points)
    figure = plotille.Figure()
    figure.width, figure.height, figure.with_colors = _COLUMNS, _ROWS, False
    figure.x_label, figure.y_label = "requests/s", "p95 ms"
    figure.x_ticks_fkt = figure.y_ticks_fkt = lambda value, _: f"{value:.0f}"
    figure.set_x_limits(0, scales.most_throughput)
    figure.set_y_limits(0, scales.most_latency * 1000)
    bend = knee(frontier(search.goal, search.compared))
    for letter in _LETTERS:
        ones = [one for one in points if _letter(search, one, bend) == letter]
        figure.scatter(
            [one.throughput for one in ones], [one.percentiles[95] * 1000 for one in ones], marker=letter
        )
    meanings = "  ".join(f"{letter} {meaning}" for letter, meaning in _LETTERS.items())
    return f"{figure.show()}\n\n{meanings}"


def as_svg(search: Search, title: str) -> str:
    """The curve as a picture that stands alone; the choice and the knee are named in it."""
    points = _points(search)
    parts = [f'<text x="{_FRAME.left}" y="24" font-size="15" font-weight="bold">{escape(title)}</text>']
    if points:
        parts += _drawn(search, points, _Scales(points))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_FRAME.width} {_FRAME.height}" width="{_FRAME.width}" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}" role="img" aria-label="{escape(title)}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _points(search: Search) -> list[Measurement]:
    return [one for one in search.compared if one.requests]


def _letter(search: Search, one: Measurement, bend: Measurement | None) -> str:
    if one is search.choice:
        return "*"
    if not search.goal.is_met(one):
        return "x"
    return "k" if one is bend else "o"


def _drawn(search: Search, points: Sequence[Measurement], scales: _Scales) -> list[str]:
    curve = frontier(search.goal, search.compared)
    bend = knee(curve)
    path = " ".join(f"{_FRAME.x(scales.x(one)):.1f},{_FRAME.y(scales.y(one)):.1f}" for one in curve)
    parts = [*_axes(scales), f'<polyline points="{path}" fill="none" stroke="{_GREY}" stroke-width="2"/>']
    for one in points:
        is_choice = one is search.choice
        colour = _BLUE if is_choice else _INK if search.goal.is_met(one) else _RED
        x, y = _FRAME.x(scales.x(one)), _FRAME.y(scales.y(one))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{7 if is_choice else 4}" fill="{colour}"/>')
        words = f"{one.point}{', chosen' if is_choice else ''}{', knee' if one is bend else ''}"
        weight = ' font-weight="bold"' if is_choice else ""
        parts.append(
            f'<text x="{x - 8:.1f}" y="{y - 8:.1f}" text-anchor="end" font-size="11"{weight}>{escape(words)}</text>'
        )
    return parts + [_limit(one.seconds, str(one), scales) for one in search.goal.limits if one.percent == 95]  # noqa: PLR2004


def _axes(scales: _Scales) -> list[str]:
    parts = []
    for tick in ticks(scales.most_latency * 1000):
        y = _FRAME.y(tick / (scales.most_latency * 1000))
        parts += [
            f'<line x1="{_FRAME.left}" y1="{y:.1f}" x2="{_FRAME.x(1):g}" y2="{y:.1f}" stroke="#e2e8f0"/>',
            f'<text x="{_FRAME.left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>',
        ]
    for tick in ticks(scales.most_throughput, at_most=8):
        x = _FRAME.x(tick / scales.most_throughput)
        parts.append(f'<text x="{x:.1f}" y="{_FRAME.y(0) + 18:g}" text-anchor="middle">{tick:g}</text>')
    middle = _FRAME.height / 2
    return [
        *parts,
        f'<text x="{_FRAME.x(0.5):g}" y="{_FRAME.height - 14}" text-anchor="middle">throughput of a full replica, '
        "requests/s</text>",
        f'<text x="16" y="{middle}" transform="rotate(-90 16 {middle})" text-anchor="middle">p95, ms</text>',
    ]


def _limit(seconds: float, words: str, scales: _Scales) -> str:
    if seconds > scales.most_latency:
        return ""
    y = _FRAME.y(seconds / scales.most_latency)
    return (
        f'<line x1="{_FRAME.left}" y1="{y:.1f}" x2="{_FRAME.x(1):g}" y2="{y:.1f}" stroke="{_RED}" '
        'stroke-dasharray="5 4"/>'
        f'<text x="{_FRAME.left + 6}" y="{y - 5:.1f}" fill="{_RED}">{escape(words)}</text>'
    )
