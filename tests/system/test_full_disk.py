"""A lasting Headway whose data directory is a small file system of its own, which is full for a while."""

import contextlib
import json
import os
import signal
import subprocess

import httpx
import pytest

from fakes.archives import tar, truss_files
from system.lasting import Headway
from system.serving import descendants, share_environments, wait_until

CHATTY = """
class Model:
    def predict(self, model_input):
        print("x" * 10_000, flush=True)
        return model_input
"""


@pytest.fixture
def headway(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "none", data], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here; tests/api/test_faults_of_the_disk.py plays the faults")
    share_environments(data)
    try:
        made = Headway(tmp_path)
        made.environment["HEADWAY_MIN_FREE"] = "0"  # it is small
        yield made
    finally:
        subprocess.run(["umount", "--lazy", data], check=True)


def fill(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1024 * 1024, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)


def process_of(up, program):
    return [one for one, command in descendants(up.pid).items() if f"-m headway.{program} " in command]


@pytest.mark.timeout(300)
def test_a_full_disk_ends_nothing_and_what_it_did_not_take_is_stored_when_it_does(headway, tmp_path):
    control = f"http://127.0.0.1:{headway.control_port}"
    settings = f"{control}/v1/models/echo/deployments/production/settings"
    data = tmp_path / "data"
    with headway.up() as up:
        files = truss_files("model_name: echo", **{"model/model.py": CHATTY})
        answer = httpx.post(f"{control}/v1/models/echo/deployments", content=tar(files), timeout=30)
        assert answer.status_code == 202, answer.text
        assert headway.predict() == {"a": 1}
        [before] = process_of(up, "api")

        fill(data / "filler")
        [replica] = process_of(up, "model_server")
        for _ in range(20):
            assert headway.predict() == {"a": 1}, "a model prints what nobody can keep"
        answer = httpx.patch(settings, json={"max_replica": 2, "min_replica": 1}, timeout=30)
        assert answer.status_code in {200, 503}, answer.text
        if answer.status_code == 503:
            assert "is stored as soon as that can be" in answer.json()["error"]["message"]
        assert httpx.get(settings, timeout=30).json()["settings"]["max_replica"] == 2
        refused = httpx.post(f"{control}/v1/models/other/deployments", content=tar(files), timeout=30)
        assert (refused.status_code, refused.json()["error"]["code"]) == (507, "no_room")
        os.kill(replica, signal.SIGKILL)
        assert wait_until(
            lambda: process_of(up, "model_server") not in ([], [replica]), 60, "another one is started"
        )
        assert headway.predict() == {"a": 1}
        assert process_of(up, "api") == [before], "control has never ended"

        (data / "filler").unlink()
        table = data / "control" / "table.json"
        wait_until(lambda: '"max_replica": 2' in table.read_text(), 30, "the table is stored")
        answer = httpx.patch(settings, json={"max_replica": 3}, timeout=30)
        assert (answer.status_code, answer.json()["message"]) == (200, "in force")
        assert process_of(up, "api") == [before]
    with headway.up():
        [deployment] = json.loads(headway.run("status", "echo", "--json"))["deployments"]
        assert deployment["settings"]["max_replica"] == 3
        assert headway.predict() == {"a": 1}
