"""Replicas as child processes of root on this machine, reached over Unix sockets.

Root starts and reaps them; this side says what to run, gives each its addresses and its GPU, and keeps count.
"""

import asyncio
import dataclasses
import json
import logging
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from headway.backends.base import (
    SECRETS_VARIABLE,
    BackendError,
    NoFreeGpu,
    ReplicaExit,
    ReplicaSpec,
    RunningReplica,
)
from headway.backends.gpus import find_gpus
from headway.backends.isolation.remains import remove
from headway.backends.isolation.ways import WORLDS, Ways
from headway.backends.isolation.world import Inside, Launch, Way, World
from headway.core.isolation import Isolation
from headway.passed_on import for_models

_logger = logging.getLogger(__name__)

_ROOT_ANSWERS_WITHIN = 10.0
_TRIED_WITHIN = 60.0
"""So long another process may still be trying whether a sandbox works here."""
_LONGEST_MESSAGE_BYTES = 4 * 1024 * 1024

ReplicaCommand = Callable[[ReplicaSpec, Inside], Sequence[str]]
"""What to run for a replica, with the paths that it sees."""


def model_server_command(spec: ReplicaSpec, inside: Inside) -> Sequence[str]:
    module = (str(inside.interpreter), "-m", "headway.model_server", str(inside.truss))
    sockets = ("--uds", f"{inside.sockets}/http", "--private-uds", f"{inside.sockets}/held")
    options = ("--secrets-directory", str(inside.secrets)) if inside.secrets else ()
    return (*module, *sockets, "--replica-id", spec.replica_id, *options)


async def connect(root_descriptor: int, run_directory: Path, ways: Ways) -> "LocalBackend":
    """The backend at root's word, knowing what runs already. Raises BackendError when root is silent."""
    backend = LocalBackend(run_directory, gpus=find_gpus(), ways=ways)
    await backend.connect(socket.socket(fileno=root_descriptor))
    return backend


class LocalBackend:
    """`run_directory` holds a folder of sockets for each replica: a short path, for they may have at most 107 bytes."""

    def __init__(
        self,
        run_directory: Path,
        *,
        gpus: Sequence[str] = (),
        command: ReplicaCommand = model_server_command,
        ways: Ways | None = None,
    ) -> None:
        self._run_directory = run_directory
        self._ways = ways or Ways(run_directory / WORLDS)
        self._gpus = gpus
        self._command = command
        self._running: dict[str, RunningReplica] = {}
        self._is_wanted: dict[str, bool] = {}
        """Of those whose worlds are being made: whether they are to be started then."""
        self._making: set[asyncio.Task[None]] = set()
        self._reports: list[Callable[[ReplicaExit], None]] = []
        self._ready_reports: list[Callable[[RunningReplica], None]] = []
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    async def connect(self, root: socket.socket) -> None:
        """Take up the link; returns once root has told what runs."""
        reader, self._writer = await asyncio.open_connection(sock=root, limit=_LONGEST_MESSAGE_BYTES)
        try:
            line = await asyncio.wait_for(reader.readline(), _ROOT_ANSWERS_WITHIN)
            for note in json.loads(line)["replicas"]:
                replica = _noted(note)
                self._running[replica.replica_id] = replica
        except (TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            raise BackendError(f"root does not tell what runs: {error!r}") from error
        await asyncio.to_thread(self._sweep)
        self._listening = asyncio.get_running_loop().create_task(self._listen(reader))

    async def start(self, spec: ReplicaSpec) -> RunningReplica:
        if spec.replica_id in self._running:
            raise BackendError(f"replica {spec.replica_id} runs already")
        way = await self._ways.chosen(spec.isolation)
        sockets = self._sockets(spec.generation)
        replica = RunningReplica(
            replica_id=spec.replica_id,
            generation=spec.generation,
            deployment_id=spec.deployment_id,
            address=f"unix:{sockets / 'http'}",
            private_address=f"unix:{sockets / 'held'}",
            gpus=self._free_gpu() if spec.use_gpu else (),
            isolation=way.name,
        )
        world = self._world(spec, sockets, replica.gpus)
        launch = partial(self._launch, way, world, self._command(spec, way.inside(world)))
        if way.name is Isolation.NONE:
            self._order(replica, spec.log_path, launch())
        else:
            self._is_wanted[spec.replica_id] = True
            making = asyncio.get_running_loop().create_task(self._make(replica, spec.log_path, launch))
            self._making.add(making)
            making.add_done_callback(self._making.discard)
        self._running[spec.replica_id] = replica
        return replica

    async def stop(self, replica_id: str, *, grace: float) -> None:
        if replica_id in self._is_wanted:
            self._is_wanted[replica_id] = False
        else:
            self._tell(type="stop", replica_id=replica_id, grace=grace)

    async def running(self) -> tuple[RunningReplica, ...]:
        return tuple(self._running.values())

    def on_exit(self, report: Callable[[ReplicaExit], None]) -> None:
        self._reports.append(report)

    def on_ready(self, report: Callable[[RunningReplica], None]) -> None:
        self._ready_reports.append(report)

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        for making in self._making:
            making.cancel()
        if self._writer is not None:
            self._writer.close()

    async def _make(self, replica: RunningReplica, log_path: Path, launch: Callable[[], Launch]) -> None:
        """Have it started once its world is made: that may take as long as its disk does, and nobody waits for it."""
        reason = ""
        try:
            made = await asyncio.to_thread(launch)
            if self._is_wanted[replica.replica_id]:
                self._order(replica, log_path, made)
                return
        except (OSError, BackendError) as error:
            reason = f"what it is to find around it cannot be made: {error}"
        finally:
            del self._is_wanted[replica.replica_id]
        number = None if reason else int(signal.SIGTERM)
        self._note_exit(ReplicaExit(replica.replica_id, replica.generation, signal=number, reason=reason))

    def _order(self, replica: RunningReplica, log_path: Path, launch: Launch) -> None:
        self._tell(
            type="start",
            command=launch.command,
            directory=str(launch.directory),
            environment=launch.environment,
            keep=launch.keep,
            log_path=str(log_path),
            note=dataclasses.asdict(replica),
        )

    def _tell(self, **message: Any) -> None:
        if self._writer is None or self._writer.is_closing():
            raise BackendError("root is out of reach", hint="this process is about to be ended")
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            try:
                self._take(json.loads(line))
            except Exception:
                _logger.exception("what root told is not wholly seen to")

    def _take(self, message: dict[str, Any]) -> None:
        match message.pop("type"):
            case "exited":
                self._note_exit(ReplicaExit(**message))
            case "ready":
                self._note_ready(message["replica_id"], message["generation"])

    def _note_exit(self, gone: ReplicaExit) -> None:
        replica = self._running.get(gone.replica_id)
        if replica is None or replica.generation != gone.generation:
            return
        del self._running[gone.replica_id]
        shutil.rmtree(self._sockets(replica.generation), ignore_errors=True)
        if replica.isolation is not Isolation.NONE:
            asyncio.get_running_loop().run_in_executor(None, remove, self._own(replica.generation))
        for report in self._reports:
            report(gone)

    def _note_ready(self, replica_id: str, generation: int) -> None:
        replica = self._running.get(replica_id)
        if replica is not None and replica.generation == generation:
            for report in self._ready_reports:
                report(replica)

    def _free_gpu(self) -> tuple[str, ...]:
        taken = {gpu: one.replica_id for one in self._running.values() for gpu in one.gpus}
        free = [gpu for gpu in self._gpus if gpu not in taken]
        if free:
            return (free[0],)
        if not self._gpus:
            raise NoFreeGpu(
                "the Truss asks for a GPU and this machine has none",
                hint="remove resources.accelerator from config.yaml to run it on the CPU",
            )
        raise NoFreeGpu(
            f"every GPU is taken: {', '.join(f'{gpu} by {holder}' for gpu, holder in taken.items())}",
            hint="lower max_replica, or stop a replica that holds one",
        )

    def _world(self, spec: ReplicaSpec, sockets: Path, gpus: tuple[str, ...]) -> World:
        stated = dict(spec.environment)
        secrets = stated.pop(SECRETS_VARIABLE, "")
        return World(
            truss=spec.directory,
            interpreter=spec.interpreter,
            own=self._own(spec.generation),
            sockets=sockets,
            stated=stated,
            inherited=for_models(spec.secrets),
            secrets=Path(secrets) if secrets else None,
            attached=spec.attached,
            mounts=spec.mounts,
            cache=spec.cache,
            gpus=gpus if self._gpus else None,
        )

    def _launch(self, way: Way, world: World, words: Sequence[str]) -> Launch:
        """Blocks."""
        if world.sockets is not None:
            remove(world.sockets)
            world.sockets.mkdir(mode=0o700)
        return way.launch(world, words)

    def _sweep(self) -> None:
        """Remove what is left of replicas whose end nobody here has heard of."""
        there = {str(one.generation) for one in self._running.values()}
        for folder in (*self._run_directory.glob("[0-9]*"), *self._ways.worlds.glob("*")):
            is_trial = not folder.name.isdigit() and time.time() - folder.stat().st_mtime < _TRIED_WITHIN
            if folder.name not in there and not is_trial:
                remove(folder)

    def _sockets(self, generation: int) -> Path:
        return self._run_directory / str(generation)

    def _own(self, generation: int) -> Path:
        return self._ways.worlds / str(generation)


def _noted(note: Mapping[str, Any]) -> RunningReplica:
    """As root keeps it."""
    return RunningReplica(**{**note, "gpus": tuple(note["gpus"]), "isolation": Isolation(note["isolation"])})
