"""Starts one model server on one Truss, as its own process, and talks to it.

`HEADWAY_CONTRACT_SERVER` runs the whole table against another server: a command in which {folder} and {port} stand for
the Truss and the port, {secrets} and {environment} for what is mounted there: a folder and a file. For Truss's own, in
an interpreter that has Truss and its server's requirements:

    HEADWAY_CONTRACT_SERVER="PYTHON tests/system/contract/upstream.py {folder} --port {port}
        --secrets-directory {secrets} --environment-file {environment}"
"""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from system.contract.table import PREDICT, Source
from system.serving import free_port

OTHER_SERVER = os.environ.get("HEADWAY_CONTRACT_SERVER")
IS_UPSTREAM = OTHER_SERVER is not None
COMMAND = OTHER_SERVER or (
    f"{shlex.quote(sys.executable)} -m headway.model_server {{folder}} --port {{port}} "
    "--secrets-directory {secrets} --environment-file {environment}"
)
TRUSSES = Path(__file__).parent / "trusses"
START_TIMEOUT = 20.0
LOADED = "/v1/models/model/loaded"


class Replica:
    """A running server. Every wait in here has an end."""

    def __init__(self, folder: Path, mounts: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.log_file = folder.parent / f"{folder.name}.log"
        home = folder.parent / "home"
        home.mkdir(exist_ok=True)
        places = {"folder": folder, "secrets": mounts / "secrets", "environment": mounts / "environment"}
        command = [part.format(port=self.port, **places) for part in shlex.split(COMMAND)]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | {"HOME": str(home)} | variables
            )
        # One connection per request: Truss's server resets a kept one after some of its errors.
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Accept-Encoding": "identity"},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=10.0,
        )

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def listening(self) -> "Replica":
        """Waits until the process answers its liveness route, whatever the model does."""
        until(lambda: self.status("/") == 200, START_TIMEOUT, self._fail_if_ended)
        return self

    def loaded(self) -> "Replica":
        until(lambda: self.status(LOADED) == 200, START_TIMEOUT, self._fail_if_ended)
        return self

    def _fail_if_ended(self) -> None:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")

    def status(self, path: str) -> int | None:
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return None

    def post(self, body: Any, path: str = PREDICT, **more: Any) -> httpx.Response:
        return self.http.post(path, content=json.dumps(body), **more)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10.0)

    def begin(self, body: Any, path: str = PREDICT, **headers: str) -> socket.socket:
        """Sends a request and leaves its answer to be read, or not."""
        connection = self.connect()
        content = json.dumps(body).encode()
        fields = {"Host": "contract", "Content-Length": str(len(content)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + content)
        return connection

    def exit_code(self, within: float = START_TIMEOUT) -> int:
        return self.process.wait(within)

    def begin_to_stop(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """SIGTERM; fails for a server that had to be killed after it."""
        self.begin_to_stop()
        try:
            self.process.wait(10.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10.0)
            raise AssertionError(f"still running 10 s after SIGTERM:\n{self.log[-2000:]}") from None


class Replicas:
    """One replica per Truss, started when a case first asks for it."""

    def __init__(self, root: Path, sources: dict[str, Source]) -> None:
        self._root = root
        self._sources = sources
        self._running: dict[str, Replica] = {}

    def __getitem__(self, truss: str) -> Replica:
        if truss not in self._running:
            self._running[truss] = self.start(truss)
        self._running[truss].loaded()
        return self._running[truss]

    def start(self, truss: str, name: str = "", mounts: Path | None = None, **variables: str) -> Replica:
        """A replica of its own, not waited for, which the caller stops."""
        folder = self._lay_out(truss, name or truss)
        return Replica(folder, mounts or folder.parent, variables)

    @contextlib.contextmanager
    def starting(self, truss: str, name: str = "", **more: Any) -> Iterator[Replica]:
        replica = self.start(truss, name, **more)
        try:
            yield replica
        finally:
            replica.stop()

    def stop(self) -> None:
        with contextlib.ExitStack() as everything:
            for replica in self._running.values():
                replica.begin_to_stop()
                everything.callback(replica.stop)

    def _lay_out(self, truss: str, name: str) -> Path:
        folder = self._root / name.replace(" ", "-") / "truss"
        if truss not in self._sources:
            return Path(shutil.copytree(TRUSSES / truss, folder))
        source = self._sources[truss]
        files = {"config.yaml": source.config or "{}", "model/model.py": source.model, **source.files}
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return folder


def until(holds: Callable[[], Any], within: float = 5.0, check: Callable[[], None] = lambda: None) -> None:
    """Polls until the condition holds, and fails with its source line if it never does."""
    deadline = time.monotonic() + within
    while not holds():
        check()
        assert time.monotonic() < deadline, f"not so within {within} s"
        time.sleep(0.01)
