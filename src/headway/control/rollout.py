"""Moves an environment to a new deployment once that is ready; one that does not start is given up.

It changes what the platform desires and does nothing else: starting and draining follow from that.
"""

import dataclasses
import logging
from collections.abc import Callable

from headway.control.platform import Deployment, Platform

_logger = logging.getLogger(__name__)


class Rollout:
    """The old deployment serves until every replica of the new one is ready.

    With `rollout: replace` it goes first, say because both have no place on one GPU.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._candidates: dict[tuple[str, str], str] = {}  # deployment ids by model and environment

    def begin(self, deployment: Deployment, *, environment: str = "production") -> None:
        """Have `deployment` take the environment's place. Of two in a row, the later one counts."""
        target = deployment.model, environment
        if superseded := self._candidates.pop(target, None):
            self._retire(superseded)
        self._platform.deployments[deployment.deployment_id] = deployment
        if deployment.deployment_id == self._platform.environments.get(target):
            return
        self._candidates[target] = deployment.deployment_id
        if deployment.settings.rollout == "replace":
            self._move(target)

    def advance(self, ready: Callable[[str], int], failure: Callable[[str], str]) -> None:
        """Act on how many replicas of a deployment are ready, and on why one failed (empty: none did)."""
        for target, candidate in list(self._candidates.items()):
            if ready(candidate) >= self._platform.deployments[candidate].replicas:
                self._move(target)
                _logger.info("the new deployment serves", extra={"deployment": candidate})
            elif reason := failure(candidate):
                del self._candidates[target]
                self._retire(candidate)
                _logger.error("the change is not served, the old deployment serves on: %s", reason)

    def _move(self, target: tuple[str, str]) -> None:
        old = self._platform.environments.get(target)
        self._platform.environments[target] = self._candidates.pop(target)
        if old is not None:
            self._retire(old)

    def _retire(self, deployment_id: str) -> None:
        old = self._platform.deployments[deployment_id]
        self._platform.deployments[deployment_id] = dataclasses.replace(old, replicas=0)
