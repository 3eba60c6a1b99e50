"""What processes hold, sample by sample, and how fast that grows: a slope which single outliers cannot move."""

import math
import os
import statistics
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Self

_HOUR = 3600.0
_TWO_STANDARD_ERRORS = 1.96


@dataclass(frozen=True, slots=True)
class Held:
    """By one process: memory that is its own alone (MB), open files, threads."""

    memory: float
    files: int
    threads: int

    @classmethod
    def by(cls, process: int) -> Self:
        """Raises OSError when there is no such process any more."""
        place = Path(f"/proc/{process}")
        lines = (place / "smaps_rollup").read_text(encoding="ascii").splitlines()
        own = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
        return cls(own / 1024, len(os.listdir(place / "fd")), len(os.listdir(place / "task")))  # noqa: PTH208


@dataclass(frozen=True, slots=True)
class Slope:
    """Per hour, and between what it lies with 95% certainty."""

    an_hour: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.an_hour:+.2f} an hour ({self.lowest:+.2f} to {self.highest:+.2f})"


def slope_of(points: list[tuple[float, float]]) -> Slope:
    """Of values at seconds: the median of the slopes between all pairs (Theil and Sen).

    What it lies between is from the ranks of Kendall's statistic.
    """
    slopes = sorted(
        (later[1] - one[1]) / (later[0] - one[0]) * _HOUR for one, later in combinations(points, 2)
    )
    count = len(points)
    spread = _TWO_STANDARD_ERRORS * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    lowest, highest = (len(slopes) - spread) / 2, (len(slopes) + spread) / 2
    return Slope(
        statistics.median(slopes),
        slopes[max(0, round(lowest))],
        slopes[min(len(slopes) - 1, round(highest))],
    )


class Samples:
    """Rows of numbers by their instants in seconds, in memory and in a file that can be looked at meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[dict[str, float]] = []

    def take(self, seconds: float, held: dict[str, Held], **others: float) -> None:
        row = {"seconds": seconds, **others}
        row |= {f"{name}_{what}": value for name, one in held.items() for what, value in asdict(one).items()}
        with self._path.open("a") as file:
            print(*(row if not self._rows else ()), sep=",", end="\n" * (not self._rows), file=file)
            print(*(f"{value:.2f}" for value in row.values()), sep=",", file=file)
        self._rows.append(row)

    def of(self, name: str, *, after: float) -> list[tuple[float, float]]:
        """Instants and values, from `after` on."""
        return [(row["seconds"], row[name]) for row in self._rows if row["seconds"] >= after]
