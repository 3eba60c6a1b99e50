"""When what waits, what is in flight and what is abandoned has lasted too long, and when a shell is to look.

Three things end by themselves: a wait in the queue (queue_timeout, or the client's deadline), a request in flight
(request_timeout), and the patience with a replica that holds only abandoned work (abandon_grace).
"""

import math
from typing import Final, Generic

from headway.core.events import Expired, Overran, Stuck
from headway.core.in_flight import InFlight
from headway.core.settings import DeploymentSettings
from headway.core.waiting import Request, WaitingQueue

NEVER: Final = math.inf


class Deadlines(Generic[Request]):
    """Of one deployment's queue and slots."""

    def __init__(
        self, queue: WaitingQueue[Request], in_flight: InFlight[Request], settings: DeploymentSettings
    ) -> None:
        self._queue = queue
        self._in_flight = in_flight
        self._settings = settings
        self.look_at = NEVER
        """When to look what has ended. It is set when the first request comes, and then not moved for each one: after
        the shortest bound at the latest somebody looks, and nothing that begins later can end before that.
        """

    def set(self, now: float) -> None:
        """Say anew when to look: something was looked at, or may end sooner than all that had begun by then."""
        if not self._queue.size and not self._in_flight.count:
            self.look_at = NEVER
            return
        settings, end = self._settings, self.next()
        latest = now + min(settings.queue_timeout, settings.request_timeout, settings.abandon_grace)
        self.look_at = latest if end is None else min(end, latest)

    def change_settings(self, settings: DeploymentSettings, now: float) -> None:
        self._settings = settings
        self._in_flight.change_settings(settings, now)
        self.set(now)

    def next(self) -> float | None:
        """The instant at which the next thing ends, as things stand; None for never."""
        ends = self._queue.next_deadline(self._settings.queue_timeout), self._in_flight.next_deadline()
        return min((end for end in ends if end is not None), default=None)

    def take_expired(self, now: float) -> list[Expired[Request]]:
        """Those whose wait has ended leave the queue."""
        overdue = self._queue.take_overdue(now, self._settings.queue_timeout)
        return [
            Expired(one.entry.request, now, now - one.entry.arrived_at, one.place, one.cause)
            for one in overdue
        ]

    def take_overrun(self, now: float) -> list[Overran[Request]]:
        """Those that have held their slots too long are abandoned from now on."""
        overrun = self._in_flight.take_overrun(now)
        return [
            Overran(entry.request, replica.replica_id, now, now - entry.since) for entry, replica in overrun
        ]

    def take_stuck(self, now: float) -> list[Stuck]:
        """The replicas that have held nothing but abandoned work too long."""
        return [Stuck(replica.replica_id, now, since) for replica, since in self._in_flight.take_stuck(now)]
