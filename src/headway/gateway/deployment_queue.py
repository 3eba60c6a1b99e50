"""The shell around one deployment's dispatcher: reads the clock, calls core, and carries out what came back.

It owns the one timer of the deployment's waits; the ways to its replicas are the fleet's.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from headway.core.deadlines import NEVER
from headway.core.dispatch import Dispatcher, Events
from headway.core.events import (
    Abandoned,
    Dispatched,
    Drained,
    Expired,
    Finished,
    Lost,
    Overran,
    Queued,
    Refused,
    Returned,
    Stuck,
)
from headway.core.retry import RetryAdvice
from headway.core.statistics import Load
from headway.core.waiting import Entry
from headway.core.wire import COLD_START, SERVER_TIMING
from headway.gateway import refusals
from headway.gateway.body import BodyBudget
from headway.gateway.fleet import Fleet
from headway.gateway.request import Home, ProxiedRequest
from headway.gateway.table import DeploymentRoute, DeploymentState
from headway.gateway.tally import Tally
from headway.gateway.upstream import Upstream

_log = logging.getLogger(__name__)

_NO_WAIT: Final = SERVER_TIMING + b": queue;dur=0\r\n"
_WAITED: Final = SERVER_TIMING + b": queue;dur=%.1f"


@dataclass(frozen=True)
class Reports:
    """Whom the queue tells what control must know."""

    drained: Callable[[str], None]
    stuck: Callable[[Stuck], None]
    queue_formed: Callable[[], None]
    wake: Callable[[str], None]


HomeOf = Callable[[ProxiedRequest], "DeploymentQueue | None"]


class DeploymentQueue(Home):
    """Queue and slots of one deployment."""

    def __init__(self, route: DeploymentRoute, budget: BodyBudget, reports: Reports, tally: Tally) -> None:
        self._loop = asyncio.get_running_loop()
        self._reports = reports
        self._dispatcher: Dispatcher[ProxiedRequest] = Dispatcher(route.settings, self._loop.time())
        self._retry_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = NEVER
        self._retry_advice = RetryAdvice()
        self._is_stopping = False
        self._home_of: HomeOf | None = None  # set once an environment has left it
        self.route = route
        self.settings = route.settings  # said twice, for it is asked for several times a request
        self.budget = budget
        self.tally = tally
        self.fleet = Fleet(self._dispatcher, self.carry_out)
        self.apply(route)

    @property
    def is_idle(self) -> bool:
        return not self._dispatcher.queued and not self._dispatcher.in_flight

    @property
    def abandoned(self) -> int:
        return self._dispatcher.abandoned

    def now(self) -> float:
        return self._loop.time()

    def load(self) -> Load:
        load = self._dispatcher.load(self._loop.time())
        self._retry_advice.record(load)
        return load

    def held(self) -> dict[str, int]:
        """Slots taken, by replica id."""
        return self._dispatcher.held()

    def waiting(self, most: int) -> list[tuple[str, float]]:
        """The first `most` that queue, in order: their ids, and for how many seconds each has."""
        now = self._loop.time()
        return [
            (request.request_id.decode(), round(now - since, 3))
            for request, since in self._dispatcher.waiting(most)
        ]

    # What requests tell.

    def submit(self, request: ProxiedRequest) -> None:
        if self._home_of is not None and self._follow(request, self._home_of):
            return  # the table changed while its body was read
        now = self._loop.time()
        if self.route.state is not DeploymentState.ACTIVE or self._is_stopping:
            hopeless = self._hopeless(now)
            if hopeless is not None:
                request.refuse(hopeless)
                return
        request.came(now, is_cold=not self.fleet.ready)
        events = self._dispatcher.submit(request, now, deadline=request.deadline, is_timed=request.is_timed)
        self.carry_out(events, now)

    def finish(self, request: ProxiedRequest, *, is_whole: bool = False) -> None:
        now = self._loop.time()
        if is_whole:
            self.tally.end_whole(request, now)
        self.carry_out(self._dispatcher.finish(request, now), now)

    def give_back(self, request: ProxiedRequest, upstream: Upstream) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            fields = {"request_id": request.request_id.decode(), "replica": request.replica_id}
            _log.debug("a replica did not take a request up, which queues again", extra=fields)
        now = self._loop.time()
        self.carry_out(self._dispatcher.give_back(request, now), now)
        self.fleet.doubt(upstream)

    def doubt(self, upstream: Upstream) -> None:
        self.fleet.doubt(upstream)

    def abandon(self, request: ProxiedRequest) -> None:
        now = self._loop.time()
        self.carry_out(self._dispatcher.abandon(request, now), now)

    # What control says.

    def apply(self, route: DeploymentRoute) -> None:
        """Bring settings, state and replicas to those of the route. Applying it twice changes nothing."""
        now = self._loop.time()
        self.route = route
        self.settings = route.settings
        self._retry_at = now + route.retry_after
        if route.settings != self._dispatcher.settings:
            self.carry_out(self._dispatcher.change_settings(route.settings, now), now)
        self.fleet.apply(route.replicas)

    def refuse_hopeless(self, *, is_stopping: bool) -> None:
        """What waits for a deployment that failed or was switched off, and has nowhere else to go, is told so. Where
        the gateway stops, so is what waits for a first replica.
        """
        self._is_stopping = is_stopping
        hopeless = self._hopeless(self._loop.time())
        if hopeless is not None:
            self._refuse_queued(hopeless)

    def close(self) -> None:
        """The deployment is gone: whatever it still has is refused."""
        self.fleet.close()
        self._refuse_queued(refusals.deployment_gone(self.route.deployment_id))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def move_queued(self, home_of: "HomeOf") -> None:
        """Queued requests whose home is another deployment by now go there, each at the place of its arrival."""
        self._home_of = home_of
        now = self._loop.time()
        leaving: dict[DeploymentQueue, list[Entry[ProxiedRequest]]] = {}
        for entry in self._dispatcher.withdraw(lambda request: home_of(request) not in {None, self}, now):
            home = home_of(entry.request)
            if home is not None:
                entry.request.move(home)
                leaving.setdefault(home, []).append(entry)
        for home, entries in leaving.items():
            home.adopt(entries, now)

    def adopt(self, entries: "list[Entry[ProxiedRequest]]", now: float) -> None:
        """Requests that queued for another deployment come in; none is refused."""
        self.carry_out(self._dispatcher.adopt(entries, now), now)

    # Carrying out.

    def carry_out(  # noqa: C901, PLR0912 - one arm per event, checked to be all of them
        self, events: Events[ProxiedRequest], now: float
    ) -> None:
        """Do what core decided, in order."""
        for event in events:
            match event:
                case Dispatched():
                    self._dispatch(event)
                case Queued():
                    if event.place == 1:
                        self._reports.queue_formed()
                case Finished() | Abandoned():
                    pass
                case Refused():
                    event.request.refuse(refusals.queue_full(event.queued, self._retry_after(now)))
                case Returned():
                    event.request.requeue()
                case Expired():
                    event.request.expire(event)
                case Overran():
                    event.request.overrun(event)
                case Lost():
                    event.request.lose("it was stopped")
                case Drained():
                    self._reports.drained(event.replica_id)
                case Stuck():
                    self._reports.stuck(event)
                case _ as never:
                    assert_never(never)
        if self._dispatcher.deadlines.look_at != self._rings_at:
            self._set_timer()

    def _dispatch(self, event: Dispatched[ProxiedRequest]) -> None:
        request, queued = event.request, event.waited
        if request.is_cold:
            cold = min(queued, max(0.0, self.fleet.ready_since - (event.at - queued)))
            queued -= cold
            timing = _cold_timing(queued, cold)
        else:
            timing = _WAITED % (queued * 1e3) + b"\r\n" if queued else _NO_WAIT
        request.dispatch(event, self.fleet[event.replica_id], timing, queued)

    def _follow(self, request: ProxiedRequest, home_of: "HomeOf") -> bool:
        """Whether the request, which was found here, belongs elsewhere by now; it is taken there."""
        home = home_of(request)
        if home is self:
            return False
        if home is None:
            request.refuse(refusals.deployment_gone(self.route.deployment_id))
        else:
            request.move(home)
            home.submit(request)
        return True

    def _refuse_queued(self, refusal: refusals.Refusal) -> None:
        for entry in self._dispatcher.withdraw(lambda _: True, self._loop.time()):
            entry.request.refuse(refusal)

    def _hopeless(self, now: float) -> refusals.Refusal | None:
        """Why whoever queues here waits in vain, if so."""
        if self.route.state is not DeploymentState.ACTIVE:
            return self._state_refusal(now)
        return refusals.STOPPING if self._is_stopping and not self.fleet.ready else None

    def _state_refusal(self, now: float) -> refusals.Refusal:
        if self.route.state is DeploymentState.INACTIVE:
            return refusals.deployment_inactive(self.route.deployment_id)
        wait = math.ceil(self._retry_at - now)
        return refusals.deployment_failed(self.route.deployment_id, self.route.reason, max(1, wait))

    def _retry_after(self, now: float) -> int:
        """Whole seconds after which a request that found the queue full should come again."""
        slots = len(self.fleet.rotating) * self.settings.concurrency_target
        chance = random.random()  # noqa: S311 - it only keeps those refused together from coming back together
        return self._retry_advice.seconds(self._dispatcher.load(now), slots, chance)

    # The timer, which rings when core wants to be asked.

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._rings_at = at = self._dispatcher.deadlines.look_at
        if at != NEVER:
            self._timer = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer, self._rings_at = None, NEVER
        now = self._loop.time()
        self.carry_out(self._dispatcher.expire(now), now)


def _cold_timing(queued: float, cold: float) -> bytes:
    """The header lines that say how long it waited, apart from what it waited for a first replica."""
    waited = _WAITED % (queued * 1e3)
    return b"%s, cold;dur=%.1f\r\n%s: %.3f\r\n" % (waited, cold * 1e3, COLD_START, cold)
