"""Keeps the platform in the store: reads it at control's start, and writes whatever was put into it since.

The store blocks, so one thread has it. What could not be written is tried again; the platform goes on meanwhile.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from headway.control.platform import Deployment, Environment, Platform, Prepared, Stored
from headway.control.store.rows import DecisionRow, DeploymentRow, EnvironmentRow, ModelRow, StoredState
from headway.control.store.store import Store, StoreError
from headway.core.autoscaling import ScalingDecision
from headway.core.errors import InvalidSettingError
from headway.core.settings import DeploymentSettings

_logger = logging.getLogger(__name__)

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_RETRY_AFTER = 2.0
_MOST_DECISIONS = 1000


class Persistence:
    """The one way to the store while control runs."""

    def __init__(self, store: Store, platform: Platform) -> None:
        self.store = store
        self._platform = platform
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._writing = asyncio.Lock()
        self._unsaved: list[Stored] = []
        self._decisions: list[DecisionRow] = []

    async def load(self) -> StoredState:
        """Bring the database to the newest schema, and what it holds into the platform."""
        await self.call(self.store.migrate)
        state = await self.call(self.store.load)
        restore(self._platform, state)
        return state

    async def call(
        self, method: Callable[Given, Answer], *arguments: Given.args, **options: Given.kwargs
    ) -> Answer:
        """A call of the store, in its thread. Raises StoreError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: method(*arguments, **options))

    async def save(self) -> None:
        """Write what was put into the platform since the last time. Raises StoreError; it is written later then."""
        async with self._writing:
            self._unsaved = _newest([*self._unsaved, *self._platform.take_unsaved()], self._platform)
            decisions, self._decisions = self._decisions, []
            try:
                if self._unsaved:
                    await self.call(self._write, self._unsaved, dict(self._platform.models))
                self._unsaved = []
                await self.call(self.store.add_decisions, decisions)
            except StoreError:
                self._decisions = [*decisions, *self._decisions][-_MOST_DECISIONS:]
                self._platform.changed.set()
                raise

    def note_decision(self, deployment_id: str, decision: ScalingDecision) -> None:
        """Have a decision of the autoscaler stored, with the wall clock's time for its instant."""
        at = time.time() - (time.monotonic() - decision.at)
        inputs = dataclasses.asdict(decision.inputs)
        self._decisions.append(DecisionRow(deployment_id, at, decision.desired, decision.reason, inputs))
        self._platform.changed.set()

    async def run(self) -> None:
        """Write what changes by itself, until cancelled."""
        while True:
            await self._platform.changed.wait()
            try:
                await self.save()
            except StoreError as error:
                _logger.error("the state cannot be stored, which is tried again: %s", error)  # noqa: TRY400
                await asyncio.sleep(_RETRY_AFTER)

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self.store.close()

    def _write(self, values: Iterable[Stored], models: dict[str, float]) -> None:
        with self.store.transaction():
            for value in values:
                self.store.add_model(ModelRow(value.model, models.get(value.model, value.created_at)))
                match value:
                    case Deployment():
                        self.store.save_deployment(deployment_row(value))
                    case Environment():
                        self.store.save_environment(EnvironmentRow(**dataclasses.asdict(value)))


def _newest(values: list[Stored], platform: Platform) -> list[Stored]:
    """Each once, as it was put last, without what was removed; deployments before what points at them."""
    newest: dict[object, Stored] = {}
    for value in values:
        if isinstance(value, Deployment) and value.deployment_id in platform.deployments:
            newest[value.deployment_id] = value
        elif isinstance(value, Environment) and value.target in platform.environments:
            newest[value.target] = value
    return sorted(newest.values(), key=lambda value: isinstance(value, Environment))


def deployment_row(deployment: Deployment) -> DeploymentRow:
    return DeploymentRow(
        deployment_id=deployment.deployment_id,
        model=deployment.model,
        name=deployment.name,
        created_at=deployment.created_at,
        source=str(deployment.source),
        digest=deployment.digest,
        settings=dataclasses.asdict(deployment.settings),
        declared=dict(deployment.declared),
        version=deployment.version,
        is_active=deployment.is_active,
        prepared=None if deployment.prepared is None else deployment.prepared.to_json(),
        failure=deployment.failure,
        is_retired=deployment.is_retired,
    )


def restore(platform: Platform, state: StoredState) -> None:
    """Put what was stored into the platform. What is no longer valid is told, and left as far as it is."""
    platform.models = {row.name: row.created_at for row in state.models}
    for row in state.deployments:
        prepared = None if row.prepared is None else Prepared.from_json(row.prepared)
        platform.deployments[row.deployment_id] = Deployment(
            deployment_id=row.deployment_id,
            model=row.model,
            settings=_settings(row),
            prepared=prepared if prepared is not None and prepared.is_intact else None,
            name=row.name,
            created_at=row.created_at,
            source=Path(row.source),
            digest=row.digest,
            declared=row.declared,
            version=row.version,
            is_active=row.is_active,
            is_retired=row.is_retired,
            failure=row.failure,
        )
    for one in state.environments:
        environment = Environment(**dataclasses.asdict(one))
        if environment.candidate_id not in platform.deployments:
            environment = dataclasses.replace(environment, candidate_id=None, replaced_id=None)
        platform.environments[environment.target] = environment


def _settings(row: DeploymentRow) -> DeploymentSettings:
    known = {field.name for field in dataclasses.fields(DeploymentSettings)}
    try:
        return DeploymentSettings().with_changes(
            {name: value for name, value in row.settings.items() if name in known}
        )
    except InvalidSettingError as error:
        _logger.error(  # noqa: TRY400
            "the stored settings of deployment %s are not valid, the defaults hold: %s",
            row.deployment_id,
            error,
        )
        return DeploymentSettings()
