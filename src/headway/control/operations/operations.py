"""What can be asked of the control plane: each operation checks, changes the desired state, has that stored, and wakes
the supervisor. Who may ask is judged elsewhere.
"""

import asyncio
import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway.control.desired.catalog import Catalog, require_name
from headway.control.desired.state import (
    PRODUCTION,
    Deployment,
    DesiredState,
    Environment,
    Target,
    deployment_id_of,
)
from headway.control.errors import RefusedError, StaleError
from headway.control.operations.deletions import Deletions
from headway.control.operations.inheriting import inherited
from headway.control.operations.journal import Journal
from headway.control.operations.preparations import Places, Preparations
from headway.control.packages.entries import holding
from headway.control.packages.findings import warnings_of
from headway.control.packages.lint import lint
from headway.control.packages.names import served_name
from headway.control.packages.places import require_within
from headway.control.packages.snapshots import take_snapshot
from headway.control.running.supervisor import Supervisor
from headway.control.store.persistence import Persistence
from headway.gateway.table import RoutingTable
from headway.model_server.truss.truss_config import TrussConfig, read_truss

_IN_FORCE_WITHIN = 2.0
"""A gateway that lives takes some milliseconds, one that is started anew half a second."""


@dataclass(frozen=True, slots=True)
class Push:
    """How a Truss is to be deployed. `environment` None: it serves only requests by its id."""

    model: str | None = None
    environment: str | None = PRODUCTION
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


class Operations:
    """Each checks and changes without a pause between, so none sees another half done; it returns when that is
    stored. A StoreError means that the change is in force and that its storing is still tried.
    """

    def __init__(
        self,
        desired_state: DesiredState,
        supervisor: Supervisor,
        persistence: Persistence,
        preparations: Preparations,
        places: Places,
    ) -> None:
        self.desired_state = desired_state
        self.supervisor = supervisor
        self.persistence = persistence
        self.preparations = preparations
        self.places = places
        self.catalog = Catalog(desired_state)
        self.journal = Journal(persistence.note_change)
        supervisor.rollout.ended = self.journal.rollout_ended
        self.deletions = Deletions(desired_state, supervisor, persistence, self.journal)

    # Deployments.

    async def push(self, directory: Path, order: Push, *, archive: Path | None = None) -> Deployment:
        """Deploy the Truss in `directory`; it is copied. Its environment moves when it is ready to serve.

        `archive`: somebody sent it, and it was unpacked there for this call only. It may name no other file, and the
        paths of its own mean nothing.
        Raises InvalidTrussError for a Truss that cannot be served, InvalidSettingError, InvalidNameError,
        PreparationError.
        """
        config, remarks = await asyncio.to_thread(self._checked, directory, order, archive)
        model = order.model or served_name(config, directory)
        require_name(model, "a model")
        if order.environment is not None:
            require_name(order.environment, "an environment")
        with holding():  # the snapshot, until it is stored who refers to it
            return await self._pushed(config, model, order, remarks, is_sent=archive is not None)

    async def change_settings(
        self, model: str, deployment_id: str, changes: Mapping[str, Any], *, expected: int | None = None
    ) -> Deployment:
        """Change some settings, at once. Raises StaleError when their version is not `expected`."""
        deployment = self.catalog.deployment(model, deployment_id)
        if expected is not None and expected != deployment.version:
            raise StaleError(
                f"the settings are at version {deployment.version}, not {expected}",
                hint="somebody changed them meanwhile: read them again, then change them",
            )
        changed = _changed(deployment, changes)
        if changed != deployment:
            self.desired_state.put(changed)
            self.journal.settings(deployment.settings, changed)
            self.supervisor.wake()
            await self.persistence.save_change()
        return changed

    async def are_in_force(self, deployment: Deployment) -> bool:
        """Whether the gateways go by the deployment's settings, as far as they say so soon."""

        def says(table: RoutingTable) -> bool:
            routed = {one.deployment_id: one.settings for one in table.deployments}
            return routed.get(deployment.deployment_id) == deployment.settings

        return await self.supervisor.link.until_in_force(says, within=_IN_FORCE_WITHIN)

    def with_changes(self, model: str, deployment_id: str, changes: Mapping[str, Any]) -> Deployment:
        """What a change of some settings would make of the deployment. Nothing is changed."""
        return _changed(self.catalog.deployment(model, deployment_id), changes)

    async def activate(self, model: str, deployment_id: str) -> Deployment:
        """Let it serve again, with a new try at whatever failed."""
        deployment = self.catalog.deployment(model, deployment_id)
        self.deletions.refuse_deleted(deployment.deployment_id)
        self._try_anew(dataclasses.replace(deployment, is_active=True))
        self.journal.activated(deployment)
        await self.persistence.save_change()
        return self._present(deployment)

    async def deactivate(self, model: str, deployment_id: str) -> Deployment:
        """Refuse its requests from now on; what is in flight is finished, then its replicas go.

        Environments that it was about to take stay with the deployment that they have.
        """
        deployment = self.catalog.deployment(model, deployment_id)
        for environment, candidate in list(self.desired_state.rollouts()):
            if candidate.deployment_id == deployment.deployment_id:
                self.supervisor.rollout.call_off(environment.target)
        self.desired_state.put(dataclasses.replace(self._present(deployment), is_active=False))
        self.journal.deactivated(deployment)
        self.supervisor.wake()
        await self.persistence.save_change()
        return self._present(deployment)

    async def promote(self, model: str, environment: str, deployment_id: str) -> Environment:
        """Have the deployment take the environment's place as soon as it is ready."""
        deployment = self.catalog.deployment(model, deployment_id)
        self.deletions.refuse_deleted(deployment.deployment_id)
        target = self._target(model, environment)
        self._try_anew(deployment)
        present = self.desired_state.deployments.get(self.desired_state.points_at(target) or "")
        self.journal.promoted(deployment, environment, present)
        self.supervisor.roll_out(target, deployment.deployment_id)
        await self.persistence.save_change()
        return self.catalog.environment(*target)

    def wake(self, deployment: Deployment) -> Deployment:
        """Have one replica started now, if there is none."""
        if not deployment.is_active:
            raise RefusedError(f"{deployment.deployment_id} is switched off", hint="activate it")
        self.supervisor.require_one(deployment.deployment_id)
        return deployment

    # Environments.

    async def create_environment(self, model: str, name: str) -> Environment:
        """One that points at no deployment yet."""
        if (self.catalog.model(model), name) in self.desired_state.environments:
            raise RefusedError(f"{model} has an environment {name!r} already", hint="promote into it")
        environment = self.desired_state.environments[self._target(model, name)]
        self.journal.environment_made(environment.target)
        await self.persistence.save_change()
        return environment

    # What follows later.

    async def run(self) -> None:
        """Finish deletions as replicas go, until cancelled."""
        while True:
            await self.supervisor.round_over.wait()
            self.supervisor.round_over.clear()
            await self.deletions.finish()

    def order_missing_preparations(self) -> None:
        """At control's start: whatever is not ready to run, or not any more, is made so."""
        for deployment in self.desired_state.deployments.values():
            if deployment.prepared is None and not deployment.failure:
                self.preparations.order(deployment.deployment_id)

    # Private.

    async def _pushed(
        self, config: TrussConfig, model: str, order: Push, remarks: tuple[str, ...], *, is_sent: bool
    ) -> Deployment:
        snapshot = await asyncio.to_thread(
            take_snapshot,
            config,
            self.places.data_dir / "snapshots",
            lambda _: None,
            is_sent=is_sent,
        )
        deployment_id = deployment_id_of(model, snapshot.digest, self.desired_state.deployments)
        known = self.desired_state.deployments.get(deployment_id)
        if known is not None:
            deployment = _changed(known, order.settings)
        else:
            deployment = Deployment(
                deployment_id,
                model,
                settings=inherited(self._former(model, order.environment), config).with_changes(
                    order.settings
                ),
                name=deployment_id,
                created_at=time.time(),
                source=snapshot.directory,
                digest=snapshot.digest,
                declared=dict(config.headway.settings or {}),
            )
        deployment = dataclasses.replace(deployment, remarks=remarks)
        await self._deploy(deployment, order)
        return self._present(deployment)

    async def _deploy(self, deployment: Deployment, order: Push) -> None:
        deployment_id, model, environment = deployment.deployment_id, deployment.model, order.environment
        before = self.desired_state.deployments.get(deployment_id) or self._former(model, environment)
        present = environment and self.desired_state.points_at((model, environment))
        deployment = self.deletions.call_off(deployment, time.time())
        deployment = dataclasses.replace(deployment, name=order.name or deployment.name, is_active=True)
        self._try_anew(deployment)
        self.journal.pushed(deployment, environment, present)
        if before is not None:
            self.journal.settings(before.settings, deployment)
        if environment is not None:
            self.supervisor.roll_out(self._target(model, environment), deployment_id)
        await self.persistence.save_change()

    def _checked(
        self, directory: Path, order: Push, archive: Path | None
    ) -> tuple[TrussConfig, tuple[str, ...]]:
        """The Truss's config, and what is to be told of it. Raises InvalidTrussError if it cannot be served."""
        if archive is not None:
            require_within(directory, archive)
        report = lint(directory, self.places.machine(), name=order.model)
        report.require_servable()
        return read_truss(directory), warnings_of(report.findings)

    def _try_anew(self, deployment: Deployment) -> None:
        """Its earlier failures count no more; what it lacks is made at once."""
        self.desired_state.put(dataclasses.replace(deployment, failure=""))
        self.supervisor.start_afresh(deployment.deployment_id)
        if deployment.prepared is None:
            self.preparations.order(deployment.deployment_id)

    def _present(self, deployment: Deployment) -> Deployment:
        """As it is now; as it was, if it is gone meanwhile."""
        return self.desired_state.deployments.get(deployment.deployment_id, deployment)

    def _target(self, model: str, environment: str) -> Target:
        """The environment, made if there is none of that name."""
        target = model, environment
        if target not in self.desired_state.environments:
            require_name(environment, "an environment")
            self.desired_state.put(Environment(model, environment, created_at=time.time()))
        return target

    def _former(self, model: str, environment: str | None) -> Deployment | None:
        """Whose settings a new deployment of the environment begins with."""
        former_id = self.desired_state.points_at((model, environment or PRODUCTION))
        return self.desired_state.deployments.get(former_id or "")


def _changed(deployment: Deployment, changes: Mapping[str, Any]) -> Deployment:
    settings = deployment.settings.with_changes(changes)
    if settings == deployment.settings:
        return deployment
    return dataclasses.replace(deployment, settings=settings, version=deployment.version + 1)
