"""Runs a command in the process group that it is started in, until one of two ends: the command's, which it passes
on as its exit code, or its parent's, after which it kills the whole group.

A program of its own, started as `keeper.py DESCRIPTOR WORDS...`; the descriptor is a socket whose other end the
parent holds. It imports nothing of Headway. SIGTERM is sent to the group: it is for the command and what that
started, and the keeper goes when all of them are gone.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading

_PR_SET_CHILD_SUBREAPER = 36
_CANNOT_EXECUTE = 127
_KILLED = 128
"""What a shell adds to the number of the signal that ended a command."""


def main() -> int:
    descriptor, *command = sys.argv[1:]
    if sys.platform == "linux":  # to see the end also of what a shell leaves behind when it is told to end
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    asked = threading.Event()
    # A handler, for a signal that is ignored would stay ignored in the command.
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        process = subprocess.Popen(command)  # noqa: S603 - the very purpose; no shell is involved
    except OSError as error:
        sys.stderr.write(f"headway: cannot start {command[0]}: {error.strerror}\n")
        return _CANNOT_EXECUTE
    parent = socket.socket(fileno=int(descriptor))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    code = process.wait()
    if asked.is_set():
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
    return code if code >= 0 else _KILLED - code


def _end_with(parent: socket.socket) -> None:
    with contextlib.suppress(OSError):
        parent.recv(1)  # nothing is ever sent: it returns when the other end is closed
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
