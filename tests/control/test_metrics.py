import dataclasses

from prometheus_client.parser import text_string_to_metric_families

from headway.control.metrics import ControlSnapshot, DeploymentSnapshot, text
from headway.core.lifecycle import ReplicaState

DEPLOYMENT = DeploymentSnapshot(
    model="echo",
    deployment_id="d1",
    desired=3,
    min_replica=1,
    max_replica=5,
    concurrency_target=4,
    predict_concurrency=2,
    decisions=7,
    restarts=1,
    replicas={ReplicaState.READY: 2, ReplicaState.STARTING: 1},
)
SNAPSHOT = ControlSnapshot((DEPLOYMENT,), link_up=True, table_version=12)


def shown(snapshot):
    """Each sample's value, by its name and labels."""
    _, page = text(snapshot, "text/plain")
    families = text_string_to_metric_families(page.decode())
    return {
        (one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples
    }


def test_a_scrape_shows_the_snapshot():
    values = shown(SNAPSHOT)
    assert values["headway_replicas", "d1", "echo", "ready"] == 2
    assert values["headway_replicas", "d1", "draining", "echo"] == 0
    assert values["headway_replicas_desired", "d1", "echo"] == 3
    assert values["headway_decisions_total", "d1", "echo"] == 7
    assert values["headway_gateway_link_up",] == 1
    values = shown(dataclasses.replace(SNAPSHOT, deployments=(), link_up=False, table_version=13))
    assert ("headway_replicas_desired", "d1", "echo") not in values
    assert (values["headway_gateway_link_up",], values["headway_table_version",]) == (0, 13)


def test_the_text_is_prometheus_own_with_the_processs_metrics():
    content_type, page = text(SNAPSHOT, "text/plain")
    assert content_type.startswith("text/plain")
    names = {family.name for family in text_string_to_metric_families(page.decode())}
    assert {"headway_max_replica", "headway_replica_restarts", "process_resident_memory_bytes"} <= names
    content_type, page = text(SNAPSHOT, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")
