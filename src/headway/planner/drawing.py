"""Where things lie in a chart, and which round values its axes name."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture's size, and the margins around what is drawn in it."""

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int

    def x(self, share: float) -> float:
        """0 is the left edge of the drawing, 1 the right one."""
        return self.left + share * (self.width - self.left - self.right)

    def y(self, share: float) -> float:
        """0 is the lower edge, 1 the upper one."""
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


def ticks(most: float, *, at_most: int = 5) -> list[float]:
    """0 and the round values up to `most`: steps of 1, 2 or 5 times a power of ten."""
    if not most > 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(most / at_most))
    step = next(one * power for one in (1, 2, 5, 10) if most / (one * power) <= at_most)
    return [number * step for number in range(math.floor(most / step * (1 + 1e-9)) + 1)]
