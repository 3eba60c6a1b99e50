"""New versions take over on real processes under load, by surge and by replacement; what does not start changes
nothing.
"""

import shutil
import threading
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from system.load import Load
from system.serving import Serving, archive_of, serving, wait_until

MODEL = """
class Model:
    def load(self):
        self.word = {}

    def predict(self, _):
        return self.word
"""


class Trusses:
    """Versions of one model that differ in what they answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, name: str, word: str) -> Path:
        top = self._folder / name
        (top / "model").mkdir(parents=True)
        (top / "config.yaml").write_text("model_name: updated\n")
        (top / "model" / "model.py").write_text(MODEL.format(word))
        return top

    def push(self, served: Serving, truss: Path) -> str:
        url = f"{served.control_url}/v1/models/updated/deployments"
        answer = httpx.post(url, content=archive_of(truss), timeout=60)
        assert answer.status_code == 202, answer.text
        shutil.rmtree(truss)
        return answer.json()["id"]


class Overlap(threading.Thread):
    """Watches how many deployments have replicas at once."""

    def __init__(self, served: Serving) -> None:
        super().__init__()
        self._url = f"{served.control_url}/v1/models/updated/deployments"
        self._over = threading.Event()
        self.most = 0

    def run(self) -> None:
        with httpx.Client(timeout=10) as client:
            while not self._over.wait(0.01):
                found = client.get(self._url).json()["deployments"]
                self.most = max(self.most, sum(one["present_replicas"] > 0 for one in found))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join(20)


@pytest.fixture
def trusses(tmp_path: Path) -> Trusses:
    return Trusses(tmp_path)


def deployment(served: Serving, deployment_id: str) -> dict[str, Any]:
    url = f"{served.control_url}/v1/models/updated/deployments/{deployment_id}"
    return httpx.get(url, timeout=10).json()


@pytest.mark.parametrize(("rollout", "at_once"), [("surge", 2), ("replace", 1)])
def test_a_new_version_takes_over_without_losing_a_request(trusses, tmp_path, rollout, at_once):
    options = ("--name", "updated", "--concurrency-target", "4", "--set", f"rollout={rollout}")
    with serving(trusses.make("first", "'first'"), *options, data_dir=tmp_path / "data") as served:
        first = served.model()["id"]
        with Load(served.model_url, {}, 8) as load, Overlap(served) as overlap:
            second = trusses.push(served, trusses.make("second", "'second'"))
            wait_until(
                lambda: served.model()["id"] == second and served.model()["ready_replicas"], 60, "it serves"
            )
            wait_until(lambda: deployment(served, first)["present_replicas"] == 0, 60, "the old one is gone")
            assert httpx.post(served.model_url, json={}, timeout=10).json() == "second"

            broken = trusses.push(served, trusses.make("broken", "1 / 0"))
            wait_until(lambda: deployment(served, broken)["reason"], 60, "the reason is told")
            wait_until(
                lambda: served.model()["id"] == second and served.model()["ready_replicas"],
                60,
                "the one before serves",
            )
            assert "could not be loaded" in deployment(served, broken)["reason"]
            assert httpx.post(served.model_url, json={}, timeout=30).json() == "second"
        assert load.account.is_balanced
        assert load.account.answered.keys() == {200}, load.account
        assert not load.account.broken
        assert overlap.most == at_once
        settings = served.model()["settings"]
        assert (settings["concurrency_target"], settings["rollout"]) == (4, rollout), "they are inherited"
