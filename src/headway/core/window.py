"""Means and maxima over the last so many seconds, from readings of cumulative values: nothing is sampled."""

import bisect
from collections import deque
from operator import itemgetter


class IntegralWindow:
    """The mean of a quantity over a time window, from readings of its integral over time.

    `span` is the longest window that will be asked for, in seconds. Of readings closer together than `resolution`
    only the last is kept, so that their number is bounded.
    """

    def __init__(self, span: float, resolution: float = 0.0) -> None:
        self._span = span
        self._resolution = resolution
        self._readings: deque[tuple[float, float]] = deque()

    def change(self, span: float, resolution: float) -> None:
        """What was forgotten under a shorter span does not come back."""
        self._span = span
        self._resolution = resolution

    def record(self, at: float, integral: float) -> None:
        """One that comes from before the last reading counts as made at the same instant."""
        readings = self._readings
        if readings:
            at = max(at, readings[-1][0])
            is_close = len(readings) > 1 and at - readings[-2][0] <= self._resolution
            if readings[-1][0] == at or is_close:
                readings.pop()
        readings.append((at, integral))
        # One reading older than the window stays: the value at the window's edge lies between it and the next.
        while len(readings) > 1 and readings[1][0] <= at - self._span:
            readings.popleft()

    def mean(self, now: float, over: float) -> float:
        """The mean over the last `over` seconds, or over what there is of it while young; 0.0 with no interval.

        Past the last reading nothing is known, so the window ends there.
        """
        if not self._readings:
            return 0.0
        end, value = self._readings[-1]
        begin = max(now - over, self._readings[0][0])
        if end <= begin:
            return 0.0
        return (value - self._at(begin)) / (end - begin)

    def _at(self, instant: float) -> float:
        """The integral at `instant`, linear between the two readings around it."""
        index = bisect.bisect_right(self._readings, instant, key=itemgetter(0))
        (before, low), (after, high) = self._readings[index - 1], self._readings[index]
        return low + (high - low) * (instant - before) / (after - before)


class MaximumWindow:
    """The largest of the values told in the last `span` seconds, in O(1) amortized."""

    def __init__(self, span: float) -> None:
        self.span = span
        self._falling: deque[tuple[float, float]] = deque()  # values that later ones may still uncover

    def record(self, at: float, value: float) -> None:
        while self._falling and self._falling[-1][1] <= value:
            self._falling.pop()
        self._falling.append((at, value))

    def maximum(self, now: float) -> float:
        """The largest value told at or after `now - span`; the last one told when all are older; 0.0 with none."""
        while len(self._falling) > 1 and self._falling[0][0] < now - self.span:
            self._falling.popleft()
        return self._falling[0][1] if self._falling else 0.0
