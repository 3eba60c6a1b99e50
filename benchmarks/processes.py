"""Starts programs pinned to a core, ends them, and reads what their process trees used.

The server under test has core 0 for itself; the load and a gateway's upstream share core 1.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from benchmarks.environments import UnavailableError

SERVER_CORE = 0
LOAD_CORE = min(1, (os.cpu_count() or 1) - 1)
START_WITHIN = 90.0
_STOP_WITHIN = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree used since it started, and holds now."""

    cpu: float
    memory_bytes: int


@dataclass(slots=True)
class Program:
    """One started program and all that it started."""

    process: subprocess.Popen[str]
    log: Path
    began: float
    """When it was started, in monotonic seconds."""

    def usage(self) -> Usage:
        cpu, pages = 0.0, 0
        for fields in _tree(self.process.pid):
            # utime, stime, and those of children that have ended; then the resident pages.
            cpu += sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICKS
            pages += int(fields[21])
        return Usage(cpu, pages * _PAGE_BYTES)

    def stop(self) -> None:
        descendants = [int(fields[-1]) for fields in _tree(self.process.pid)]
        self.process.terminate()
        try:
            self.process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_STOP_WITHIN)
        for pid in descendants:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def tail(self) -> str:
        return self.log.read_text(errors="replace").strip()[-400:]


@dataclass(slots=True)
class Bench:
    """Where one row is measured: a scratch folder, and everything started there, stopped at the end."""

    load_core: int = LOAD_CORE
    """Where the load, and what stands behind a gateway, runs."""
    folder: Path = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)
    _started: int = 0

    def __enter__(self) -> Self:
        # A short path: that of a Unix socket must fit in 107 bytes.
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hwb-")))
        return self

    def __exit__(self, *reason: object) -> None:
        self._stack.close()

    def start(
        self,
        command: Sequence[str | Path],
        *,
        core: int = SERVER_CORE,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        stdout: int | None = None,
    ) -> Program:
        self._started += 1
        log = self.folder / f"{self._started}.log"
        writer: IO[bytes] = self._stack.enter_context(log.open("wb"))
        began = time.monotonic()
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)],
            cwd=cwd or self.folder,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout or writer,
            stderr=writer,
            text=True,
        )
        program = Program(process, log, began)
        self._stack.callback(program.stop)
        return program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(program: Program, is_ready: Callable[[], bool], *, every: float = 0.05) -> None:
    """Raises UnavailableError with the end of the log when the program ends first or takes too long."""
    deadline = time.monotonic() + START_WITHIN
    while not is_ready():
        if program.process.poll() is not None:
            raise UnavailableError(f"ended with {program.process.returncode}: {program.tail()}")
        if time.monotonic() > deadline:
            raise UnavailableError(f"not ready within {START_WITHIN:.0f} s: {program.tail()}")
        time.sleep(every)


def answers(url: str, body: bytes | None = None) -> bool:
    """Whether a request (a POST when there is a body) gets a 200."""
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _tree(root: int) -> list[list[str]]:
    """The fields of /proc/PID/stat after the name, with the pid last, for `root` and its descendants."""
    children: dict[int, list[int]] = {}
    stats: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        pid = int(entry.name)
        stats[pid] = [*fields, entry.name]
        children.setdefault(int(fields[1]), []).append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        if pid in stats:
            found.append(stats[pid])
        waiting.extend(children.get(pid, ()))
    return found
