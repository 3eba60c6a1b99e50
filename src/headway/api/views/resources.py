"""Makes the answers of what the control plane knows at this moment. It changes nothing."""

import dataclasses
import time
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from headway.api.schemas import administration, resources, traffic
from headway.api.schemas.traffic import instant
from headway.api.views.environments import live_environments
from headway.api.views.saturation import SaturationViews
from headway.control.desired.state import PRODUCTION, Deployment, Environment
from headway.control.packages.machine import has_secret
from headway.control.packages.on_machine import secret_warnings
from headway.control.plane import ControlPlane
from headway.control.running.replica import SupervisedReplica
from headway.control.store.rows import DecisionRow, KeyRow
from headway.core.lifecycle import ReplicaState
from headway.core.reconcile import STARTS_UNTIL_FAILED
from headway.core.settings import DeploymentSettings
from headway.observed.words import counted

_LIVE_STATE = TypeAdapter(resources.LiveState)
_SETTINGS = tuple(field.name for field in dataclasses.fields(DeploymentSettings))
_AUTOSCALING_SETTINGS = tuple(field.name for field in dataclasses.fields(resources.AutoscalingSettings))


_clock = time.time() - time.monotonic()
"""Read once: the same instant looks the same in every answer."""


class ResourceViews:
    """Views of one control plane."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._desired_state = plane.desired_state
        self._supervisor = plane.supervisor
        self._saturations = SaturationViews(plane)

    def everything(self) -> str:
        """A `resources.LiveState` as JSON."""
        deployments = [
            resources.LiveDeployment(
                **{**self._fields(one), "example_input": None},
                replicas=[self._replica(replica) for replica in self._supervisor.replicas.of(deployment_id)],
            )
            for deployment_id, one in self._desired_state.deployments.items()
        ]
        by_model: dict[str, list[resources.Deployment]] = {name: [] for name in self._desired_state.models}
        for deployment in deployments:
            by_model[deployment.model_id].append(deployment)
        models = [self._model(name, its) for name, its in by_model.items()]
        environments = live_environments(self._plane)
        state = resources.LiveState(models=models, environments=environments, deployments=deployments)
        return _LIVE_STATE.dump_json(state).decode()

    def models(self) -> resources.Models:
        return resources.Models(models=[self.model(name) for name in self._desired_state.models])

    def model(self, name: str) -> resources.Model:
        return self._model(name, [self.deployment(one) for one in self._desired_state.deployments_of(name)])

    def deployment(self, deployment: Deployment) -> resources.Deployment:
        fields = self._fields(deployment)
        fields["warnings"] += self._secret_warnings(deployment)
        return resources.Deployment(**fields)

    def settings(self, deployment: Deployment) -> resources.Settings:
        return resources.Settings(
            settings=_settings(deployment),
            version=deployment.version,
            warnings=list(deployment.warnings),
        )

    def settings_change(
        self, before: Deployment, after: Deployment, *, is_in_force: bool
    ) -> resources.SettingsChange:
        is_changed = before.settings != after.settings
        taken = "in force" if is_in_force else "stored, the gateway does not answer"
        return resources.SettingsChange(
            settings=_settings(after),
            version=after.version,
            warnings=list(after.warnings),
            status="ACCEPTED" if is_changed else "UNCHANGED",
            message=taken if is_changed else "nothing changed",
        )

    def settings_preview(self, after: Deployment) -> resources.SettingsPreview:
        decision, settings = self._supervisor.wanted.preview(after), after.scaling_settings
        needed = max(settings.min_replica, min(decision.inputs.need, settings.max_replica))
        return resources.SettingsPreview(
            settings=_settings(after),
            warnings=list(after.warnings),
            present=decision.inputs.present,
            desired=decision.desired,
            needed=needed,
            capacity=needed * settings.concurrency_target,
            reason=decision.reason,
            text=_preview_text(needed, decision.desired),
        )

    def replicas(self, deployment_id: str) -> resources.Replicas:
        return resources.Replicas(
            replicas=[self._replica(one) for one in self._supervisor.replicas.of(deployment_id)]
        )

    def environment(self, environment: Environment) -> resources.Environment:
        return resources.Environment(
            name=environment.name,
            model_id=environment.model,
            created_at=instant(environment.created_at),
            current_deployment=self._deployment_of(environment.deployment_id),
            candidate_deployment=self._deployment_of(environment.candidate_id),
        )

    def _secret_warnings(self, deployment: Deployment) -> list[str]:
        """They may be set at any time, so they are looked at each time."""
        declared = {} if deployment.prepared is None else deployment.prepared.secrets
        place = self._plane.options.secrets_place
        return list(secret_warnings(declared, lambda name: has_secret(name, place)))

    def _deployment_of(self, deployment_id: str | None) -> resources.Deployment | None:
        deployment = self._desired_state.deployments.get(deployment_id or "")
        return None if deployment is None else self.deployment(deployment)

    def _model(self, name: str, deployments: list[resources.Deployment]) -> resources.Model:
        production = self._desired_state.points_at((name, PRODUCTION))
        return resources.Model(
            id=name,
            name=name,
            created_at=instant(self._desired_state.models[name]),
            deployments_count=len(deployments),
            production_deployment_id=production,
            environments=[one.name for one in self._desired_state.environments_of(name)],
            status=next((one.status for one in deployments if one.id == production), None),
            reason=next((one.reason for one in deployments if one.id == production), ""),
            saturation=next((one.saturation for one in deployments if one.id == production), None),
            queued=sum(one.queued for one in deployments),
            in_flight=sum(one.in_flight for one in deployments),
            ready_replicas=sum(one.ready_replicas for one in deployments),
            desired_replicas=sum(one.desired_replicas for one in deployments),
        )

    def _fields(self, deployment: Deployment) -> dict[str, Any]:
        """Of a `resources.Deployment`, by their names."""
        return {**self._static_fields(deployment), **self._live_fields(deployment)}

    def _static_fields(self, deployment: Deployment) -> dict[str, Any]:
        """Those that follow from what is desired."""
        deployment_id, prepared, settings = (
            deployment.deployment_id,
            deployment.prepared,
            _settings(deployment),
        )
        environments = [one.name for one in self._desired_state.environments_at(deployment_id)]
        return {
            "id": deployment_id,
            "name": deployment.name,
            "model_id": deployment.model,
            "model_name": deployment.model,
            "created_at": instant(deployment.created_at),
            "environments": environments,
            "environment": environments[0] if environments else None,
            "is_production": PRODUCTION in environments,
            "predict_concurrency": None if prepared is None else prepared.predict_concurrency,
            "concurrency_target": deployment.settings.concurrency_target,
            "autoscaling_settings": resources.AutoscalingSettings(
                **{name: settings[name] for name in _AUTOSCALING_SETTINGS}
            ),
            "settings": settings,
            "settings_version": deployment.version,
            "warnings": list(deployment.warnings),
            "example_input": None if prepared is None else prepared.example,
            "isolation": self._supervisor.replicas.isolation_of(deployment).value,
            "ways_in": None if prepared is None or prepared.ways_in is None else list(prepared.ways_in),
        }

    def _live_fields(self, deployment: Deployment) -> dict[str, Any]:
        """Those that change by themselves."""
        deployment_id, supervisor = deployment.deployment_id, self._supervisor
        decision, failed = supervisor.autoscaler.latest(deployment_id), supervisor.failed(deployment_id)
        replicas = supervisor.replicas.of(deployment_id)
        ready = supervisor.replicas.ready(deployment_id)
        return {
            "status": self._status(deployment),
            "reason": deployment.failure
            or supervisor.replicas.explained(deployment_id, supervisor.last_failure(deployment_id)),
            "saturation": self._saturations.of(deployment),
            "next_attempt_at": None if failed is None else _at(failed.next_attempt_at),
            "preparation": self._preparation(deployment_id),
            "active_replica_count": ready,
            "ready_replicas": ready,
            "present_replicas": len(replicas),
            "desired_replicas": 0 if decision is None else decision.desired,
            "desired_reason": "" if decision is None else decision.reason,
            "in_flight": sum(supervisor.link.held(one.replica_id) for one in replicas),
            **self._reported(deployment_id),
            **dataclasses.asdict(supervisor.history.of(deployment_id).recent),
        }

    def _reported(self, deployment_id: str) -> dict[str, int]:
        loads = self._supervisor.link.load(deployment_id).values()
        names = "queued", "abandoned", "arrivals", "finished"
        return {name: sum(int(load.get(name, 0)) for load in loads) for name in names}

    def _replica(self, replica: SupervisedReplica) -> resources.Replica:
        history = self._supervisor.replicas.history(replica)
        return resources.Replica(
            id=replica.replica_id,
            generation=replica.running.generation,
            state=replica.state.value,
            since=_at(replica.since),
            restarts=history.restarts,
            last_exit=history.last_exit,
            held=self._supervisor.link.held(replica.replica_id),
            gpus=list(replica.running.gpus),
            isolation=replica.running.isolation.value,
        )

    def _preparation(self, deployment_id: str) -> resources.Preparation | None:
        progress = self._plane.preparations.progress(deployment_id)
        if progress is None:
            return None
        return resources.Preparation(began_at=instant(progress.began_at), line=progress.line)

    def _status(self, deployment: Deployment) -> resources.Status:
        deployment_id = deployment.deployment_id
        if deployment_id in self._plane.operations.deletions:
            return "DELETING"
        if not deployment.is_active:
            return "INACTIVE"
        if deployment.failure:
            return "BUILD_FAILED"
        if deployment.prepared is None:
            return "BUILDING"
        return self._running_status(deployment_id)

    def _running_status(self, deployment_id: str) -> resources.Status:
        supervisor = self._supervisor
        states = {one.state for one in supervisor.replicas.of(deployment_id)}
        if supervisor.failed(deployment_id) is not None:
            return "FAILED"
        if ReplicaState.READY in states:
            return "ACTIVE"
        if self._is_failing(deployment_id, is_trying=ReplicaState.STARTING in states):
            return "FAILED"
        if ReplicaState.STARTING in states:
            return "WAKING_UP" if deployment_id in supervisor.were_ready else "DEPLOYING"
        if ReplicaState.UNHEALTHY in states:
            return "UNHEALTHY"
        return "DEPLOYING" if supervisor.autoscaler.desired(deployment_id) else "SCALED_TO_ZERO"

    def _is_failing(self, deployment_id: str, *, is_trying: bool) -> bool:
        """No replica is ready. Whether that is so because starts fail, and no start is about to show otherwise."""
        failed_starts = self._supervisor.lives.failed_starts(deployment_id)
        is_tried_again = is_trying or bool(self._supervisor.autoscaler.desired(deployment_id))
        return failed_starts >= STARTS_UNTIL_FAILED or (failed_starts > 0 and not is_tried_again)


def decision(row: DecisionRow) -> traffic.Decision:
    return traffic.Decision(
        at=instant(row.at), desired=row.desired, reason=row.reason, inputs=dict(row.inputs)
    )


def key(row: KeyRow) -> administration.Key:
    return administration.Key(
        prefix=row.prefix,
        name=row.name,
        scopes=list(row.scopes),
        created_at=instant(row.created_at),
    )


def _preview_text(needed: int, desired: int) -> str:
    text = f"{counted(needed, 'replica')} at the present load"
    if desired > needed:
        return f"{text}; {desired} until scale_down_delay is over"
    return text


def _settings(deployment: Deployment) -> dict[str, Any]:
    settings = deployment.settings
    return {name: getattr(settings, name) for name in _SETTINGS}


def _at(monotonic: float) -> datetime:
    return instant(_clock + monotonic)
