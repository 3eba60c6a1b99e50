"""Which folders and files a sandbox consists of, as a map from paths in it to what is there, and in which order they
are put there. It looks at the machine's folders, and changes nothing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_MOST_LINKS = 40


class Kind(Enum):
    """What is at a path."""

    READ = "read"
    """Something of the machine, which cannot be changed."""
    WRITE = "write"
    """The same, which can."""
    LAYERED = "layered"
    """A folder of the machine under a layer of its own, which takes all changes."""
    LINK = "link"
    """A symbolic link to `source`."""
    ALIAS = "alias"
    """The same, where the machine has none."""
    FOLDER = "folder"
    """A folder for what lies below it."""
    EMPTY = "empty"
    """A new file system in memory."""
    NOTHING = "nothing"
    """In the place of a file."""
    DEVICES = "devices"
    PROCESSES = "processes"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    source: Path = Path()
    """Of the machine; what a link says."""


class Layout:
    """Begins as the whole machine, read-only. The longest path that fits has the last word."""

    def __init__(self, top: Path = Path("/")) -> None:
        self._pieces: dict[Path, Piece] = {}
        for child in sorted(top.iterdir()):
            self._pieces[child] = _of_machine(child)

    def put(self, path: Path, kind: Kind, source: Path | None = None) -> None:
        """Have this at `path`, which is no link, whatever was there."""
        self._pieces[path] = Piece(kind, path if source is None else source)

    def show(self, path: Path, kind: Kind = Kind.READ) -> None:
        """Have what the machine has at `path` there too, wherever its links lead to."""
        for link, target in _links_of(path):
            self._pieces.setdefault(link, Piece(Kind.LINK, target))
        real = Path(os.path.realpath(path))
        if os.path.exists(real):
            self._pieces[real] = Piece(kind, real)

    def place(self, path: Path, source: Path) -> None:
        """Have something of the machine at a path of the world's own. Links that lead out of it go on to do so."""
        if os.path.lexists(path):
            self.put(path, Kind.READ, source)
        else:
            self.show(source)
            self.put(path, Kind.ALIAS, Path(os.path.realpath(source)))

    def hide(self, path: Path) -> None:
        """Have nothing of what the machine has there."""
        real = Path(os.path.realpath(path))
        if os.path.isdir(real):
            self.put(real, Kind.EMPTY)
        elif os.path.exists(real):
            self.put(real, Kind.NOTHING, Path(os.devnull))

    def in_order(self) -> list[tuple[Path, Piece]]:
        """Every piece after those that it lies in; none that would make no difference."""
        for path in sorted(self._pieces):
            if self._pieces[path].kind is not Kind.LINK:
                self._make_room(path)
        return [(path, piece) for path, piece in sorted(self._pieces.items()) if self._matters(path, piece)]

    def _matters(self, path: Path, piece: Piece) -> bool:
        _, around = self._around(path)
        is_as_there = around is not None and around.kind is Kind.READ
        match piece.kind:
            case Kind.LINK:
                return not is_as_there
            case Kind.READ:
                return not (is_as_there and piece.source == path)
            case Kind.EMPTY | Kind.NOTHING:  # an empty place hides nothing
                return around is None or around.kind in {Kind.READ, Kind.DEVICES, Kind.FOLDER}
            case _:
                return True

    def _make_room(self, path: Path) -> None:
        """In a read-only folder nothing new can be: it becomes a folder of the sandbox with the same in it."""
        above, around = self._around(path)
        if around is None or around.kind is not Kind.READ or os.path.exists(path):
            return
        folder = above
        while folder != path and os.path.isdir(folder):
            self._pieces[folder] = Piece(Kind.FOLDER)
            for child in folder.iterdir():
                self._pieces.setdefault(child, _of_machine(child))
            folder /= path.relative_to(folder).parts[0]

    def _around(self, path: Path) -> tuple[Path, Piece | None]:
        for parent in path.parents:
            piece = self._pieces.get(parent)
            if piece is not None and piece.kind is not Kind.LINK:
                return parent, piece
        return Path("/"), None


def _of_machine(path: Path) -> Piece:
    return Piece(Kind.LINK, path.readlink()) if os.path.islink(path) else Piece(Kind.READ, path)


def _links_of(path: Path) -> Iterator[tuple[Path, Path]]:
    """The links that lead from `path` to where it really is, each with what it says."""
    waiting, at, found = list(reversed(Path(os.path.abspath(path)).parts[1:])), Path("/"), 0
    while waiting and found < _MOST_LINKS:
        part = waiting.pop()
        at = at.parent if part == ".." else at / part
        if os.path.islink(at):
            found += 1
            target = at.readlink()
            yield at, target
            waiting += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            at = Path("/") if target.is_absolute() else at.parent


def python_of(interpreter: Path) -> Iterator[Path]:
    """The folders and files without which a Python at this path does not run: its own and its environment's."""
    real = Path(os.path.realpath(interpreter))
    prefix, environment = real.parent.parent, interpreter.parent.parent
    is_whole = prefix != Path("/") and any(prefix.glob("lib/python3*"))
    yield interpreter
    yield prefix if is_whole else real
    if os.path.exists(environment / "pyvenv.cfg"):
        yield environment
