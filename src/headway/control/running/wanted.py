"""How many replicas each deployment is to have: what its load demands, and what moves of environments ask of it."""

import time
from collections.abc import Callable

from headway.control.desired.rollout import Rollout
from headway.control.desired.state import Deployment, DesiredState
from headway.control.running.autoscaler import Autoscaler
from headway.control.running.replicas import ReplicaSet
from headway.core.autoscaling import Replicas, ScalingDecision, there


class WantedReplicas:
    """`retry_at` says until when starts of a deployment's replicas wait after a failure."""

    def __init__(
        self,
        desired_state: DesiredState,
        replicas: ReplicaSet,
        rollout: Rollout,
        autoscaler: Autoscaler,
        retry_at: Callable[[str], float],
    ) -> None:
        self._desired_state = desired_state
        self._replicas = replicas
        self._rollout = rollout
        self._autoscaler = autoscaler
        self._retry_at = retry_at

    def of(self, deployment: Deployment, now: float) -> tuple[int, float | None]:
        """So many, and until when that holds if nothing happens (None: for ever)."""
        deployment_id, settings = deployment.deployment_id, deployment.scaling_settings
        if deployment.prepared is None or not deployment.is_active:
            return 0, None
        if self._desired_state.is_set_aside(deployment_id):
            return 0, None
        if needed := self._rollout.need_of(deployment_id, self._replicas.present):
            self._autoscaler.require(deployment_id, settings, needed, now)
        replicas = self._there(deployment_id, now)
        decision = self._autoscaler.decide(deployment_id, settings, replicas, now)
        if (old := self._rollout.waits_for(deployment_id)) and self._replicas.present(old):
            return min(decision.desired, replicas.ready + replicas.starting), decision.next_at
        if deployment_id in self._rollout.retiring and not decision.inputs.queued:
            return 0, self._retired(deployment_id, decision, now)
        return decision.desired, decision.next_at

    def require(self, deployment: Deployment, count: int) -> None:
        """So many are needed now whatever the load."""
        self._autoscaler.require(
            deployment.deployment_id, deployment.scaling_settings, count, time.monotonic()
        )

    def preview(self, deployment: Deployment) -> ScalingDecision:
        """What would be decided now if the deployment's settings were those of the one given."""
        now = time.monotonic()
        replicas = self._there(deployment.deployment_id, now)
        return self._autoscaler.preview(deployment.deployment_id, deployment.scaling_settings, replicas, now)

    def _retired(self, deployment_id: str, decision: ScalingDecision, now: float) -> float | None:
        """It has lost its environment. Once its replicas are gone, the load that it had there counts no more:
        else it would be held at their number for scale_down_delay. Returns when to look at it again.
        """
        if self._replicas.present(deployment_id):
            return decision.next_at
        self._rollout.retiring.discard(deployment_id)
        self._autoscaler.forget_load(deployment_id)
        return now

    def _there(self, deployment_id: str, now: float) -> Replicas:
        states = [one.state for one in self._replicas.of(deployment_id)]
        is_backing_off = now < self._retry_at(deployment_id)
        return there(states, self._autoscaler.desired(deployment_id), is_backing_off=is_backing_off)
