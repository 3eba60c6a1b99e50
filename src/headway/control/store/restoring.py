"""Deployments and environments as the store keeps them, and as the desired state has them again."""

import dataclasses
import logging
from pathlib import Path

from headway.control.desired.state import Deployment, DesiredState, Environment, Prepared
from headway.control.store.rows import DeploymentRow, StoredState
from headway.core.errors import InvalidSettingError
from headway.core.settings import DeploymentSettings

_logger = logging.getLogger(__name__)


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


def restore(desired_state: DesiredState, state: StoredState) -> None:
    """Put what was stored into the desired state. What is no longer valid is told, and left as far as it is."""
    desired_state.models = {row.name: row.created_at for row in state.models}
    for row in state.deployments:
        is_known = (
            row.prepared is not None and "attached" in row.prepared
        )  # else a former Headway prepared it
        prepared = Prepared.from_json(row.prepared) if row.prepared is not None and is_known else None
        desired_state.deployments[row.deployment_id] = Deployment(
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
    known = desired_state.deployments.keys()
    for one in state.environments:
        environment = Environment(**dataclasses.asdict(one))
        if not {environment.candidate_id, environment.replaced_id or environment.candidate_id} <= known:
            environment = dataclasses.replace(environment, candidate_id=None, replaced_id=None)
        desired_state.environments[environment.target] = environment


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
