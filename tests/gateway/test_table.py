"""The routing table: it travels whole, and what is no table is refused with what is wrong."""

import json

import pytest

from headway.core.settings import DeploymentSettings
from headway.gateway.table import (
    DeploymentRoute,
    DeploymentState,
    InvalidTableError,
    ReplicaRoute,
    RoutingTable,
)

TABLE = RoutingTable(
    7,
    (
        DeploymentRoute(
            "d1",
            "m",
            DeploymentSettings(concurrency_target=3, retry_on_crash=True),
            DeploymentState.FAILED,
            "no GPU",
            12.5,
            (
                ReplicaRoute("r1", 2, "unix:/a", "unix:/b", draining=True),
                ReplicaRoute("r2", 1, "tcp:h:1", "tcp:h:2"),
            ),
        ),
        DeploymentRoute("d2", "m"),
    ),
    {("m", "production"): "d1", ("m", "dev"): "d2"},
    {"abc": ("inference", "manage")},
)


def test_it_arrives_as_it_was_sent():
    assert RoutingTable.from_json(TABLE.to_json()) == TABLE
    assert RoutingTable.from_json(RoutingTable(0).to_json().encode()) == RoutingTable(0)


def test_whom_an_address_means():
    assert TABLE.deployment_of("m", "production", None) == "d1"
    assert TABLE.deployment_of("m", "dev", None) == "d2"
    assert TABLE.deployment_of("m", "dev", "d1") == "d1"
    assert TABLE.deployment_of("n", "production", "d1") is None
    assert TABLE.deployment_of("m", "staging", None) is None


def changed(**changes: object) -> str:
    return json.dumps({**json.loads(TABLE.to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "JSONDecodeError"),
        ("null", "TypeError"),
        ("[]", "TypeError"),
        ("{}", "version"),
        (changed(version="x"), "ValueError"),
        (changed(deployments=[{"model": "m"}]), "deployment_id"),
        (changed(deployments=[{"deployment_id": "d1", "model": "m", "colour": "red"}]), "colour"),
        (
            changed(deployments=[{"deployment_id": "d1", "model": "m", "settings": {"queue_limt": 1}}]),
            "queue_limt",
        ),
        (
            changed(deployments=[{"deployment_id": "d1", "model": "m", "settings": {"queue_limit": -1}}]),
            "queue_limit",
        ),
        (changed(deployments=[{"deployment_id": "d1", "model": "m", "state": "odd"}]), "odd"),
        (changed(environments=[{"model": "m", "environment": "e", "deployment": "d9"}]), "d9"),
        (changed(keys=[]), "AttributeError"),
    ],
)
def test_what_is_no_table_is_refused(text, reason):
    with pytest.raises(InvalidTableError, match=reason):
        RoutingTable.from_json(text)
