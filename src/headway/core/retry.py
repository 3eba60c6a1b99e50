"""When a request that found the queue full should come again: told the load, answers in whole seconds.

It promises one free place, and not an empty queue: who comes then finds a place or is told anew. It refuses nobody.
"""

from headway.core.statistics import Load
from headway.core.window import IntegralWindow

WINDOW = 60.0
"""The time over which it is measured how long a request holds its slot, in seconds."""
LONGEST_GUESS = 30
JITTER = 0.25

_RESOLUTION = 0.25
_FIRST_GUESS = 1


class RetryAdvice:
    """What one deployment's refused requests are told."""

    def __init__(self) -> None:
        self._held = IntegralWindow(WINDOW, _RESOLUTION)
        self._finished = IntegralWindow(WINDOW, _RESOLUTION)
        self._guess = _FIRST_GUESS
        self._last_arrival = 0

    def record(self, load: Load) -> None:
        """What has finished by now, and for how long it held its slots."""
        self._held.record(load.at, load.held_seconds)
        self._finished.record(load.at, load.finished)

    def seconds(self, load: Load, slots: int, chance: float) -> int:
        """For the request that arrived last and was refused; `slots` are those of the replicas in rotation.

        With S the mean time in a slot, a place becomes free every S / slots seconds. `chance`, from 0 to 1, spreads
        the answers by a quarter to both sides. Where nothing has finished yet, or nothing can (no replica is there),
        it is a guess that doubles with each request refused since one was taken.
        """
        self.record(load)
        guess = self._next_guess(load.arrivals)
        mean = self._mean_held(load)
        if mean is None or not slots:
            return guess
        return max(1, round(mean / slots * (1 - JITTER + 2 * JITTER * chance)))

    def _next_guess(self, arrivals: int) -> int:
        in_a_row = arrivals == self._last_arrival + 1
        self._last_arrival = arrivals
        self._guess = min(LONGEST_GUESS, 2 * self._guess) if in_a_row and arrivals > 1 else _FIRST_GUESS
        return self._guess

    def _mean_held(self, load: Load) -> float | None:
        """The mean time in a slot of what has finished lately, else of all that ever has; None before."""
        finished = self._finished.mean(load.at, WINDOW)
        if finished:
            return self._held.mean(load.at, WINDOW) / finished
        return load.held_seconds / load.finished if load.finished else None
