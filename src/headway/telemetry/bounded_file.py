"""Append-only files that are kept near a size while others write to them, and their last lines.

A process appends to its file by itself, so that nobody has to drain a pipe for it to go on.
"""

import contextlib
import ctypes
import errno
import logging
import os
import resource
from pathlib import Path

_logger = logging.getLogger(__name__)

LOG_LIMIT_BYTES = 16 * 1024 * 1024
PIECE_BYTES = 256 * 1024
"""Read at once."""
_LONGEST_BYTES = 1 << 40
"""Far below what file systems allow."""
_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_BEGUN_ANEW = b"... (the log file was begun anew; lines may be missing here)\n"

_libc = ctypes.CDLL(None, use_errno=True)


class BoundedFile:
    """An append-only file for a process to write to, and `trim`, which keeps it near its limit.

    When there is twice the limit in it, the room of the oldest part is given back to the disk: the file has a hole
    there and is as long as before, so that nothing is moved, a line that is being written cannot get lost, and whoever
    reads along stays in its place. Where a file system cannot do that, the newest part is copied to `NAME.1` and the
    file begun anew; what is written during the copy can be lost, which the file says. A disk that is full, broken or
    not ours to write costs lines, and nothing else: a file that cannot be opened takes all and keeps none.
    """

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        self.path = path
        self.limit_bytes = limit_bytes
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            _logger.warning("the log %s is not kept: %s", path, error.strerror)
            self.descriptor = os.open(os.devnull, os.O_RDWR)
        self._end_begun_line()

    def trim(self) -> None:
        """Cheap when there is nothing to do: one fstat. A full disk does not stop it."""
        with contextlib.suppress(OSError):
            size = os.fstat(self.descriptor).st_size
            if size > _longest():
                self._begin_anew(size)
            elif size > 2 * self.limit_bytes:
                self._bring_within_limit(size)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.descriptor, data)

    def close(self) -> None:
        os.close(self.descriptor)

    def _end_begun_line(self) -> None:
        """The last writer may have died in the middle of one."""
        with contextlib.suppress(OSError):
            size = os.fstat(self.descriptor).st_size
            if size and os.pread(self.descriptor, 1, size - 1) != b"\n":
                self.write(b"\n")

    def _bring_within_limit(self, size: int) -> None:
        if size - begin_of_data(self.descriptor, 0) <= 2 * self.limit_bytes:
            return
        block = os.fstat(self.descriptor).st_blksize
        try:
            _give_back(self.descriptor, (size - self.limit_bytes) // block * block)
        except OSError:
            self._begin_anew(size)

    def _begin_anew(self, size: int) -> None:
        with contextlib.suppress(OSError):
            self._keep_newest(size)
        os.ftruncate(self.descriptor, 0)
        self.write(_BEGUN_ANEW)

    def _keep_newest(self, size: int) -> None:
        temporary = older_part(self.path).with_suffix(".new")
        try:
            with temporary.open("wb") as target:
                start = size - self.limit_bytes
                piece = os.pread(self.descriptor, PIECE_BYTES, start)
                target.write(piece[piece.find(b"\n") + 1 :])  # not what is left of a line
                while piece:
                    start += len(piece)
                    piece = os.pread(self.descriptor, PIECE_BYTES, start)
                    target.write(piece)
            temporary.replace(older_part(self.path))
        except OSError:
            temporary.unlink(missing_ok=True)  # it would take the room that is missing
            raise


def older_part(path: Path) -> Path:
    """Where the older part of a file that was begun anew is kept."""
    return path.with_name(path.name + ".1")


def begin_of_data(descriptor: int, offset: int) -> int:
    """The first place from `offset` on that is no hole; at most the file's end."""
    size = os.fstat(descriptor).st_size  # before: what is written meanwhile is no hole
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return max(offset, size)


def last_lines(path: Path, count: int, before: int | None = None) -> list[str]:
    """The newest lines of a bounded file, its older part included, as far as they are kept and lie in its last 16 MiB.

    `before` a place in the file, if it is given.
    """
    lines: list[bytes] = []
    for part, end in ((path, before), (older_part(path), None)):
        missing = count - len(lines)
        if missing > 0:
            with contextlib.suppress(OSError), part.open("rb", buffering=0) as file:
                lines = _newest(file.fileno(), missing, end).splitlines()[-missing:] + lines
    return [line.decode(errors="replace") for line in lines]


def _newest(descriptor: int, count: int, before: int | None) -> bytes:
    """What holds at least the last `count` lines before a place (None: the end), if there are so many."""
    end = os.fstat(descriptor).st_size if before is None else before
    reach = PIECE_BYTES
    while True:
        wanted = max(0, end - reach)
        start = min(begin_of_data(descriptor, wanted), end)
        data = os.pread(descriptor, end - start, start)
        if min(begin_of_data(descriptor, wanted), end) != start:
            continue  # its room was given back meanwhile
        if start > 0:
            data = data[data.find(b"\n") + 1 :]
        if start == 0 or start > wanted or reach >= LOG_LIMIT_BYTES or data.count(b"\n") > count:
            return data
        reach *= 4


def _give_back(descriptor: int, length: int) -> None:
    """Give the room of the first `length` bytes back to the disk."""
    begin = ctypes.c_int64(0)
    if _libc.fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, begin, ctypes.c_int64(length)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _longest() -> int:
    """How long a file may get, holes included."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return _LONGEST_BYTES if allowed == resource.RLIM_INFINITY else min(_LONGEST_BYTES, allowed // 2)
