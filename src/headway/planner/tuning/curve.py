"""The throughput-latency curve of what was measured, and its knee."""

from collections.abc import Iterable

from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Measurement


def frontier(goal: Goal, measured: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """The points that no other beats in both throughput and p95, by rising throughput."""
    useful = [one for one in measured if one.step.rate is None and one.requests and not one.died]
    useful = [one for one in useful if goal.is_met(one)] or useful
    kept: list[Measurement] = []
    lowest = float("inf")
    for one in sorted(useful, key=lambda one: (-one.throughput, one.percentiles[95])):
        if one.percentiles[95] < lowest:
            kept.append(one)
            lowest = one.percentiles[95]
    return tuple(reversed(kept))


def knee(curve: Iterable[Measurement]) -> Measurement | None:
    """Where more throughput begins to cost disproportionate latency.

    With both axes scaled to 0..1 it is the point farthest below the straight line from the curve's first point to
    its last. A curve of fewer than three points has none.
    """
    points = tuple(curve)
    if len(points) < 3:  # noqa: PLR2004
        return None
    first, last = points[0], points[-1]
    width = last.throughput - first.throughput
    height = last.percentiles[95] - first.percentiles[95]
    if width <= 0 or height <= 0:
        return None

    def bulge(one: Measurement) -> float:
        across = (one.throughput - first.throughput) / width
        return across - (one.percentiles[95] - first.percentiles[95]) / height

    farthest = max(points, key=bulge)
    return farthest if bulge(farthest) > 0 else None
