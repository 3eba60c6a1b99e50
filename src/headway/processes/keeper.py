"""Runs one command as its child, passes SIGTERM and SIGINT on to it, and leaves nothing behind: when the command has
ended, or the keeper's own parent has, whatever was started below it is killed, in whatever group or session.

A program of its own, in the words of `command_line`: `keeper.py PARENT WAY WORDS...`. It ends as the command did,
with its exit code or by the same signal. The descriptors that it is given are the command's alone.

Processes whose parent has ended become children of the keeper, because it is a subreaper, so none gets out of sight.
"""

import ctypes
import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # a keeper has few imports: each costs memory and time, once for every process
    from collections.abc import Callable, Iterable, Sequence
    from typing import Literal

    Way = Literal["one", "group", "alone", "sandboxed"]

END_ALL = signal.SIGUSR1
"""Tells a keeper to kill everything now; the kernel sends it when the keeper's parent dies."""

_PASSED_ON = (signal.SIGTERM, signal.SIGINT)
_HEARD = (*_PASSED_ON, END_ALL, signal.SIGCHLD)
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_CANNOT_EXECUTE = 127
_KILLED_WITHIN = 4.0
"""What cannot be killed by then is left to the next subreaper above, which may be the parent."""
_KILLED_ALONE_WITHIN = 60.0
"""The same where the parent is dead."""
_LOOK_AGAIN_AFTER = 0.05
_LOOK_FOR_ORPHANS_EVERY = 1.0
_LOOK_FOR_SANDBOXED_EVERY = 0.005
_SANDBOXED = 2
"""Its number in the namespace: the first is bubblewrap's own, which starts it before all else."""
_SIGNALLED = 128
"""Bubblewrap's exit code is this and the number of the signal that ended what it ran."""

_prctl = ctypes.CDLL(None).prctl


def command_line(
    words: "Sequence[str | os.PathLike[str]]", way: "Way" = "one"
) -> list[str | os.PathLike[str]]:
    """How to run a command under a keeper of this process. The thread that starts it has to outlive it.

    The `way` to keep it. One: a signal is passed on to that process, at whose end all others are killed. Group: to its
    whole group, and all may then take their time to end. Alone: the process starts others under keepers of
    their own only, so an orphan is what such a keeper, itself killed, has left behind, and is killed soon.
    Sandboxed: the process is bubblewrap, and a signal is for what that runs in a namespace of processes.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), way, *words]


def become_subreaper() -> None:
    """Make this process the parent of whatever below it has lost its own."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """The children of this process, those included that wait to be reaped."""
    return _children_of(os.getpid())


def kill(process_id: int) -> None:
    _send(os.kill, process_id, signal.SIGKILL)


def main() -> int:
    parent, way, *command = sys.argv[1:]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    become_subreaper()
    _prctl(_PR_SET_PDEATHSIG, END_ALL, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the kernel was told
        return _CANNOT_EXECUTE
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, ends are not told
    command_process = _start(command, mask)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    kept = _Kept(int(parent), command_process, way)
    kept.until_ended()
    kept.end_all()
    return _ended_as(kept.status, is_sandboxed=way == "sandboxed")


class _Kept:
    """The command, and what has come of it."""

    def __init__(self, parent: int, command: int, way: str) -> None:
        self._parent = parent
        self._command = command
        self._is_alone = way == "alone"
        self._is_patient = way == "group"
        self._is_sandboxed = way == "sandboxed"
        self._pass_on = os.killpg if self._is_patient else os.kill
        self._is_asked_to_end = False
        self._waiting: list[int] = []
        self.status: int | None = None

    def until_ended(self) -> None:
        """Return when the command, and what may take its time with it, has ended or everything has to."""
        while (number := self._next_signal()) != END_ALL:
            if number is None:
                self._look()
            elif number == signal.SIGCHLD:
                any_left = self._reap()
                if self.status is not None and not (any_left and self._is_patient and self._is_asked_to_end):
                    return
            elif self.status is None:  # until it is reaped, nobody else gets its number
                self._is_asked_to_end = True
                self._waiting.append(number)
                self._pass_on_waiting()

    def _next_signal(self) -> int | None:
        """None now and then, for what no signal tells: that an orphan has come, or who a signal is for."""
        if not self._is_alone and not self._waiting:
            return signal.sigwait(_HEARD)
        heard = signal.sigtimedwait(
            _HEARD, _LOOK_FOR_ORPHANS_EVERY if self._is_alone else _LOOK_FOR_SANDBOXED_EVERY
        )
        return None if heard is None else heard.si_signo

    def _look(self) -> None:
        if self._is_alone:
            for orphan in children() - {self._command}:
                kill(orphan)
        self._pass_on_waiting()

    def _pass_on_waiting(self) -> None:
        """To the command; to what runs in its sandbox as soon as there is such a process."""
        whom = _sandboxed_by(self._command) if self._is_sandboxed else self._command
        if whom is not None:
            for number in self._waiting:
                _send(self._pass_on, whom, number)
            self._waiting.clear()

    def end_all(self) -> None:
        """Kill all children; theirs become children of this process, and are killed in their turn."""
        end = time.monotonic() + (_KILLED_WITHIN if os.getppid() == self._parent else _KILLED_ALONE_WITHIN)
        while self._reap() and time.monotonic() < end:
            for one in children():
                kill(one)
            signal.sigtimedwait((signal.SIGCHLD,), _LOOK_AGAIN_AFTER)

    def _reap(self) -> bool:
        """Take note of all children that have ended; whether any is left."""
        while True:
            try:
                process_id, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if process_id == 0:
                return True
            if process_id == self._command:
                self.status = status


def _start(command: list[str], mask: "Iterable[int]") -> int:
    """Fork the command, in a session of its own, and to be killed with this process; its process id."""
    keeper = os.getpid()
    forked = os.fork()
    if forked:
        return forked
    try:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == keeper:  # else it died before the kernel was told
            os.setsid()
            for ignored in (
                signal.SIGPIPE,
                signal.SIGXFSZ,
            ):  # by Python, and they would stay so in the command
                signal.signal(ignored, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.execvp(command[0], command)  # noqa: S606 - the very purpose; no shell is involved
    except OSError as error:
        sys.stderr.write(f"headway: cannot start {command[0]}: {error.strerror}\n")
        sys.stderr.flush()
    finally:
        os._exit(_CANNOT_EXECUTE)


def _children_of(process_id: int) -> set[int]:
    try:
        found: set[int] = set()
        for thread in os.listdir(f"/proc/{process_id}/task"):
            with open(f"/proc/{process_id}/task/{thread}/children") as listed:
                found.update(map(int, listed.read().split()))
    except OSError:  # a kernel without this file
        return {int(one) for one in os.listdir("/proc") if one.isdigit() and _parent(one) == process_id}
    return found


def _sandboxed_by(bubblewrap: int) -> int | None:
    """The process that a bubblewrap is there for; None while there is none yet, or any more."""
    try:
        for first in _children_of(bubblewrap):
            for one in _children_of(first):
                if _number_inside(one) == _SANDBOXED:
                    return one
    except OSError:
        return None
    return None


def _number_inside(process_id: int) -> int:
    """What a process is called in the innermost namespace."""
    with open(f"/proc/{process_id}/status") as status:
        return next((int(line.split()[-1]) for line in status if line.startswith("NSpid:")), 0)


def _send(way: "Callable[[int, int], None]", whom: int, number: int) -> None:
    try:
        way(whom, number)
    except (ProcessLookupError, PermissionError):  # it has ended, or is of another user
        return


def _ended_as(status: int | None, *, is_sandboxed: bool) -> int:
    """The command's exit code; or end by its signal, SIGKILL where even that could not end it."""
    code = -signal.SIGKILL if status is None else os.waitstatus_to_exitcode(status)
    if is_sandboxed and _SIGNALLED < code < _SIGNALLED + signal.NSIG:
        code = _SIGNALLED - code
    if code < 0:
        _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # the command has dumped its core, if it was to
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (-code,))
        os.kill(os.getpid(), -code)
    return code


def _parent(process_id: str) -> int | None:
    try:
        with open(f"/proc/{process_id}/stat") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


if __name__ == "__main__":
    os._exit(main())
