"""Pushes of changing Trusses for HEADWAY_SOAK_SECONDS on a small file system, with traffic: nothing grows."""

import itertools
import os
import subprocess
import threading
import time

import httpx
import pytest

from fakes.archives import tar, truss_files
from system.growth import Held, Samples, slope_of
from system.lasting import Headway
from system.serving import descendants, share_environments, wait_until

SECONDS = float(os.environ.get("HEADWAY_SOAK_SECONDS", "0"))
WARM = 600.0
SIZE = 500 * 1024 * 1024
TRUSS_BYTES = 10_000_000
MOST_AN_HOUR = 1.0
PUSH_EVERY = 10.0
WARMING_PUSH_EVERY = 4.0
"""Oftener at first: what is bounded by a number of deployments is to be full by then."""
KEPT_REQUESTS = 2000
"""Reached while it is still warming up, so that the database has its size by then."""
PROCESSES = {"gateway": "-m headway.gateway ", "control": "-m headway.api "}


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
        "HEADWAY_KEEP_REQUESTS": str(KEPT_REQUESTS),
        "HEADWAY_MIN_FREE": str(SIZE // 5),
    }
    try:
        yield made
    finally:
        subprocess.run(["umount", "--lazy", data], check=True)


class Traffic:
    """One request after another, each with a body of its own, as long as the block lasts."""

    def __init__(self, headway):
        self._url = f"http://127.0.0.1:{headway.port}/models/echo/predict"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answered = 0
        self.failures = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join(90)
        assert not self._thread.is_alive()

    def _run(self):
        context = httpx.create_ssl_context()
        while not self._stopped.is_set():  # a client for some requests, so that connections come and go too
            with httpx.Client(verify=context, timeout=60) as client:
                for _ in range(10):
                    self._stopped.wait(0.1)
                    self._send(client)

    def _send(self, client):
        sent = {"number": self.answered, "text": "x" * (self.answered * 101 % 10_100)}
        try:
            answer = client.post(self._url, json=sent)
            assert (answer.status_code, answer.json()) == (200, sent), answer.text[:300]
            self.answered += 1
        except (AssertionError, ValueError, httpx.HTTPError) as error:
            self.failures.append(repr(error))


class Operator:
    """Pushes, and asks what a console and a monitor ask."""

    def __init__(self, headway, client):
        self._client = client
        self._control = f"http://127.0.0.1:{headway.control_port}"
        self._gateway = f"http://127.0.0.1:{headway.port}"

    def push(self, number):
        """Return when the new deployment is in production and serves."""
        data = {"data/n": str(number), "data/big": os.urandom(TRUSS_BYTES)}
        files = truss_files("model_name: echo", **data)
        answer = self._client.post(f"{self._control}/v1/models/echo/deployments", content=tar(files, "w:"))
        assert answer.status_code == 202, answer.text
        wait_until(lambda: self._serving() == answer.json()["id"], 60, "it serves")

    def look(self):
        for path in ("", "/replicas", "/decisions", "/requests", "/history", "/advice"):
            self._asked(f"/v1/models/echo/deployments/production{path}")
        for path in ("/v1/models", "/v1/models/echo/deployments", "/v1/disk"):
            self._asked(path)
        for base in (self._control, self._gateway):
            assert self._client.get(f"{base}/metrics").status_code == 200

    def _serving(self):
        return self._asked("/v1/models/echo/environments/production")["current_deployment"]["id"]

    def _asked(self, path):
        answer = self._client.get(f"{self._control}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def processes_of(up):
    """The ids of root, the gateway and control."""
    found = {"root": up.pid}
    for process, command in descendants(up.pid).items():
        found |= {name: process for name, words in PROCESSES.items() if words in command}
    return found


def used_bytes(directory):
    status = os.statvfs(directory)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


@pytest.mark.skipif(not SECONDS, reason="make soak takes an hour for it")
@pytest.mark.timeout(SECONDS + 600)
def test_pushes_for_an_hour_lose_no_request_and_nothing_grows(headway, tmp_path):
    samples = Samples(tmp_path / "samples.csv")
    with headway.up() as up, httpx.Client(timeout=60) as client:
        operator = Operator(headway, client)
        operator.push(0)
        processes = processes_of(up)
        assert len(processes) == 3
        began_at, due = time.monotonic(), 0.0
        with Traffic(headway) as traffic:
            for number in itertools.count(1):
                operator.push(number)
                operator.look()
                due += WARMING_PUSH_EVERY if due < WARM else PUSH_EVERY
                time.sleep(max(0.0, began_at + due - time.monotonic()))
                elapsed = time.monotonic() - began_at
                samples.take(
                    elapsed,
                    {name: Held.by(process) for name, process in processes.items()},
                    disk=used_bytes(tmp_path / "data") / 1e6,
                    answered=traffic.answered,
                    pushes=number,
                )
                if elapsed >= SECONDS:
                    break
        assert processes_of(up) == processes, "none was started again"
    assert traffic.failures == []
    assert traffic.answered > SECONDS
    assert max(used for _, used in samples.of("disk", after=0)) * 1e6 < SIZE * 0.9
    if SECONDS > WARM * 2:  # less time says nothing of an hour
        assert number * TRUSS_BYTES > SIZE, "it would not have held all"
        slopes = slopes_of(samples, processes)
        (tmp_path / "slopes").write_text("\n".join(f"{name}: {slope}" for name, slope in slopes.items()))
        assert {name: str(slope) for name, slope in slopes.items() if slope.an_hour >= MOST_AN_HOUR} == {}


def slopes_of(samples, processes):
    """Of the disk and the processes' memory in MB, and of their open files and threads, once it is warm."""
    held = [f"{process}_{what}" for process in processes for what in ("memory", "files", "threads")]
    return {name: slope_of(samples.of(name, after=WARM)) for name in ("disk", *held)}
