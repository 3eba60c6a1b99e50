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

from collections.abc import Callable, Iterable

from headway.core.deadlines import NEVER
from headway.core.errors import UsageError
from headway.core.events import (
    Abandoned,
    Dispatched,
    Drained,
    Event,
    Finished,
    Lost,
    Queued,
    Refused,
    Returned,
)
from headway.core.occupancy import Occupancy
from headway.core.replicas import Replica
from headway.core.settings import DeploymentSettings
from headway.core.waiting import Entry, Request

Events = list[Event[Request]]


class Dispatcher(Occupancy[Request]):
    """Slots and queue of one deployment: what changes them, and what follows."""

    # Requests.

    def submit(
        self, request: Request, now: float, *, deadline: float | None = None, is_timed: bool = True
    ) -> Events[Request]:
        """A request arrives: it is Dispatched, Queued or Refused.

        `deadline` is the instant after which it must not wait any longer; `is_timed` is False for what
        request_timeout does not bound (WebSockets).
        """
        entries, queue = self._entries, self._queue
        if request in entries:
            raise _known(request)
        integrals = self._integrals
        integrals.advance(now, queue.size, self._in_flight.load)
        integrals.arrivals += 1
        settings = self._settings
        replica = self._replicas.least_loaded(settings.concurrency_target)
        if replica is None and queue.size >= settings.queue_limit:
            return [Refused(request, now, queue.size)]
        entry = entries[request] = Entry(request, next(self._sequence), now, deadline, is_timed=is_timed)
        event: Event[Request]
        if replica is not None:  # nobody waits (I2)
            event = self._assign(entry, replica, now)
        else:
            queue.append(entry)
            event = Queued(request, now, queue.size)
        deadlines = self.deadlines
        if deadlines.look_at == NEVER or deadline is not None:
            deadlines.set(now)
        return [event]

    def finish(self, request: Request, now: float) -> Events[Request]:
        """The replica is done with the request: the slot is free, the head of the queue may take it."""
        entry, replica = self._holding(request)
        queue = self._queue
        self._integrals.advance(now, queue.size, self._in_flight.load)
        serves = not replica.draining and not replica.suspended
        if queue.size and serves and replica.held <= self._settings.concurrency_target:
            # All others are full (I2). To hand the slot on takes 6% off a request's way through the gateway, against
            # freeing it, looking for a free one, and finding this.
            successor = queue.pop()
            self._in_flight.hand_over(entry, successor, replica, now)
            return [self._finished(entry, replica, now), _dispatched(successor, replica, now)]
        self._in_flight.release(entry, replica, now)
        return self._after_vacating(replica, now, [self._finished(entry, replica, now)])

    def give_back(self, request: Request, now: float) -> Events[Request]:
        """The replica never took the request up: it goes back to its old place, and the replica out of rotation.

        A request whose client left meanwhile is finished.
        """
        entry, replica = self._holding(request)
        self._advance(now)
        self._in_flight.release(entry, replica, now)
        self._replicas.set_rotation(replica, suspended=True)
        if entry.abandoned:
            return self._after_vacating(replica, now, [self._finished(entry, replica, now)])
        entry.replica = None
        self._queue.put_back(entry)
        self.deadlines.set(now)  # it came early
        return self._after_vacating(replica, now, [Returned(request, replica.replica_id, now)])

    def abandon(self, request: Request, now: float) -> Events[Request]:
        """The client left. A queued request is out; one in flight keeps its slot until `finish`."""
        entry = self._entries.get(request)
        if entry is None or entry.abandoned:
            return []
        if entry.replica is not None:
            self._in_flight.abandon(entry, entry.replica, now)
            return [Abandoned(request, now, entry.replica.replica_id)]
        self._advance(now)
        self._queue.remove(entry)
        del self._entries[request]
        return [Abandoned(request, now, None)]

    # Time.

    def expire(self, now: float) -> Events[Request]:
        """End what lasted too long: waits in the queue, requests in flight, replicas that hold only abandoned work."""
        self._advance(now)
        deadlines = self.deadlines
        expired = deadlines.take_expired(now)
        for event in expired:
            del self._entries[event.request]
        events: Events[Request] = [*expired, *deadlines.take_overrun(now), *deadlines.take_stuck(now)]
        deadlines.set(now)
        return events

    # Replicas and settings.

    def add_replica(
        self, replica_id: str, now: float, *, held: int = 0, draining: bool = False
    ) -> Events[Request]:
        """A replica is ready and takes from the head of the queue, unless it is `draining` already.

        `held` is what an earlier gateway gave it.
        """
        self._advance(now)
        replica = Replica(replica_id, held)
        replica.draining = draining
        self._replicas.add(replica)
        self._in_flight.add_foreign(replica, now)
        self.deadlines.set(now)
        return self._after_vacating(replica, now, [])

    def release_foreign(self, replica_id: str, now: float, count: int = 1) -> Events[Request]:
        """The replica is done with `count` of the requests that an earlier gateway had given it."""
        replica = self._replicas[replica_id]
        self._advance(now)
        self._in_flight.release_foreign(replica, now, count)
        return self._after_vacating(replica, now, [])

    def suspend_replica(self, replica_id: str) -> None:
        """Give the replica nothing until `resume_replica`: it cannot be reached, it may be dead."""
        self._replicas.set_rotation(self._replicas[replica_id], suspended=True)

    def resume_replica(self, replica_id: str, now: float) -> Events[Request]:
        """The replica can be reached again."""
        self._advance(now)
        self._replicas.set_rotation(self._replicas[replica_id], suspended=False)
        return self._fill(now, [])

    def drain_replica(self, replica_id: str, now: float) -> Events[Request]:
        """Give the replica nothing more; Drained follows when it holds nothing, and again when asked again."""
        replica = self._replicas[replica_id]
        self._advance(now)
        self._in_flight.set_draining(replica, draining=True)
        return [Drained(replica_id, now)] if replica.held == 0 else []

    def undrain_replica(self, replica_id: str, now: float) -> Events[Request]:
        """The replica is wanted after all."""
        self._advance(now)
        self._in_flight.set_draining(self._replicas[replica_id], draining=False)
        return self._fill(now, [])

    def remove_replica(self, replica_id: str, now: float) -> Events[Request]:
        """The replica is gone. What it held is Lost; what it never took up should be given back before."""
        replica = self._replicas[replica_id]
        self._advance(now)
        events: Events[Request] = []
        for request in list(replica.requests):
            entry = self._entries[request]
            self._in_flight.release(entry, replica, now)
            del self._entries[request]
            events.append(Lost(request, replica_id, now, entry.abandoned))
        self._in_flight.release_foreign(replica, now, replica.foreign)
        self._replicas.remove(replica)
        return events

    def change_settings(self, settings: DeploymentSettings, now: float) -> Events[Request]:
        """New settings, at once: a higher target takes from the queue, a lower one lets the surplus drain."""
        self._advance(now)
        self._settings = settings
        self.deadlines.change_settings(settings, now)
        return self._fill(now, [])

    # Moving queued requests to another deployment.

    def withdraw(self, leaves: Callable[[Request], bool], now: float) -> list[Entry[Request]]:
        """The queued requests for which `leaves` holds are out, for another dispatcher to `adopt`."""
        self._advance(now)
        leaving = [entry for entry in self._queue if leaves(entry.request)]
        for entry in leaving:
            self._queue.remove(entry)
            del self._entries[entry.request]
        return leaving

    def adopt(self, entries: Iterable[Entry[Request]], now: float) -> Events[Request]:
        """Requests that queued elsewhere queue here, each at the place of its arrival; none is refused."""
        self._advance(now)
        adopted = []
        for one in entries:
            if one.request in self._entries:
                raise _known(one.request)
            sequence = next(self._sequence)
            adopted.append(Entry(one.request, sequence, one.arrived_at, one.deadline, is_timed=one.is_timed))
        self._entries.update((entry.request, entry) for entry in adopted)
        self._queue.merge(adopted)
        self.deadlines.set(now)
        return self._fill(now, [])

    # Private.

    def _advance(self, now: float) -> None:
        """Before queue or slots change: they were as they are up to `now`."""
        self._integrals.advance(now, self._queue.size, self._in_flight.load)

    def _assign(self, entry: Entry[Request], replica: Replica, now: float) -> Dispatched[Request]:
        self._in_flight.take(entry, replica, now)
        return _dispatched(entry, replica, now)

    def _holding(self, request: Request) -> tuple[Entry[Request], Replica]:
        entry = self._entries.get(request)
        if entry is None or entry.replica is None:
            raise UsageError(f"{request!r} holds no slot")
        return entry, entry.replica

    def _finished(self, entry: Entry[Request], replica: Replica, now: float) -> Finished[Request]:
        del self._entries[entry.request]
        integrals, held = self._integrals, now - entry.since
        integrals.finished += 1
        integrals.held_seconds += held
        return Finished(entry.request, replica.replica_id, now, held, entry.abandoned)

    def _after_vacating(self, replica: Replica, now: float, events: Events[Request]) -> Events[Request]:
        if replica.draining and replica.held == 0:
            events.append(Drained(replica.replica_id, now))
        return self._fill(now, events)

    def _fill(self, now: float, events: Events[Request]) -> Events[Request]:
        """Give free slots to the head of the queue (I2), after what has happened so far. Advance before."""
        queue, target = self._queue, self._settings.concurrency_target
        while queue.size and (replica := self._replicas.least_loaded(target)) is not None:
            events.append(self._assign(queue.pop(), replica, now))
        return events


def _dispatched(entry: Entry[Request], replica: Replica, now: float) -> Dispatched[Request]:
    return Dispatched(entry.request, replica.replica_id, now, now - entry.arrived_at)


def _known(request: Request) -> UsageError:
    return UsageError(f"{request!r} was submitted already")
