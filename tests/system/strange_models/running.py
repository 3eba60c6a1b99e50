"""One Headway that runs for a module of tests, and models that are pushed to it as a few lines of text each."""

import contextlib
import json
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from system.lasting import Headway
from system.serving import archive_of, share_environments, wait_until

_PREPARED_WITHIN = 180.0  # the first model's environment is resolved and installed
_STARTED_WITHIN = 60.0


class Strange:
    """A running Headway: `serve` pushes a model to it."""

    def __init__(self, directory: Path, headway: Headway) -> None:
        self._directory = directory
        self._headway = headway
        self._count = 0

    def serve(self, source: str, *, config: str = "", **settings: Any) -> "StrangeModel":
        """A model of its own with one replica that is ready. `source` is model.py, `config` more of config.yaml."""
        self._count += 1
        name = f"strange-{self._count}"
        top = self._directory / name
        (top / "model").mkdir(parents=True)
        own = {"min_replica": 1, **settings}
        (top / "config.yaml").write_text(
            f"model_name: {name}\nmodel_metadata: {json.dumps({'headway': own})}\n{textwrap.dedent(config)}"
        )
        (top / "model" / "model.py").write_text(textwrap.dedent(source))
        model = StrangeModel(name, self._headway, self._directory)
        model.push(top)
        return model


class StrangeModel:
    """One served model: where it answers, and what control says of it."""

    def __init__(self, name: str, headway: Headway, directory: Path) -> None:
        self._directory = directory
        self.api = f"http://127.0.0.1:{headway.control_port}/v1/models/{name}/deployments"
        self.name = name
        self.url = f"http://127.0.0.1:{headway.port}/models/{name}"
        self.predict_url = f"{self.url}/predict"

    def push(self, truss: Path) -> None:
        """Push a version of it, and wait until production has a ready replica of that one."""
        answer = httpx.post(self.api, content=archive_of(truss), timeout=60)
        assert answer.status_code == 202, answer.text
        pushed = answer.json()["id"]
        wait_until(lambda: self._serves(pushed), _PREPARED_WITHIN, f"{pushed} serves")

    def push_again(self, source: str) -> None:
        """Push another model.py of it."""
        (self._directory / self.name / "model" / "model.py").write_text(textwrap.dedent(source))
        self.push(self._directory / self.name)

    def predict(self, value: Any = None, *, timeout: float = 20.0, **more: Any) -> httpx.Response:
        return httpx.post(self.predict_url, content=json.dumps(value), timeout=timeout, **more)

    def leave(self, value: Any = None, after: float = 0.5) -> None:
        """Ask for a predict, and leave while it runs: what came of the answer until then is dropped."""
        with (
            contextlib.suppress(httpx.TimeoutException),
            httpx.stream(
                "POST", self.predict_url, content=json.dumps(value), timeout=httpx.Timeout(20.0, read=after)
            ) as answer,
        ):
            end = time.monotonic() + after
            for _ in answer.iter_raw():
                if time.monotonic() > end:
                    break

    def ask(self, path: str = "") -> Any:
        """What the API says below the model's production deployment."""
        answer = httpx.get(f"{self.api}/production{path}", timeout=10)
        answer.raise_for_status()
        return answer.json()

    def in_flight(self) -> int:
        return self.ask()["in_flight"]

    def replicas(self) -> list[dict[str, Any]]:
        return self.ask("/replicas")["replicas"]

    def log(self) -> str:
        """What all of its replicas have said."""
        found = self._directory.glob(f"**/logs/**/{self.name}*.log")
        return "".join(one.read_text(errors="replace") for one in sorted(found))

    def _serves(self, deployment_id: str) -> bool:
        found = httpx.get(f"{self.api}/{deployment_id}", timeout=10).json()
        assert not found["reason"], found
        return self.ask()["id"] == deployment_id and self.ask()["ready_replicas"] >= 1


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Strange]:
    """A Headway that goes on until the block ends."""
    headway = Headway(directory)
    share_environments(directory / "data")
    with headway.up():
        yield Strange(directory, headway)
