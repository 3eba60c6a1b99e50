"""Which request of a replica is in which stage, in a file that both sides have open: the replica writes a byte when a
stage begins, and whoever wants to know reads, also after the replica has died.

Whoever runs in the replica can write anything into it, so what is read is believed of the replica's own requests only.
"""

import contextlib
import mmap
import os
import socket
from pathlib import Path

from headway.core.stages import IN_REPLICA, Stage

_ROWS = 1024
"""More requests than these at once in one replica are not noted."""
_ROW_BYTES = 64
_LONGEST_ID_BYTES = _ROW_BYTES - 2
_NUL = b"\0"
_NUMBERS = {stage: number for number, stage in enumerate(IN_REPLICA, start=1)}


class StageBoard:
    """The replica's side. A row is a byte for the stage (0: nobody's), the request's id, and zeros."""

    def __init__(self, rows: "mmap.mmap | bytearray") -> None:
        self._rows = rows
        self._free = list(range((_ROWS - 1) * _ROW_BYTES, -1, -_ROW_BYTES))

    def take(self, identity: str) -> int:
        """A row for the request; -1 when there is none left."""
        if not self._free:
            return -1
        row = self._free.pop()
        name = identity.encode()[:_LONGEST_ID_BYTES].ljust(_ROW_BYTES - 1, _NUL)
        self._rows[row + 1 : row + _ROW_BYTES] = name
        return row

    def enter(self, row: int, stage: Stage) -> None:
        """The request of the row is in the stage from now on."""
        if row >= 0:
            self._rows[row] = _NUMBERS[stage]

    def leave(self, row: int) -> None:
        """The request's work has stopped."""
        if row >= 0:
            self._rows[row] = 0
            self._free.append(row)


def open_board(path: Path | None) -> StageBoard:
    """A board in a new file at `path`; one that nobody else can read when there is no path, or no room for a file."""
    if path is not None:
        with contextlib.suppress(OSError, ValueError):
            return StageBoard(_map(path))
    return StageBoard(bytearray(_ROWS * _ROW_BYTES))


def board_beside(private: socket.socket | None) -> StageBoard:
    """The board of the replica that answers on this private socket."""
    return open_board(None if private is None else board_path(f"unix:{private.getsockname()}"))


def board_path(private_address: str) -> Path | None:
    """Where the board of a replica lies that answers at this private address; None for one on another machine."""
    kind, _, place = private_address.partition(":")
    return Path(f"{place}.stages") if kind == "unix" else None


class BoardReader:
    """The other side. It reads on when the file has been removed, and finds nothing where there never was one."""

    def __init__(self, path: Path | None) -> None:
        self._descriptor = -1
        if path is not None:
            with contextlib.suppress(OSError):
                self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def stage_of(self, identity: bytes) -> str:
        """The stage that the request is in; empty when it is in none."""
        rows = self._read()
        needle = identity[:_LONGEST_ID_BYTES]
        at = rows.find(needle + _NUL)
        while at > 0:
            if at % _ROW_BYTES == 1 and rows[at - 1]:
                return _name(rows[at - 1])
            at = rows.find(needle + _NUL, at + 1)
        return ""

    def inside(self) -> dict[str, list[str]]:
        """The ids of the requests in each stage that holds any."""
        rows, found = self._read(), dict[str, list[str]]()
        for at in range(0, len(rows) - _ROW_BYTES + 1, _ROW_BYTES):
            if rows[at]:
                identity = rows[at + 1 : at + _ROW_BYTES].rstrip(_NUL).decode("ascii", "replace")
                found.setdefault(_name(rows[at]), []).append(identity if identity.isprintable() else "?")
        return found

    def count(self, stage: Stage) -> int:
        """How many requests are in the stage."""
        return self._read()[::_ROW_BYTES].count(_NUMBERS[stage])

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self) -> bytes:
        try:
            return os.pread(self._descriptor, _ROWS * _ROW_BYTES, 0) if self._descriptor >= 0 else b""
        except OSError:
            return b""


def count_at(private_address: str, stage: Stage) -> int:
    """How many requests of the replica that answers there privately are in the stage; 0 where its board is not read."""
    reader = BoardReader(board_path(private_address))
    try:
        return reader.count(stage)
    finally:
        reader.close()


def _name(stage: int) -> str:
    return IN_REPLICA[stage - 1].words if stage <= len(IN_REPLICA) else "unknown"


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        # Were the room not really there, the first write to it would end the process.
        os.posix_fallocate(descriptor, 0, _ROWS * _ROW_BYTES)
        return mmap.mmap(descriptor, _ROWS * _ROW_BYTES)
    finally:
        os.close(descriptor)
