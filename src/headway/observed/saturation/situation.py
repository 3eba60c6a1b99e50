"""What is known of one deployment when somebody asks why requests wait: values only."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.observed.saturation.newcomer import Coming


@dataclass(frozen=True, slots=True)
class SeenReplica:
    """`age` is how long ago it was ordered and `in_state` how long it has been in its state, in seconds; `held` are the
    slots taken, `at_gate` those that wait there.
    """

    state: ReplicaState
    age: float = 0.0
    held: int = 0
    at_gate: int = 0
    in_state: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Of one deployment, now. Times are in seconds."""

    settings: DeploymentSettings
    places: int = 1
    """The predict concurrency."""
    replicas: Sequence[SeenReplica] = ()
    queued: int = 0
    queued_for: float = 0.0
    """Since the queue was empty last."""
    queue_share: float = 0.0
    """The part of the last seconds in which something was queued."""
    in_flight: int = 0
    """On all replicas, those that drain too."""
    abandoned: int = 0
    seconds_in_slot: float | None = None
    start_times: Sequence[float] = field(default=())
    """How long its latest starts took."""
    start_limit: float = 1800.0

    is_deleting: bool = False
    is_active: bool = True
    failure: str = ""
    """Why its Truss could not be made ready to run."""
    preparing: str | None = None
    """What goes on to make it ready; None when it is."""
    is_held_up: bool = False
    """The machine keeps it from being made ready."""
    is_gateway_there: bool = True
    gateways_ready: int | None = None
    """Replicas that gateways give to; None: not told."""

    desired: int = 0
    decided_for: float = 0.0
    """How long ago that number was decided."""
    failed_starts: int = 0
    """Since one succeeded."""
    retry_in: float = 0.0
    """Until then nothing is started; 0: nothing is waited for."""
    is_refused: bool = False
    """The gateway refuses its requests until the next try."""
    lacks: str = ""
    """What its latest order found no room for: empty when it found some."""
    lacks_hint: str = ""
    lacks_gpu: bool = False
    is_after_another: bool = False
    """The deployment before it has to be gone first."""

    @cached_property
    def ready(self) -> Sequence[SeenReplica]:
        return self._of(ReplicaState.READY)

    @cached_property
    def starting(self) -> Sequence[SeenReplica]:
        return self._of(ReplicaState.STARTING)

    @property
    def unhealthy(self) -> int:
        return len(self._of(ReplicaState.UNHEALTHY))

    @property
    def draining(self) -> int:
        return len(self._of(ReplicaState.DRAINING))

    @property
    def serving(self) -> int:
        """Replicas that count against the number desired."""
        return sum(one.state.is_serving for one in self.replicas)

    @property
    def slots(self) -> int:
        """Of the replicas that requests are given to."""
        return len(self.ready) * self.settings.concurrency_target

    @property
    def held(self) -> int:
        return sum(one.held for one in self.ready)

    @property
    def is_full(self) -> bool:
        """No slot is free."""
        return all(one.held >= self.settings.concurrency_target for one in self.ready)

    @property
    def is_news_to_gateway(self) -> bool:
        """Gateways do not give to all that are ready."""
        return self.gateways_ready is not None and self.gateways_ready < len(self.ready)

    @property
    def at_gate(self) -> int:
        return sum(one.at_gate for one in self.ready)

    @property
    def is_gate_fed(self) -> bool:
        """Half of what the replicas hold waits at their gates, and at none of them nothing: more slots would only wait
        there too.
        """
        return bool(self.ready) and all(one.at_gate for one in self.ready) and 2 * self.at_gate >= self.held

    @property
    def usual_start(self) -> float | None:
        """Seconds; None when none was measured."""
        return statistics.median(self.start_times) if self.start_times else None

    @property
    def coming(self) -> list[Coming] | None:
        """When the replicas that start will be ready; None: one takes longer than usual, or nothing was measured."""
        usual = self.usual_start
        if usual is None or any(one.age > usual for one in self.starting):
            return None
        return [(usual - one.age, self.settings.concurrency_target) for one in self.starting]

    def _of(self, state: ReplicaState) -> Sequence[SeenReplica]:
        return [one for one in self.replicas if one.state is state]
