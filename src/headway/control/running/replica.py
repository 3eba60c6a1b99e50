"""What control knows of one replica: its state and since when, how its probes went, what the gateway needs."""

import asyncio

from headway.backends.base import ReplicaExit, RunningReplica
from headway.core.lifecycle import ReplicaState, require_transition
from headway.core.reconcile import ReplicaView
from headway.core.wire import EXIT_BAD_TRUSS, EXIT_LOAD_FAILED, EXIT_USAGE
from headway.gateway.table import ReplicaRoute

_EXIT_REASONS = {
    EXIT_LOAD_FAILED: "the model could not be loaded",
    EXIT_BAD_TRUSS: "the Truss is not valid",
    EXIT_USAGE: "the replica could not listen where it was to",
}


class SupervisedReplica:
    """One life of a replica, from its order to its exit. Instants are monotonic seconds."""

    def __init__(
        self, running: RunningReplica, *, now: float, state: ReplicaState = ReplicaState.STARTING
    ) -> None:
        self.running = running
        self.state = state
        self.since = now
        self.ordered_at = now
        self.ready_at: float | None = None if state is ReplicaState.STARTING else now
        self.unhealthy_since: float | None = None
        self.unfit = ""
        """Why it was told to stop, where that is a failure."""
        self.said_ready = asyncio.Event()
        """By itself: asking it is worth while now."""

    @property
    def replica_id(self) -> str:
        return self.running.replica_id

    def become(self, state: ReplicaState, now: float) -> None:
        """Raises UsageError when no such transition exists."""
        require_transition(self.state, state)
        self.state, self.since = state, now
        if state is ReplicaState.READY and self.ready_at is None:
            self.ready_at = now

    def recall(self, *, since: float | None, ordered_at: float | None, ready_at: float | None) -> None:
        """It is older than this control; None: not known."""
        self.since = self.since if since is None else since
        self.ordered_at = self.ordered_at if ordered_at is None else ordered_at
        if self.ready_at is not None and ready_at is not None:
            self.ready_at = ready_at

    def note_health(self, *, healthy: bool, now: float) -> bool:
        """Whether that is news."""
        was_healthy = self.unhealthy_since is None
        if healthy:
            self.unhealthy_since = None
        elif was_healthy:
            self.unhealthy_since = now
        return healthy is not was_healthy

    def view(self, in_flight: int, *, is_drained: bool) -> ReplicaView:
        return ReplicaView(
            self.replica_id,
            self.state,
            self.since,
            in_flight,
            is_drained,
            self.unhealthy_since,
            self.ordered_at,
            self.ready_at,
        )

    def route(self) -> ReplicaRoute | None:
        """How the gateway reaches it; None before it is ready. One that was told to stop still answers."""
        if self.ready_at is None:
            return None
        return ReplicaRoute(
            self.replica_id,
            self.running.generation,
            self.running.address,
            self.running.private_address,
            draining=self.state is not ReplicaState.READY,
        )


def exit_reason(gone: ReplicaExit) -> str:
    """Why a replica exited, for people."""
    if gone.reason:
        return gone.reason
    if gone.signal is not None:
        return f"killed by signal {gone.signal}"
    return f"{_EXIT_REASONS.get(gone.code or 0, 'the process ended')} (exit code {gone.code})"
