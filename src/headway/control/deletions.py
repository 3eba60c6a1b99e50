"""Deletes deployments, environments and models without losing a request: what is in flight is finished first."""

import dataclasses

from headway.control.catalog import Catalog
from headway.control.persistence import Persistence
from headway.control.platform import PRODUCTION, Deployment, Environment, Platform
from headway.control.supervisor import Supervisor
from headway.core.errors import HeadwayError


class RefusedError(HeadwayError):
    """What is asked contradicts the present state."""

    code = "refused"


class Deletions:
    """A deployment that is deleted refuses its requests at once, and is forgotten when its replicas are gone.

    A control that is started anew meanwhile finds it switched off; it can be deleted again then.
    """

    def __init__(self, platform: Platform, supervisor: Supervisor, persistence: Persistence) -> None:
        self._platform = platform
        self._catalog = Catalog(platform)
        self._supervisor = supervisor
        self._persistence = persistence
        self._deleting: set[str] = set()

    def __contains__(self, deployment_id: str) -> bool:
        return deployment_id in self._deleting

    def refuse_deleted(self, deployment_id: str) -> None:
        if deployment_id in self._deleting:
            raise RefusedError(f"{deployment_id} is being deleted", hint="push it again")

    def call_off(self, deployment_id: str) -> None:
        """It is wanted again."""
        self._deleting.discard(deployment_id)

    async def deployment(self, model: str, deployment_id: str) -> Deployment:
        """Raises RefusedError while an environment uses it."""
        deployment = self._catalog.deployment(model, deployment_id)
        users = [
            one.name
            for one in self._platform.environments_of(model)
            if deployment.deployment_id in {one.deployment_id, one.candidate_id, one.replaced_id}
        ]
        if users:
            raise RefusedError(
                f"{', '.join(users)} uses {deployment.deployment_id}",
                hint="promote another deployment first, or delete the environment or the whole model",
            )
        return await self._begin(deployment)

    async def environment(self, model: str, name: str) -> None:
        """Its deployment stays. Raises RefusedError for production."""
        environment = self._catalog.environment(model, name)
        if name == PRODUCTION:
            raise RefusedError("production cannot be deleted", hint="delete the model")
        await self._forget_environment(environment)
        self._supervisor.wake()

    async def model(self, model: str) -> None:
        """With all its environments and deployments."""
        for environment in self._platform.environments_of(self._catalog.model(model)):
            await self._forget_environment(environment)
        deployments = self._platform.deployments_of(model)
        for deployment in deployments:
            await self._begin(deployment)
        if not deployments:
            await self._forget_model(model)

    async def finish(self) -> None:
        """Forget what is deleted and has no replica left."""
        for deployment_id in [one for one in self._deleting if not self._supervisor.replicas.present(one)]:
            await self._forget(deployment_id)

    async def _begin(self, deployment: Deployment) -> Deployment:
        self._deleting.add(deployment.deployment_id)
        deleted = dataclasses.replace(deployment, is_active=False)
        self._platform.put(deleted)
        self._supervisor.wake()
        await self._persistence.save()
        return deleted

    async def _forget(self, deployment_id: str) -> None:
        self._deleting.discard(deployment_id)
        model = self._platform.deployments[deployment_id].model
        self._platform.remove_deployment(deployment_id)
        self._supervisor.forget(deployment_id)
        await self._persistence.call(self._persistence.store.delete_deployment, deployment_id)
        if not self._platform.deployments_of(model) and not self._platform.environments_of(model):
            await self._forget_model(model)

    async def _forget_environment(self, environment: Environment) -> None:
        self._platform.remove_environment(environment.target)
        await self._persistence.call(
            self._persistence.store.delete_environment, environment.model, environment.name
        )

    async def _forget_model(self, model: str) -> None:
        self._platform.models.pop(model, None)
        await self._persistence.call(self._persistence.store.delete_model, model)
