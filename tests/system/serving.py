"""Runs the product as a user does, `headway serve DIR` as real processes on free ports, for one test."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from headway.control.packages.sending import packed

_START_TIMEOUT = 180.0  # a model's first environment is resolved and installed
_STOP_TIMEOUT = 60.0
_environments = tempfile.TemporaryDirectory(prefix="headway-environments-")
_claims: list[socket.socket] = []
# Each is handed out once; where to begin differs from one process to the next that may go on beside it.
_ports = iter(range(10_000 + os.getpid() % 1000 * 20, 32_000))


@dataclass(frozen=True, slots=True)
class Serving:
    """A running `headway serve`: where it answers, its root process, and the file that it prints to."""

    url: str
    model_url: str
    control_url: str
    process: subprocess.Popen[bytes]
    output: Path
    environment: Mapping[str, str]

    def model(self) -> dict[str, Any]:
        """What control says of the one model served: its production deployment, and that one's replicas."""
        return {**self.ask(""), "replicas": self.ask("/replicas")["replicas"]}

    def ask(self, path: str) -> dict[str, Any]:
        """What the API answers below the model's production deployment."""
        answer = httpx.get(f"{self.deployment_url}{path}", timeout=5)
        answer.raise_for_status()
        return answer.json()

    @property
    def deployment_url(self) -> str:
        """The production deployment in the API."""
        name = self.model_url.removesuffix("/predict").rpartition("/")[2]
        return f"{self.control_url}/v1/models/{name}/deployments/production"

    def printed(self) -> str:
        return self.output.read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        """The command line of every living process below root, by its id."""
        return descendants(self.process.pid)


@contextmanager
def serving(
    directory: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    data_dir: Path | None = None,
    is_awake: bool = True,
    until: str | None = None,
) -> Iterator[Serving]:
    """`is_awake` False: it is to run without any replica at first. `until` it has printed this, if
    given, instead of until it is ready.
    """
    port, control_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary) / "output"
        data_dir = data_dir or Path(temporary) / "data"
        share_environments(data_dir)
        command = [sys.executable, "-m", "headway", "serve", str(directory)]
        command += ["--port", str(port), "--control-port", str(control_port)]
        command += ["--data-dir", str(data_dir), *options]
        passed = ",".join(environment or ())  # what a test says, its model is to see
        with output.open("wb") as file:
            process = subprocess.Popen(
                command,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    **os.environ,
                    "NO_COLOR": "1",
                    "HEADWAY_PASS_ENVIRONMENT": passed,
                    **(environment or {}),
                },
            )
        url = f"http://127.0.0.1:{port}"
        name = _model_name(directory, options)
        serve = Serving(
            url,
            f"{url}/models/{name}/predict",
            f"http://127.0.0.1:{control_port}",
            process,
            output,
            environment or {},
        )
        try:
            if until is None:
                _wait_until_ready(serve, is_awake=is_awake)
            else:
                wait_until(lambda: until in serve.printed(), _START_TIMEOUT, f"it prints {until!r}")
            yield serve
        finally:
            _stop(process)


def share_environments(data_dir: Path) -> None:
    """Models' environments are known by their contents: this run makes each once, whatever the data directory."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = data_dir / "environments"
    if not place.is_symlink():
        place.symlink_to(_environments.name, target_is_directory=True)


def archive_of(truss: Path) -> bytes:
    """A Truss as it is pushed."""
    return b"".join(packed(truss, lambda _: None))


def wait_until(condition: Any, timeout: float, what: str) -> Any:
    """The first true value of `condition()`, asked often; an assertion error that names `what` after `timeout`."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout} s: {what}")


def free_port() -> int:
    """A port to listen on a moment later: outside the range that the kernel gives to outgoing connections, and claimed
    against other test processes, by a name that ends with this one.
    """
    for port in _ports:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0headway-test-port-{port}")
            with socket.socket() as one:
                one.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return port
    raise AssertionError("every port is taken")


def descendants(root: int) -> dict[int, str]:
    """The command line of every living process below one, by its id; what only runs another says no more than that."""
    children: dict[int, list[int]] = {}
    commands: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        commands[int(entry.name)] = _without_what_it_runs(command)
        if stat[0] != "Z":
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found: dict[int, str] = {}
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found[child] = commands[child]
            waiting.append(child)
    return found


def _without_what_it_runs(command: str) -> str:
    if "/keeper.py " in command:
        return "a keeper"
    return "bubblewrap" if command.split(" ", 1)[0].endswith("/bwrap") else command


def _model_name(directory: Path, options: tuple[str, ...]) -> str:
    if "--name" in options:
        return options[options.index("--name") + 1]
    return directory.name


def _wait_until_ready(serve: Serving, *, is_awake: bool) -> None:
    def ready() -> bool:
        if serve.process.poll() is not None:
            raise AssertionError(f"headway serve ended with {serve.process.returncode}:\n{serve.printed()}")
        try:
            states = [replica["state"] for replica in serve.model()["replicas"]]
        except (httpx.HTTPError, ValueError):
            return False
        is_prepared = serve.model()["predict_concurrency"] is not None
        return (bool(states) or not is_awake) and all(state == "ready" for state in states) and is_prepared

    try:
        wait_until(ready, _START_TIMEOUT, "every replica is ready")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{serve.printed()}") from None


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
