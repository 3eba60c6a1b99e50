"""Control in virtual time: the production autoscaling and reconcile decide on what the gateway reports, when it would
report it; replicas take their time to start, and may fail to, or crash.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from headway.core.autoscaling import AutoscalingPolicy, ScalingDecision, there
from headway.core.lifecycle import ReplicaState
from headway.core.reconcile import Drain, Plan, Reconciler, ReplicaView, Start, Stop, TakeBack, Thresholds
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.agenda import Agenda
from headway.planner.simulation.data_plane import DataPlane
from headway.planner.simulation.durations import Constant, Durations

REPORT_EVERY = 0.25
"""As the gateway does (gateway/link.py)."""
CALM_REPORT_EVERY = 1.0
"""While nobody waits: what is decided then follows from means over no less."""
REPORT_AT_MOST_EVERY = 0.02
"""So soon again when a queue forms."""
_SOURCE = "simulated"


@dataclass(frozen=True, slots=True)
class ReplicaLife:
    """How replicas come and go by themselves."""

    start: Durations = field(default_factory=Constant)
    """From its order to its first request; seconds."""
    start_failures: float = 0.0
    """The share of starts that end without a ready replica."""
    crash_every: float = math.inf
    """Mean seconds between the crashes of one replica."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_failures < 1:
            raise InvalidScenarioError(
                f"start_failures is {self.start_failures:g}", hint="a share of the starts, 0 up to below 1"
            )
        if not self.crash_every > 0:
            raise InvalidScenarioError(
                f"crash_every is {self.crash_every:g} s", hint="mean seconds of a replica's life, above 0"
            )


@dataclass(slots=True, eq=False)
class _Replica:
    replica_id: str
    ordered_at: float
    state: ReplicaState
    since: float
    ready_at: float | None = None
    is_drained: bool = False


class ControlPlane:
    """`decided` is told each decision that changes the desired number, `counted` how many replicas there are."""

    def __init__(
        self,
        agenda: Agenda,
        plane: DataPlane,
        life: ReplicaLife,
        random: Random,
        *,
        decided: Callable[[ScalingDecision], None],
        counted: Callable[[int, int, float], None],
    ) -> None:
        settings = plane.settings
        self._agenda = agenda
        self._plane = plane
        self._life = life
        self._random = random
        self._start_draw = life.start.draws(random)
        self._decided = decided
        self._counted = counted
        self._policy = AutoscalingPolicy(settings, 0.0)
        self._reconciler = Reconciler(Thresholds(startup=math.inf, drain=settings.drain_timeout))
        self._replicas: dict[str, _Replica] = {}
        self._ready = 0
        self._desired = 0
        self._plan: Plan | None = None
        """What reconcile said last; None once something has changed since."""
        self._reported_at = -math.inf
        self._report_at = math.inf
        self._numbers = itertools.count(1)
        self.starts = 0
        """Replicas that were ordered."""
        self.failures = 0
        """Replicas that did not start, or crashed."""

    def begin(self, replicas: int) -> None:
        """So many replicas are ready at the instant 0."""
        self._plane.watch(self)
        for _ in range(replicas):
            self._make_ready(self._new(0.0), 0.0)
        self._policy.require(replicas, 0.0)
        self._count(0.0)
        self._report_no_later(0.0)

    # What the gateway tells.

    def woken(self, now: float) -> None:
        """It reports by its own clock, at rest too: what it said last was that nothing was there."""
        tick = math.floor(now / REPORT_EVERY) * REPORT_EVERY
        if tick > self._reported_at:
            self._policy.record(_SOURCE, self._plane.load(tick))
            self._reported_at = tick
        self._plane.is_resting = False
        if not self._is_settled:
            self._report_no_later(tick + REPORT_EVERY)

    def queue_formed(self, now: float) -> None:
        # Where there can be no more replicas a queue changes nothing, and it forms with each request.
        if self._desired < self._plane.settings.max_replica:
            self._report_no_later(max(now, self._reported_at + REPORT_AT_MOST_EVERY))

    def drained(self, replica_id: str, now: float) -> None:
        replica = self._replicas.get(replica_id)
        if replica is not None:  # else it has just crashed
            replica.is_drained = True
            self._look_again(now)

    def stuck(self, replica_id: str, now: float) -> None:
        self._remove(self._replicas[replica_id], now)
        self._look_again(now)

    def _look_again(self, now: float) -> None:
        self._plan = None
        self._report_no_later(now)

    def _report_no_later(self, instant: float) -> None:
        if instant < self._report_at:
            self._report_at = instant
            self._agenda.at(instant, self._report, instant)

    def _report(self, planned_for: float, now: float) -> None:
        if planned_for != self._report_at:
            return  # there was an earlier one
        self._report_at = math.inf
        load = self._plane.load(now)
        self._policy.record(_SOURCE, load)
        self._reported_at = now
        next_at = self._round(now)
        if self._plane.is_idle:
            self._plane.is_resting = True
        if self._is_settled:
            return  # until a replica goes
        if not self._plane.is_resting:
            next_at = min(next_at, now + (REPORT_EVERY if load.queued else CALM_REPORT_EVERY))
        if next_at < math.inf:
            self._report_no_later(next_at)

    @property
    def _is_settled(self) -> bool:
        """The number of replicas is fixed, and all are there: whatever comes, nothing follows."""
        settings = self._plane.settings
        return settings.min_replica == settings.max_replica == self._ready == len(self._replicas)

    # What follows.

    def _round(self, now: float) -> float:
        """Look at everything once, as the supervisor does. Returns when to look again."""
        states = [one.state for one in self._replicas.values()]
        replicas = there(states, self._desired, is_backing_off=now < self._reconciler.retry_at)
        decision = self._policy.decide(replicas, now)
        plan = self._plan
        if decision.desired != self._desired:
            self._desired, plan = decision.desired, None
            self._decided(decision)
        if plan is None or (plan.next_at is not None and now >= plan.next_at):
            plan = self._reconcile(now)
        return min((at for at in (decision.next_at, plan.next_at) if at is not None), default=math.inf)

    def _reconcile(self, now: float) -> Plan:
        held = self._plane.held()
        views = [
            ReplicaView(
                one.replica_id,
                one.state,
                one.since,
                held.get(one.replica_id, 0),
                is_drained=one.is_drained,
                ordered_at=one.ordered_at,
            )
            for one in self._replicas.values()
        ]
        plan = self._plan = self._reconciler.decide(self._desired, views, now)
        self._plane.set_failed(now, is_failed=plan.failed is not None)
        for action in plan.actions:
            match action:
                case Start():
                    self._order(now)
                case Drain(replica_id):
                    self._become(self._replicas[replica_id], ReplicaState.DRAINING, now)
                    self._plane.drain_replica(replica_id, now)
                case TakeBack(replica_id):
                    self._replicas[replica_id].is_drained = False
                    self._become(self._replicas[replica_id], ReplicaState.READY, now)
                    self._plane.undrain_replica(replica_id, now)
                case Stop(replica_id):
                    self._remove(self._replicas[replica_id], now)
                case _:
                    pass  # nothing is unhealthy here
        if plan.actions:
            self._plan = None
        return plan

    def _order(self, now: float) -> None:
        replica = self._new(now)
        self.starts += 1
        ends = self._fail_to_start if self._random.random() < self._life.start_failures else self._start
        self._agenda.at(now + self._start_draw(), ends, replica)

    def _start(self, replica: _Replica, now: float) -> None:
        if replica.state is ReplicaState.STARTING:
            self._reconciler.replica_became_ready()
            self._make_ready(replica, now)
            self._look_again(now)

    def _fail_to_start(self, replica: _Replica, now: float) -> None:
        if replica.state is ReplicaState.STARTING:
            self._fail(replica, "it did not start", now)

    def _crash(self, replica: _Replica, now: float) -> None:
        if replica.state is not ReplicaState.EXITED:
            self._fail(replica, "it crashed", now)

    def _fail(self, replica: _Replica, reason: str, now: float) -> None:
        self.failures += 1
        self._reconciler.replica_failed(
            reason, ordered_at=replica.ordered_at, ready_at=replica.ready_at, now=now
        )
        self._remove(replica, now)
        self._look_again(now)

    def _new(self, now: float) -> _Replica:
        number = next(self._numbers)
        replica = _Replica(f"replica-{number}", now, ReplicaState.STARTING, now)
        self._replicas[replica.replica_id] = replica
        self._count(now)
        return replica

    def _make_ready(self, replica: _Replica, now: float) -> None:
        replica.ready_at = now
        self._become(replica, ReplicaState.READY, now)
        if self._life.crash_every < math.inf:
            self._agenda.at(now + self._random.expovariate(1 / self._life.crash_every), self._crash, replica)
        self._plane.add_replica(replica.replica_id, now)

    def _become(self, replica: _Replica, state: ReplicaState, now: float) -> None:
        replica.state, replica.since = state, now
        self._count(now)

    def _remove(self, replica: _Replica, now: float) -> None:
        was_serving = replica.ready_at is not None
        del self._replicas[replica.replica_id]
        self._become(replica, ReplicaState.EXITED, now)
        if was_serving:
            self._plane.remove_replica(replica.replica_id, now)

    def _count(self, now: float) -> None:
        self._ready = sum(one.state is ReplicaState.READY for one in self._replicas.values())
        self._counted(len(self._replicas), self._ready, now)
