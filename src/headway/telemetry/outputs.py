"""Lets a program go on when what it prints can no longer be written: that costs lines of its log, nothing else."""

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
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BlockingIOError:
            raise
        except OSError:
            return memoryview(data).nbytes
