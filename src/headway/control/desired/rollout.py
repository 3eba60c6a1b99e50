"""Moves an environment to another deployment once that is ready; one that does not start is given up.

It changes what is desired and does nothing else: starting and draining follow from that. What is under
way stands in the desired state, so that a restarted control goes on with it.
"""

import dataclasses
import logging
from collections.abc import Callable

from headway.control.desired.state import Deployment, DesiredState, Environment, Target

_logger = logging.getLogger(__name__)


class Rollout:
    """With `rollout: surge` the old deployment serves until the new one has as many replicas ready as it has.

    With `replace`, which is also taken when there is no room for both, the old one goes first while requests
    queue for the new one; when that fails the old one is started again.
    """

    def __init__(self, desired_state: DesiredState) -> None:
        self._desired_state = desired_state
        self.retiring: set[str] = set()
        """Deployments that have lost their environment, and whose replicas are to go now."""
        self.ended: Callable[[Environment, str], None] = lambda _environment, _reason: None
        """Is told of each move that is over: the environment as it was, and why it was given up; empty: it was not."""

    def begin(self, target: Target, deployment_id: str) -> None:
        """Have the deployment take the environment's place. Of two in a row, the later one counts."""
        desired_state = self._desired_state
        environment = desired_state.environments.get(target) or Environment(*target)
        if environment.candidate_id not in {None, deployment_id}:
            self._give_up(environment, f"{deployment_id} was to take the place instead")
            environment = desired_state.environments[target]
        deployment = dataclasses.replace(
            desired_state.deployments[deployment_id], is_retired=False, is_active=True
        )
        desired_state.put(deployment)
        self.retiring.discard(deployment_id)
        if environment.deployment_id is None:
            desired_state.put(dataclasses.replace(environment, deployment_id=deployment_id))
        elif environment.deployment_id != deployment_id:
            environment = dataclasses.replace(environment, candidate_id=deployment_id)
            desired_state.put(environment)
            if deployment.settings.rollout == "replace" and deployment.prepared is not None:
                self._replace(environment)

    def replace(self, deployment_id: str) -> bool:
        """There is no room for it beside the old one: have that go first. False when there is none to go."""
        for environment, candidate in self._desired_state.rollouts():
            if candidate.deployment_id == deployment_id and environment.replaced_id is None:
                self._replace(environment)
                return True
        return False

    def call_off(self, target: Target) -> None:
        """Nobody is to take the environment's place any more: whoever serves there stays, or comes back."""
        environment = self._desired_state.environments[target]
        if environment.candidate_id is not None:
            self._give_up(environment, "it was called off")

    def advance(
        self, ready: Callable[[str], int], present: Callable[[str], int], failure: Callable[[str], str]
    ) -> None:
        """Act on how many replicas of a deployment are ready and present, and on why one failed (empty: none)."""
        for environment, candidate in list(self._desired_state.rollouts()):
            if reason := candidate.failure or failure(candidate.deployment_id):
                self._give_up(environment, reason)
                _logger.error("the change is not served, the old deployment serves on: %s", reason)
            elif candidate.prepared is None:
                continue
            elif candidate.settings.rollout == "replace" and environment.replaced_id is None:
                self._replace(environment)
            elif ready(candidate.deployment_id) >= self._needed(environment, candidate, present):
                self._finish(environment, candidate)
                _logger.info("the new deployment serves", extra={"deployment": candidate.deployment_id})

    def need_of(self, deployment_id: str, present: Callable[[str], int]) -> int:
        """Replicas that it needs though no load asks for them yet: to take over."""
        needs = (
            self._needed(environment, candidate, present)
            for environment, candidate in self._desired_state.rollouts()
            if candidate.deployment_id == deployment_id
        )
        return max(needs, default=0)

    def waits_for(self, deployment_id: str) -> str | None:
        """The old deployment that has to be gone before this one is started."""
        for environment, candidate in self._desired_state.rollouts():
            if candidate.deployment_id == deployment_id:
                return environment.replaced_id
        return None

    def _needed(self, environment: Environment, candidate: Deployment, present: Callable[[str], int]) -> int:
        settings, old = candidate.settings, environment.deployment_id
        there = present(old) if old is not None and environment.replaced_id is None else 0
        return min(settings.max_replica, max(1, settings.min_replica, there))

    def _replace(self, environment: Environment) -> None:
        """The environment's requests wait for the candidate from now on; the old one is drained."""
        self._desired_state.put(
            dataclasses.replace(
                environment, deployment_id=environment.candidate_id, replaced_id=environment.deployment_id
            )
        )

    def _finish(self, environment: Environment, candidate: Deployment) -> None:
        old = environment.replaced_id or environment.deployment_id
        moved = dataclasses.replace(
            environment, deployment_id=candidate.deployment_id, candidate_id=None, replaced_id=None
        )
        self._desired_state.put(moved)
        self._retire(old)
        self.ended(environment, "")

    def _give_up(self, environment: Environment, reason: str) -> None:
        old = environment.replaced_id or environment.deployment_id
        back = dataclasses.replace(environment, deployment_id=old, candidate_id=None, replaced_id=None)
        self._desired_state.put(back)
        self._retire(environment.candidate_id)
        self.ended(environment, reason)

    def _retire(self, deployment_id: str | None) -> None:
        if deployment_id is None or self._desired_state.environments_at(deployment_id):
            return
        deployment = self._desired_state.deployments.get(deployment_id)
        if deployment is not None:
            self._desired_state.put(dataclasses.replace(deployment, is_retired=True))
            self.retiring.add(deployment_id)
