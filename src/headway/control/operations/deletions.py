"""Deletes deployments, environments and models without losing a request: what is in flight is finished first."""

import dataclasses

from headway.control.desired.catalog import Catalog
from headway.control.desired.state import PRODUCTION, Deployment, DesiredState, Environment
from headway.control.errors import RefusedError
from headway.control.operations.journal import Journal
from headway.control.running.supervisor import Supervisor
from headway.control.store.persistence import Persistence

_DROPPED_AT_ONCE = 1000
"""Rows: some 20 ms, 60 on a busy machine."""


class Deletions:
    """A deployment that is deleted refuses its requests at once, and is forgotten when its replicas are gone.

    A control that is started anew meanwhile finds it switched off; it can be deleted again then.
    """

    def __init__(
        self, desired_state: DesiredState, supervisor: Supervisor, persistence: Persistence, journal: Journal
    ) -> None:
        self._desired_state = desired_state
        self._catalog = Catalog(desired_state)
        self._supervisor = supervisor
        self._persistence = persistence
        self._journal = journal
        self._deleting: set[str] = set()

    def __contains__(self, deployment_id: str) -> bool:
        return deployment_id in self._deleting

    def refuse_deleted(self, deployment_id: str) -> None:
        if deployment_id in self._deleting:
            raise RefusedError(f"{deployment_id} is being deleted", hint="push it again")

    def call_off(self, deployment: Deployment, now: float) -> Deployment:
        """It is wanted again: what is made now has dates of its own, and its model has if that was to go too."""
        is_made_anew = deployment.deployment_id in self._deleting
        if self._is_going(deployment.model):
            self._desired_state.renew_model(deployment.model, now)
        self._deleting.discard(deployment.deployment_id)
        return dataclasses.replace(deployment, created_at=now) if is_made_anew else deployment

    async def deployment(self, model: str, deployment_id: str) -> Deployment:
        """Raises RefusedError while an environment uses it."""
        deployment = self._catalog.deployment(model, deployment_id)
        users = [
            one.name
            for one in self._desired_state.environments_of(model)
            if deployment.deployment_id in {one.deployment_id, one.candidate_id, one.replaced_id}
        ]
        if users:
            raise RefusedError(
                f"{', '.join(users)} uses {deployment.deployment_id}",
                hint="promote another deployment first, or delete the environment or the whole model",
            )
        if deployment.deployment_id not in self._deleting:
            self._journal.deleted(deployment)
        self._begin(deployment)
        await self._persistence.save_change()
        return self._desired_state.deployments.get(deployment.deployment_id, deployment)

    async def environment(self, model: str, name: str) -> None:
        """Its deployment stays; one that was to take its place is given up. Raises RefusedError for production."""
        environment = self._catalog.environment(model, name)
        if name == PRODUCTION:
            raise RefusedError("production cannot be deleted", hint="delete the model")
        self._forget_environment(environment)
        self._journal.environment_deleted(environment)
        await self._persistence.save_change()

    async def model(self, model: str) -> None:
        """With all its environments and deployments."""
        if not self._is_going(self._catalog.model(model)):
            self._journal.model_deleted(model)
        for environment in self._desired_state.environments_of(model):
            self._forget_environment(environment)
        for deployment in self._desired_state.deployments_of(model):
            self._begin(deployment)
        self._forget_empty(model)
        await self._persistence.save_change()

    async def finish(self) -> None:
        """Forget what is deleted and has no replica left, once its rows are gone. Raises StoreError."""
        for deployment_id in [one for one in self._deleting if self._has_ended(one)]:
            await self._drop_rows(deployment_id)
            if not self._has_ended(deployment_id):
                continue  # it is wanted again, or somebody else has forgotten it meanwhile
            self._deleting.discard(deployment_id)
            model = self._desired_state.deployments[deployment_id].model
            self._desired_state.remove_deployment(deployment_id)
            self._supervisor.forget(deployment_id)
            self._persistence.forget(deployment_id)
            self._forget_empty(model)

    def _is_going(self, model: str) -> bool:
        """Whether the whole model was deleted, and is there only until its last replica has gone."""
        ids = {one.deployment_id for one in self._desired_state.deployments_of(model)}
        return bool(ids) and ids <= self._deleting and not self._desired_state.environments_of(model)

    def _has_ended(self, deployment_id: str) -> bool:
        return deployment_id in self._deleting and not self._supervisor.replicas.present(deployment_id)

    async def _drop_rows(self, deployment_id: str) -> None:
        """In parts, between which others have the store: there may be a million."""
        store, dropped = self._persistence.store, _DROPPED_AT_ONCE
        while dropped >= _DROPPED_AT_ONCE and deployment_id in self._deleting:
            dropped = await self._persistence.call(store.drop_rows_of, deployment_id, _DROPPED_AT_ONCE)

    def _begin(self, deployment: Deployment) -> None:
        self._deleting.add(deployment.deployment_id)
        self._desired_state.put(dataclasses.replace(deployment, is_active=False))
        self._supervisor.wake()

    def _forget_environment(self, environment: Environment) -> None:
        self._supervisor.rollout.call_off(environment.target)
        self._desired_state.remove_environment(environment.target)
        self._supervisor.wake()

    def _forget_empty(self, model: str) -> None:
        if not self._desired_state.deployments_of(model) and not self._desired_state.environments_of(model):
            self._desired_state.remove_model(model)
