"""Virtual time: what is to happen, and when. Nothing waits; the clock jumps from one thing to the next."""

import heapq
import itertools
from collections.abc import Callable, Container, Iterator
from typing import Any

from headway.planner.simulation.traffic import Request

Action = Callable[[Any, float], None]
"""Called with its subject and the instant."""


class Agenda:
    """Things of the same instant happen in the order in which they were noted."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action, Any]] = []
        self._count = itertools.count()

    def at(self, instant: float, action: Action, subject: Any = None) -> None:
        """Have `action` called with `subject` at `instant`."""
        heapq.heappush(self._heap, (instant, next(self._count), action, subject))

    def cancel(self, subjects: Container[Any]) -> None:
        """What was to happen to these does not. O(n): for what is rare."""
        self._heap[:] = [entry for entry in self._heap if entry[3] not in subjects]
        heapq.heapify(self._heap)

    def follow(self, requests: Iterator[Request], arrive: Action) -> float:
        """Let everything happen up to the last of `requests`, each of which is given to `arrive`. Returns its instant.

        They are taken one by one, so that any number of them takes no memory.
        """
        heap, pop = self._heap, heapq.heappop
        arrived_at = 0.0
        for request in requests:
            arrived_at = request.arrived_at
            while heap and heap[0][0] <= arrived_at:
                instant, _, action, subject = pop(heap)
                action(subject, instant)
            arrive(request, arrived_at)
        return arrived_at

    def run_while(self, goes_on: Callable[[], bool], until: float) -> None:
        """Let things happen while `goes_on` says so, and none after `until`."""
        heap = self._heap
        while heap and heap[0][0] <= until and goes_on():
            instant, _, action, subject = heapq.heappop(heap)
            action(subject, instant)
