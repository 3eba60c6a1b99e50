"""Quantiles of durations or sizes without keeping them: pure."""

import math
from collections import Counter
from collections.abc import Sequence

_STEPS_PER_E = 20
"""A sketch's cells are 5% wide unless it is told otherwise, so a quantile is right within 2.5%."""
_SHORTEST = 1e-6
"""What is shorter counts as nothing."""
QUANTILES = (0.5, 0.95, 0.99)


class Sketch:
    """Durations by their size, in cells of equal ratio: quantiles within half a cell without keeping the durations."""

    __slots__ = ("_steps", "cells", "count")

    def __init__(self, steps_per_e: int = _STEPS_PER_E) -> None:
        self._steps = steps_per_e
        self.cells: Counter[int] = Counter()
        self.count = 0

    def observe(self, seconds: float) -> None:
        self.note(self.cell(seconds))

    def cell(self, seconds: float) -> int:
        """Where it belongs, here and in every sketch that is as fine."""
        return round(math.log(max(seconds, _SHORTEST)) * self._steps)

    def note(self, cell: int) -> None:
        """One more is there."""
        self.cells[cell] += 1
        self.count += 1

    def observe_all(self, durations: Sequence[float]) -> None:
        """The same for many, at a third of the cost."""
        log, steps = math.log, self._steps
        self.cells.update([round(log(max(_SHORTEST, one)) * steps) for one in durations])
        self.count += len(durations)

    def add(self, other: "Sketch") -> None:
        self.cells.update(other.cells)
        self.count += other.count

    def quantiles(self, of: Sequence[float] = QUANTILES) -> list[float]:
        """The durations that such shares, rising, do not exceed; empty when nothing was observed."""
        if not self.count:
            return []
        found: list[float] = []
        seen, nothing = 0, round(math.log(_SHORTEST) * self._steps)
        for cell, count in sorted(self.cells.items()):
            seen += count
            while len(found) < len(of) and seen >= of[len(found)] * self.count:
                found.append(math.exp(cell / self._steps) if cell > nothing else 0.0)
        return found
