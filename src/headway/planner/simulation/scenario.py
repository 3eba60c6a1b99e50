"""What is to be tried: traffic, replicas' lives, and settings side by side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from headway.core.settings import DeploymentSettings
from headway.observed.words import counted
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Variant:
    """Numbers that are tried."""

    name: str
    settings: DeploymentSettings = field(default_factory=DeploymentSettings)
    predict_concurrency: int = 1
    initial_replicas: int | None = None
    """Ready at the begin; as a rule min_replica."""

    def __post_init__(self) -> None:
        if self.predict_concurrency < 1:
            raise InvalidScenarioError(
                f"predict_concurrency is {self.predict_concurrency}", hint="it is 1 or more"
            )
        initial = self.initial_replicas
        if initial is not None and not 0 <= initial <= self.settings.max_replica:
            raise InvalidScenarioError(
                f"{counted(initial, 'initial replica')}, and max_replica is {self.settings.max_replica}",
                hint="from 0 up to max_replica",
            )

    @property
    def replicas_at_first(self) -> int:
        return self.settings.min_replica if self.initial_replicas is None else self.initial_replicas


@dataclass(frozen=True, slots=True)
class Scenario:
    """All variants meet the same traffic."""

    traffic: Traffic
    variants: Sequence[Variant]
    duration: float
    """Seconds in which requests come."""
    life: ReplicaLife = field(default_factory=ReplicaLife)
    parallel: int | None = None
    """How many predicts of one replica run at full speed beside each other; more share that. None: any number."""
    slo: float | None = None
    """The longest latency that is no miss; seconds."""
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.duration < math.inf:
            raise InvalidScenarioError(f"a duration of {self.duration:g} s", hint="it is above 0 and finite")
        if self.slo is not None and not 0 <= self.slo < math.inf:
            raise InvalidScenarioError(f"an slo of {self.slo:g} s", hint="it is 0 or more")
        if not self.variants:
            raise InvalidScenarioError("there are no settings to try")
        names = [one.name for one in self.variants]
        if twice := {name for name in names if names.count(name) > 1}:
            raise InvalidScenarioError(f"more than one variant is called {min(twice)!r}")
        if self.parallel is not None and self.parallel < 1:
            raise InvalidScenarioError(f"parallel is {self.parallel}", hint="it is 1 or more")
