"""The requests that hold slots: on which replica, since when, and whether anybody still waits for them.

Keeps the clocks of what is in flight (request_timeout, abandon_grace). Who gets a slot is the dispatcher's business.
"""

import itertools
from collections import OrderedDict
from typing import Generic

from headway.core.errors import UsageError
from headway.core.replicas import Replica, ReplicaSlots
from headway.core.settings import DeploymentSettings
from headway.core.waiting import Entry, Request


class InFlight(Generic[Request]):
    """Slots taken on `replicas`, counted and timed. Abandoned work keeps its slot and is counted like all other."""

    def __init__(self, replicas: ReplicaSlots, settings: DeploymentSettings) -> None:
        self.count = 0
        self.load = 0
        """Of these what a new replica could take over: what draining replicas hold is left out."""
        self.abandoned = 0
        self._replicas = replicas
        self._settings = settings
        # Those that request_timeout bounds, by when they got their slot.
        self._timed: OrderedDict[Request, Entry[Request]] = OrderedDict()
        # Replicas with no slot for anybody while all they hold is abandoned, by since when.
        self._all_abandoned: dict[Replica, float] = {}

    def take(self, entry: Entry[Request], replica: Replica, now: float) -> None:
        """The entry holds a slot of the replica from now on."""
        self._replicas.take(replica)
        replica.requests[entry.request] = None
        entry.replica = replica
        entry.since = now
        if entry.is_timed:
            self._timed[entry.request] = entry
        self.count += 1
        self.load += 1  # no draining replica takes any

    def release(self, entry: Entry[Request], replica: Replica, now: float) -> None:
        """The entry's slot is free again."""
        self._replicas.release(replica)
        del replica.requests[entry.request]
        self._timed.pop(entry.request, None)
        self.count -= 1
        if not replica.draining:
            self.load -= 1
        if entry.abandoned:
            replica.abandoned -= 1
            self.abandoned -= 1
        if self.abandoned or self._all_abandoned:
            self._watch(replica, now)

    def hand_over(
        self, entry: Entry[Request], successor: Entry[Request], replica: Replica, now: float
    ) -> None:
        """The entry's slot is the successor's from now on; the replica holds as many as before."""
        del replica.requests[entry.request]
        replica.requests[successor.request] = None
        successor.replica = replica
        successor.since = now
        self._timed.pop(entry.request, None)
        if successor.is_timed:
            self._timed[successor.request] = successor
        if entry.abandoned:
            replica.abandoned -= 1
            self.abandoned -= 1
            self._all_abandoned.pop(replica, None)  # the successor is waited for

    def abandon(self, entry: Entry[Request], replica: Replica, now: float) -> None:
        """Nobody waits for the entry any more, but its work still runs."""
        self._timed.pop(entry.request, None)
        entry.abandoned = True
        replica.abandoned += 1
        self.abandoned += 1
        self._watch(replica, now)

    def add_foreign(self, replica: Replica, now: float) -> None:
        """Count what an earlier gateway gave the replica; whoever waited for it has lost the connection."""
        self.count += replica.foreign
        self.abandoned += replica.foreign
        if not replica.draining:
            self.load += replica.foreign
        self._watch(replica, now)

    def release_foreign(self, replica: Replica, now: float, count: int) -> None:
        """The replica is done with `count` of what an earlier gateway gave it."""
        if not 0 <= count <= replica.foreign:
            raise UsageError(
                f"{replica!r} holds {replica.foreign} of an earlier gateway's requests, not {count}"
            )
        self._replicas.release(replica, count)
        replica.foreign -= count
        replica.abandoned -= count
        self.count -= count
        self.abandoned -= count
        if not replica.draining:
            self.load -= count
        self._watch(replica, now)

    def set_draining(self, replica: Replica, *, draining: bool) -> None:
        """The replica is given nothing more; or it is wanted after all."""
        if replica.draining is not draining:
            self.load += -replica.held if draining else replica.held
            self._replicas.set_rotation(replica, draining=draining)

    def change_settings(self, settings: DeploymentSettings, now: float) -> None:
        self._settings = settings
        for replica in self._replicas:
            self._watch(replica, now)

    def next_deadline(self) -> float | None:
        """The instant at which the next request overruns or the next replica is stuck; None for never."""
        ends = []
        for entry in self._timed.values():
            ends.append(entry.since + self._settings.request_timeout)
            break
        for since in self._all_abandoned.values():
            ends.append(since + self._settings.abandon_grace)
            break
        return min(ends, default=None)

    def take_overrun(self, now: float) -> list[tuple[Entry[Request], Replica]]:
        """The requests that have held their slots too long are abandoned from now on."""
        timeout = self._settings.request_timeout
        overrun = [
            (entry, entry.holder)
            for entry in itertools.takewhile(lambda entry: entry.since + timeout <= now, self._timed.values())
        ]
        for entry, replica in overrun:
            self.abandon(entry, replica, now)
        return overrun

    def take_stuck(self, now: float) -> list[tuple[Replica, float]]:
        """The replicas that have held nothing but abandoned work too long, with since when.

        Whoever was to hear it may be away: it is told again after another abandon_grace.
        """
        grace = self._settings.abandon_grace
        stuck = list(itertools.takewhile(lambda row: row[1] + grace <= now, self._all_abandoned.items()))
        for replica, _ in stuck:
            del self._all_abandoned[replica]
            self._all_abandoned[replica] = now  # behind the others: they stand in order
        return stuck

    def _watch(self, replica: Replica, now: float) -> None:
        if replica.held == replica.abandoned and replica.held >= self._settings.concurrency_target:
            self._all_abandoned.setdefault(replica, now)
        else:
            self._all_abandoned.pop(replica, None)
