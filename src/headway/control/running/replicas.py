"""The replicas that exist, of all deployments: orders them, probes them until they are gone, stops them.

How many there are to be, and which of them goes, is decided elsewhere.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from headway.backends.base import (
    SECRETS_VARIABLE,
    Backend,
    ReplicaExit,
    ReplicaSpec,
    RunningReplica,
    Unplaceable,
)
from headway.control.credentials.secret_copies import SecretCopies
from headway.control.credentials.secret_views import SecretViews
from headway.control.desired.state import Deployment, Prepared
from headway.control.faults import lasting
from headway.control.running.last_words import last_words
from headway.control.running.past_lives import PastLives, ReplicaHistory
from headway.control.running.probes import PROBE_EVERY, Health, probe, until_ready
from headway.control.running.replica import SupervisedReplica, exit_reason
from headway.core.isolation import Isolation
from headway.core.lifecycle import ReplicaState
from headway.gateway.table import ReplicaRoute, RoutingTable

_logger = logging.getLogger(__name__)

_STOP_GRACE = 30.0


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom the replicas tell."""

    changed: Callable[[], None]
    ready: Callable[[SupervisedReplica], None]
    failed: Callable[[SupervisedReplica, str], None]
    """It exited unasked, and why."""


class ReplicaSet:
    """`held` tells how many slots are taken on a replica, by its id."""

    def __init__(
        self, backend: Backend, log_directory: Path, held: Callable[[str], int], listeners: Listeners
    ) -> None:
        self._backend = backend
        self._log_directory = log_directory
        self._held = held
        self._listeners = listeners
        self._replicas: dict[str, SupervisedReplica] = {}
        self._by_deployment: dict[str, dict[str, SupervisedReplica]] = {}
        self.past = PastLives()
        self._watching: dict[SupervisedReplica, asyncio.Task[None]] = {}
        self.secrets: SecretViews | None = None
        self.unplaced: dict[str, Unplaceable | OSError] = {}
        """Why the latest order of a deployment's found no room."""
        self.secret_copies: SecretCopies | None = None
        """For replicas that may not see where the secrets themselves lie."""
        self.cache_of: Callable[[str], Path] | None = None
        """Where what a model downloads outlives its replicas."""
        self.isolation = Isolation.NONE
        """Of those whose config.yaml does not say it."""

    def __iter__(self) -> Iterator[SupervisedReplica]:
        return iter(self._replicas.values())

    def __getitem__(self, replica_id: str) -> SupervisedReplica:
        return self._replicas[replica_id]

    def of(self, deployment_id: str) -> list[SupervisedReplica]:
        return list(self._by_deployment.get(deployment_id, {}).values())

    def present(self, deployment_id: str) -> int:
        """Its replicas that have not exited."""
        return len(self._by_deployment.get(deployment_id, {}))

    def ready(self, deployment_id: str) -> int:
        return sum(one.state is ReplicaState.READY for one in self.of(deployment_id))

    def history(self, replica: SupervisedReplica) -> ReplicaHistory:
        """Of its id's earlier lives."""
        return self.past.of(replica.replica_id, replica.running.deployment_id)

    def isolation_of(self, deployment: Deployment) -> Isolation:
        """How its replicas are to be kept apart."""
        asked = None if deployment.prepared is None else deployment.prepared.isolation
        return asked or self.isolation

    async def adopt(
        self, table: RoutingTable, recall: Callable[[SupervisedReplica], None] = lambda _: None
    ) -> None:
        """Take over what runs, as it stood in the last table: the gateway goes by that too. `recall` tells its age."""
        self._backend.on_exit(self._note_exit)
        self._backend.on_ready(self._note_said_ready)
        routed: Mapping[tuple[str, int], ReplicaRoute] = {
            (one.replica_id, one.generation): one
            for deployment in table.deployments
            for one in deployment.replicas
        }
        for running in await self._backend.running():
            route = routed.get((running.replica_id, running.generation))
            state = ReplicaState.STARTING
            if route is not None:
                state = ReplicaState.DRAINING if route.draining else ReplicaState.READY
            replica = SupervisedReplica(running, now=time.monotonic(), state=state)
            recall(replica)
            self._add(replica)
            _logger.info("replica adopted", extra={"replica": running.replica_id, "state": state.value})

    async def start(self, deployment: Deployment, generation: int, now: float) -> None:
        """Order one more replica of a prepared deployment. Raises Unplaceable when there is no room."""
        try:
            await self._order(deployment, generation, now)
        except (Unplaceable, OSError) as error:
            self.unplaced[deployment.deployment_id] = error
            raise
        self.unplaced.pop(deployment.deployment_id, None)

    async def stop(self, replica_id: str, reason: str, *, is_failure: bool = False) -> None:
        """`is_failure`: it is unfit, and will be told among the failures once it is gone."""
        replica = self._replicas.get(replica_id)
        if replica is not None and replica.state is not ReplicaState.STOPPING:
            replica.unfit = reason if is_failure else ""
            self.become(replica_id, ReplicaState.STOPPING, reason)
            await self._backend.stop(replica_id, grace=_STOP_GRACE)

    def become(self, replica_id: str, state: ReplicaState, reason: str) -> None:
        """Nothing happens when it has exited meanwhile."""
        replica = self._replicas.get(replica_id)
        if replica is not None:
            replica.become(state, time.monotonic())
            self.past.touched.add(replica.running.deployment_id)
            _logger.info("replica is %s", state.value, extra={"replica": replica_id, "reason": reason})

    def watch(self, tasks: asyncio.TaskGroup) -> None:
        """See to it that every replica is probed until it is gone."""
        for replica in self._replicas.values():
            if replica not in self._watching:
                watching = partial(self._watch, replica)
                self._watching[replica] = tasks.create_task(
                    lasting(f"{replica.replica_id} is probed", watching)
                )

    def restarts(self, deployment_id: str) -> int:
        """How many of its replicas have failed."""
        return self.past.failures(deployment_id)

    def explained(self, deployment_id: str, reason: str) -> str:
        """A reason with what the log says of it, for who may read that."""
        return self.past.explained(deployment_id, reason)

    def start_times(self, deployment_id: str) -> Sequence[float]:
        """Seconds from the order of its latest replicas until they were ready."""
        return self.past.start_times(deployment_id)

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone, and so is what became of its replicas."""
        self.past.forget(deployment_id)
        self.unplaced.pop(deployment_id, None)
        for folders in (self.secrets, self.secret_copies):
            if folders is not None:
                folders.forget(deployment_id)

    async def _order(self, deployment: Deployment, generation: int, now: float) -> None:
        if (prepared := deployment.prepared) is None:
            return
        replica_id = self._free_id(deployment.model)
        isolation = self.isolation_of(deployment)
        spec = ReplicaSpec(
            replica_id=replica_id,
            generation=generation,
            deployment_id=deployment.deployment_id,
            interpreter=prepared.interpreter,
            directory=prepared.directory,
            log_path=self._log_path(deployment.deployment_id, replica_id),
            environment=self._environment(deployment.deployment_id, prepared, isolation),
            use_gpu=prepared.use_gpu,
            secrets=tuple(prepared.secrets),
            isolation=isolation,
            attached=prepared.attached,
            mounts=prepared.mounts,
            cache=None if self.cache_of is None else self.cache_of(deployment.model),
        )
        running = await self._backend.start(spec)
        self._add(SupervisedReplica(running, now=now))
        _logger.info("replica ordered", extra={"replica": replica_id, "generation": generation})

    def _add(self, replica: SupervisedReplica) -> None:
        self._replicas[replica.replica_id] = replica
        self.past.touched.add(replica.running.deployment_id)
        self._by_deployment.setdefault(replica.running.deployment_id, {})[replica.replica_id] = replica

    def _remove(self, replica: SupervisedReplica) -> None:
        del self._replicas[replica.replica_id]
        others = self._by_deployment[replica.running.deployment_id]
        del others[replica.replica_id]
        if not others:
            del self._by_deployment[replica.running.deployment_id]

    def _environment(self, deployment_id: str, prepared: Prepared, isolation: Isolation) -> Mapping[str, str]:
        folders = self.secrets if isolation is Isolation.NONE else self.secret_copies
        if folders is None:
            return prepared.environment
        try:
            folder = folders.of(deployment_id, prepared.secrets)
        except OSError as error:
            raise Unplaceable(f"its secrets cannot be laid out: {error}", hint="see to the disk") from error
        return {**prepared.environment, SECRETS_VARIABLE: str(folder)}

    def _log_path(self, deployment_id: str, replica_id: str) -> Path:
        return self._log_directory / deployment_id / f"{replica_id}.log"

    def _free_id(self, model: str) -> str:
        number = 1
        while f"{model}-{number}" in self._replicas:
            number += 1
        return f"{model}-{number}"

    async def _watch(self, replica: SupervisedReplica) -> None:
        address = replica.running.address
        if replica.state is ReplicaState.STARTING:
            await until_ready(address, replica.said_ready)
            if replica.state is ReplicaState.STARTING:
                self.become(replica.replica_id, ReplicaState.READY, "it answers")
                self._note_start(replica)
                self._listeners.ready(replica)
        while True:
            await asyncio.sleep(PROBE_EVERY)
            health = await probe(address)
            if health is Health.SILENT and self._held(replica.replica_id):
                continue  # it works; that it cannot answer meanwhile is no failure
            if replica.note_health(healthy=health is Health.HEALTHY, now=time.monotonic()):
                self._listeners.changed()

    def _note_start(self, replica: SupervisedReplica) -> None:
        self.past.note_start(replica.running.deployment_id, replica.since - replica.ordered_at)

    def _note_said_ready(self, running: RunningReplica) -> None:
        """It is asked at once: its word alone counts for nothing, for a model could say it too."""
        replica = self._replicas.get(running.replica_id)
        if replica is not None and replica.running.generation == running.generation:
            replica.said_ready.set()

    def _note_exit(self, gone: ReplicaExit) -> None:
        replica = self._replicas.get(gone.replica_id)
        if replica is None or replica.running.generation != gone.generation:
            return
        self._remove(replica)
        if task := self._watching.pop(replica, None):
            task.cancel()
        was_asked = replica.state is ReplicaState.STOPPING
        replica.become(ReplicaState.EXITED, time.monotonic())
        deployment_id = replica.running.deployment_id
        self.past.touched.add(deployment_id)
        if was_asked:
            if replica.unfit:
                self.past.note_failure(replica.replica_id, deployment_id, replica.unfit, "")
            self._listeners.changed()
            return
        log = self._log_path(deployment_id, replica.replica_id)
        reason, words = exit_reason(gone), "" if gone.code is None else last_words(log)
        self.past.note_failure(replica.replica_id, deployment_id, reason, words)
        self._listeners.failed(replica, reason)
