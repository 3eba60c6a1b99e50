"""A lasting Headway as its users meet it: `headway up`, and every verb as a process of its own."""

import contextlib
import json
import os
import pty
import signal
import threading
from pathlib import Path

import pytest

from system.lasting import Headway
from system.serving import wait_until

ECHO = Path(__file__).parents[2] / "examples" / "echo"
INTERRUPTED, NOT_PERMITTED = 130, 77


@pytest.fixture(scope="module")
def headway(tmp_path_factory):
    return Headway(tmp_path_factory.mktemp("up"))


def interrupted(process):
    process.send_signal(signal.SIGINT)
    return process.wait(30)


def watch_on_a_terminal(headway, text):
    """Run `status --watch` until it shows `text`. The terminal goes on taking what is written, or it could not end."""
    ours, theirs = pty.openpty()
    process = headway.start("status", "--watch", stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while text.encode() not in shown:
        shown += os.read(ours, 65_536)
    taking = threading.Thread(target=take_all, args=(ours,))
    taking.start()
    code = interrupted(process)
    taking.join(30)
    os.close(ours)
    return code


def take_all(terminal):
    with contextlib.suppress(OSError):  # Linux's word for the end of a terminal
        while os.read(terminal, 65_536):
            continue


@pytest.mark.timeout(600)
def test_a_pushed_model_is_managed_by_verbs_and_outlives_headway(headway, tmp_path):
    with headway.up():
        curl = headway.run("push", ECHO, "--set", "queue_limit=50")
        assert curl.startswith(f"curl http://127.0.0.1:{headway.port}/models/echo/predict -d ")
        assert json.loads(headway.run("predict", "echo", "--input", "[1]")) == [1]

        def recorded():
            return json.loads(headway.run("requests", "echo", "--sort-by", "seconds", "--json"))["requests"]

        [request] = wait_until(recorded, 30, "the request is recorded")
        assert request["status"] == 200
        assert request["request_id"] in headway.run("requests", "echo")

        assert "in force" in headway.run("settings", "echo", "concurrency_target=3")
        [deployment] = json.loads(headway.run("status", "--json"))["deployments"]
        assert (deployment["concurrency_target"], deployment["settings"]["queue_limit"]) == (3, 50)
        [model] = json.loads(headway.run("list", "--json"))["models"]
        assert (model["name"], model["status"], model["ready_replicas"]) == ("echo", "ACTIVE", 1)
        assert watch_on_a_terminal(headway, deployment["id"]) == INTERRUPTED

        headway.run("deactivate", "echo")
        assert headway.predict(503)["error"]["code"] == "deployment_inactive"
        log = tmp_path / "log"
        with log.open("wb") as file:
            following = headway.start("logs", "echo", "--follow", "--tail", "1", stdout=file)
        wait_until(log.read_bytes, 30, "the past is shown")
        before = log.read_text().count("The model is loaded")
        headway.run("activate", "echo")
        assert headway.predict() == {"a": 1}
        wait_until(lambda: log.read_text().count("The model is loaded") > before, 30, "a new line is shown")
        assert interrupted(following) == INTERRUPTED

    with headway.up():
        assert headway.predict() == {"a": 1}
        [again] = json.loads(headway.run("status", "echo", "--json"))["deployments"]
        assert (again["id"], again["concurrency_target"]) == (deployment["id"], 3)


@pytest.mark.timeout(600)
def test_where_others_reach_headway_every_call_needs_a_key(headway):
    refused = headway.run("up", "--host", "0.0.0.0", code=1)
    assert "headway keys create --scope inference --scope manage" in refused
    key = headway.run("keys", "create", "--quiet", "--scope", "inference").strip()
    manage = headway.run("keys", "create", "--quiet", "--scope", "manage").strip()
    with headway.up("--host", "0.0.0.0", "--control-host", "0.0.0.0"):
        headway.environment["HEADWAY_API_KEY"] = manage
        curl = headway.run("push", ECHO)
        assert '-H "Authorization: Bearer $HEADWAY_API_KEY"' in curl
        assert headway.predict(401)["error"]["code"] == "key_missing"
        assert headway.predict(403, authorization=f"Bearer {manage}")["error"]["code"] == "scope_missing"
        assert headway.predict(authorization=f"Bearer {key}") == {"a": 1}
        headway.environment["HEADWAY_API_KEY"] = key
        headway.run("list", code=NOT_PERMITTED)
        assert json.loads(headway.run("predict", "echo", "--input", "[1]")) == [1]
