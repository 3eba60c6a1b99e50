"""Becomes the command it is given, as a process that the kernel kills when its parent dies.

Root starts every child through this file, so that nothing is left behind even after `kill -9` of root. A
program of its own, because code between fork and exec is not safe in a process that has threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CANNOT_EXECUTE = 127


def main() -> int:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the kernel was told
        return _CANNOT_EXECUTE
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # an ignored signal would stay ignored in the command
    try:
        os.execvp(command[0], command)  # noqa: S606 - the very purpose; no shell is involved
    except OSError as error:
        sys.stderr.write(f"headway: cannot start {command[0]}: {error.strerror}\n")
    return _CANNOT_EXECUTE


if __name__ == "__main__":
    sys.exit(main())
