"""Rows as the stories of the store need them."""

from headway.control.store.rows import (
    ChangeRow,
    DecisionRow,
    DeploymentRow,
    EnvironmentRow,
    KeyRow,
    ModelRow,
    SecretRow,
)

ECHO = ModelRow("echo", 1_700_000_000.25)
PRODUCTION = EnvironmentRow("echo", "production", "d1", 1_700_000_002.0)
KEY = KeyRow("hw_abcd", "ab" * 32, "ci", ("models:read", "models:predict"), 1_700_000_003.0)
SECRET = SecretRow("hf_token", "hf_äöü\n😀", 1_700_000_004.0)


def deployment(deployment_id="d1", **changes):
    fields = {
        "model": "echo",
        "name": "first",
        "created_at": 1_700_000_001.0,
        "source": "/data/snapshots/ab12",
        "digest": "ab12",
        "settings": {"concurrency_target": 2, "queue_timeout": 0.5, "rollout": "surge", "retry": False},
        "declared": {},
        "version": 1,
        "is_active": True,
        "prepared": None,
        "failure": "",
    }
    return DeploymentRow(deployment_id, **{**fields, **changes})


def decision(at, deployment_id="d1", desired=1):
    return DecisionRow(deployment_id, at, desired, f"want {desired}", {"mean_demand": 0.5, "ready": 1})


def change(at, deployment_id="d1", **told):
    fields = {"kind": "setting", "field": "max_replica", "before": 1, "after": 2, "author": "ci"}
    return ChangeRow("echo", deployment_id, at=at, **{**fields, **told})
