"""Keeps a scaling policy for each deployment: feeds it what gateways report, asks it how many replicas are wanted,
and tells the decisions that change something, with their inputs and reasons.
"""

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from headway.core.autoscaling import AutoscalingPolicy, Replicas, ScalingDecision
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load

_logger = logging.getLogger(__name__)

_LOAD_FIELDS = tuple(field.name for field in dataclasses.fields(Load))


class Autoscaler:
    """Deployments are known by their ids; `source` is one life of one gateway. `changed` is told each decision
    that changes the desired number.
    """

    def __init__(self, changed: Callable[[str, ScalingDecision], None] = lambda *_: None) -> None:
        self._changed = changed
        self._policies: dict[str, AutoscalingPolicy] = {}
        self._settings: dict[str, DeploymentSettings] = {}
        self._latest: dict[str, ScalingDecision] = {}
        self._decided: Counter[str] = Counter()
        self._decided_at: dict[str, float] = {}

    def record(self, source: str, loads: Mapping[str, Mapping[str, Any]]) -> None:
        """Take a gateway's report; what it says of deployments that are not known here is left out."""
        for deployment_id, load in loads.items():
            policy = self._policies.get(deployment_id)
            if policy is not None:
                policy.record(source, Load(**{name: load[name] for name in _LOAD_FIELDS}))

    def forget_source(self, source: str) -> None:
        """That life of a gateway is over: what it held and queued is gone."""
        for policy in self._policies.values():
            policy.forget(source)

    def require(self, deployment_id: str, settings: DeploymentSettings, count: int, now: float) -> None:
        """So many replicas are needed whatever the load: they were there when control came, or must take over."""
        self._policy(deployment_id, settings, now).require(count, now)

    def decide(
        self, deployment_id: str, settings: DeploymentSettings, replicas: Replicas, now: float
    ) -> ScalingDecision:
        """How many replicas the deployment is to have, and until when that holds if nothing happens."""
        decision = self._policy(deployment_id, settings, now).decide(replicas, now)
        before = self._latest.get(deployment_id)
        self._latest[deployment_id] = decision
        if before is None or before.desired != decision.desired:
            self._decided[deployment_id] += 1
            self._decided_at[deployment_id] = now
            self._changed(deployment_id, decision)
            _logger.info(
                "%d replicas are wanted: %s",
                decision.desired,
                decision.reason,
                extra={"deployment": deployment_id},
            )
        return decision

    def preview(
        self, deployment_id: str, settings: DeploymentSettings, replicas: Replicas, now: float
    ) -> ScalingDecision:
        """What would be decided now under other settings. Asking changes nothing."""
        policy = self._policies.get(deployment_id) or AutoscalingPolicy(settings, now)
        return policy.preview(settings, replicas, now)

    def desired(self, deployment_id: str) -> int:
        """As decided last; 0 before the first decision."""
        decision = self._latest.get(deployment_id)
        return 0 if decision is None else decision.desired

    def latest(self, deployment_id: str) -> ScalingDecision | None:
        """What was decided last, with what went into it; None before the first decision."""
        return self._latest.get(deployment_id)

    def decided_at(self, deployment_id: str) -> float | None:
        """When the desired number changed last; None before the first decision."""
        return self._decided_at.get(deployment_id)

    def queues_since(self, deployment_id: str) -> float | None:
        """Since when something has been queued without a break, by the reports; None: nothing is."""
        policy = self._policies.get(deployment_id)
        return None if policy is None else policy.queues_since

    def decided(self, deployment_id: str) -> int:
        """How many decisions have changed its desired number."""
        return self._decided[deployment_id]

    def forget_load(self, deployment_id: str) -> None:
        """What it was asked for up to now says nothing about what comes."""
        for known in (self._policies, self._settings, self._latest, self._decided_at):
            known.pop(deployment_id, None)

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        self.forget_load(deployment_id)
        self._decided.pop(deployment_id, None)

    def _policy(self, deployment_id: str, settings: DeploymentSettings, now: float) -> AutoscalingPolicy:
        policy = self._policies.get(deployment_id)
        if policy is None:
            policy = self._policies[deployment_id] = AutoscalingPolicy(settings, now)
        elif settings != self._settings[deployment_id]:
            policy.change_settings(settings)
        self._settings[deployment_id] = settings
        return policy
