"""Draws curves of several variants over simulated time, each as an SVG picture for a page whose CSS colours it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from headway.planner.drawing import Frame, ticks
from headway.planner.simulation.words import span

COLOURS = 8
"""Variants beyond so many have the colours of the first ones again, in dashes."""
_FRAME = Frame(width=440, height=200, left=52, top=12, right=14, bottom=24)
_HEADROOM = 1.06
_TIME_TICKS = 6
_TIME_STEPS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600),
    *(7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_419_200),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """`values` are of buckets of equal length, from the begin to the end; None: nothing is known of that one."""

    name: str
    style: str
    """Its CSS classes."""
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    curves: Sequence[Curve]
    label: Callable[[float], str] = "{:,.12g}".format
    """How a value is written."""
    limit: float | None = None
    """A value that is drawn as a line, if it is within reach."""


def colour(number: int) -> str:
    """The CSS classes of the variant of that number, from 0."""
    again = " again" if number >= COLOURS else ""
    return f"v{number % COLOURS}{again}"


def drawn(chart: Chart, duration: float) -> str:
    """The chart with its title below a figure's roof."""
    most = _HEADROOM * max((one for curve in chart.curves for one in curve.values if one), default=1.0)
    parts = [*_value_axis(chart, most), *_time_axis(duration), *(_curve(one, most) for one in chart.curves)]
    if chart.limit is not None and chart.limit <= most:
        parts.append(_limit(chart.limit / most, chart.label(chart.limit)))
    return (
        f"<figure><figcaption>{escape(chart.title)}</figcaption>\n"
        f'<svg viewBox="0 0 {_FRAME.width} {_FRAME.height}" role="img" aria-label="{escape(chart.title)}">\n'
        + "\n".join(parts)
        + "\n</svg></figure>"
    )


def _value_axis(chart: Chart, most: float) -> Iterator[str]:
    for tick in ticks(most):
        y = _FRAME.y(tick / most)
        yield (
            f'<line class="grid" x1="{_FRAME.left}" y1="{y:.1f}" x2="{_FRAME.x(1):g}" y2="{y:.1f}"/>'
            f'<text x="{_FRAME.left - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(chart.label(tick))}</text>'
        )


def _time_axis(duration: float) -> Iterator[str]:
    step = next((one for one in _TIME_STEPS if duration / one <= _TIME_TICKS), duration)
    for number in range(int(duration / step * (1 + 1e-9)) + 1):
        x = _FRAME.x(number * step / duration)
        is_last = x > _FRAME.x(0.95)
        place, anchor = (_FRAME.width - 2, "end") if is_last else (x, "middle")
        yield f'<text x="{place:.1f}" y="{_FRAME.height - 7}" text-anchor="{anchor}">{span(number * step)}</text>'


def _limit(share: float, words: str) -> str:
    y = _FRAME.y(share)
    return (
        f'<line class="limit" x1="{_FRAME.left}" y1="{y:.1f}" x2="{_FRAME.x(1):g}" y2="{y:.1f}"/>'
        f'<text class="limit" x="{_FRAME.left + 4}" y="{y - 4:.1f}">SLO {escape(words)}</text>'
    )


def _curve(curve: Curve, most: float) -> str:
    return (
        f'<path class="curve {curve.style}" d="{" ".join(_steps(curve.values, most))}">'
        f"<title>{escape(curve.name)}</title></path>"
    )


def _steps(values: Sequence[float | None], most: float) -> Iterator[str]:
    """Through the middle of each bucket, with gaps; a bucket between gaps is a dot, by its round ends."""
    command = "M"
    for number, value in enumerate(values):
        if value is None:
            command = "M"
            continue
        x, y = _FRAME.x((number + 0.5) / len(values)), _FRAME.y(value / most)
        yield f"{command}{x:.1f},{y:.1f}" + ("h0" if command == "M" else "")
        command = "L"
