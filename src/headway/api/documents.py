"""Makes the answers of what the control plane knows at this moment. It changes nothing."""

import dataclasses
import time

from headway.api import schemas
from headway.control.plane import ControlPlane
from headway.control.platform import PRODUCTION, Deployment, Environment
from headway.control.store.rows import DecisionRow, KeyRow
from headway.core.lifecycle import ReplicaState


class Documents:
    """Views of one control plane."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._platform = plane.platform
        self._supervisor = plane.supervisor

    def everything(self) -> schemas.LiveState:
        return schemas.LiveState(
            models=self.models().models,
            deployments=[
                schemas.LiveDeployment(
                    **self.deployment(one).model_dump(), replicas=self.replicas(one.deployment_id).replicas
                )
                for one in self._platform.deployments.values()
            ],
        )

    def models(self) -> schemas.Models:
        return schemas.Models(models=[self.model(name) for name in self._platform.models])

    def model(self, name: str) -> schemas.Model:
        deployments = [self.deployment(one) for one in self._platform.deployments_of(name)]
        production = self._platform.points_at((name, PRODUCTION))
        status = next((one.status for one in deployments if one.id == production), None)
        return schemas.Model(
            id=name,
            name=name,
            created_at=schemas.instant(self._platform.models[name]),
            deployments_count=len(deployments),
            production_deployment_id=production,
            environments=[one.name for one in self._platform.environments_of(name)],
            status=status,
            queued=sum(one.queued for one in deployments),
            in_flight=sum(one.in_flight for one in deployments),
            ready_replicas=sum(one.ready_replicas for one in deployments),
            desired_replicas=sum(one.desired_replicas for one in deployments),
        )

    def deployment(self, deployment: Deployment) -> schemas.Deployment:
        deployment_id, settings = deployment.deployment_id, dataclasses.asdict(deployment.settings)
        environments = [one.name for one in self._platform.environments_at(deployment_id)]
        decision = self._supervisor.autoscaler.latest(deployment_id)
        replicas = self._supervisor.replicas.of(deployment_id)
        loads = self._supervisor.link.load(deployment_id).values()
        ready = self._supervisor.replicas.ready(deployment_id)
        failed = self._supervisor.failed(deployment_id)
        prepared = deployment.prepared
        return schemas.Deployment(
            id=deployment_id,
            name=deployment.name,
            model_id=deployment.model,
            model_name=deployment.model,
            created_at=schemas.instant(deployment.created_at),
            environments=environments,
            environment=environments[0] if environments else None,
            is_production=PRODUCTION in environments,
            status=self._status(deployment),
            reason=deployment.failure or self._supervisor.last_failure(deployment_id),
            next_attempt_in=max(0.0, failed.next_attempt_at - time.monotonic()) if failed else None,
            predict_concurrency=None if prepared is None else prepared.predict_concurrency,
            concurrency_target=deployment.settings.concurrency_target,
            autoscaling_settings=schemas.AutoscalingSettings.model_validate(settings),
            settings=settings,
            settings_version=deployment.version,
            warnings=list(deployment.warnings),
            example_input=None if prepared is None else prepared.example,
            preparation=self._preparation(deployment_id),
            active_replica_count=ready,
            ready_replicas=ready,
            present_replicas=len(replicas),
            desired_replicas=0 if decision is None else decision.desired,
            desired_reason="" if decision is None else decision.reason,
            queued=sum(int(one.get("queued", 0)) for one in loads),
            in_flight=sum(self._supervisor.link.held(one.replica_id) for one in replicas),
            abandoned=sum(int(one.get("abandoned", 0)) for one in loads),
            arrivals=sum(int(one.get("arrivals", 0)) for one in loads),
            finished=sum(int(one.get("finished", 0)) for one in loads),
        )

    def settings(self, deployment: Deployment) -> schemas.Settings:
        return schemas.Settings(
            settings=dataclasses.asdict(deployment.settings),
            version=deployment.version,
            warnings=list(deployment.warnings),
        )

    def replicas(self, deployment_id: str) -> schemas.Replicas:
        replicas = self._supervisor.replicas
        return schemas.Replicas(
            replicas=[
                schemas.Replica(
                    id=one.replica_id,
                    generation=one.running.generation,
                    state=one.state.value,
                    for_seconds=round(time.monotonic() - one.since, 3),
                    restarts=replicas.history(one.replica_id).restarts,
                    last_exit=replicas.history(one.replica_id).last_exit,
                    held=self._supervisor.link.held(one.replica_id),
                    gpus=list(one.running.gpus),
                )
                for one in replicas.of(deployment_id)
            ]
        )

    def environment(self, environment: Environment) -> schemas.Environment:
        return schemas.Environment(
            name=environment.name,
            model_id=environment.model,
            created_at=schemas.instant(environment.created_at),
            current_deployment=self._deployment_of(environment.deployment_id),
            candidate_deployment=self._deployment_of(environment.candidate_id),
        )

    def _deployment_of(self, deployment_id: str | None) -> schemas.Deployment | None:
        deployment = self._platform.deployments.get(deployment_id or "")
        return None if deployment is None else self.deployment(deployment)

    def _preparation(self, deployment_id: str) -> schemas.Preparation | None:
        progress = self._plane.preparations.progress(deployment_id)
        if progress is None:
            return None
        return schemas.Preparation(began_at=schemas.instant(progress.began_at), line=progress.line)

    def _status(self, deployment: Deployment) -> schemas.Status:
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

    def _running_status(self, deployment_id: str) -> schemas.Status:
        supervisor = self._supervisor
        states = {one.state for one in supervisor.replicas.of(deployment_id)}
        if supervisor.failed(deployment_id) is not None:
            return "FAILED"
        if ReplicaState.READY in states:
            return "ACTIVE"
        if ReplicaState.STARTING in states:
            return "WAKING_UP" if deployment_id in supervisor.were_ready else "DEPLOYING"
        if ReplicaState.UNHEALTHY in states:
            return "UNHEALTHY"
        return "DEPLOYING" if supervisor.autoscaler.desired(deployment_id) else "SCALED_TO_ZERO"


def decision(row: DecisionRow) -> schemas.Decision:
    return schemas.Decision(
        at=schemas.instant(row.at), desired=row.desired, reason=row.reason, inputs=dict(row.inputs)
    )


def key(row: KeyRow) -> schemas.Key:
    return schemas.Key(
        prefix=row.prefix,
        name=row.name,
        scopes=list(row.scopes),
        created_at=schemas.instant(row.created_at),
    )
