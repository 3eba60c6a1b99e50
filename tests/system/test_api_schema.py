"""Schemathesis reads what the API says of itself and tries to catch it in a lie: a 500, a status or a body that it
does not document, a bad value that it takes.
"""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from system.serving import free_port, wait_until

TESTS = Path(__file__).parents[1]
ENDLESS = (
    "/v1/events",
    "/v1/models/{model}/deployments/{deployment}/events",
    "/v1/models/{model}/deployments/{deployment}/logs",
)
"""Their answers may have no end, which no run would live to see; tests/api/test_streams.py has them."""
PASSED_ON = (
    "/v1/models/{model}/deployments/{deployment}/predict",
    "/v1/models/{model}/deployments/{deployment}/sync/{path}",
    "/v1/models/{model}/deployments/{deployment}/websocket",
)
"""The answer is the model's, which says nothing of itself."""


@pytest.fixture
def api(tmp_path):
    """The real API over a fake backend in its own process, with a key: one that the run makes would lock it out."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fakes.api_process", str(port), str(tmp_path)],
            cwd=TESTS,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _is_up(url), 30, "the API answers")
        yield url, httpx.post(f"{url}/v1/api_keys", json={}).json()["api_key"]
        assert "Traceback" not in (tmp_path / "output").read_text()
    finally:
        process.terminate()
        process.wait(10)


def test_the_api_does_what_its_description_says(api, tmp_path):
    url, key = api
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {key}", "--seed", "1", "--max-examples", "8"]
    command += ["--continue-on-failure", "--warnings", "off", "--no-color"]
    # Whether an archive is a Truss, and whether two settings agree, no schema can say.
    command += ["--exclude-checks", "positive_data_acceptance"]
    for path in (*ENDLESS, *PASSED_ON):
        command += ["--exclude-path", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout
    headers = {"authorization": f"Bearer {key}"}
    assert httpx.get(f"{url}/v1/api_keys", headers=headers).status_code == 200, "it was inside to the end"


def _is_up(url):
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.HTTPError:
        return False
