"""Sees to it that the folder with the sockets is there, however long Headway runs: who cleans /tmp may remove it.

What is gone is made again. A replica whose socket is gone can be reached by nobody new, so it is replaced.
"""

import asyncio
import logging
import os
from pathlib import Path

from headway.control.faults import Faults
from headway.control.running.supervisor import Supervisor
from headway.control.storage import in_words, is_full
from headway.core.errors import HeadwayError
from headway.private_directory import PrivateDirectoryError, is_own, make_private

_logger = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
_GIVEN_UP_AFTER = 10
"""Looks in a row at which it could not be made."""


class RunDirectoryLostError(HeadwayError):
    """Headway cannot be reached any more, and not make that good."""

    code = "run_directory"


class RunDirectory:
    """`directory` holds control's own socket, and those of the replicas on this machine."""

    def __init__(self, directory: Path, supervisor: Supervisor) -> None:
        self._directory = directory
        self._supervisor = supervisor
        self._identity = _identity(directory)
        self._seen: set[Path] = set()
        """Sockets that were there, whether their replicas are ready yet or not."""
        self._failures = 0
        self._faults = Faults()

    async def keep(self) -> None:
        """Until cancelled. Raises RunDirectoryLostError when it is gone and stays so."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY)

    def look(self) -> None:
        what = f"{self._directory} is kept"
        try:
            if not is_own(self._directory):
                make_private(self._directory, marks=_names_in(self._directory))
        except (OSError, PrivateDirectoryError) as error:
            self._faults.note(what, error)
            self._note_failure(error)
            return
        self._failures = 0
        self._faults.end(what)
        identity = _identity(self._directory)
        is_another, self._identity = identity != self._identity, identity
        if is_another:
            _logger.warning("%s was removed, and is made again with all that belongs there", self._directory)
        self._supervisor.link.see_to_socket()
        self._replace_unreachable(is_another=is_another)

    def _note_failure(self, error: OSError | PrivateDirectoryError) -> None:
        if isinstance(error, OSError) and is_full(error):
            return  # what is there still works, and room may come
        self._failures += 1
        if self._failures >= _GIVEN_UP_AFTER:
            raise RunDirectoryLostError(
                f"the folder of Headway's sockets is lost, and cannot be made again: {in_words(error)}",
                hint="start it again; HEADWAY_RUN_DIR names another place for it",
            ) from error

    def _replace_unreachable(self, *, is_another: bool) -> None:
        present: set[Path] = set()
        for replica in self._supervisor.replicas:
            socket = _socket_of(replica.running.address)
            if socket is None or not socket.is_relative_to(self._directory):
                continue
            present.add(socket)
            if socket.exists():
                self._seen.add(socket)
            elif is_another or replica.ready_at is not None or socket in self._seen:
                self._supervisor.replace(replica.replica_id, "its socket was removed")
        self._seen &= present


def _names_in(directory: Path) -> list[str]:
    """It is Headway's alone, whatever lies there."""
    try:
        return [path.name for path in directory.iterdir()]
    except OSError:
        return []


def _socket_of(address: str) -> Path | None:
    kind, _, place = address.partition(":")
    return Path(place) if kind == "unix" else None


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        status = os.lstat(directory)
    except OSError:
        return None
    return status.st_dev, status.st_ino
