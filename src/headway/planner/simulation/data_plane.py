"""The gateway and the replicas of one deployment in virtual time: the production dispatcher and gates decide, and here
their decisions take the time that the traffic says.
"""

from collections.abc import Callable
from typing import Protocol, assert_never

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
from headway.core.gate import Gate
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load
from headway.observed.records import Outcome
from headway.planner.simulation.agenda import Agenda
from headway.planner.simulation.traffic import Request


class Watcher(Protocol):
    """Who is told what control would be told."""

    def queue_formed(self, now: float) -> None:
        """What came last waits, and nothing before it does."""

    def drained(self, replica_id: str, now: float) -> None:
        """The draining replica holds nothing."""

    def stuck(self, replica_id: str, now: float) -> None:
        """The replica holds nothing but abandoned work."""

    def woken(self, now: float) -> None:
        """A request is about to come, and `is_resting` is set."""


class Ends(Protocol):
    """Who counts how requests end for their clients."""

    def served(self, request: Request, now: float) -> None:
        """Its answer has passed whole."""

    def failed(self, request: Request, outcome: Outcome, now: float) -> None:
        """It was told that it failed."""


class DataPlane:
    """`parallel` is how many predicts of one replica run at full speed beside each other; None: all of them."""

    def __init__(
        self,
        agenda: Agenda,
        settings: DeploymentSettings,
        predict_concurrency: int,
        ends: Ends,
        *,
        parallel: int | None = None,
        observe: Callable[[Events[Request]], None] | None = None,
    ) -> None:
        self._agenda = agenda
        self._at = agenda.at
        self._ends = ends
        self._predict_concurrency = predict_concurrency
        self._parallel = parallel
        self._observe = observe
        self._dispatcher: Dispatcher[Request] = Dispatcher(settings, 0.0)
        self._deadlines = self._dispatcher.deadlines
        self._gates: dict[str, Gate[Request]] = {}
        self._rings_at = NEVER
        self._watcher: Watcher = _Nobody()
        self._is_failed = False
        self.arrived = 0
        """Requests that have come."""
        self.open = 0
        """Requests whose clients wait for an answer."""
        self.is_resting = True
        """Nothing has come since control last saw that nothing is here; set by whom `woken` tells."""

    def watch(self, watcher: Watcher) -> None:
        """From now on `watcher` is told."""
        self._watcher = watcher

    @property
    def is_idle(self) -> bool:
        return not self._dispatcher.queued and not self._dispatcher.in_flight

    @property
    def settings(self) -> DeploymentSettings:
        return self._dispatcher.settings

    def load(self, now: float) -> Load:
        return self._dispatcher.load(now)

    def held(self) -> dict[str, int]:
        """Slots taken, by replica id."""
        return self._dispatcher.held()

    # What happens to requests.

    def arrive(self, request: Request, now: float) -> None:
        self.arrived += 1
        self.open += 1
        if self.is_resting:
            self._watcher.woken(now)
        if self._is_failed:
            self._fail(request, Outcome.REFUSED, now)
            return
        request.is_cold = not self._gates
        self._carry_out(self._dispatcher.submit(request, now), now)

    def _begin(self, event: Dispatched[Request]) -> None:
        request, now = event.request, event.at
        request.replica_id = event.replica_id
        request.dispatched_at = now
        if request.before:
            self._at(now + request.before, self._prepared, request)
        else:
            self._prepared(request, now)

    def _prepared(self, request: Request, now: float) -> None:
        if request.is_over:  # nobody waits for it, and it is between two stages
            self._answered(request, now)
            return
        request.gate_at = now
        gate = self._gates[request.replica_id]
        for entered in gate.arrive(request):
            self._enter(entered, gate, now)

    def _enter(self, request: Request, gate: Gate[Request], now: float) -> None:
        request.entered_at = now
        seconds = request.predict
        if self._parallel is not None:
            seconds *= max(1.0, gate.statistics().inside / self._parallel)
        self._at(now + seconds, self._predicted, request)

    def _predicted(self, request: Request, now: float) -> None:
        request.predicted_at = now
        gate = self._gates[request.replica_id]
        for entered in gate.leave(request):
            self._enter(entered, gate, now)
        if request.after and not request.is_over:
            self._at(now + request.after, self._answered, request)
        else:
            self._answered(request, now)

    def _answered(self, request: Request, now: float) -> None:
        if not request.is_over:
            request.is_over = True
            self.open -= 1
            self._ends.served(request, now)
        self._carry_out(self._dispatcher.finish(request, now), now)

    # What control does.

    def add_replica(self, replica_id: str, now: float) -> None:
        """A replica is ready."""
        self._gates[replica_id] = Gate(self._predict_concurrency)
        self._carry_out(self._dispatcher.add_replica(replica_id, now), now)

    def drain_replica(self, replica_id: str, now: float) -> None:
        self._carry_out(self._dispatcher.drain_replica(replica_id, now), now)

    def undrain_replica(self, replica_id: str, now: float) -> None:
        self._carry_out(self._dispatcher.undrain_replica(replica_id, now), now)

    def remove_replica(self, replica_id: str, now: float) -> None:
        """The replica is gone, and with it what it worked on; with retry_on_crash that queues again."""
        held = self._dispatcher.held_by(replica_id)
        self._agenda.cancel(frozenset(held))
        del self._gates[replica_id]
        if self.settings.retry_on_crash:
            for request in held:
                if not request.is_over:
                    self._carry_out(self._dispatcher.give_back(request, now), now)
        self._carry_out(self._dispatcher.remove_replica(replica_id, now), now)

    def set_failed(self, now: float, *, is_failed: bool) -> None:
        """Starts have failed one after another: until the next one who waits or comes is refused, as it would be."""
        self._is_failed = is_failed
        if is_failed:
            for entry in self._dispatcher.withdraw(lambda _: True, now):
                self._fail(entry.request, Outcome.REFUSED, now)

    def change_settings(self, settings: DeploymentSettings, now: float) -> None:
        self._carry_out(self._dispatcher.change_settings(settings, now), now)

    # Carrying out.

    def _carry_out(  # noqa: C901, PLR0912 - one arm per event, checked to be all of them
        self, events: Events[Request], now: float
    ) -> None:
        if self._observe is not None:
            self._observe(events)
        for event in events:
            match event:
                case Dispatched():
                    self._begin(event)
                case Finished() | Returned():
                    pass
                case Queued():
                    if event.place == 1:
                        self._watcher.queue_formed(now)
                case Drained():
                    self._watcher.drained(event.replica_id, now)
                case Stuck():
                    self._watcher.stuck(event.replica_id, now)
                case Overran():
                    self._fail(event.request, Outcome.OVERRAN, now)
                    self._give_up(event.request, now)
                case Refused() | Expired() | Lost():
                    self._fail(event.request, _OUTCOMES[type(event)], now)
                case Abandoned():
                    pass  # no client leaves here
                case _ as never:
                    assert_never(never)
        if self._deadlines.look_at != self._rings_at:
            self._set_timer(now)

    def _fail(self, request: Request, outcome: Outcome, now: float) -> None:
        if not request.is_over:
            request.is_over = True
            self.open -= 1
            self._ends.failed(request, outcome, now)

    def _give_up(self, request: Request, now: float) -> None:
        """Nobody waits for it any more: at the gate that ends it, else the end of its present stage."""
        if self._gates[request.replica_id].give_up(request):
            self._carry_out(self._dispatcher.finish(request, now), now)

    # The timer, which rings when core wants to be asked.

    def _set_timer(self, now: float) -> None:
        self._rings_at = at = self._deadlines.look_at
        if at != NEVER:
            self._at(max(now, at), self._ring, at)

    def _ring(self, set_for: float, now: float) -> None:
        if set_for == self._rings_at:  # else it was set anew
            self._rings_at = NEVER
            self._carry_out(self._dispatcher.expire(now), now)


_OUTCOMES: dict[type, Outcome] = {
    Refused: Outcome.REFUSED,
    Expired: Outcome.EXPIRED,
    Lost: Outcome.LOST,
}


class _Nobody:
    def queue_formed(self, now: float) -> None:
        pass

    def drained(self, replica_id: str, now: float) -> None:
        pass

    def stuck(self, replica_id: str, now: float) -> None:
        pass

    def woken(self, now: float) -> None:
        pass
