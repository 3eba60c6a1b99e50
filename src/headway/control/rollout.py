"""Moves an environment to a new deployment once that is ready; one that does not start is given up.

It changes what the platform desires and does nothing else: starting and draining follow from that.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headway.control.platform import Deployment, Platform

_logger = logging.getLogger(__name__)

Target = tuple[str, str]
"""A model and one of its environments."""


@dataclass(slots=True)
class _Candidate:
    """A deployment that is to take an environment's place with so many replicas."""

    deployment_id: str
    replicas: int
    replaced: str | None = None
    """The deployment that has gone already, and comes back if this one does not start."""


class Rollout:
    """With `rollout: surge` the old deployment serves until the new one has as many replicas ready as it had.

    With `replace`, which is also taken when there is no room for both, the old one goes first while requests
    queue for the new one; when that fails the old one is started again.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._candidates: dict[Target, _Candidate] = {}

    @property
    def needs(self) -> Mapping[str, int]:
        """Replicas that deployments need though no load asks for them yet: those that are to take over."""
        return {one.deployment_id: one.replicas for one in self._candidates.values()}

    @property
    def replaced(self) -> Mapping[str, str]:
        """The old deployments that new ones wait for, by the new ones' ids; they may be wanted again."""
        return {one.deployment_id: one.replaced for one in self._candidates.values() if one.replaced}

    def begin(self, deployment: Deployment, *, present: int = 0, environment: str = "production") -> None:
        """Have `deployment` take the environment's place, where `present` replicas are now.

        Of two in a row, the later one counts.
        """
        target, settings = (deployment.model, environment), deployment.settings
        if target in self._candidates:
            self._give_up(target)
        self._platform.deployments[deployment.deployment_id] = deployment
        if deployment.deployment_id == self._platform.environments.get(target):
            return
        replicas = min(settings.max_replica, max(1, settings.min_replica, present))
        self._candidates[target] = _Candidate(deployment.deployment_id, replicas)
        if settings.rollout == "replace":
            self._replace(target)

    def replace(self, deployment_id: str) -> bool:
        """There is no room for it beside the old one: have that go first. False when there is none to go."""
        for target, candidate in self._candidates.items():
            if candidate.deployment_id == deployment_id and candidate.replaced is None:
                return self._replace(target)
        return False

    def advance(self, ready: Callable[[str], int], failure: Callable[[str], str]) -> None:
        """Act on how many replicas of a deployment are ready, and on why one failed (empty: none did)."""
        for target, candidate in list(self._candidates.items()):
            if ready(candidate.deployment_id) >= candidate.replicas:
                self._finish(target)
                _logger.info("the new deployment serves", extra={"deployment": candidate.deployment_id})
            elif reason := failure(candidate.deployment_id):
                self._give_up(target)
                _logger.error("the change is not served, the old deployment serves on: %s", reason)

    def _replace(self, target: Target) -> bool:
        candidate, old = self._candidates[target], self._platform.environments.get(target)
        self._platform.environments[target] = candidate.deployment_id
        if old is None:
            return False
        candidate.replaced = old
        self._set_wanted(old, wanted=False)
        return True

    def _finish(self, target: Target) -> None:
        candidate, old = self._candidates.pop(target), self._platform.environments.get(target)
        self._platform.environments[target] = candidate.deployment_id
        if old is not None and old != candidate.deployment_id:
            self._set_wanted(old, wanted=False)

    def _give_up(self, target: Target) -> None:
        candidate = self._candidates.pop(target)
        self._set_wanted(candidate.deployment_id, wanted=False)
        if candidate.replaced is not None:
            self._platform.environments[target] = candidate.replaced
            self._set_wanted(candidate.replaced, wanted=True)

    def _set_wanted(self, deployment_id: str, *, wanted: bool) -> None:
        old = self._platform.deployments[deployment_id]
        self._platform.deployments[deployment_id] = dataclasses.replace(old, is_wanted=wanted)
