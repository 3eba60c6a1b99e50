"""Decides what is to be done so that the replicas of one deployment become what is desired.

It starts, drains, takes back and stops, spaces restarts out, and says when a deployment has failed. It acts
on nothing, and does not choose the desired number.

First each replica is judged by itself, whatever number is desired:

1. one that starts is stopped when it took longer than `startup`;
2. one that drains is stopped when it is empty, or took longer than `drain`;
3. one that is ill is taken out after `stop_traffic`, and stopped after `restart`; one that recovered is taken back.

Then those that stay and serve are counted:

4. too many: the surplus goes. What still starts is stopped, the rest drains;
5. too few: what drains is taken back, and only what is missing then is started, in the back-off after a failure not
   before its end, and after a failed start one at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from headway.core.lifecycle import ReplicaState

STARTS_UNTIL_FAILED = 3
STEADY_AFTER = 60.0
"""A replica that was ready for so long had not been in a crash loop: its back-off begins anew."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long a replica may take or stay in a state; seconds. The defaults are Baseten's."""

    startup: float = 1800.0
    stop_traffic: float = 1800.0
    restart: float = 1800.0
    restart_delay: float = 0.0
    """For so long from its order a replica's ill health does not count towards a restart."""
    drain: float = 3600.0


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """One replica as reconcile sees it. `since` is when it entered its state."""

    replica_id: str
    state: ReplicaState
    since: float
    in_flight: int = 0
    is_drained: bool = False
    """The gateway said that the replica, draining, holds nothing any more."""
    unhealthy_since: float | None = None
    """Since when its probes failed, without one that succeeded."""
    ordered_at: float = 0.0
    ready_at: float | None = None
    """When it was ready first."""


@dataclass(frozen=True, slots=True)
class Start:
    """Order one new replica."""


@dataclass(frozen=True, slots=True)
class Drain:
    replica_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Give requests again to a replica that drained, or that has recovered."""

    replica_id: str


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Give no more requests to a replica that is unhealthy."""

    replica_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    replica_id: str
    reason: str
    is_failure: bool = field(default=False, compare=False)
    """Whether the replica is unfit, and not only too much."""


Action = Start | Drain | TakeBack | TakeOut | Stop


@dataclass(frozen=True, slots=True)
class Failed:
    """The deployment's starts failed one after another; the next is tried at `next_attempt_at`."""

    reason: str
    next_attempt_at: float


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """All that a Reconciler knows of the past."""

    failed_starts: int = 0
    """In a row: a start that succeeds begins anew."""
    failures: int = 0
    reason: str = ""
    failed_at: float = 0.0
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows, in order; `next_at` is when to ask again though nothing happened (None: never)."""

    actions: tuple[Action, ...]
    failed: Failed | None
    next_at: float | None


def back_off(failures: int, *, first: float = 1.0, longest: float = 300.0) -> float:
    """Seconds to wait after the n-th failure in a row: `first`, doubling up to `longest`."""
    return min(longest, first * 2.0 ** min(max(failures - 1, 0), 60))


class Reconciler:
    """The restart history of one deployment. Tell it what became of replicas, and ask it to decide."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.thresholds = thresholds or Thresholds()
        self._failed_starts = 0
        self._failures = 0
        self._failed_at = 0.0
        self.retry_at = 0.0
        """Before this instant no replica is started."""
        self._reason = ""

    @property
    def last_failure(self) -> str:
        """Why a replica failed last; empty when none did since the last reset."""
        return self._reason

    @property
    def failed_starts(self) -> int:
        """How many starts have failed since one succeeded."""
        return self._failed_starts

    @property
    def history(self) -> RestartHistory:
        return RestartHistory(
            self._failed_starts, self._failures, self._reason, self._failed_at, self.retry_at
        )

    def restore(self, history: RestartHistory, now: float) -> None:
        """What another one knew. Clocks may differ: no wait is longer than a back-off."""
        self._failed_starts, self._failures = history.failed_starts, history.failures
        self._reason, self._failed_at = history.reason, min(history.failed_at, now)
        self.retry_at = min(history.retry_at, now + back_off(history.failures))

    def replica_became_ready(self) -> None:
        self._failed_starts = 0

    def replica_failed(
        self,
        reason: str,
        *,
        ordered_at: float,
        ready_at: float | None,
        now: float,
        ill_since: float | None = None,
    ) -> None:
        """A replica exited unasked, or was stopped for being unfit.

        There are four cases:

        1. it was ordered before the last failure: it counts with that one, so that fifty that start together and fail
           together are one failure;
        2. it never was ready (`ready_at` None): a failed start, and the back-off grows;
        3. it was ready and well for STEADY_AFTER, until `ill_since` if that is told: the back-off begins anew;
        4. it was ready for less: the back-off grows.
        """
        self._reason = reason
        if self._failures and ordered_at <= self._failed_at:
            return
        if ready_at is None:
            self._failed_starts += 1
        elif (now if ill_since is None else ill_since) - ready_at >= STEADY_AFTER:
            self._failures = 0
        self._failures += 1
        self._failed_at = now
        self.retry_at = now + back_off(self._failures)

    def decide(self, desired: int, replicas: Sequence[ReplicaView], now: float) -> Plan:
        """What follows from the replicas' states and ages at `now`, and from how many are desired."""
        judged = [(replica, self._judge(replica, now)) for replica in replicas]
        actions = [action for _, action in judged if action is not None]
        staying = [replica for replica, action in judged if not isinstance(action, Stop)]
        deadlines = [at for one in staying for at in self._deadlines(one) if at > now]
        serving = [one for one in staying if one.state.is_serving]
        missing = desired - len(serving)
        if missing < 0:
            actions += _removals(serving, -missing)
        elif missing > 0:
            taken_back = _taken_back(staying, missing)
            starts = self._starts(serving, missing - len(taken_back), now)
            actions += [*taken_back, *starts]
            if missing > len(taken_back) and now < self.retry_at:
                deadlines.append(self.retry_at)
        return Plan(tuple(actions), self._failed(serving, now), min(deadlines, default=None))

    def _judge(self, replica: ReplicaView, now: float) -> Action | None:
        """What one replica's own state demands, whatever number is desired."""
        match replica.state:
            case ReplicaState.STARTING if now >= replica.since + self.thresholds.startup:
                reason = f"not ready within startup_threshold_seconds ({self.thresholds.startup:g} s)"
                self.replica_failed(reason, ordered_at=replica.since, ready_at=None, now=now)
                return Stop(replica.replica_id, reason, is_failure=True)
            case ReplicaState.DRAINING if replica.is_drained:
                return Stop(replica.replica_id, "drained")
            case ReplicaState.DRAINING if now >= replica.since + self.thresholds.drain:
                limit = f"drain_timeout ({self.thresholds.drain:g} s)"
                return Stop(replica.replica_id, f"not drained within {limit}")
            case ReplicaState.READY | ReplicaState.UNHEALTHY:
                return self._judge_health(replica, now)
            case _:
                return None

    def _judge_health(self, replica: ReplicaView, now: float) -> Action | None:
        is_out = replica.state is ReplicaState.UNHEALTHY
        if replica.unhealthy_since is None:
            return TakeBack(replica.replica_id) if is_out else None
        if now >= self._restart_at(replica, replica.unhealthy_since):
            reason = f"unhealthy for restart_threshold_seconds ({self.thresholds.restart:g} s)"
            self.replica_failed(
                reason,
                ordered_at=replica.ordered_at,
                ready_at=replica.ready_at,
                now=now,
                ill_since=replica.unhealthy_since,
            )
            return Stop(replica.replica_id, reason, is_failure=True)
        if now >= replica.unhealthy_since + self.thresholds.stop_traffic and not is_out:
            reason = f"unhealthy for stop_traffic_threshold_seconds ({self.thresholds.stop_traffic:g} s)"
            return TakeOut(replica.replica_id, reason)
        return None

    def _deadlines(self, replica: ReplicaView) -> Iterator[float]:
        match replica.state:
            case ReplicaState.STARTING:
                yield replica.since + self.thresholds.startup
            case ReplicaState.DRAINING:
                yield replica.since + self.thresholds.drain
            case ReplicaState.READY | ReplicaState.UNHEALTHY if replica.unhealthy_since is not None:
                yield replica.unhealthy_since + self.thresholds.stop_traffic
                yield self._restart_at(replica, replica.unhealthy_since)
            case _:
                pass

    def _restart_at(self, replica: ReplicaView, unhealthy_since: float) -> float:
        counted_from = max(unhealthy_since, replica.ordered_at + self.thresholds.restart_delay)
        return counted_from + self.thresholds.restart

    def _starts(self, serving: Sequence[ReplicaView], missing: int, now: float) -> list[Action]:
        """After a failed start one replica at a time is tried: what failed once will mostly fail again."""
        if now < self.retry_at:
            return []
        if self._failed_starts:
            is_trying = any(one.state is ReplicaState.STARTING for one in serving)
            missing = min(missing, 0 if is_trying else 1)
        return [Start()] * missing

    def _failed(self, serving: Sequence[ReplicaView], now: float) -> Failed | None:
        has_ready = any(one.state is ReplicaState.READY for one in serving)
        if self._failed_starts < STARTS_UNTIL_FAILED or has_ready or now >= self.retry_at:
            return None
        return Failed(self._reason, self.retry_at)


def _taken_back(staying: Sequence[ReplicaView], missing: int) -> list[Action]:
    """The draining replicas that serve again: the fullest first, since they would drain last."""
    draining = [one for one in staying if one.state is ReplicaState.DRAINING]
    draining.sort(key=lambda one: -one.in_flight)
    return [TakeBack(one.replica_id) for one in draining[:missing]]


def _removals(serving: Sequence[ReplicaView], surplus: int) -> Iterator[Action]:
    """What is not ready goes first, then the fewest in flight, then the newest."""
    victims = sorted(serving, key=lambda one: (_REMOVAL_ORDER[one.state], one.in_flight, -one.since))
    for victim in victims[:surplus]:
        if victim.state is ReplicaState.STARTING:
            yield Stop(victim.replica_id, "no longer desired")
        else:
            yield Drain(victim.replica_id, "no longer desired")


_REMOVAL_ORDER = {ReplicaState.STARTING: 0, ReplicaState.UNHEALTHY: 1, ReplicaState.READY: 2}
