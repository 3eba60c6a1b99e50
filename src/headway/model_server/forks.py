"""Forks of a replica's process: a child has nothing that is the replica's, and does not become a second replica.

What Python forks is told here (`guard`). A fork made in C passes unseen; that it does no harm is the business of those
who use what is shared: connections are shut down before they are closed, signals are believed only by the process that
got them, and who has run a model's code asks `end_if_copy`.
"""

import asyncio
import os
import signal
import socket
import stat
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

_CAME_BACK = 1
"""The exit code of a child that came back to where only the replica goes on."""
_DESCRIPTORS = Path("/proc/self/fd")
_HANDLED = (signal.SIGTERM, signal.SIGINT)
_process_id = os.getpid()


def end_if_copy() -> None:
    """End this process if it is a fork of the replica's."""
    if os.getpid() != _process_id:
        _end()


def guard(listening: Iterable[socket.socket]) -> None:
    """From now on what Python forks is no part of the replica. Call it on the event loop, before any code of a model
    has run: all sockets that are open now are the replica's, and so is what is accepted by those that are `listening`.
    """
    own = _Own([_place(one) for one in listening])
    os.register_at_fork(
        before=own.hold_signals, after_in_parent=own.release_signals, after_in_child=own.let_go
    )


class _Own:
    """What is the replica's, as a forked child finds it."""

    def __init__(self, places: list[object]) -> None:
        self._places = places
        self._sockets = {_identity(one) for one in _open_sockets()}
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._forking = threading.local()

    def hold_signals(self) -> None:
        """A signal that finds the child with the replica's handlers would be lost: it waits until these are gone."""
        self._forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)

    def release_signals(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.mask)

    def let_go(self) -> None:
        """In the child, which has one thread: the one that forked."""
        signal.set_wakeup_fd(-1)
        for one in _HANDLED:
            signal.signal(one, signal.SIG_DFL)
        self._leave_sockets()
        if threading.get_ident() == self._thread:
            self._leave_loop()
        self.release_signals()
        # What is raised here is raised in nobody's code, and would be lost: until the very end SIGINT ends the child.
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)

    def _leave_sockets(self) -> None:
        """Put something else in their places: whoever still has the number of one must not close another's."""
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for descriptor in _open_sockets():
            if self._is_own(descriptor):
                os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    def _is_own(self, descriptor: int) -> bool:
        if _identity(descriptor) in self._sockets:
            return True
        one = socket.socket(fileno=descriptor)
        try:
            return _place(one) in self._places
        except OSError:
            return False
        finally:
            one.detach()

    def _leave_loop(self) -> None:
        """The child ends where it comes back to the loop: when the step of the task that forked is over.

        The loop cannot be told so, but finds that the task is not the one that it believes to run.
        """
        task = asyncio.current_task(self._loop)
        if task is not None:
            asyncio.tasks._leave_task(self._loop, task)  # noqa: SLF001 - documented, for who makes tasks of their own
        self._loop.set_exception_handler(lambda *_: _end())
        self._loop.call_soon(_end)


def _open_sockets() -> list[int]:
    return [number for one in _DESCRIPTORS.iterdir() if _is_socket(number := int(one.name))]


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:  # the listing itself
        return False


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _place(one: socket.socket) -> object:
    """Where a socket is on this side: what has been accepted is there where it listens."""
    address = one.getsockname()
    return address[1] if isinstance(address, tuple) else address


def _end() -> NoReturn:
    # Nothing that could wait for a lock: another thread may have held it when this process was forked.
    text = f"A forked process {os.getpid()} came back from the model's code into the replica's: it is ended\n"
    os.write(2, text.encode())
    os._exit(_CAME_BACK)
