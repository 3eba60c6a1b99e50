"""How far a measured figure can be trusted: intervals at 95% confidence."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

CONFIDENCE = 0.95
_Z = 1.960
_STUDENT = (
    *(12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23),
    *(2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09),
)
"""Student's t, two-sided at 95%, for 1 degree of freedom and more."""


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the mean of independent values lies (Student). Everything is possible with fewer than two."""
    if len(values) < 2:  # noqa: PLR2004
        return 0.0, math.inf
    freedom = len(values) - 1
    student = _STUDENT[freedom - 1] if freedom <= len(_STUDENT) else _Z + 2.4 / freedom
    centre, half = fmean(values), student * stdev(values) / math.sqrt(len(values))
    return max(0.0, centre - half), centre + half


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not ordered:
        return math.inf
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def quantile_interval(ordered: Sequence[float], share: float) -> tuple[float, float]:
    """Where the true quantile lies, by order statistics: ranks n p -+ z sqrt(n p (1 - p)), whatever the shape."""
    count = len(ordered)
    half = _Z * math.sqrt(count * share * (1 - share))
    low, high = math.floor(count * share - half), math.ceil(count * share + half)
    return (
        ordered[low - 1] if low >= 1 else 0.0,
        ordered[high - 1] if high <= count and count else math.inf,
    )
