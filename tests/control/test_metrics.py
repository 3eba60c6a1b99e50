import dataclasses

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from headway.control.metrics import ControlSnapshot, DeploymentSnapshot, collector, text
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
LABELS = {"model": "echo", "deployment": "d1"}


def test_each_scrape_reads_the_snapshot_anew():
    now = [SNAPSHOT]
    registry = CollectorRegistry()
    registry.register(collector(lambda: now[0]))
    assert registry.get_sample_value("headway_replicas", {**LABELS, "state": "ready"}) == 2
    assert registry.get_sample_value("headway_replicas", {**LABELS, "state": "draining"}) == 0
    assert registry.get_sample_value("headway_replicas_desired", LABELS) == 3
    assert registry.get_sample_value("headway_decisions_total", LABELS) == 7
    assert registry.get_sample_value("headway_gateway_link_up") == 1
    now[0] = dataclasses.replace(SNAPSHOT, deployments=(), link_up=False, table_version=13)
    assert registry.get_sample_value("headway_replicas_desired", LABELS) is None
    assert registry.get_sample_value("headway_gateway_link_up") == 0
    assert registry.get_sample_value("headway_table_version") == 13


def test_the_text_is_prometheus_own_with_the_processs_metrics():
    content_type, page = text(SNAPSHOT, "text/plain")
    assert content_type.startswith("text/plain")
    names = {family.name for family in text_string_to_metric_families(page.decode())}
    assert {"headway_max_replica", "headway_replica_restarts", "process_resident_memory_bytes"} <= names
    content_type, page = text(SNAPSHOT, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")
