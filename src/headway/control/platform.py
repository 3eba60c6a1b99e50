"""What is desired: deployments with their settings, and where environments point.

It is held in memory and made anew from the command line at each start of control.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headway.control.packages.preparation import PreparedModel
from headway.core.reconcile import Thresholds
from headway.core.settings import DeploymentSettings


@dataclass(frozen=True, slots=True)
class Deployment:
    """One immutable version of a model's Truss, ready to run, with the settings that can change."""

    deployment_id: str
    model: str
    interpreter: Path
    directory: Path
    environment: Mapping[str, str]
    settings: DeploymentSettings
    predict_concurrency: int = 1
    use_gpu: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)
    warnings: tuple[str, ...] = ()
    is_wanted: bool = True
    """Whether it is to have replicas at all; how many, the autoscaler says."""


class Platform:
    """The desired state of everything that runs here."""

    def __init__(self) -> None:
        self.deployments: dict[str, Deployment] = {}
        self.environments: dict[tuple[str, str], str] = {}

    def deploy(self, deployment: Deployment, *, environment: str = "production") -> None:
        """Add or change a deployment and point the model's environment at it."""
        self.deployments[deployment.deployment_id] = deployment
        self.environments[deployment.model, environment] = deployment.deployment_id


def deployment_of(
    prepared: PreparedModel,
    *,
    model: str,
    settings: DeploymentSettings,
    environment: Mapping[str, str],
) -> Deployment:
    """A prepared Truss as a deployment. Equal contents get equal ids, so a restarted control knows its own."""
    content = f"{model}\0{prepared.directory}\0{prepared.interpreter}"
    config = prepared.config
    return Deployment(
        deployment_id=hashlib.sha256(content.encode()).hexdigest()[:8],
        model=model,
        interpreter=prepared.interpreter,
        directory=prepared.directory,
        environment={**prepared.environment_variables, **environment},
        settings=settings,
        predict_concurrency=config.predict_concurrency,
        use_gpu=config.use_gpu,
        thresholds=_thresholds(prepared, settings),
        warnings=(*prepared.warnings, *settings.warnings(config.predict_concurrency)),
    )


def _thresholds(prepared: PreparedModel, settings: DeploymentSettings) -> Thresholds:
    checks, default = prepared.config.health_checks, Thresholds()
    return Thresholds(
        startup=checks.startup_threshold_seconds or default.startup,
        stop_traffic=checks.stop_traffic_threshold_seconds or default.stop_traffic,
        restart=checks.restart_threshold_seconds or default.restart,
        restart_delay=checks.restart_check_delay_seconds or default.restart_delay,
        drain=settings.drain_timeout,
    )
