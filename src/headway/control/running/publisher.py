"""Makes the routing table of what is desired and what there is, and sends it whenever it says something new."""

import dataclasses
import time
from collections.abc import Mapping

from headway.control.desired.state import Deployment, DesiredState
from headway.control.running.link import GatewayLink
from headway.control.running.replicas import ReplicaSet
from headway.control.running.table_store import TableStore
from headway.core.reconcile import Failed
from headway.gateway.table import DeploymentRoute, DeploymentState, RoutingTable


class Publisher:
    """`keys` maps the digests of API keys to their scopes, `failures` deployments to why they do not start."""

    def __init__(
        self,
        desired_state: DesiredState,
        replicas: ReplicaSet,
        link: GatewayLink,
        store: TableStore,
    ) -> None:
        self._desired_state = desired_state
        self._replicas = replicas
        self._link = link
        self._store = store
        self.keys: Mapping[str, tuple[str, ...]] = {}
        self.failures: dict[str, Failed] = {}

    def note_failed(self, deployment_id: str, failed: Failed | None) -> None:
        if failed is None:
            self.failures.pop(deployment_id, None)
        else:
            self.failures[deployment_id] = failed

    def publish(self) -> None:
        """Send the table if it says something new, and once in each life of control."""
        table = RoutingTable(
            0,
            tuple(self._route(one) for one in self._desired_state.deployments.values()),
            {
                target: one.deployment_id
                for target, one in self._desired_state.environments.items()
                if one.deployment_id is not None
            },
            dict(self.keys),
        )
        is_behind = self._link.newest_applied > self._store.table.version
        if is_behind:
            self._store.rise_above(self._link.newest_applied)
        if is_behind or _without_times(table) != _without_times(self._store.table):
            self._store.store(table)
        else:
            self._store.write()
            if self._link.table is not None:
                return
        self._link.publish(self._store.table, self._store.text)

    def _route(self, deployment: Deployment) -> DeploymentRoute:
        state, reason, retry_after = self._state(deployment)
        routes = (one.route() for one in self._replicas.of(deployment.deployment_id))
        return DeploymentRoute(
            deployment.deployment_id,
            deployment.model,
            deployment.settings,
            state=state,
            reason=reason,
            retry_after=retry_after,
            replicas=tuple(one for one in routes if one is not None),
            created_at=deployment.created_at,
        )

    def _state(self, deployment: Deployment) -> tuple[DeploymentState, str, float]:
        if not deployment.is_active:
            return DeploymentState.INACTIVE, "", 0.0
        if deployment.failure:
            return DeploymentState.FAILED, deployment.failure, 0.0
        failed = self.failures.get(deployment.deployment_id)
        if failed is None:
            return DeploymentState.ACTIVE, "", 0.0
        return DeploymentState.FAILED, failed.reason, max(0.0, failed.next_attempt_at - time.monotonic())


def _without_times(table: RoutingTable) -> RoutingTable:
    """What a table says, without its version and the time that passes anyway."""
    deployments = tuple(dataclasses.replace(one, retry_after=0.0) for one in table.deployments)
    return dataclasses.replace(table, version=0, deployments=deployments)
