"""A terminal that a person could sit before: what is typed goes to a program, and what it shows can be read."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

_LONGEST = 30.0
_CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


class Terminal:
    """Runs the command on a terminal of this size."""

    def __init__(self, command, environment, *, columns=80, lines=24):
        self._terminal, theirs = pty.openpty()
        try:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            self._process = subprocess.Popen(
                ["setsid", "--ctty", "--wait", *command],
                env=environment,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                cwd=environment["HOME"],
            )
        finally:
            os.close(theirs)
        self.told = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(10)
        os.close(self._terminal)

    def type(self, keys):
        self.told = ""
        os.write(self._terminal, keys.encode())

    def until(self, text):
        """What was shown since the last keys, once the text is there."""
        give_up_at = time.monotonic() + _LONGEST
        while text not in self.told:
            assert self._read(give_up_at), f"no {text!r} in {self.told!r}"
        return self.told

    def to_the_end(self):
        """All lines that were shown, once the program has ended; and its exit code."""
        give_up_at = time.monotonic() + _LONGEST
        while self._read(give_up_at):
            pass
        code = self._process.wait(max(0.1, give_up_at - time.monotonic()))
        return plain(self.told).splitlines(), code

    def _read(self, give_up_at):
        """Whether there was more."""
        left = give_up_at - time.monotonic()
        if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
            return False
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # how Linux says that nobody writes to it any more
            return False
        self.told += piece.decode(errors="replace")
        return bool(piece)


def plain(text):
    return _CONTROL.sub("", text).replace("\r\n", "\n")
