"""Control's metrics: what it wants, what there is, and what it decided, read at each scrape from plain snapshots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headway.core.lifecycle import ReplicaState
from headway.telemetry.prometheus import Family, Labels, Samples, Value, exposition

_DEPLOYMENT = ("model", "deployment")
REPLICAS = Family("headway_replicas", "gauge", "Replicas by their state.", (*_DEPLOYMENT, "state"))
DESIRED = Family("headway_replicas_desired", "gauge", "Replicas wanted, as decided last.", _DEPLOYMENT)
MIN_REPLICA = Family("headway_min_replica", "gauge", "The setting min_replica.", _DEPLOYMENT)
MAX_REPLICA = Family("headway_max_replica", "gauge", "The setting max_replica.", _DEPLOYMENT)
CONCURRENCY_TARGET = Family(
    "headway_concurrency_target", "gauge", "The setting concurrency_target.", _DEPLOYMENT
)
PREDICT_CONCURRENCY = Family(
    "headway_predict_concurrency", "gauge", "Requests that may run predict at once in a replica.", _DEPLOYMENT
)
DECISIONS = Family(
    "headway_decisions_total", "counter", "Decisions that changed how many replicas are wanted.", _DEPLOYMENT
)
RESTARTS = Family(
    "headway_replica_restarts_total", "counter", "Starts of a replica after it had failed.", _DEPLOYMENT
)
LINK_UP = Family("headway_gateway_link_up", "gauge", "1 while a gateway is connected with control.")
TABLE_VERSION = Family("headway_table_version", "gauge", "Version of the routing table given to gateways.")
FAMILIES = (
    REPLICAS,
    DESIRED,
    MIN_REPLICA,
    MAX_REPLICA,
    CONCURRENCY_TARGET,
    PREDICT_CONCURRENCY,
    DECISIONS,
    RESTARTS,
    LINK_UP,
    TABLE_VERSION,
)


@dataclass(frozen=True, slots=True)
class DeploymentSnapshot:
    """One deployment at an instant. The totals never fall while control runs."""

    model: str
    deployment_id: str
    desired: int
    min_replica: int
    max_replica: int
    concurrency_target: int
    predict_concurrency: int
    decisions: int
    restarts: int
    replicas: Mapping[ReplicaState, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ControlSnapshot:
    deployments: Sequence[DeploymentSnapshot]
    link_up: bool
    table_version: int


def text(snapshot: ControlSnapshot, accept: str) -> tuple[str, bytes]:
    """The answer to a scrape, control's process included: its content type and body."""
    return exposition(samples(snapshot), accept)


def samples(snapshot: ControlSnapshot) -> Samples:
    found: dict[Family, list[tuple[Labels, Value]]] = {family: [] for family in FAMILIES}
    for one in snapshot.deployments:
        labels = one.model, one.deployment_id
        values = {
            DESIRED: one.desired,
            MIN_REPLICA: one.min_replica,
            MAX_REPLICA: one.max_replica,
            CONCURRENCY_TARGET: one.concurrency_target,
            PREDICT_CONCURRENCY: one.predict_concurrency,
            DECISIONS: one.decisions,
            RESTARTS: one.restarts,
        }
        for family, value in values.items():
            found[family].append((labels, value))
        # Every state, so that a series does not end when its last replica leaves the state.
        found[REPLICAS] += [((*labels, state.value), one.replicas.get(state, 0)) for state in ReplicaState]
    found[LINK_UP].append(((), float(snapshot.link_up)))
    found[TABLE_VERSION].append(((), snapshot.table_version))
    return found
