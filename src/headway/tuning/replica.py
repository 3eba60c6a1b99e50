"""One replica to measure: the very model server that Headway runs, with a predict concurrency of our choice."""

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from headway.backends.base import ReplicaSpec
from headway.backends.isolation.none import OnTheMachine
from headway.backends.isolation.remains import remove
from headway.backends.isolation.world import Way, World
from headway.backends.local import model_server_command
from headway.control.credentials.secret_copies import SecretCopies
from headway.control.credentials.secret_views import SecretViews
from headway.control.packages.preparation import PreparedModel
from headway.control.running.probes import until_ready
from headway.core.isolation import Isolation
from headway.passed_on import for_models
from headway.planner.tuning.measurements import Age
from headway.processes.child import Child, Program
from headway.telemetry.bounded_file import last_lines
from headway.tuning.errors import TuningError

_LOG_LIMIT_BYTES = 1024 * 1024
_LOOK_EVERY = 0.1
_STOP_WITHIN = 5.0
_SHOWN_LINES = 12
_NUMBERS = itertools.count(1)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every replica of one tuning shares. `directory` holds sockets and logs: a short path."""

    model: PreparedModel
    directory: Path
    way: Way = field(default_factory=OnTheMachine)
    worlds: Path | None = None
    """Where replicas write that the way keeps apart; beside the sockets if not told."""
    cache: Path | None = None
    """What the model has downloaded."""
    start_within: float = 600.0
    secrets_directory: Path | None = None


class TrialReplica:
    """A running replica; `died` says how it ended, once it has."""

    def __init__(self, workshop: Workshop, predict_concurrency: int) -> None:
        self.predict_concurrency = predict_concurrency
        sockets = workshop.directory / str(predict_concurrency)
        remove(sockets)
        sockets.mkdir()
        self.address = f"unix:{sockets / 'http'}"
        self.died = ""
        self.most_memory_bytes = 0
        self.age = Age(next(_NUMBERS))
        self._own = (workshop.worlds or workshop.directory) / f"own-{self.age.replica}"
        self._child = Child(_program(workshop, predict_concurrency, sockets, self._own), _LOG_LIMIT_BYTES)

    def has_had(self, requests: int, seconds: float) -> None:
        """So much more load is behind it."""
        age = self.age
        self.age = Age(age.replica, age.requests + requests, age.seconds + seconds)

    def forget_memory(self) -> None:
        """Let the next step have its own maximum."""
        self.most_memory_bytes = 0

    async def watch(self) -> None:
        """Until it ends: note how, and the most memory that its processes held."""
        while not self._child.has_exited():
            self.most_memory_bytes = max(self.most_memory_bytes, _resident_bytes(self._child.process_id))
            await asyncio.sleep(_LOOK_EVERY)
        self._child.reap()
        self.died = self._child.last_words

    def last_lines(self) -> str:
        """The end of its log, for people."""
        return "\n".join(last_lines(self._child.log.path, _SHOWN_LINES))

    async def stop(self, watching: asyncio.Task[None]) -> None:
        """Ask it to end; what does not is killed."""
        self._child.signal(signal.SIGTERM)
        await asyncio.wait([watching], timeout=_STOP_WITHIN)
        if not watching.done():
            self._child.kill()
            await asyncio.wait([watching], timeout=_STOP_WITHIN)
        await asyncio.to_thread(remove, self._own)


@contextlib.asynccontextmanager
async def running(workshop: Workshop, predict_concurrency: int) -> AsyncIterator[TrialReplica]:
    """A replica that is ready, stopped when the block ends. Raises TuningError when it does not come up."""
    replica = TrialReplica(workshop, predict_concurrency)
    watching = asyncio.create_task(replica.watch())
    try:
        await _come_up(replica, watching, workshop.start_within)
        yield replica
    finally:
        await _to_the_end(asyncio.create_task(replica.stop(watching)))


async def _to_the_end(task: asyncio.Task[None]) -> None:
    """Wait for a task that is bounded, also when it is this wait that is cancelled."""
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _come_up(replica: TrialReplica, watching: asyncio.Task[None], within: float) -> None:
    ready = asyncio.create_task(until_ready(replica.address, told=asyncio.Event()))
    await asyncio.wait([ready, watching], timeout=within, return_when=asyncio.FIRST_COMPLETED)
    is_ready = ready.done() and not replica.died
    ready.cancel()
    if not is_ready:
        ended = f"ended with {replica.died}" if replica.died else f"was not ready within {within:g} s"
        raise TuningError(
            f"a replica with predict concurrency {replica.predict_concurrency} {ended}",
            hint=replica.last_lines(),
        )


def _program(workshop: Workshop, predict_concurrency: int, sockets: Path, own: Path) -> Program:
    model, name = workshop.model, f"tune-{predict_concurrency}"
    declared = tuple(model.config.secrets)
    spec = ReplicaSpec(
        replica_id=name,
        generation=predict_concurrency,
        deployment_id="tune",
        interpreter=model.interpreter,
        directory=model.directory,
        log_path=workshop.directory / f"{name}.log",
    )
    world = World(
        truss=spec.directory,
        interpreter=spec.interpreter,
        own=own,
        sockets=sockets,
        stated=model.environment_variables,
        inherited=for_models(declared),
        secrets=_secrets(workshop, declared),
        attached=model.attached,
        mounts=model.mounts,
        cache=workshop.cache,
    )
    command = (
        *model_server_command(spec, workshop.way.inside(world)),
        "--predict-concurrency",
        str(predict_concurrency),
    )
    launch = workshop.way.launch(world, command)
    return Program(
        name=name,
        command=launch.command,
        log_path=spec.log_path,
        environment=launch.environment,
        directory=launch.directory,
        way=launch.keep,
    )


def _secrets(workshop: Workshop, declared: tuple[str, ...]) -> Path | None:
    shown = SecretViews if workshop.way.name is Isolation.NONE else SecretCopies
    secrets = workshop.secrets_directory
    return None if secrets is None else shown(secrets, workshop.directory / "secrets").of("tune", declared)


def _resident_bytes(root: int) -> int:
    """What all processes below one hold in memory. 0 where there is no /proc."""
    resident: dict[int, int] = {}
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        process_id = int(entry.parent.name)
        below.setdefault(int(fields[1]), []).append(process_id)
        resident[process_id] = int(fields[21]) * _PAGE_BYTES
    total, waiting = 0, list(below.get(root, ()))
    while waiting:
        one = waiting.pop()
        total += resident[one]
        waiting += below.get(one, ())
    return total
