"""Lets a program go on when what it prints can no longer be written: that costs lines of its log, which are
counted in it, and nothing else.
"""

import io
import sys
from typing import Any


def outlive_full_disks() -> None:
    """Have `print` and logging drop what the files behind stdout and stderr do not take."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            raw = _Forgiving(stream.fileno(), "wb", closefd=False)
        except (AttributeError, OSError, ValueError):  # there is none, or it is no file
            continue
        forgiving = io.TextIOWrapper(
            raw,  # as Python itself does for unbuffered output
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=True,
            write_through=True,
        )
        setattr(sys, name, forgiving)
        setattr(sys, f"__{name}__", forgiving)


class _Forgiving(io.FileIO):
    _lines_lost = 0

    def write(self, data: Any, /) -> int:
        bytes_left = memoryview(data).cast("B")
        size = bytes_left.nbytes
        try:
            self._tell_lost()
            while bytes_left:
                bytes_left = bytes_left[super().write(bytes_left) :]  # the last place on a disk takes a part
        except BlockingIOError:
            raise
        except OSError:
            self._lines_lost += bytes(bytes_left).count(b"\n")
        return size

    def _tell_lost(self) -> None:
        if self._lines_lost:
            super().write(b"\n... lines left out: %d (they could not be written)\n" % self._lines_lost)
            self._lines_lost = 0
