"""What happens to one deployment from outside, and when: the same value for the gateway's shell and the simulator.

At one instant first what was under way happens (work ends, waits end), then the trace's changes, then its arrivals,
each with all that follows from it before the next.
"""

import itertools
from dataclasses import dataclass
from enum import Enum, auto

from headway.core.settings import DeploymentSettings


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request, whose number is its place among the trace's arrivals; seconds that each of its stages takes."""

    at: float
    predict: float
    preprocess: float = 0.0
    postprocess: float = 0.0


class Move(Enum):
    """What becomes of a replica."""

    ADDED = auto()
    """It is ready."""
    DRAINING = auto()
    """It is given nothing more."""
    TAKEN_BACK = auto()
    """It drains no longer."""
    REMOVED = auto()
    """Control has found it gone: the routing table knows it no more, and what it held is Lost."""
    BROKEN = auto()
    """Its process has died and control does not know yet: its connections end, nobody answers there."""


@dataclass(frozen=True, slots=True)
class ReplicaMove:
    at: float
    replica_id: str
    move: Move


@dataclass(frozen=True, slots=True)
class SettingsChange:
    at: float
    settings: DeploymentSettings


@dataclass(frozen=True, slots=True)
class Trace:
    """`arrivals` are in order. A replica that is there from the beginning is ADDED at the instant 0."""

    settings: DeploymentSettings
    predict_concurrency: int
    arrivals: tuple[Arrival, ...]
    changes: tuple[ReplicaMove | SettingsChange, ...]

    def __post_init__(self):
        if any(second.at < first.at for first, second in itertools.pairwise(self.arrivals)):
            raise ValueError("arrivals are numbered in order: sort them by their instants")

    @property
    def steps(self) -> list[Arrival | ReplicaMove | SettingsChange]:
        """Changes and arrivals in the order in which they happen."""
        return sorted((*self.changes, *self.arrivals), key=lambda step: step.at)
