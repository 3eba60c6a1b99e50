"""Runs one program of the preparation to its end, passing on what it says line by line."""

import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from headway import keeper
from headway.control.packages.entries import Progress

TIMEOUT = 3600.0
_KEPT_LINES = 100
_KEEPER_ENDS_WITHIN = 5.0

_running: set[subprocess.Popen[str]] = set()
"""Programs of this process, whichever thread waits for them."""


class CommandError(Exception):
    """The program ended badly; `output` are its last lines."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


def run(
    command: Sequence[str | Path], *, directory: Path, environment: Mapping[str, str], progress: Progress
) -> None:
    """Run `command` in `directory`. Raises CommandError when it fails or takes longer than `TIMEOUT`."""
    process = subprocess.Popen(  # noqa: S603  # uv and the model author's own build commands
        keeper.command_line(command),
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    _running.add(process)
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    watchdog = threading.Timer(TIMEOUT, _kill, [process])
    watchdog.start()
    try:
        for line in process.stdout or ():
            last.append(line.rstrip())
            progress(line.rstrip())
        code = process.wait(TIMEOUT)
    finally:
        watchdog.cancel()
        # Reached with the program still running when the wait is interrupted, say by Ctrl-C.
        if process.poll() is None:
            _kill(process)
            _wait_for_keeper(process)
        _running.discard(process)
        if process.stdout:
            process.stdout.close()
    if code != 0:
        raise CommandError("\n".join([*last, f"(exit code {code})"]))


def end_all() -> None:
    """End every program that runs now, for whom waits on one and is about to end itself."""
    for process in list(_running):
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """End the program and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(keeper.END_ALL)


def _wait_for_keeper(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(_KEEPER_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
