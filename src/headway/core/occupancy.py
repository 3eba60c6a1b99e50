"""Who waits and who holds a slot in one deployment, as it can be read at any time. The dispatcher changes it."""

import itertools
from typing import Generic

from headway.core.deadlines import Deadlines
from headway.core.in_flight import InFlight
from headway.core.replicas import ReplicaSlots
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load, LoadIntegrals
from headway.core.waiting import Entry, Request, WaitingQueue


class Occupancy(Generic[Request]):
    """Queue, slots, the clocks of both, and the integrals of load."""

    def __init__(self, settings: DeploymentSettings, now: float) -> None:
        self._settings = settings
        self._entries: dict[Request, Entry[Request]] = {}
        self._queue: WaitingQueue[Request] = WaitingQueue()
        self._replicas = ReplicaSlots()
        self._in_flight: InFlight[Request] = InFlight(self._replicas, settings)
        self.deadlines: Deadlines[Request] = Deadlines(self._queue, self._in_flight, settings)
        self._integrals = LoadIntegrals(now)
        self._sequence = itertools.count()

    def __repr__(self) -> str:
        return (
            f"<Dispatcher: {self.queued} queued, {self.in_flight} in flight ({self.abandoned} abandoned), "
            f"{self._replicas.rotating} of {len(self._replicas)} replicas in rotation, "
            f"target {self._settings.concurrency_target}>"
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
        return self._in_flight.count

    @property
    def abandoned(self) -> int:
        return self._in_flight.abandoned

    def load(self, now: float) -> Load:
        """What draining replicas hold is left out: no new replica could take it over."""
        return self._integrals.load(now, len(self._queue), self._in_flight.load)

    def held(self) -> dict[str, int]:
        """Slots taken, by replica id."""
        return {replica.replica_id: replica.held for replica in self._replicas}

    def held_by(self, replica_id: str) -> list[Request]:
        """The requests that hold slots of the replica, the oldest first."""
        return list(self._replicas[replica_id].requests)

    def waiting(self, most: int) -> list[tuple[Request, float]]:
        """The first `most` that wait, in order, and since when."""
        return [(entry.request, entry.arrived_at) for entry in itertools.islice(self._queue, most)]
