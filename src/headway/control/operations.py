"""What can be asked of the control plane: each operation checks, changes the platform, has that stored, and wakes
the supervisor. Who may ask is judged elsewhere.
"""

import asyncio
import dataclasses
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway.control.catalog import Catalog, require_name
from headway.control.deletions import Deletions, RefusedError
from headway.control.packages.lint import Level, lint
from headway.control.packages.preparation import first_settings, served_name
from headway.control.packages.snapshots import take_snapshot
from headway.control.persistence import Persistence
from headway.control.platform import (
    PRODUCTION,
    Deployment,
    Environment,
    Platform,
    Target,
    deployment_id_of,
)
from headway.control.preparations import Places, Preparations
from headway.control.supervisor import Supervisor
from headway.core.errors import HeadwayError
from headway.core.settings import DeploymentSettings
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig, read_truss


class StaleError(HeadwayError):
    """The settings have changed since the caller read them."""

    code = "stale"


@dataclass(frozen=True, slots=True)
class Push:
    """How a Truss is to be deployed. `environment` None: it serves only requests by its id."""

    model: str | None = None
    environment: str | None = PRODUCTION
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


class Operations:
    """One at a time; every one that returns is stored."""

    def __init__(
        self,
        platform: Platform,
        supervisor: Supervisor,
        persistence: Persistence,
        preparations: Preparations,
        places: Places,
    ) -> None:
        self.platform = platform
        self.supervisor = supervisor
        self.persistence = persistence
        self.preparations = preparations
        self.places = places
        self.catalog = Catalog(platform)
        self.deletions = Deletions(platform, supervisor, persistence)
        self._one_at_a_time = asyncio.Lock()

    # Deployments.

    async def push(self, directory: Path, order: Push) -> Deployment:
        """Deploy the Truss in `directory`; it is copied. Its environment moves when it is ready to serve.

        Raises InvalidTrussError for a Truss that cannot be served, InvalidSettingError, InvalidNameError,
        PreparationError.
        """
        config = await asyncio.to_thread(_checked_truss, directory)
        model = order.model or served_name(config, directory)
        require_name(model, "a model")
        snapshot = await asyncio.to_thread(
            take_snapshot, config, self.places.data_dir / "snapshots", lambda _: None
        )
        async with self._one_at_a_time:
            deployment_id = deployment_id_of(model, snapshot.digest)
            known = self.platform.deployments.get(deployment_id)
            deployment = known or Deployment(
                deployment_id,
                model,
                settings=self._inherited(model, order.environment, config),
                name=order.name or deployment_id,
                created_at=time.time(),
                source=snapshot.directory,
                digest=snapshot.digest,
                declared=dict(config.headway.settings or {}),
            )
            changed = dataclasses.replace(_changed(deployment, order.settings), failure="", is_active=True)
            self.deletions.call_off(deployment_id)
            self.platform.put(changed)
            if order.environment is not None:
                target = self._target(model, order.environment)
                self.supervisor.roll_out(target, deployment_id)
            self.supervisor.start_afresh(deployment_id)
            if changed.prepared is None:
                self.preparations.order(deployment_id)
            await self.persistence.save()
            return self.platform.deployments[deployment_id]

    async def change_settings(
        self, model: str, deployment_id: str, changes: Mapping[str, Any], *, expected: int | None = None
    ) -> Deployment:
        """Change some settings, at once. Raises StaleError when their version is not `expected`."""
        async with self._one_at_a_time:
            deployment = self.catalog.deployment(model, deployment_id)
            if expected is not None and expected != deployment.version:
                raise StaleError(
                    f"the settings are at version {deployment.version}, not {expected}",
                    hint="somebody changed them meanwhile: read them again, then change them",
                )
            changed = _changed(deployment, changes)
            if changed != deployment:
                self.platform.put(changed)
                self.supervisor.wake()
                await self.persistence.save()
            return changed

    async def activate(self, model: str, deployment_id: str) -> Deployment:
        """Let it serve again, with a new try at whatever failed."""
        async with self._one_at_a_time:
            deployment = self.catalog.deployment(model, deployment_id)
            self.deletions.refuse_deleted(deployment.deployment_id)
            activated = dataclasses.replace(deployment, is_active=True, failure="")
            self.platform.put(activated)
            self.supervisor.start_afresh(deployment.deployment_id)
            if activated.prepared is None:
                self.preparations.order(deployment.deployment_id)
            await self.persistence.save()
            return activated

    async def deactivate(self, model: str, deployment_id: str) -> Deployment:
        """Refuse its requests from now on; what is in flight is finished, then its replicas go."""
        async with self._one_at_a_time:
            deactivated = dataclasses.replace(self.catalog.deployment(model, deployment_id), is_active=False)
            self.platform.put(deactivated)
            self.supervisor.wake()
            await self.persistence.save()
            return deactivated

    async def promote(self, model: str, environment: str, deployment_id: str) -> Environment:
        """Have the deployment take the environment's place as soon as it is ready."""
        async with self._one_at_a_time:
            deployment = self.catalog.deployment(model, deployment_id)
            self.deletions.refuse_deleted(deployment.deployment_id)
            target = self._target(model, environment)
            self.platform.put(dataclasses.replace(deployment, failure=""))
            self.supervisor.roll_out(target, deployment.deployment_id)
            if deployment.prepared is None:
                self.preparations.order(deployment.deployment_id)
            await self.persistence.save()
            return self.platform.environments[target]

    def wake(self, deployment: Deployment) -> Deployment:
        """Have one replica started now, if there is none."""
        if not deployment.is_active:
            raise RefusedError(f"{deployment.deployment_id} is switched off", hint="activate it")
        self.supervisor.require_one(deployment.deployment_id)
        return deployment

    # Environments.

    async def create_environment(self, model: str, name: str) -> Environment:
        """One that points at no deployment yet."""
        async with self._one_at_a_time:
            if (self.catalog.model(model), name) in self.platform.environments:
                raise RefusedError(f"{model} has an environment {name!r} already")
            environment = self.platform.environments[self._target(model, name)]
            await self.persistence.save()
            return environment

    # What follows later.

    async def run(self) -> None:
        """Finish deletions as replicas go, until cancelled."""
        while True:
            await self.supervisor.round_over.wait()
            self.supervisor.round_over.clear()
            async with self._one_at_a_time:
                await self.deletions.finish()

    async def delete_deployment(self, model: str, deployment_id: str) -> Deployment:
        async with self._one_at_a_time:
            return await self.deletions.deployment(model, deployment_id)

    async def delete_environment(self, model: str, name: str) -> None:
        async with self._one_at_a_time:
            await self.deletions.environment(model, name)

    async def delete_model(self, model: str) -> None:
        async with self._one_at_a_time:
            await self.deletions.model(model)

    def order_missing_preparations(self) -> None:
        """At control's start: whatever is not ready to run, or not any more, is made so."""
        for deployment in self.platform.deployments.values():
            if deployment.prepared is None and not deployment.failure:
                self.preparations.order(deployment.deployment_id)

    # Private.

    def _target(self, model: str, environment: str) -> Target:
        """The environment, made if there is none of that name."""
        target = model, environment
        if target not in self.platform.environments:
            require_name(environment, "an environment")
            self.platform.put(Environment(model, environment, created_at=time.time()))
        return target

    def _inherited(self, model: str, environment: str | None, config: TrussConfig) -> DeploymentSettings:
        """The settings that a new deployment begins with: those of the one that it follows, where there is one.

        What its config.yaml says otherwise than that of the former counts too.
        """
        former_id = self.platform.points_at((model, environment or PRODUCTION))
        former = self.platform.deployments.get(former_id or "")
        if former is None:
            return first_settings(config)
        declared = config.headway.settings or {}
        changes = {name: value for name, value in declared.items() if former.declared.get(name) != value}
        places = 1 if former.prepared is None else former.prepared.predict_concurrency
        if former.settings.concurrency_target == places and "concurrency_target" not in declared:
            changes["concurrency_target"] = config.predict_concurrency  # nobody chose another one
        return former.settings.with_changes(changes)


def _checked_truss(directory: Path) -> TrussConfig:
    """Raises InvalidTrussError for the first thing that keeps the Truss from being served."""
    errors: Iterable[HeadwayError] = (
        InvalidTrussError(f"{finding.place}: {finding.message}", hint=finding.hint)
        for finding in lint(directory).findings
        if finding.level is Level.ERROR
    )
    for error in errors:
        raise error
    return read_truss(directory)


def _changed(deployment: Deployment, changes: Mapping[str, Any]) -> Deployment:
    settings = deployment.settings.with_changes(changes)
    if settings == deployment.settings:
        return deployment
    return dataclasses.replace(deployment, settings=settings, version=deployment.version + 1)
