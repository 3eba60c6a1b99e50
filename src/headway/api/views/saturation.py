"""Gathers what is known of a deployment for the question why requests of it wait. What follows is decided in
`observed.saturation`.
"""

import time
from typing import Any

from headway.api.schemas import resources
from headway.backends.base import NoFreeGpu, Unplaceable
from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.control.running.replica import SupervisedReplica
from headway.core.stages import Stage
from headway.observed.saturation.situation import SeenReplica, Situation
from headway.observed.saturation.verdict import Saturation, saturation
from headway.telemetry.stage_board import count_at


def as_resource(told: Saturation | None) -> resources.Saturation | None:
    if told is None:
        return None
    return resources.Saturation(
        code=told.code,
        level=told.level,
        text=told.text,
        advice=told.advice,
        setting=told.setting or None,
        see=told.see or None,
        wait_seconds=told.wait_seconds,
        wait=told.wait,
    )


class SaturationViews:
    """Of the deployments of one control plane."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._supervisor = plane.supervisor

    def of(self, deployment: Deployment) -> resources.Saturation | None:
        return as_resource(saturation(self._situation(deployment, time.monotonic())))

    def _situation(self, deployment: Deployment, now: float) -> Situation:
        deployment_id, supervisor = deployment.deployment_id, self._supervisor
        places = 1 if deployment.prepared is None else deployment.prepared.predict_concurrency
        replicas = [self._seen(one, places, now) for one in supervisor.replicas.of(deployment_id)]
        return Situation(
            settings=deployment.settings,
            places=places,
            replicas=replicas,
            in_flight=sum(one.held for one in replicas),
            seconds_in_slot=supervisor.history.seconds_in_slot(deployment_id),
            start_times=supervisor.replicas.start_times(deployment_id),
            start_limit=deployment.thresholds.startup,
            is_deleting=deployment_id in self._plane.operations.deletions,
            is_active=deployment.is_active,
            failure=deployment.failure,
            **self._preparation(deployment),
            **self._load(deployment_id, now),
            **self._orders(deployment_id, now),
        )

    def _seen(self, replica: SupervisedReplica, places: int, now: float) -> SeenReplica:
        """Its board is looked at only where somebody may wait at its gate."""
        held = self._supervisor.link.held(replica.replica_id)
        at_gate = count_at(replica.running.private_address, Stage.GATE_WAIT) if held > places else 0
        age, in_state = (max(0.0, now - at) for at in (replica.ordered_at, replica.since))
        return SeenReplica(replica.state, age, held, at_gate, in_state)

    def _preparation(self, deployment: Deployment) -> dict[str, Any]:
        if deployment.prepared is not None or deployment.failure:
            return {}
        progress = self._plane.preparations.progress(deployment.deployment_id)
        if progress is None:
            return {"preparing": ""}
        return {"preparing": progress.line, "is_held_up": progress.faults > 0}

    def _load(self, deployment_id: str, now: float) -> dict[str, Any]:
        link, since = self._supervisor.link, self._supervisor.autoscaler.queues_since(deployment_id)
        loads = link.load(deployment_id).values()
        return {
            "queued": sum(int(load.get("queued", 0)) for load in loads),
            "queued_for": 0.0 if since is None else max(0.0, now - since),
            "queue_share": self._supervisor.history.queue_share(deployment_id),
            "abandoned": sum(int(load.get("abandoned", 0)) for load in loads),
            "is_gateway_there": link.is_up,
            "gateways_ready": max((int(load["ready"]) for load in loads if "ready" in load), default=None),
        }

    def _orders(self, deployment_id: str, now: float) -> dict[str, Any]:
        """What is to be started, and what stands in the way."""
        supervisor = self._supervisor
        autoscaler, decided_at = supervisor.autoscaler, supervisor.autoscaler.decided_at(deployment_id)
        before = supervisor.rollout.waits_for(deployment_id)
        return {
            "desired": autoscaler.desired(deployment_id),
            "decided_for": 0.0 if decided_at is None else max(0.0, now - decided_at),
            "failed_starts": supervisor.lives.failed_starts(deployment_id),
            "retry_in": max(0.0, supervisor.lives.retry_at(deployment_id) - now),
            "is_refused": supervisor.failed(deployment_id) is not None,
            "is_after_another": before is not None and supervisor.replicas.present(before) > 0,
            **_lacks(supervisor.replicas.unplaced.get(deployment_id)),
        }


def _lacks(error: Unplaceable | OSError | None) -> dict[str, Any]:
    if error is None:
        return {}
    if isinstance(error, Unplaceable):
        is_gpu = isinstance(error, NoFreeGpu)
        return {"lacks": error.message, "lacks_hint": error.hint, "lacks_gpu": is_gpu}
    return {"lacks": f"the disk does not take it: {error}", "lacks_hint": "see to the disk"}
