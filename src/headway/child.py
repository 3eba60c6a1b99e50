"""One child process: started, signalled, and reaped together with what it left behind in its group."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headway import mortal
from headway.telemetry.logs import BoundedFile


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs. `descriptors` stay open in it under the same numbers."""

    name: str
    command: tuple[str, ...]
    log_path: Path
    environment: Mapping[str, str]
    directory: Path | None = None
    descriptors: tuple[int, ...] = ()


class Child:
    """One process in a group of its own, which the kernel kills when root dies.

    `gone` is set when it is reaped; then `code` is its exit code, or minus the signal that ended it.
    """

    def __init__(self, program: Program, log_limit_bytes: int) -> None:
        self.program = program
        self.gone = asyncio.Event()
        self.code = 0
        self.log = BoundedFile(program.log_path, log_limit_bytes)
        try:
            self._process = self._start(program)
        except OSError:
            self.log.close()
            raise

    @property
    def last_words(self) -> str:
        return f"exit code {self.code}" if self.code >= 0 else signal.Signals(-self.code).name

    @property
    def process_id(self) -> int:
        """Of its process group too."""
        return self._process.pid

    def _start(self, program: Program) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - what root is told to run
            [sys.executable, "-I", "-S", mortal.__file__, str(os.getpid()), *program.command],
            stdin=subprocess.DEVNULL,
            stdout=self.log.descriptor,
            stderr=self.log.descriptor,
            env=dict(program.environment),
            cwd=program.directory,
            pass_fds=program.descriptors,
            start_new_session=True,  # the terminal's Ctrl-C is for root alone
        )

    def signal(self, number: int) -> None:
        if not self.gone.is_set():
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """It and everything that it started in its group."""
        if not self.gone.is_set():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def has_exited(self) -> bool:
        """Whether it waits to be reaped; until then nobody else gets its process id."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def reap(self) -> None:
        self.kill()  # what it left behind in its group
        self.code = self._process.wait()
        self.log.trim()
        self.log.close()
        self.gone.set()


async def gone(children: Iterable[Child], *, within: float) -> None:
    """Wait until all are reaped, for at most `within` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            for child in children:
                await child.gone.wait()
