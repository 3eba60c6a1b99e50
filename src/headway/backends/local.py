"""Replicas as child processes of root on this machine, reached over Unix sockets.

Root starts and reaps them; this side says what to run, gives each its addresses and its GPU, and keeps count.
"""

import asyncio
import contextlib
import dataclasses
import json
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
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
from headway.passed_on import for_models
from headway.telemetry.stage_board import board_path

_logger = logging.getLogger(__name__)

_ROOT_ANSWERS_WITHIN = 10.0
_LONGEST_MESSAGE_BYTES = 4 * 1024 * 1024

ReplicaCommand = Callable[[ReplicaSpec, Path, Path], Sequence[str]]
"""What to run for a replica, given its public and its private socket."""


def model_server_command(spec: ReplicaSpec, public: Path, private: Path) -> Sequence[str]:
    sockets = ("--uds", str(public), "--private-uds", str(private))
    module = (str(spec.interpreter), "-m", "headway.model_server", str(spec.directory))
    secrets = spec.environment.get(SECRETS_VARIABLE)
    options = ("--secrets-directory", secrets) if secrets else ()
    return (*module, *sockets, "--replica-id", spec.replica_id, *options)


async def connect(root_descriptor: int, run_directory: Path) -> "LocalBackend":
    """The backend at root's word, knowing what runs already. Raises BackendError when root is silent."""
    backend = LocalBackend(run_directory, gpus=find_gpus())
    await backend.connect(socket.socket(fileno=root_descriptor))
    return backend


class LocalBackend:
    """`run_directory` holds the sockets: a short path, for they may have at most 107 bytes."""

    def __init__(
        self,
        run_directory: Path,
        *,
        gpus: Sequence[str] = (),
        command: ReplicaCommand = model_server_command,
    ) -> None:
        self._run_directory = run_directory
        self._gpus = gpus
        self._command = command
        self._running: dict[str, RunningReplica] = {}
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
                replica = RunningReplica(**{**note, "gpus": tuple(note["gpus"])})
                self._running[replica.replica_id] = replica
        except (TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            raise BackendError(f"root does not tell what runs: {error!r}") from error
        self._listening = asyncio.get_running_loop().create_task(self._listen(reader))

    async def start(self, spec: ReplicaSpec) -> RunningReplica:
        if spec.replica_id in self._running:
            raise BackendError(f"replica {spec.replica_id} runs already")
        public, private = (self._run_directory / f"{spec.generation}.{end}" for end in ("http", "held"))
        replica = RunningReplica(
            replica_id=spec.replica_id,
            generation=spec.generation,
            deployment_id=spec.deployment_id,
            address=f"unix:{public}",
            private_address=f"unix:{private}",
            gpus=self._free_gpu() if spec.use_gpu else (),
        )
        self._tell(
            type="start",
            command=list(self._command(spec, public, private)),
            directory=str(spec.directory),
            environment=self._environment(spec, replica.gpus),
            log_path=str(spec.log_path),
            note=dataclasses.asdict(replica),
        )
        self._running[spec.replica_id] = replica
        return replica

    async def stop(self, replica_id: str, *, grace: float) -> None:
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
        if self._writer is not None:
            self._writer.close()

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
        for address in (replica.address, replica.private_address):
            with contextlib.suppress(OSError):
                Path(address.removeprefix("unix:")).unlink(missing_ok=True)
        if (board := board_path(replica.private_address)) is not None:
            with contextlib.suppress(OSError):
                board.unlink(missing_ok=True)
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

    def _environment(self, spec: ReplicaSpec, gpus: Sequence[str]) -> Mapping[str, str]:
        """What of Headway's own a model needs; the replica's own wins."""
        environment = {**for_models(spec.secrets), **spec.environment}
        if self._gpus:  # who asked for none sees none: those of others are not free
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        return environment
