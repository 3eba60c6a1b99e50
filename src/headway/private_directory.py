"""Makes directories that this user alone may enter, and refuses those that somebody else could have a hand in.

Sockets, secrets, keys' digests and models' code lie in them.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from headway.core.errors import HeadwayError

_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


class PrivateDirectoryError(HeadwayError):
    """A directory is not, and is not made, this user's alone."""

    code = "private_directory"


def make_private(directory: Path, *, marks: Iterable[str] = (), may_be_link: bool = False) -> None:
    """Make it, or correct its mode where it is plainly Headway's: empty, or with one of `marks` in it.

    Raises PrivateDirectoryError, and OSError where it cannot be made.
    """
    if not (may_be_link and directory.is_dir()):
        make_folders(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if may_be_link else os.O_NOFOLLOW)
    try:
        descriptor = os.open(directory, flags)
    except NotADirectoryError as error:
        raise PrivateDirectoryError(
            f"{directory} is no directory of its own, but a link or a file",
            hint="remove it, or name another place",
        ) from error
    try:
        _require_own(directory, descriptor, marks)
    finally:
        os.close(descriptor)
    _refuse_open_parents(directory.resolve())


def make_folders(directory: Path) -> None:
    """Make it and what is missing above it, each for this user alone; `mkdir` would leave the parents open to all."""
    for one in [*reversed(directory.parents), directory]:
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)


def is_own(directory: Path) -> bool:
    """Whether it is a directory of this user's alone, and no link."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    is_shared = status.st_mode & _OF_OTHERS
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not is_shared


def _require_own(directory: Path, descriptor: int, marks: Iterable[str]) -> None:
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        raise PrivateDirectoryError(
            f"{directory} belongs to another user (id {status.st_uid})",
            hint="remove it, or name another place",
        )
    if not status.st_mode & _OF_OTHERS:
        return
    if status.st_mode & _WRITABLE:
        raise PrivateDirectoryError(
            f"other users can write to {directory}, and may have put something there",
            hint="see what lies there, then make it yours alone with chmod 700; or name another place",
        )
    names = set(os.listdir(descriptor))
    if names and names.isdisjoint(marks):
        raise PrivateDirectoryError(
            f"other users may enter {directory}, and what lies there is not only Headway's",
            hint="make it yours alone with chmod 700, or name another place",
        )
    os.fchmod(descriptor, 0o700)


def _refuse_open_parents(directory: Path) -> None:
    """Who can write to a folder above can put another one in its place; unless it is sticky, as /tmp is."""
    for parent in directory.parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise PrivateDirectoryError(
                f"everybody may write to {parent}, above {directory}", hint="name a place that is yours alone"
            )
