"""The states of a replica and the transitions between them. It decides nothing about when; reconcile does.

Rules:
- A replica is STARTING from the moment it is ordered until it first says that it is ready.
- Only a READY replica is given requests.
- UNHEALTHY is out of rotation and may come back; DRAINING finishes what it holds and may be taken back
  (that is cheaper than a start).
- A replica that is STOPPING was told to exit; nothing brings it back.
- EXITED is the end, reached from everywhere: a process may die at any moment.
"""

from enum import Enum

from headway.core.errors import UsageError


class ReplicaState(Enum):
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"
    STOPPING = "stopping"
    EXITED = "exited"

    @property
    def is_serving(self) -> bool:
        """Whether it counts against the desired number: it serves, or is on its way to."""
        return self in _SERVING


TRANSITIONS: dict[ReplicaState, frozenset[ReplicaState]] = {
    ReplicaState.STARTING: frozenset({ReplicaState.READY, ReplicaState.STOPPING, ReplicaState.EXITED}),
    ReplicaState.READY: frozenset(
        {ReplicaState.UNHEALTHY, ReplicaState.DRAINING, ReplicaState.STOPPING, ReplicaState.EXITED}
    ),
    ReplicaState.UNHEALTHY: frozenset(
        {ReplicaState.READY, ReplicaState.DRAINING, ReplicaState.STOPPING, ReplicaState.EXITED}
    ),
    ReplicaState.DRAINING: frozenset({ReplicaState.READY, ReplicaState.STOPPING, ReplicaState.EXITED}),
    ReplicaState.STOPPING: frozenset({ReplicaState.EXITED}),
    ReplicaState.EXITED: frozenset(),
}

_SERVING = frozenset({ReplicaState.STARTING, ReplicaState.READY, ReplicaState.UNHEALTHY})


def require_transition(current: ReplicaState, new: ReplicaState) -> None:
    """Raises UsageError when the table has no such transition."""
    if new not in TRANSITIONS[current]:
        raise UsageError(f"a replica that is {current.value} cannot become {new.value}")
