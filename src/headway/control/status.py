"""What runs here, for people and programs: `GET /v1/models` on the control port. It changes nothing."""

import dataclasses
import json
import time
from typing import Any

from headway.control.platform import Deployment
from headway.control.supervisor import History, Supervisor
from headway.core.lifecycle import ReplicaState
from headway.http.answers import header_lines
from headway.http.exchange import SILENT, Exchange, Receiver

_DECISIONS_SHOWN = 20
_JSON = header_lines([(b"content-type", b"application/json")])


class StatusPages:
    """The application on the control port."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def serve(self, exchange: Exchange) -> Receiver:
        path = exchange.target.partition(b"?")[0]
        match exchange.method, path:
            case b"GET", b"/v1/models":
                exchange.respond(200, _JSON, json.dumps(self.document()).encode())
            case b"GET", b"/healthz":
                exchange.respond(200, _JSON, b"{}")
            case _:
                error = {"code": "not_found", "message": "no such page", "hint": "GET /v1/models"}
                exchange.respond(404, _JSON, json.dumps({"error": error}).encode())
        return SILENT

    def document(self) -> dict[str, Any]:
        """Every model with its deployment, its replicas and the load last reported."""
        return {"models": [self._model(one) for one in self._supervisor.platform.deployments.values()]}

    def _model(self, deployment: Deployment) -> dict[str, Any]:
        supervisor = self._supervisor
        deployment_id = deployment.deployment_id
        replicas = supervisor.replicas_of(deployment)
        ready = sum(one.state is ReplicaState.READY for one in replicas)
        failed = supervisor.failures.get(deployment_id)
        environments = supervisor.platform.environments
        loads = supervisor.link.load(deployment_id)
        return {
            "name": deployment.model,
            "deployment": deployment_id,
            "environments": [
                name for (_, name), points_at in environments.items() if points_at == deployment_id
            ],
            "state": "failed" if failed else "active" if ready else "starting",
            "reason": supervisor.last_failure(deployment_id),
            "next_attempt_in": max(0.0, failed.next_attempt_at - time.monotonic()) if failed else None,
            "concurrency_target": deployment.settings.concurrency_target,
            "predict_concurrency": deployment.predict_concurrency,
            "ready_replicas": ready,
            "desired_replicas": supervisor.autoscaler.desired(deployment_id),
            "queued": sum(one.get("queued", 0) for one in loads.values()),
            "in_flight": sum(supervisor.link.held(one.replica_id) for one in replicas),
            "decisions": [
                dataclasses.asdict(one)
                for one in supervisor.autoscaler.decisions(deployment_id)[-_DECISIONS_SHOWN:]
            ],
            "settings": dataclasses.asdict(deployment.settings),
            "warnings": list(deployment.warnings),
            "replicas": [self._replica(one.replica_id) for one in replicas],
            "load": dict(loads),
        }

    def _replica(self, replica_id: str) -> dict[str, Any]:
        replica = self._supervisor.replicas[replica_id]
        history = self._supervisor.histories.get(replica_id, History())
        return {
            "id": replica_id,
            "generation": replica.running.generation,
            "state": replica.state.value,
            "for_seconds": round(time.monotonic() - replica.since, 3),
            "restarts": history.restarts,
            "last_exit": history.last_exit,
            "held": self._supervisor.link.held(replica_id),
            "gpus": list(replica.running.gpus),
        }
