"""Pushes of changing Trusses for HEADWAY_SOAK_SECONDS on a small file system, with traffic: nothing grows."""

import contextlib
import os
import statistics
import subprocess
import threading
import time

import httpx
import pytest

from fakes.archives import tar, truss_files
from system.lasting import Headway
from system.serving import descendants, share_environments, wait_until

SECONDS = float(os.environ.get("HEADWAY_SOAK_SECONDS", "0"))
WARM = 600.0
SIZE = 500 * 1024 * 1024
TRUSS_BYTES = 10_000_000


@pytest.fixture
def headway(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "none", data]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    share_environments(data)
    made = Headway(tmp_path)
    made.environment |= {
        "HEADWAY_KEEP_DEPLOYMENTS": "3",
        "HEADWAY_KEEP_DAYS": "0",
        "HEADWAY_MIN_FREE": str(SIZE // 5),
    }
    try:
        yield made
    finally:
        subprocess.run(["umount", "--lazy", data], check=True)


class Traffic:
    """One request after another, as long as the block lasts."""

    def __init__(self, headway):
        self._headway = headway
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answered = 0
        self.failures = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join(60)

    def _run(self):
        while not self._stopped.wait(0.05):
            try:
                assert self._headway.predict() == {"a": 1}
                self.answered += 1
            except (AssertionError, httpx.HTTPError) as error:
                self.failures.append(repr(error))


def memory_of(up):
    """Megabytes of root, the gateway and control."""
    found = {"root": up.pid}
    for process, command in descendants(up.pid).items():
        for name in ("gateway", "api"):
            if f"-m headway.{name} " in command:
                found[name] = process
    with contextlib.suppress(FileNotFoundError):
        return {name: _resident(process) for name, process in found.items()}
    return {}


def _resident(process):
    with open(f"/proc/{process}/status", encoding="ascii") as file:  # noqa: PTH123
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def deploy(headway, number):
    control = f"http://127.0.0.1:{headway.control_port}/v1/models/echo"
    files = truss_files("model_name: echo", **{"data/n": str(number), "data/big": os.urandom(TRUSS_BYTES)})
    answer = httpx.post(f"{control}/deployments", content=tar(files, "w:"), timeout=60)
    assert answer.status_code == 202, answer.text
    environment = f"{control}/environments/production"
    wait_until(
        lambda: httpx.get(environment, timeout=30).json()["current_deployment"]["id"] == answer.json()["id"],
        60,
        "it serves",
    )


@pytest.mark.skipif(not SECONDS, reason="make soak takes an hour for it")
@pytest.mark.timeout(SECONDS + 600)
def test_pushes_for_an_hour_lose_no_request_and_nothing_grows(headway, tmp_path):
    taken, memory = [], []
    with headway.up() as up:
        deploy(headway, 0)
        began_at = time.monotonic()
        with Traffic(headway) as traffic:
            number = 0
            while (elapsed := time.monotonic() - began_at) < SECONDS:
                number += 1
                deploy(headway, number)
                status = os.statvfs(tmp_path / "data")
                taken.append((status.f_blocks - status.f_bfree) * status.f_frsize)
                memory.append((elapsed, memory_of(up)))
        assert traffic.failures == []
        assert traffic.answered > SECONDS
    assert number * TRUSS_BYTES > SIZE or SECONDS < WARM, "it would not have held all"
    assert max(taken) < SIZE * 0.9
    for name in ("root", "gateway", "api"):
        points = [(at, one[name]) for at, one in memory if at > WARM and name in one]
        if len(points) > 100:
            slope, _ = statistics.linear_regression(*zip(*points, strict=True))
            assert slope * 3600 < 1.0, f"{name} grows"
