"""Runs one program of the preparation to its end, passing on what it says line by line."""

import contextlib
import os
import select
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from headway.control.packages.entries import Progress
from headway.processes import keeper

TIMEOUT = 3600.0
_KEPT_LINES = 100
_PIPE_BYTES = 1024 * 1024
"""More than a pipe holds: one read takes all that was said."""
_KEEPER_ENDS_WITHIN = 5.0

_running: set[subprocess.Popen[bytes]] = set()
"""Programs of this process, whichever thread waits for them."""


class CommandError(Exception):
    """The program ended badly; `output` are its last lines."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


def run(
    command: Sequence[str | Path],
    *,
    directory: Path,
    environment: Mapping[str, str],
    progress: Progress,
    keep: "keeper.Way" = "one",
) -> None:
    """Run `command` in `directory`, kept in the way `keep`. Raises CommandError when it fails or takes longer than
    `TIMEOUT`.
    """
    process = subprocess.Popen(  # noqa: S603  # uv and the model author's own build commands
        keeper.command_line(command, keep),
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _running.add(process)
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        for line in _lines(process):
            last.append(line)
            progress(line)
    finally:
        # It still runs where it took too long, or where the wait is interrupted, say by Ctrl-C.
        if process.poll() is None:
            _kill(process)
        code = _ended(process)
        _running.discard(process)
    if code != 0:
        raise CommandError("\n".join([*last, f"(exit code {code})"]))


def end_all() -> None:
    """End every program that runs now, for whom waits on one and is about to end itself."""
    for process in list(_running):
        _kill(process)


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """What the program says until it has ended or has taken too long: not until nobody could say more, for what a
    killed keeper has left behind holds its output open.
    """
    with cast("IO[bytes]", process.stdout) as output, _open(os.pidfd_open(process.pid)) as end:
        descriptor, deadline, begun = output.fileno(), time.monotonic() + TIMEOUT, b""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(end, select.POLLIN)
        while ready := dict(poll.poll(max(0.0, deadline - time.monotonic()) * 1000)):
            data = os.read(descriptor, _PIPE_BYTES) if descriptor in ready else b""
            *lines, begun = (begun + data).split(b"\n")
            yield from (_text(line) for line in lines)
            if end in ready:
                break
            if not data:
                poll.unregister(descriptor)
        if begun:
            yield _text(begun)


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip()


@contextlib.contextmanager
def _open(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(keeper.END_ALL)


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a program that is about to end."""
    try:
        return process.wait(_KEEPER_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
