"""What the local backend says to root of a replica; that it runs is judged by the contract."""

import pytest

from headway.backends.base import ReplicaSpec
from headway.backends.isolation.none import OnTheMachine
from headway.backends.local import LocalBackend


@pytest.fixture
def environment_of(tmp_path, monkeypatch):
    for name in (
        "OPERATORS_TOKEN",
        "HEADWAY_API_KEY",
        "TRUSS_SECRET_mine",
        "TRUSS_SECRET_other",
        "OMP_NUM_THREADS",
    ):
        monkeypatch.setenv(name, "of the operator")

    def ask(gpus=(), **known):
        spec = ReplicaSpec("m-1", 1, "d", tmp_path, tmp_path, tmp_path / "log", **known)
        world = LocalBackend(tmp_path, gpus=["0", "1"])._world(spec, tmp_path, tuple(gpus))
        return OnTheMachine().launch(world, ["true"]).environment

    return ask


def test_a_model_gets_what_it_needs_what_its_config_says_and_the_secrets_that_it_declares(environment_of):
    got = environment_of(environment={"OMP_NUM_THREADS": "1"}, secrets=("mine",))
    assert "OPERATORS_TOKEN" not in got
    assert "HEADWAY_API_KEY" not in got
    assert [name for name in got if name.startswith("TRUSS_SECRET")] == ["TRUSS_SECRET_mine"]
    assert got["OMP_NUM_THREADS"] == "1", "config.yaml wins"
    assert "PATH" in got


def test_a_model_sees_the_gpus_that_are_set_aside_for_it_alone(environment_of):
    assert environment_of(gpus=["1"])["CUDA_VISIBLE_DEVICES"] == "1"
    assert environment_of()["CUDA_VISIBLE_DEVICES"] == ""
