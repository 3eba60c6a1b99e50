"""One child process under its keeper: started, signalled, reaped. Nothing that it started outlives it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headway.processes import keeper
from headway.telemetry.bounded_file import BoundedFile


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs. `descriptors` stay open in it under the same numbers."""

    name: str
    command: tuple[str, ...]
    log_path: Path
    environment: Mapping[str, str]
    directory: Path | None = None
    descriptors: tuple[int, ...] = ()
    way: "keeper.Way" = "one"
    """How its keeper keeps it."""


_KEEPER_ENDS_WITHIN = 2.5
"""It kills what the program has started and ends; one that cannot is killed itself."""
_LOOK_AGAIN_AFTER = 0.02


class Child:
    """One process in a session of its own, which ends when root dies.

    `gone` is set when it is reaped; then `code` is its exit code, or minus the signal that ended it.
    """

    def __init__(self, program: Program, log_limit_bytes: int) -> None:
        self.program = program
        self.gone = asyncio.Event()
        self.code = 0
        self.log = BoundedFile(program.log_path, log_limit_bytes)
        try:
            self._process = self._start(program)
        except (OSError, ValueError):
            self.log.close()
            raise

    @property
    def last_words(self) -> str:
        return f"exit code {self.code}" if self.code >= 0 else signal.Signals(-self.code).name

    @property
    def process_id(self) -> int:
        """The keeper's, which is the parent of all that there is of it."""
        return self._process.pid

    def _start(self, program: Program) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - what root is told to run
            keeper.command_line(program.command, program.way),
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
        """It and everything that it started. Call it on the event loop."""
        self.signal(keeper.END_ALL)
        asyncio.get_running_loop().call_later(_KEEPER_ENDS_WITHIN, self.signal, signal.SIGKILL)

    def has_exited(self) -> bool:
        """Whether it waits to be reaped; until then nobody else gets its process id."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def reap(self) -> None:
        self.code = self._process.wait()
        self.log.trim()
        self.log.close()
        self.gone.set()


class Strays:
    """What keepers that were killed have left behind. It becomes this process's own, from the making of this on."""

    def __init__(self) -> None:
        self._others = keeper.children()
        """Of the program that became this one."""
        keeper.become_subreaper()

    def end(self, known: Iterable[Child]) -> bool:
        """Kill and reap every child but the known; whether there was one.

        Call it at each SIGCHLD: children of those that are killed come here in their turn.
        """
        strays = keeper.children() - self._others - {child.process_id for child in known}
        for process_id in strays:
            keeper.kill(process_id)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process_id, os.WNOHANG)
        return bool(strays)

    async def ended(self, known: Iterable[Child], *, within: float) -> None:
        """Return when there is none, after `within` seconds in any case."""
        end = time.monotonic() + within
        while self.end(known) and time.monotonic() < end:  # noqa: ASYNC110 - /proc tells nobody
            await asyncio.sleep(_LOOK_AGAIN_AFTER)


async def gone(children: Iterable[Child], *, within: float) -> None:
    """Wait until all are reaped, for at most `within` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            for child in children:
                await child.gone.wait()
