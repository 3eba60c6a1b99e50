"""The dispatcher of one deployment: who holds a slot on which replica, who queues, who is next.

Rules (I1, I2, I3, I6):
- a replica is given a request only while it holds fewer than the concurrency target; assigning reserves the slot
  in the same step, and lowering the target evicts nobody;
- after every call no request is queued while a replica in rotation has a free slot;
- the queue is first in, first out; what a replica never took up goes back to its old place;
- a slot is free again only by `finish`, `give_back` or the loss of the replica: a client that leaves keeps it.

Calls are told the time and return what follows, in order. A request is any hashable object, its own name here.
All calls are O(1), but for `expire` when something did expire, updates and the loss of a replica.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic

from headway.core.errors import UsageError
from headway.core.events import (
    Abandoned,
    Dispatched,
    Drained,
    Event,
    Expired,
    Finished,
    Lost,
    Overran,
    Queued,
    Refused,
    Returned,
    Stuck,
)
from headway.core.replicas import Replica, ReplicaSlots
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load, LoadIntegrals
from headway.core.waiting import Entry, Request, WaitingQueue

Events = list[Event[Request]]


class Dispatcher(Generic[Request]):
    """Slots and queue of one deployment."""

    def __init__(self, settings: DeploymentSettings, now: float) -> None:
        self._settings = settings
        self._target = settings.concurrency_target
        self._queue: WaitingQueue[Request] = WaitingQueue()
        self._entries: dict[Request, Entry[Request]] = {}
        self._replicas = ReplicaSlots()
        self._timed: OrderedDict[Request, Entry[Request]] = (
            OrderedDict()
        )  # in flight, by when they got their slot
        self._all_abandoned: dict[Replica, float] = {}  # replicas with no slot for anybody, by since when
        self._in_flight = 0
        self._abandoned = 0
        self._integrals = LoadIntegrals(now)
        self._sequence = itertools.count()

    def __repr__(self) -> str:
        return (
            f"<Dispatcher: {len(self._queue)} queued, {self._in_flight} in flight ({self._abandoned} abandoned), "
            f"{self._replicas.rotating} of {len(self._replicas)} replicas in rotation, target {self._target}>"
        )

    @property
    def settings(self) -> DeploymentSettings:
        return self._settings

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def in_flight(self) -> int:
        """Slots taken, by abandoned work too, and by what an earlier gateway left."""
        return self._in_flight

    @property
    def abandoned(self) -> int:
        return self._abandoned

    def load(self, now: float) -> Load:
        return self._integrals.load(now, len(self._queue), self._in_flight)

    def held(self) -> dict[str, int]:
        """Slots taken, by replica id."""
        return {replica.replica_id: replica.held for replica in self._replicas}

    def place(self, request: Request) -> int | None:
        """Where the request stands in the queue, 1 being the head; None when it does not wait. O(n)."""
        for place, entry in enumerate(self._queue, start=1):
            if entry.request == request:
                return place
        return None

    # Requests.

    def submit(
        self, request: Request, now: float, *, deadline: float | None = None, is_timed: bool = True
    ) -> Events[Request]:
        """A request arrives: it is Dispatched, Queued or Refused.

        `deadline` is the instant after which it must not wait any longer; `is_timed` is False for what
        request_timeout does not bound (WebSockets).
        """
        if request in self._entries:
            raise UsageError(f"{request!r} was submitted already")
        queue = self._queue
        self._integrals.advance(now, len(queue), self._in_flight)
        self._integrals.arrivals += 1
        replica = None if queue else self._replicas.least_loaded(self._target)
        if replica is None and len(queue) >= self._settings.queue_limit:
            return [Refused(request, now, len(queue))]
        entry = Entry(request, next(self._sequence), now, deadline, is_timed=is_timed)
        self._entries[request] = entry
        if replica is not None:
            return [self._assign(entry, replica, now)]
        queue.append(entry)
        return [Queued(request, now, len(queue))]

    def finish(self, request: Request, now: float) -> Events[Request]:
        """The replica is done with the request: the slot is free, the head of the queue may take it."""
        entry = self._in_flight_entry(request)
        replica = self._vacate(entry, now)
        self._integrals.finished += 1
        del self._entries[request]
        events: Events[Request] = [
            Finished(request, replica.replica_id, now, now - entry.since, entry.abandoned)
        ]
        self._after_vacating(replica, now, events)
        return events

    def give_back(self, request: Request, now: float) -> Events[Request]:
        """The replica never took the request up: it goes back to its old place, and the replica out of rotation.

        A request whose client left meanwhile is simply gone.
        """
        entry = self._in_flight_entry(request)
        replica = self._vacate(entry, now)
        self._replicas.set_rotation(replica, draining=replica.draining, suspended=True)
        if entry.abandoned:
            del self._entries[request]
            events: Events[Request] = [
                Finished(request, replica.replica_id, now, now - entry.since, abandoned=True)
            ]
        else:
            entry.replica = None
            self._queue.put_back(entry)
            events = [Returned(request, replica.replica_id, now)]
        self._after_vacating(replica, now, events)
        return events

    def abandon(self, request: Request, now: float) -> Events[Request]:
        """The client left. A queued request is out; one in flight keeps its slot until `finish`."""
        entry = self._entries.get(request)
        if entry is None or entry.abandoned:
            return []
        if entry.replica is None:
            self._integrals.advance(now, len(self._queue), self._in_flight)
            self._queue.remove(entry)
            del self._entries[request]
            return [Abandoned(request, now, None)]
        self._mark_abandoned(entry, now)
        return [Abandoned(request, now, entry.replica.replica_id)]

    # Time.

    def next_deadline(self) -> float | None:
        """The instant at which `expire` has something to do, as things stand; None for never."""
        ends = []
        queue_end = self._queue.next_deadline(self._settings.queue_timeout)
        if queue_end is not None:
            ends.append(queue_end)
        for entry in self._timed.values():
            ends.append(entry.since + self._settings.request_timeout)
            break
        for since in self._all_abandoned.values():
            ends.append(since + self._settings.abandon_grace)
            break
        return min(ends, default=None)

    def expire(self, now: float) -> Events[Request]:
        """End what lasted too long: waits in the queue, requests in flight, replicas that hold only abandoned work."""
        events: Events[Request] = []
        self._integrals.advance(now, len(self._queue), self._in_flight)
        for overdue in self._queue.take_overdue(now, self._settings.queue_timeout):
            entry = overdue.entry
            del self._entries[entry.request]
            events.append(Expired(entry.request, now, now - entry.arrived_at, overdue.place, overdue.cause))
        events.extend(self._overrun(now))
        for replica, since in list(self._all_abandoned.items()):
            if since + self._settings.abandon_grace > now:
                break
            del self._all_abandoned[replica]
            events.append(Stuck(replica.replica_id, now, since))
        return events

    # Replicas and settings.

    def add_replica(self, replica_id: str, now: float, *, held: int = 0) -> Events[Request]:
        """A replica is ready and takes from the head of the queue. `held`: what an earlier gateway gave it."""
        self._integrals.advance(now, len(self._queue), self._in_flight)
        replica = Replica(replica_id, held)
        self._replicas.add(replica)
        self._in_flight += held
        self._abandoned += held
        self._watch_abandoned(replica, now)
        events: Events[Request] = []
        self._fill(now, events)
        return events

    def release_foreign(self, replica_id: str, now: float, count: int = 1) -> Events[Request]:
        """The replica is done with `count` of the requests that an earlier gateway had given it."""
        replica = self._replicas[replica_id]
        if not 0 < count <= replica.foreign:
            raise UsageError(
                f"{replica!r} holds {replica.foreign} requests of an earlier gateway, not {count}"
            )
        self._integrals.advance(now, len(self._queue), self._in_flight)
        for _ in range(count):
            self._replicas.release(replica)
        replica.foreign -= count
        replica.abandoned -= count
        self._in_flight -= count
        self._abandoned -= count
        events: Events[Request] = []
        self._after_vacating(replica, now, events)
        return events

    def suspend_replica(self, replica_id: str) -> None:
        """Give the replica nothing until `resume_replica`: it cannot be reached, it may be dead."""
        replica = self._replicas[replica_id]
        self._replicas.set_rotation(replica, draining=replica.draining, suspended=True)

    def resume_replica(self, replica_id: str, now: float) -> Events[Request]:
        replica = self._replicas[replica_id]
        self._replicas.set_rotation(replica, draining=replica.draining, suspended=False)
        events: Events[Request] = []
        self._fill(now, events)
        return events

    def drain_replica(self, replica_id: str, now: float) -> Events[Request]:
        """Give the replica nothing more; Drained follows when it holds nothing. Draining twice changes nothing."""
        replica = self._replicas[replica_id]
        if replica.draining:
            return []
        self._replicas.set_rotation(replica, draining=True, suspended=replica.suspended)
        return [Drained(replica_id, now)] if replica.held == 0 else []

    def undrain_replica(self, replica_id: str, now: float) -> Events[Request]:
        """The replica is wanted after all."""
        replica = self._replicas[replica_id]
        self._replicas.set_rotation(replica, draining=False, suspended=replica.suspended)
        events: Events[Request] = []
        self._fill(now, events)
        return events

    def remove_replica(self, replica_id: str, now: float) -> Events[Request]:
        """The replica is gone. What it held is Lost; what it never took up should be given back before."""
        replica = self._replicas[replica_id]
        self._integrals.advance(now, len(self._queue), self._in_flight)
        events: Events[Request] = []
        for request in list(replica.requests):
            entry = self._entries.pop(request)  # type: ignore[arg-type]
            self._vacate(entry, now)
            events.append(Lost(entry.request, replica_id, now, entry.abandoned))
        self._in_flight -= replica.foreign
        self._abandoned -= replica.foreign
        self._replicas.remove(replica)
        self._all_abandoned.pop(replica, None)
        return events

    def change_settings(self, settings: DeploymentSettings, now: float) -> Events[Request]:
        """New settings, at once: a higher target takes from the queue, a lower one lets the surplus drain."""
        self._settings = settings
        self._target = settings.concurrency_target
        for replica in self._replicas:
            self._watch_abandoned(replica, now)
        events: Events[Request] = []
        self._fill(now, events)
        return events

    # Moving queued requests to another deployment.

    def withdraw(self, leaves: Callable[[Request], bool], now: float) -> list[Entry[Request]]:
        """The queued requests for which `leaves` holds are out, for another dispatcher to `adopt`."""
        self._integrals.advance(now, len(self._queue), self._in_flight)
        leaving = [entry for entry in self._queue if leaves(entry.request)]
        for entry in leaving:
            self._queue.remove(entry)
            del self._entries[entry.request]
        return leaving

    def adopt(self, entries: Iterable[Entry[Request]], now: float) -> Events[Request]:
        """Requests that queued elsewhere queue here, each at the place of its arrival; none is refused."""
        self._integrals.advance(now, len(self._queue), self._in_flight)
        incoming = []
        for entry in entries:
            adopted = Entry(
                entry.request, next(self._sequence), entry.arrived_at, entry.deadline, is_timed=entry.is_timed
            )
            self._entries[entry.request] = adopted
            incoming.append(adopted)
        self._queue.merge(incoming)
        events: Events[Request] = []
        self._fill(now, events)
        return events

    # Private.

    def _assign(self, entry: Entry[Request], replica: Replica, now: float) -> Dispatched[Request]:
        self._replicas.take(replica)
        replica.requests[entry.request] = None
        entry.replica = replica
        entry.since = now
        if entry.is_timed:
            self._timed[entry.request] = entry
        self._in_flight += 1
        return Dispatched(entry.request, replica.replica_id, now, now - entry.arrived_at)

    def _fill(self, now: float, events: Events[Request]) -> None:
        """Give free slots to the head of the queue (I2)."""
        queue = self._queue
        if not queue:
            return
        self._integrals.advance(now, len(queue), self._in_flight)
        while queue:
            replica = self._replicas.least_loaded(self._target)
            if replica is None:
                return
            events.append(self._assign(queue.pop(), replica, now))

    def _in_flight_entry(self, request: Request) -> Entry[Request]:
        entry = self._entries.get(request)
        if entry is None or entry.replica is None:
            raise UsageError(f"{request!r} holds no slot")
        return entry

    def _vacate(self, entry: Entry[Request], now: float) -> Replica:
        replica = entry.holder
        self._integrals.advance(now, len(self._queue), self._in_flight)
        self._replicas.release(replica)
        del replica.requests[entry.request]
        self._timed.pop(entry.request, None)
        self._in_flight -= 1
        if entry.abandoned:
            replica.abandoned -= 1
            self._abandoned -= 1
        return replica

    def _after_vacating(self, replica: Replica, now: float, events: Events[Request]) -> None:
        if self._abandoned:
            self._watch_abandoned(replica, now)
        if replica.draining and replica.held == 0:
            events.append(Drained(replica.replica_id, now))
        self._fill(now, events)

    def _mark_abandoned(self, entry: Entry[Request], now: float) -> None:
        replica = entry.holder
        entry.abandoned = True
        replica.abandoned += 1
        self._abandoned += 1
        self._timed.pop(entry.request, None)
        self._watch_abandoned(replica, now)

    def _overrun(self, now: float) -> Events[Request]:
        events: Events[Request] = []
        for entry in list(itertools.takewhile(self._is_over(now), self._timed.values())):
            self._mark_abandoned(entry, now)
            events.append(Overran(entry.request, entry.holder.replica_id, now, now - entry.since))
        return events

    def _is_over(self, now: float) -> Callable[[Entry[Request]], bool]:
        return lambda entry: entry.since + self._settings.request_timeout <= now

    def _watch_abandoned(self, replica: Replica, now: float) -> None:
        if replica.held == replica.abandoned and replica.held >= self._target:
            self._all_abandoned.setdefault(replica, now)
        else:
            self._all_abandoned.pop(replica, None)
