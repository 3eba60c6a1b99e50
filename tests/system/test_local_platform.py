"""Deaths of every process of a running `headway serve`, and what its clients see of them."""

import fcntl
import os
import signal
import socket

import httpx
import pytest

from headway.processes.bootstrap import LocalPlatform, up
from headway.processes.listening import RootError
from system.serving import free_port, serving, wait_until

MODEL = """
import os
from pathlib import Path

class Model:
    def load(self):
        if Path(os.environ["BROKEN"]).exists():
            raise RuntimeError("it is broken")

    def predict(self, value):
        return {"pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """While this file exists no model can be loaded."""
    return tmp_path_factory.mktemp("flags") / "broken"


@pytest.fixture(scope="module")
def served(tmp_path_factory, broken):
    truss = tmp_path_factory.mktemp("trusses") / "deaths"
    (truss / "model").mkdir(parents=True)
    (truss / "config.yaml").write_text("model_name: deaths\n")
    (truss / "model" / "model.py").write_text(MODEL)
    data = tmp_path_factory.mktemp("data")
    # What a killed root leaves behind, its sockets, is then swept away with the test's other files.
    environment = {"BROKEN": str(broken), "HEADWAY_RUN_DIR": str(tmp_path_factory.mktemp("run"))}
    with serving(truss, "--replicas", "2", environment=environment, data_dir=data) as running:
        yield running


def kill(served, words):
    (pid,) = [pid for pid, command in served.processes().items() if words in command]
    os.kill(pid, signal.SIGKILL)
    return pid


def predict(served):
    answer = httpx.post(served.model_url, json={}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["pid"]


def model_of(served):
    """What control says, or None while it is away."""
    try:
        return served.model()
    except (httpx.HTTPError, ValueError):
        return None


def replicas(served, *states):
    """The replicas by id when they are all in one of `states`."""
    model = model_of(served)
    found = {one["id"]: one for one in model["replicas"]} if model else {}
    return found if found and all(one["state"] in states for one in found.values()) else None


def test_a_killed_control_stops_no_traffic_and_adopts_the_replicas(served):
    before = replicas(served, "ready")
    kill(served, "headway.api")
    assert {predict(served) for _ in range(20)} <= set(served.processes())
    after = wait_until(lambda: replicas(served, "ready"), 15, "control is back")
    assert {one["generation"] for one in after.values()} == {one["generation"] for one in before.values()}
    assert all(one["restarts"] == 0 for one in after.values())


def test_a_request_that_comes_while_the_gateway_is_dead_is_answered_by_the_next(served):
    before = replicas(served, "ready")
    kill(served, "headway.gateway")
    assert predict(served)
    assert replicas(served, "ready").keys() == before.keys()


def test_a_killed_replica_is_replaced_with_a_reason_while_the_other_serves(served):
    pid = kill(served, "--replica-id deaths-1")
    assert predict(served) != pid
    wait_until(lambda: len(replicas(served, "ready") or ()) == 2, 15, "both are ready")
    restarted = replicas(served, "ready")["deaths-1"]
    assert restarted["restarts"] == 1
    assert restarted["last_exit"] == "killed by signal 9"


def test_when_no_replica_can_start_clients_are_told_why_and_it_heals_by_itself(served, broken):
    broken.touch()
    kill(served, "--replica-id deaths-1")
    kill(served, "--replica-id deaths-2")
    failed = wait_until(
        lambda: (model_of(served) or {}).get("status") == "FAILED" and served.model(), 30, "failed"
    )
    reason = "the model could not be loaded (exit code 70)"
    assert failed["reason"] == f"{reason}: RuntimeError: it is broken"
    refused = httpx.post(served.model_url, json={}, timeout=10)
    assert refused.status_code == 503
    assert reason in refused.text
    assert "it is broken" not in refused.text, "what a model says is not for clients"
    assert int(refused.headers["retry-after"]) >= 1
    assert "it is broken" in served.printed()
    broken.unlink()
    wait_until(lambda: len(replicas(served, "ready") or ()) == 2, 30, "both are ready")
    assert predict(served)


def test_a_second_headway_on_the_same_data_directory_or_port_is_refused(tmp_path):
    platform = LocalPlatform(tmp_path, port=free_port(), control_port=free_port())
    with (tmp_path / "headway.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RootError, match="another Headway runs"):
            up(platform)
    with socket.create_server(("127.0.0.1", platform.port)), pytest.raises(RootError, match="cannot listen"):
        up(platform)


def test_kill_9_of_root_ends_everything(served):
    below = served.processes()
    assert len(below) == 2 * 4, "each with its keeper"
    served.process.kill()
    served.process.wait()
    wait_until(lambda: not any(map(is_alive, below)), 5, "all are gone")


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
