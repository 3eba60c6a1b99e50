"""Makes the replicas what is desired: asks the autoscaler how many and core what to do, has it done,
tells the gateways. It decides nothing itself and holds no desired state.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import assert_never

from headway.backends.base import Backend, Unplaceable
from headway.control.desired.rollout import Rollout
from headway.control.desired.state import Deployment, DesiredState, Target
from headway.control.faults import Faults, lasting
from headway.control.running.autoscaler import Autoscaler
from headway.control.running.generations import Generations
from headway.control.running.history import LoadHistory
from headway.control.running.link import Ends, GatewayLink, Rows
from headway.control.running.link import Listeners as LinkListeners
from headway.control.running.lives import Lives
from headway.control.running.publisher import Publisher
from headway.control.running.replica import SupervisedReplica
from headway.control.running.replicas import Listeners, ReplicaSet
from headway.control.running.table_store import TableStore
from headway.control.running.wanted import WantedReplicas
from headway.control.store.recent_requests import RequestHistory
from headway.core.autoscaling import ScalingDecision
from headway.core.lifecycle import ReplicaState
from headway.core.reconcile import Action, Drain, Failed, Reconciler, Start, Stop, TakeBack, TakeOut

_logger = logging.getLogger(__name__)

_ROUND_AT_LEAST_EVERY = 10.0


class Supervisor:
    """One task runs it; everything else only wakes it."""

    def __init__(
        self,
        desired_state: DesiredState,
        backend: Backend,
        store: TableStore,
        decided: Callable[[str, ScalingDecision], None],
        *,
        link_path: Path,
        log_directory: Path,
    ) -> None:
        self.desired_state = desired_state
        self.autoscaler = Autoscaler(decided)
        self.requests = RequestHistory()
        self.history = LoadHistory()
        self.link = GatewayLink(link_path, self._link_listeners())
        listeners = Listeners(self.wake, self._note_ready, self._note_failure)
        self.replicas = ReplicaSet(backend, log_directory, self.link.held, listeners)
        self.rollout = Rollout(desired_state)
        self.publisher = Publisher(desired_state, self.replicas, self.link, store)
        self.were_ready: set[str] = set()
        """Deployments that have had a ready replica since they came or were pushed again."""
        self._reconcilers: dict[str, Reconciler] = {}
        self.lives = Lives(self.replicas, self._reconciler, self.were_ready)
        self.wanted = WantedReplicas(
            desired_state, self.replicas, self.rollout, self.autoscaler, self.lives.retry_at
        )
        self._store = store
        self._generations = Generations(store.path.with_name("generation"), above=store.table.version)
        self._to_stop: dict[str, str] = {}  # reasons by replica id
        self._has_adopted = False
        self._faults = Faults()
        self._changed = asyncio.Event()
        self.round_over = asyncio.Event()
        """Set after each look at everything."""

    def wake(self) -> None:
        """Something changed: look at everything again."""
        self._changed.set()

    def roll_out(self, target: Target, deployment_id: str) -> None:
        """Have the deployment take the environment's place, as soon as it is ready."""
        self.start_afresh(deployment_id)
        self.rollout.begin(target, deployment_id)

    def start_afresh(self, deployment_id: str) -> None:
        """Its earlier failures say nothing about its next start, which is due at once."""
        self._reconcilers.pop(deployment_id, None)
        self.publisher.note_failed(deployment_id, None)
        self.replicas.past.touched.add(deployment_id)
        self.wake()

    def require_one(self, deployment_id: str) -> None:
        """Somebody asks for it to be awake: it needs one replica now."""
        deployment = self.desired_state.deployments.get(deployment_id)
        if deployment is not None:
            self.wanted.require(deployment, 1)
            self.wake()

    def forget(self, deployment_id: str) -> None:
        """The deployment is deleted; its replicas are gone."""
        self.start_afresh(deployment_id)
        self.autoscaler.forget(deployment_id)
        self.replicas.forget(deployment_id)
        self.requests.forget(deployment_id)
        self.history.forget(deployment_id)
        self.were_ready.discard(deployment_id)
        self.rollout.retiring.discard(deployment_id)

    def note_state(self, deployment: Deployment) -> None:
        """Have it kept what the deployment is now."""
        deployment_id, ready = deployment.deployment_id, self.replicas.ready(deployment.deployment_id)
        self.history.note_state(
            deployment_id,
            self.link.load(deployment_id),
            capacity=ready * deployment.settings.concurrency_target,
            desired=self.autoscaler.desired(deployment_id),
            ready=ready,
        )

    def last_failure(self, deployment_id: str) -> str:
        """Why one of its replicas failed last; empty when none did."""
        reconciler = self._reconcilers.get(deployment_id)
        return "" if reconciler is None else reconciler.last_failure

    def failed(self, deployment_id: str) -> Failed | None:
        """Whether its starts failed one after another."""
        return self.publisher.failures.get(deployment_id)

    async def run(self) -> None:
        """Until cancelled."""
        if not self._has_adopted:
            await self._adopt()
            self._has_adopted = True
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lasting("gateways are listened to", self.link.serve))
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
        await self.replicas.adopt(self._store.table, self.lives.recall)
        for replica in self.replicas:
            self._generations.rise_above(replica.running.generation)
            deployment = self.desired_state.deployments.get(replica.running.deployment_id)
            if deployment is None:
                self._to_stop[replica.replica_id] = "its deployment is no longer desired"
            else:
                self.wanted.require(deployment, self.replicas.present(deployment.deployment_id))

    async def _round(self, tasks: asyncio.TaskGroup) -> float:
        """Do what follows from what is known now; return when to look again. What fails of one fails alone."""
        to_stop, self._to_stop = self._to_stop, {}
        for replica_id, reason in to_stop.items():
            with self._faults.of(f"{replica_id} is stopped"):
                await self.replicas.stop(replica_id, reason)
        with self._faults.of("environments move"):
            self.rollout.advance(self.replicas.ready, self.replicas.present, self.last_failure)
        next_at = time.monotonic() + _ROUND_AT_LEAST_EVERY
        for deployment_id in list(self.desired_state.deployments):
            # Looked up only now: it may have changed, or gone, while the backend acted on another one.
            if deployment := self.desired_state.deployments.get(deployment_id):
                with self._faults.of(f"replicas of {deployment_id} are as wanted"):
                    next_at = min(next_at, await self._reconcile(deployment) or next_at)
        with self._faults.of("gateways are told"):
            self.publisher.publish()
        self.replicas.watch(tasks)
        self.lives.tell(self.desired_state.deployments)
        self.round_over.set()
        return next_at

    async def _reconcile(self, deployment: Deployment) -> float | None:
        """Bring one deployment to what it is to be; return when to look at it again."""
        now = time.monotonic()
        reconciler = self._reconciler(deployment.deployment_id)
        reconciler.thresholds = deployment.thresholds
        desired, decided_until = self.wanted.of(deployment, now)
        views = [
            one.view(self.link.held(one.replica_id), is_drained=self.link.is_drained(one.replica_id))
            for one in self.replicas.of(deployment.deployment_id)
        ]
        plan = reconciler.decide(desired, views, now)
        for action in plan.actions:
            await self._act(deployment, action, now)
        self.publisher.note_failed(deployment.deployment_id, plan.failed)
        return min((at for at in (plan.next_at, decided_until) if at is not None), default=None)

    async def _act(self, deployment: Deployment, action: Action, now: float) -> None:
        match action:
            case Start():
                await self._start(deployment, now)
            case Drain(replica_id, reason):
                self.replicas.become(replica_id, ReplicaState.DRAINING, reason)
            case TakeBack(replica_id):
                self.replicas.become(replica_id, ReplicaState.READY, "taken back")
                self.wake()  # a rollout may have waited for just that
            case TakeOut(replica_id, reason):
                self.replicas.become(replica_id, ReplicaState.UNHEALTHY, reason)
            case Stop(replica_id, reason, is_failure):
                await self.replicas.stop(replica_id, reason, is_failure=is_failure)
            case _ as never:
                assert_never(never)

    async def _start(self, deployment: Deployment, now: float) -> None:
        try:
            await self.replicas.start(deployment, self._generations.next(), now)
        except (Unplaceable, OSError) as error:
            if isinstance(error, Unplaceable) and self.rollout.replace(deployment.deployment_id):
                _logger.info("no room beside the old deployment, which goes first: %s", error)
            else:
                reconciler = self._reconciler(deployment.deployment_id)
                reconciler.replica_failed(str(error), ordered_at=now, ready_at=None, now=now)
                self.replicas.past.touched.add(deployment.deployment_id)
                _logger.warning("a replica has no place: %s", error)
            self.wake()

    def _reconciler(self, deployment_id: str) -> Reconciler:
        return self._reconcilers.setdefault(deployment_id, Reconciler())

    # What others tell.

    def _link_listeners(self) -> LinkListeners:
        return LinkListeners(
            self.wake,
            self.replace,
            self.require_one,
            self.autoscaler.record,
            self.autoscaler.forget_source,
            self._note_requests,
        )

    def _note_ready(self, replica: SupervisedReplica) -> None:
        self._reconciler(replica.running.deployment_id).replica_became_ready()
        self.were_ready.add(replica.running.deployment_id)
        self.wake()

    def _note_failure(self, replica: SupervisedReplica, reason: str) -> None:
        reconciler, now = self._reconciler(replica.running.deployment_id), time.monotonic()
        reconciler.replica_failed(reason, ordered_at=replica.ordered_at, ready_at=replica.ready_at, now=now)
        _logger.error(
            "replica has failed: %s; the next start is in %.0f s",
            self.replicas.explained(replica.running.deployment_id, reason),
            max(0.0, reconciler.retry_at - now),
            extra={"replica": replica.replica_id},
        )
        self.wake()

    def _note_requests(self, rows: Rows, sampled_out: Mapping[str, int], ended: Ends, errors: Ends) -> None:
        """What is told of a deployment that is gone is left out: nobody would have it forgotten any more."""
        present = self.desired_state.deployments.keys()
        rows = [row for row in rows if row["deployment_id"] in present]
        self.requests.record(rows, {one: sampled_out[one] for one in sampled_out.keys() & present})
        self.history.note_requests(rows, {one: ended[one] for one in ended.keys() & present}, errors)

    def replace(self, replica_id: str, reason: str) -> None:
        """Stop it, so that another one takes its place."""
        self._to_stop[replica_id] = reason
        self.wake()
