"""Makes the replicas what the platform desires: asks the autoscaler how many and core what to do, does it through
the backend, tells the gateways. It decides nothing itself and holds no desired state.
"""

import asyncio
import dataclasses
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from headway.backends.base import Backend, ReplicaExit, ReplicaSpec, Unplaceable
from headway.control.autoscaler import Autoscaler
from headway.control.link import GatewayLink, Listeners, Loads
from headway.control.platform import Deployment, Platform
from headway.control.probes import PROBE_EVERY, Health, probe, until_ready
from headway.control.replica import Replica, exit_reason
from headway.control.rollout import Rollout
from headway.control.table_store import TableStore
from headway.core.autoscaling import Replicas
from headway.core.lifecycle import ReplicaState
from headway.core.reconcile import Action, Drain, Failed, Reconciler, Start, Stop, TakeBack, TakeOut
from headway.gateway.table import DeploymentRoute, DeploymentState, RoutingTable

_logger = logging.getLogger(__name__)

_STOP_GRACE = 30.0
_ROUND_AT_LEAST_EVERY = 10.0


@dataclass(slots=True)
class History:
    """What became of the earlier lives of a replica id."""

    restarts: int = 0
    last_exit: str = ""


class Supervisor:
    """One task runs it; everything else only wakes it."""

    def __init__(
        self, platform: Platform, backend: Backend, store: TableStore, *, link_path: Path, log_directory: Path
    ) -> None:
        self.platform = platform
        self.autoscaler = Autoscaler()
        listeners = Listeners(
            self.wake, self._replace_stuck, self._want, self._take_load, self.autoscaler.forget_source
        )
        self.link = GatewayLink(link_path, listeners)
        self.replicas: dict[str, Replica] = {}
        self.histories: dict[str, History] = {}
        self.failures: dict[str, Failed] = {}
        self._rollout = Rollout(platform)
        self._reconcilers: dict[str, Reconciler] = {}
        self._backend = backend
        self._store = store
        self._log_directory = log_directory
        self._to_stop: dict[str, str] = {}  # reasons by replica id
        self._changed = asyncio.Event()
        self._watching: dict[Replica, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Something changed: look at everything again."""
        self._changed.set()

    def roll_out(self, deployment: Deployment) -> None:
        """Have it take the place of the one that serves its model, as soon as it is ready."""
        self._forget(deployment.deployment_id)
        old_id = self.platform.environments.get((deployment.model, "production"))
        present = 0 if old_id is None else self._present(old_id)
        self._rollout.begin(deployment, present=present)
        self.wake()

    def replicas_of(self, deployment: Deployment) -> list[Replica]:
        wanted = deployment.deployment_id
        return [one for one in self.replicas.values() if one.running.deployment_id == wanted]

    def last_failure(self, deployment_id: str) -> str:
        """Why one of its replicas failed last; empty when none did."""
        return self._reconciler(deployment_id).last_failure

    async def run(self) -> None:
        """Until cancelled."""
        self._backend.on_exit(self._note_exit)
        await self._adopt()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.serve())
            while True:
                self._changed.clear()
                next_at = await self._round(tasks)
                pause = min(_ROUND_AT_LEAST_EVERY, max(0.0, next_at - time.monotonic()))
                try:
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    async def _adopt(self) -> None:
        """Take over what runs: as it stood in the last table, for the gateway goes by that too."""
        routed = {
            (one.replica_id, one.generation): one
            for deployment in self._store.table.deployments
            for one in deployment.replicas
        }
        for running in await self._backend.running():
            route = routed.get((running.replica_id, running.generation))
            state = ReplicaState.STARTING
            if route is not None:
                state = ReplicaState.DRAINING if route.draining else ReplicaState.READY
            self.replicas[running.replica_id] = Replica(running, now=time.monotonic(), state=state)
            deployment = self.platform.deployments.get(running.deployment_id)
            if deployment is None:
                self._to_stop[running.replica_id] = "its deployment is no longer desired"
            else:
                now, count = time.monotonic(), self._present(running.deployment_id)
                self.autoscaler.require(running.deployment_id, deployment.settings, count, now)
            _logger.info("replica adopted", extra={"replica": running.replica_id, "state": state.value})

    async def _round(self, tasks: asyncio.TaskGroup) -> float:
        """Do what follows from what is known now; return when to look again."""
        for replica_id, reason in self._to_stop.items():
            await self._stop(replica_id, reason)
        self._to_stop.clear()
        self._advance_rollout()
        next_at = time.monotonic() + _ROUND_AT_LEAST_EVERY
        for deployment in self.platform.deployments.values():
            now = time.monotonic()
            reconciler = self._reconciler(deployment.deployment_id)
            reconciler.thresholds = deployment.thresholds
            desired, decided_until = self._desired(deployment, now)
            views = [
                one.view(self.link.held(one.replica_id), is_drained=self.link.is_drained(one.replica_id))
                for one in self.replicas_of(deployment)
            ]
            plan = reconciler.decide(desired, views, now)
            for action in plan.actions:
                await self._act(deployment, action, now)
            self._note_failed(deployment, plan.failed)
            next_at = min(next_at, plan.next_at or next_at, decided_until or next_at)
        self._publish()
        for replica in self.replicas.values():
            if replica not in self._watching:
                self._watching[replica] = tasks.create_task(self._watch(replica))
        return next_at

    def _advance_rollout(self) -> None:
        self._rollout.advance(self._ready, self.last_failure)
        for deployment in list(self.platform.deployments.values()):
            is_over = not deployment.is_wanted and not self.replicas_of(deployment)
            if is_over and deployment.deployment_id not in self._rollout.replaced.values():
                del self.platform.deployments[deployment.deployment_id]
                self._forget(deployment.deployment_id)
                self.autoscaler.forget(deployment.deployment_id)

    def _desired(self, deployment: Deployment, now: float) -> tuple[int, float | None]:
        """How many replicas it is to have, and until when that holds if nothing happens (None: for ever)."""
        deployment_id, settings = deployment.deployment_id, deployment.settings
        if not deployment.is_wanted:
            return 0, None
        if needed := self._rollout.needs.get(deployment_id, 0):
            self.autoscaler.require(deployment_id, settings, needed, now)
        states = [one.state for one in self.replicas_of(deployment)]
        ready, starting, unhealthy = (
            states.count(state)
            for state in (ReplicaState.READY, ReplicaState.STARTING, ReplicaState.UNHEALTHY)
        )
        # What failed and is to be tried again is still meant to be there, as is what may recover.
        is_waiting = now < self._reconciler(deployment_id).retry_at
        missing = self.autoscaler.desired(deployment_id) - ready - starting - unhealthy
        away = unhealthy + (max(0, missing) if is_waiting else 0)
        decision = self.autoscaler.decide(deployment_id, settings, Replicas(ready, starting, away), now)
        if (old := self._rollout.replaced.get(deployment_id)) and self._present(old):
            return min(decision.desired, ready + starting + unhealthy), decision.next_at
        return decision.desired, decision.next_at

    def _present(self, deployment_id: str) -> int:
        """Its replicas that have not exited."""
        return sum(one.running.deployment_id == deployment_id for one in self.replicas.values())

    def _ready(self, deployment_id: str) -> int:
        replicas = self.replicas_of(self.platform.deployments[deployment_id])
        return sum(one.state is ReplicaState.READY for one in replicas)

    def _want(self, deployment_id: str) -> None:
        """Somebody asks for it to be awake: it needs one replica now."""
        deployment = self.platform.deployments.get(deployment_id)
        if deployment is not None:
            self.autoscaler.require(deployment_id, deployment.settings, 1, time.monotonic())
            self.wake()

    def _take_load(self, source: str, loads: Loads) -> None:
        self.autoscaler.record(source, loads)
        self.wake()

    def _forget(self, deployment_id: str) -> None:
        """Its failures say nothing about its next start."""
        self._reconcilers.pop(deployment_id, None)
        self.failures.pop(deployment_id, None)

    def _reconciler(self, deployment_id: str) -> Reconciler:
        return self._reconcilers.setdefault(deployment_id, Reconciler())

    async def _act(self, deployment: Deployment, action: Action, now: float) -> None:
        match action:
            case Start():
                await self._start(deployment, now)
            case Drain(replica_id, reason):
                self._become(replica_id, ReplicaState.DRAINING, reason)
            case TakeBack(replica_id):
                self._become(replica_id, ReplicaState.READY, "taken back")
            case TakeOut(replica_id, reason):
                self._become(replica_id, ReplicaState.UNHEALTHY, reason)
            case Stop(replica_id, reason):
                await self._stop(replica_id, reason)
            case _ as never:
                assert_never(never)

    async def _start(self, deployment: Deployment, now: float) -> None:
        replica_id = self._free_id(deployment)
        spec = ReplicaSpec(
            replica_id=replica_id,
            generation=self._store.store(self._store.table).version,
            deployment_id=deployment.deployment_id,
            interpreter=deployment.interpreter,
            directory=deployment.directory,
            log_path=self._log_directory / f"{replica_id}.log",
            environment=deployment.environment,
            use_gpu=deployment.use_gpu,
        )
        try:
            running = await self._backend.start(spec)
        except Unplaceable as error:
            if self._rollout.replace(deployment.deployment_id):
                _logger.info("no room beside the old deployment, which goes first: %s", error)
                self.wake()
                return
            reconciler = self._reconciler(deployment.deployment_id)
            reconciler.replica_failed(str(error), ordered_at=now, ready_at=None, now=now)
            _logger.warning("a replica has no place: %s", error)
            self.wake()
            return
        self.replicas[replica_id] = Replica(running, now=now)
        _logger.info("replica ordered", extra={"replica": replica_id, "generation": running.generation})

    def _free_id(self, deployment: Deployment) -> str:
        number = 1
        while f"{deployment.model}-{number}" in self.replicas:
            number += 1
        return f"{deployment.model}-{number}"

    async def _stop(self, replica_id: str, reason: str) -> None:
        replica = self.replicas.get(replica_id)
        if replica is not None and replica.state is not ReplicaState.STOPPING:
            self._become(replica_id, ReplicaState.STOPPING, reason)
            await self._backend.stop(replica_id, grace=_STOP_GRACE)

    def _become(self, replica_id: str, state: ReplicaState, reason: str) -> None:
        self.replicas[replica_id].become(state, time.monotonic())
        _logger.info("replica is %s", state.value, extra={"replica": replica_id, "reason": reason})

    async def _watch(self, replica: Replica) -> None:
        """Probe one replica until it is gone."""
        address = replica.running.address
        if replica.state is ReplicaState.STARTING:
            await until_ready(address)
            if replica.state is ReplicaState.STARTING:
                self._become(replica.replica_id, ReplicaState.READY, "it answers")
                self._reconciler(replica.running.deployment_id).replica_became_ready()
                self.wake()
        while True:
            await asyncio.sleep(PROBE_EVERY)
            health = await probe(address)
            if health is Health.SILENT and self.link.held(replica.replica_id):
                continue  # it works; that it cannot answer meanwhile is no failure
            if replica.note_health(healthy=health is Health.HEALTHY, now=time.monotonic()):
                self.wake()

    def _note_exit(self, gone: ReplicaExit) -> None:
        replica = self.replicas.get(gone.replica_id)
        if replica is None or replica.running.generation != gone.generation:
            return
        del self.replicas[gone.replica_id]
        if task := self._watching.pop(replica, None):
            task.cancel()
        if replica.state is not ReplicaState.STOPPING:
            self._note_failure(replica, exit_reason(gone))
        replica.become(ReplicaState.EXITED, time.monotonic())
        self.wake()

    def _note_failure(self, replica: Replica, reason: str) -> None:
        history = self.histories.setdefault(replica.replica_id, History())
        history.restarts += 1
        history.last_exit = reason
        reconciler, now = self._reconciler(replica.running.deployment_id), time.monotonic()
        reconciler.replica_failed(reason, ordered_at=replica.ordered_at, ready_at=replica.ready_at, now=now)
        _logger.error(
            "replica has failed: %s; the next start is in %.0f s",
            reason,
            max(0.0, reconciler.retry_at - now),
            extra={"replica": replica.replica_id},
        )

    def _replace_stuck(self, replica_id: str, reason: str) -> None:
        self._to_stop[replica_id] = reason
        self.wake()

    def _note_failed(self, deployment: Deployment, failed: Failed | None) -> None:
        if failed is None:
            self.failures.pop(deployment.deployment_id, None)
        else:
            self.failures[deployment.deployment_id] = failed

    def _publish(self) -> None:
        """Send the table when it says something new, and once in each life of control."""
        deployments = tuple(self._route(one) for one in self.platform.deployments.values())
        table = RoutingTable(0, deployments, dict(self.platform.environments))
        if _without_times(table) != _without_times(self._store.table):
            self.link.publish(self._store.store(table))
        elif self.link.table is None:
            self.link.publish(self._store.table)

    def _route(self, deployment: Deployment) -> DeploymentRoute:
        failed = self.failures.get(deployment.deployment_id)
        routes = (one.route() for one in self.replicas_of(deployment))
        return DeploymentRoute(
            deployment.deployment_id,
            deployment.model,
            deployment.settings,
            state=DeploymentState.FAILED if failed else DeploymentState.ACTIVE,
            reason=failed.reason if failed else "",
            retry_after=max(0.0, failed.next_attempt_at - time.monotonic()) if failed else 0.0,
            replicas=tuple(one for one in routes if one is not None),
        )


def _without_times(table: RoutingTable) -> RoutingTable:
    """What a table says, without its version and the time that passes anyway."""
    deployments = tuple(dataclasses.replace(one, retry_after=0.0) for one in table.deployments)
    return dataclasses.replace(table, version=0, deployments=deployments)
