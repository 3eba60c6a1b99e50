"""The process that parents all others: it opens the listening sockets, starts the gateway, control and, at
control's word, replicas; restarts the first two, reports the exits of the others, and stops everything.

It knows no HTTP and no SQL, and decides nothing about replicas. Control and root exchange JSON lines over a
socket pair: `start` and `stop` come in, `running` (what a new control adopts), `ready` and `exited` go out.
"""

import asyncio
import json
import logging
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.core.reconcile import back_off
from headway.core.wire import READY_DESCRIPTOR
from headway.processes.child import Child, Program, Strays, gone
from headway.processes.listening import RootError
from headway.processes.ready_pipe import ReadyPipe
from headway.telemetry.bounded_file import LOG_LIMIT_BYTES

_logger = logging.getLogger(__name__)

_TRIM_EVERY = 0.1
_FIRST_RESTART = 0.05
_LONGEST_RESTART = 5.0
_LONGEST_RESTART_OF_GATEWAY = 0.5
"""New connections wait for it, so it is back within a second however often it dies."""
_STEADY_AFTER = 10.0
_KILLED_WITHIN = 5.0
_LONGEST_MESSAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Graces:
    """Seconds that a graceful stop gives the gateway to drain, then the others to exit."""

    drain: float = 35.0  # the gateway's own grace is 30: it cuts by itself what is left then
    exit: float = 10.0
    loading: float = 0.5  # of a replica that never was ready: it holds nothing, and may hear nothing either


class Root:
    """Runs `gateway`, and what `control` makes of the descriptor of its end of the socket pair."""

    def __init__(
        self,
        gateway: Program,
        control: Callable[[int], Program],
        listening: Sequence[socket.socket] = (),
        *,
        graces: Graces | None = None,
        log_limit_bytes: int = LOG_LIMIT_BYTES,
    ) -> None:
        self._gateway_program = gateway
        self._control_program = control
        self._listening = listening
        self._graces = graces or Graces()
        self._log_limit_bytes = log_limit_bytes
        self._children: set[Child] = set()
        self._replicas: dict[str, ReplicaChild] = {}
        self._gateway: Child | None = None
        self._control_link: asyncio.StreamWriter | None = None
        self._control_has_run = False
        self._hopeless: RootError | None = None
        self._is_ending_all = False
        """What ends from now on does so at root's word, and control is told no more of it."""
        self._stop_asked = asyncio.Event()
        self._stop_asked_again = asyncio.Event()

    async def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP stops everything gracefully; a second one, at once. Raises RootError when
        control says that it can never run.
        """
        loop = asyncio.get_running_loop()
        self._strays = Strays()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._note_stop_signal)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        try:
            async with asyncio.TaskGroup() as tasks:
                lasting = [
                    tasks.create_task(self._keep(self._spawn_gateway, _LONGEST_RESTART_OF_GATEWAY)),
                    tasks.create_task(self._keep_control()),
                    tasks.create_task(self._trim_logs()),
                ]
                await self._stop_asked.wait()
                graceful = tasks.create_task(self._stop_gracefully())
                hurry = tasks.create_task(self._stop_asked_again.wait())
                await asyncio.wait({graceful, hurry}, return_when=asyncio.FIRST_COMPLETED)
                for task in (*lasting, graceful, hurry):
                    task.cancel()
        finally:
            await self._kill_everything()
        if self._hopeless is not None:
            raise self._hopeless

    def _note_stop_signal(self) -> None:
        (self._stop_asked_again if self._stop_asked.is_set() else self._stop_asked).set()

    # Gateway and control: kept running.

    async def _keep(self, spawn: Callable[[], Child], longest: float) -> None:
        """Start it again when it is gone: at once after a steady life, else later and later, up to `longest`."""
        failures = 0
        while not self._stop_asked.is_set():
            started_at = time.monotonic()
            try:
                child = spawn()
                await child.gone.wait()
                what = f"{child.program.name}: {child.last_words}"
            except OSError as error:
                what = str(error)
            failures = 1 if time.monotonic() - started_at >= _STEADY_AFTER else failures + 1
            if not self._stop_asked.is_set():
                _logger.error("a process is gone and is started again: %s", what)
                await asyncio.sleep(back_off(failures, first=_FIRST_RESTART, longest=longest))

    def _spawn_gateway(self) -> Child:
        self._gateway = self._spawn(self._gateway_program)
        return self._gateway

    async def _keep_control(self) -> None:
        async with asyncio.TaskGroup() as conversations:

            def spawn() -> Child:
                ours, theirs = socket.socketpair()
                with theirs:
                    control = self._spawn(self._control_program(theirs.fileno()))
                conversations.create_task(self._converse(control, ours))
                return control

            await self._keep(spawn, _LONGEST_RESTART)

    async def _converse(self, control: Child, ours: socket.socket) -> None:
        """Obey one life of control. One that cannot be understood is ended, and another one started."""
        began_at = time.monotonic()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LONGEST_MESSAGE_BYTES)
        self._control_link = writer
        self._tell(type="running", replicas=[one.note for one in self._replicas.values()])
        try:
            async for line in reader:
                self._obey(json.loads(line))
        except OSError:
            pass  # it has ended, which is seen to where it is kept running
        except (ValueError, KeyError, TypeError) as error:
            _logger.exception("control broke the link to root", extra={"error": error})
            control.kill()
        finally:
            self._control_has_run |= time.monotonic() - began_at >= _STEADY_AFTER
            writer.close()

    def _tell(self, **message: Any) -> None:
        """Does nothing while control is away: it is told what runs when it comes back."""
        link = self._control_link
        if link is not None and not link.is_closing() and not self._is_ending_all:
            link.write(json.dumps(message).encode() + b"\n")

    def _obey(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "start":
                self._start_replica(message)
            case "stop":
                self._stop_replica(message["replica_id"], float(message["grace"]))
            case "hopeless":
                why = RootError(message["message"], hint=message["hint"])
                self._give_up(why, always=bool(message["always"]))
            case unknown:
                raise ValueError(f"unknown message {unknown!r}")

    def _give_up(self, why: RootError, *, always: bool) -> None:
        """Control can never run as things are. Once it has run, requests are served on, and it is tried again; unless
        that cannot be either.
        """
        if always or not self._control_has_run:
            self._hopeless = why
            self._stop_asked.set()

    # Replicas: at control's word.

    def _start_replica(self, message: Mapping[str, Any]) -> None:
        replica_id, generation = message["note"]["replica_id"], message["note"]["generation"]
        refusal = "Headway is stopping" if self._stop_asked.is_set() else ""
        if replica_id in self._replicas:
            refusal = f"{replica_id} runs already"
        try:
            if not refusal:
                self._replicas[replica_id] = self._spawn_replica(replica_id, generation, message)
                return
        except (OSError, ValueError) as error:  # the latter of a variable that no process can have
            refusal = str(error)
        self._tell(type="exited", replica_id=replica_id, generation=generation, reason=refusal)

    def _spawn_replica(self, replica_id: str, generation: int, message: Mapping[str, Any]) -> "ReplicaChild":
        ready = ReadyPipe(lambda: self._tell(type="ready", replica_id=replica_id, generation=generation))
        try:
            program = Program(
                replica_id,
                tuple(message["command"]),
                Path(message["log_path"]),
                {**message["environment"], READY_DESCRIPTOR: str(ready.theirs)},
                Path(message["directory"]),
                (ready.theirs,),
                message.get("keep", "one"),
            )
            return ReplicaChild(self._spawn(program), message["note"], ready)
        except BaseException:
            ready.close()
            raise
        finally:
            ready.close_theirs()

    def _stop_replica(self, replica_id: str, grace: float) -> None:
        replica = self._replicas.get(replica_id)
        if replica is not None:
            replica.child.signal(signal.SIGTERM)
            asyncio.get_running_loop().call_later(grace, replica.child.kill)

    def _report_exit(self, child: Child) -> None:
        replica = self._replicas.get(child.program.name)
        if replica is None or replica.child is not child:
            return
        del self._replicas[child.program.name]
        replica.ready.close()
        code = child.code
        self._tell(
            type="exited",
            replica_id=replica.note["replica_id"],
            generation=replica.note["generation"],
            code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
        )

    # Every child.

    def _spawn(self, program: Program) -> Child:
        child = Child(program, self._log_limit_bytes)
        self._children.add(child)
        return child

    def _reap(self) -> None:
        self._strays.end(self._children)
        for child in [one for one in self._children if one.has_exited()]:
            child.reap()
            self._children.discard(child)
            self._report_exit(child)

    async def _trim_logs(self) -> None:
        while True:
            for child in self._children:
                child.log.trim()
            await asyncio.sleep(_TRIM_EVERY)

    async def _stop_gracefully(self) -> None:
        """First the gateway drains, which needs the replicas; then they and control go."""
        for one in self._listening:
            one.close()
        if self._gateway is not None:
            self._gateway.signal(signal.SIGTERM)
            await gone([self._gateway], within=self._graces.drain)
            self._gateway.kill()
        self._is_ending_all = True
        children = list(self._children)
        for child in children:
            child.signal(signal.SIGTERM)
        for replica in self._replicas.values():
            if not replica.ready.was_heard:
                asyncio.get_running_loop().call_later(self._graces.loading, replica.child.kill)
        await gone(children, within=self._graces.exit)

    async def _kill_everything(self) -> None:
        self._is_ending_all = True
        children = list(self._children)
        for child in children:
            child.kill()
        await gone(children, within=_KILLED_WITHIN)
        await self._strays.ended(self._children, within=_KILLED_WITHIN)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            loop.remove_signal_handler(number)


@dataclass(frozen=True, slots=True)
class ReplicaChild:
    """`note` is what control wants to be told about it when it comes back."""

    child: Child
    note: Mapping[str, Any]
    ready: ReadyPipe
