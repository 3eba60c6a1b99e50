"""Chromium and a running Headway, each once for a module."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from console.browsing import AXE, CHROMIUM, FLAGS
from system.lasting import Headway
from system.serving import share_environments, wait_until

TIMED = Path(__file__).parent / "models" / "timed"


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists() or not AXE.exists():
        missing = "needs Chromium and `make console`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Site:
    """A running `headway up`, as the console's tests ask about it."""

    def __init__(self, headway, process):
        self.headway, self.process = headway, process
        self.url = f"http://127.0.0.1:{headway.control_port}"

    def ask(self, path, method="GET", **options):
        answer = httpx.request(method, f"{self.url}/v1{path}", timeout=30, **options)
        answer.raise_for_status()
        return answer.json()

    def push(self, model):
        self.headway.run("push", model)
        return self.ask("/models/timed/deployments/production")["id"]

    def is_ready(self, deployment="production", replicas=1):
        found = self.ask(f"/models/timed/deployments/{deployment}")
        return found["status"] == "ACTIVE" and found["ready_replicas"] == replicas

    def load(self, count, **request):
        """So many requests, eight at a time, with their records."""
        url = f"http://127.0.0.1:{self.headway.port}/models/timed/predict"
        path = "/models/timed/deployments/production/requests?limit=10000"
        before = len(self.ask(path)["requests"])
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda _: httpx.post(url, json=request, timeout=30), range(count)):
                answer.raise_for_status()
        wait_until(lambda: len(self.ask(path)["requests"]) >= before + count, 10, "they are recorded")

    def settle(self, **settings):
        """One replica, idle, with these settings."""
        wanted = {"min_replica": 1, "max_replica": 1, "concurrency_target": 2, **settings}
        path = "/models/timed/deployments/production"
        self.ask(f"{path}/settings", "PATCH", json={**wanted, "max_replica": 1})
        wait_until(lambda: self.is_ready() and self.ask(path)["in_flight"] == 0, 30, "one idle replica")
        self.ask(f"{path}/settings", "PATCH", json=wanted)
        wait_until(lambda: self.ask(path)["desired_replicas"] == 1 and self.is_ready(), 90, "one is enough")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Headway without a model."""
    directory = tmp_path_factory.mktemp("up")
    share_environments(directory / "data")
    headway = Headway(directory)
    with headway.up() as process:
        yield Site(headway, process)


@pytest.fixture(scope="module")
def site(bare):
    """Headway with the model `timed` in production, one replica ready."""
    bare.deployment = bare.push(TIMED)
    wait_until(bare.is_ready, 60, "a replica is ready")
    return bare
