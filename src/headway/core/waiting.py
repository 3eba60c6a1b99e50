"""The queue of a deployment: first in, first out, with removal from anywhere in one step, a way back to the old
place, and the instants at which waits end.
"""

import bisect
import heapq
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, TypeVar

from headway.core.errors import UsageError
from headway.core.events import Expiry
from headway.core.replicas import Replica

Request = TypeVar("Request", bound=Hashable)

_STALE_DEADLINES = 64


class Entry(Generic[Request]):
    """One request: it waits since `arrived_at`, or holds a slot of `replica` since `since`."""

    __slots__ = ("abandoned", "arrived_at", "deadline", "is_timed", "replica", "request", "sequence", "since")

    def __init__(
        self, request: Request, sequence: int, arrived_at: float, deadline: float | None, *, is_timed: bool
    ) -> None:
        self.request = request
        self.sequence = sequence
        self.arrived_at = arrived_at
        self.deadline = deadline
        self.is_timed = is_timed
        self.replica: Replica | None = None
        self.since = arrived_at
        self.abandoned = False

    @property
    def holder(self) -> Replica:
        """The replica whose slot it holds. Raises UsageError when it holds none."""
        if self.replica is None:
            raise UsageError(f"{self.request!r} holds no slot")
        return self.replica

    @property
    def order(self) -> tuple[float, int]:
        """Where it belongs in the queue."""
        return self.arrived_at, self.sequence


class Overdue(Generic[Request]):
    """An entry whose wait has ended; `place` is where it stood, 1 being the head."""

    __slots__ = ("cause", "entry", "place")

    def __init__(self, entry: Entry[Request], place: int, cause: Expiry) -> None:
        self.entry = entry
        self.place = place
        self.cause = cause


class WaitingQueue(Generic[Request]):
    """Entries in order of arrival."""

    def __init__(self) -> None:
        self._arrived: OrderedDict[Request, Entry[Request]] = OrderedDict()
        self._returned: list[Entry[Request]] = []  # in order; a handful at most, when a replica dies
        self._deadlines: list[tuple[float, int, Entry[Request]]] = []
        self.size = 0
        """How many wait; kept, since it is asked for several times a request."""

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Entry[Request]]:
        return heapq.merge(self._returned, self._arrived.values(), key=lambda entry: entry.order)

    def append(self, entry: Entry[Request]) -> None:
        self._arrived[entry.request] = entry
        self.size += 1
        if entry.deadline is not None:
            self._note_deadline(entry)

    def put_back(self, entry: Entry[Request]) -> None:
        """An entry that had left the queue returns to where its arrival puts it."""
        bisect.insort(self._returned, entry, key=lambda other: other.order)
        self.size += 1
        self._note_deadline(entry)

    def merge(self, entries: Sequence[Entry[Request]]) -> None:
        """Entries of another queue come in, each where its arrival puts it. O(n log n): for updates only."""
        both = sorted([*self._arrived.values(), *entries], key=lambda entry: entry.order)
        self._arrived = OrderedDict((entry.request, entry) for entry in both)
        self.size += len(entries)
        for entry in entries:
            self._note_deadline(entry)

    def pop(self) -> Entry[Request]:
        """The head leaves. Raises KeyError when nobody waits."""
        if self._returned:
            first = next(iter(self._arrived.values()), None)
            if first is None or self._returned[0].order < first.order:
                self._count_out()
                return self._returned.pop(0)
        _, head = self._arrived.popitem(last=False)
        self._count_out()
        return head

    def remove(self, entry: Entry[Request]) -> None:
        if self._arrived.pop(entry.request, None) is None:
            self._returned.remove(entry)
        self._count_out()

    def next_deadline(self, timeout: float) -> float | None:
        """The instant at which the next wait ends: arrival plus `timeout`, or an entry's own deadline."""
        self._drop_stale()
        ends = [entry.arrived_at + timeout for entry in self._heads()]
        if self._deadlines:
            ends.append(self._deadlines[0][0])
        return min(ends, default=None)

    def take_overdue(self, now: float, timeout: float) -> list[Overdue[Request]]:
        """The entries whose wait has ended leave the queue, in its order."""
        end = self.next_deadline(timeout)
        if end is None or end > now:
            return []
        overdue = []
        for place, entry in enumerate(self, start=1):
            if entry.deadline is not None and entry.deadline <= now:
                overdue.append(Overdue(entry, place, Expiry.DEADLINE))
            elif entry.arrived_at + timeout <= now:
                overdue.append(Overdue(entry, place, Expiry.QUEUE_TIMEOUT))
        for one in overdue:
            self.remove(one.entry)
        return overdue

    def _count_out(self) -> None:
        self.size -= 1
        if not self.size:
            self._deadlines.clear()  # of those who have left: nothing keeps them here

    def _heads(self) -> Iterator[Entry[Request]]:
        if self._returned:
            yield self._returned[0]
        if self._arrived:
            yield next(iter(self._arrived.values()))

    def _note_deadline(self, entry: Entry[Request]) -> None:
        if entry.deadline is not None:
            heapq.heappush(self._deadlines, (entry.deadline, entry.sequence, entry))
            if len(self._deadlines) > _STALE_DEADLINES + 2 * len(self):
                self._deadlines = [
                    (one.deadline, one.sequence, one) for one in self if one.deadline is not None
                ]
                heapq.heapify(self._deadlines)

    def _drop_stale(self) -> None:
        while self._deadlines and not self._waits(self._deadlines[0][2]):
            heapq.heappop(self._deadlines)

    def _waits(self, entry: Entry[Request]) -> bool:
        return self._arrived.get(entry.request) is entry or entry in self._returned
