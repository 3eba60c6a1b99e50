"""The port to where replicas run. A backend starts, stops and remembers them; it decides nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from headway.core.errors import HeadwayError
from headway.core.isolation import Isolation

SECRETS_VARIABLE = "HEADWAY_SECRETS_DIR"
"""In the environment of a spec: the folder with one file per secret. A replica finds it where its way has it."""


class Unplaceable(HeadwayError):  # noqa: N818  # a normal outcome, named as the design names it
    """There is no room for this replica now, say no GPU is free; the text says what is missing."""

    code = "unplaceable"


class NoFreeGpu(Unplaceable):
    """Every GPU is taken, or there is none."""


class BackendError(HeadwayError):
    """The backend itself does not answer."""

    code = "backend"
    may_pass = True


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """What is needed to start one replica. `directory` is the prepared Truss."""

    replica_id: str
    generation: int
    deployment_id: str
    interpreter: Path
    directory: Path
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Laid over what of Headway's own environment a model gets."""
    use_gpu: bool = False
    secrets: tuple[str, ...] = ()
    """Names of those that it may read."""
    isolation: Isolation = Isolation.NONE
    attached: tuple[Path, ...] = ()
    """Files and folders that its directory leads to."""
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """What its model looks for at other absolute paths, by these."""
    cache: Path | None = None
    """Where what it downloads outlives it."""


@dataclass(frozen=True, slots=True)
class RunningReplica:
    """A replica that exists. Addresses are `unix:/path` or `tcp:host:port`."""

    replica_id: str
    generation: int
    deployment_id: str
    address: str
    private_address: str
    gpus: tuple[str, ...] = ()
    isolation: Isolation = Isolation.NONE
    """The way in which it runs."""


@dataclass(frozen=True, slots=True)
class ReplicaExit:
    """A replica's process is gone: `code` is its exit code, or `signal` what killed it."""

    replica_id: str
    generation: int
    code: int | None = None
    signal: int | None = None
    reason: str = ""


class Backend(Protocol):
    """Calls raise BackendError when the backend is out of reach. One owner calls; nothing is shared."""

    async def start(self, spec: ReplicaSpec) -> RunningReplica:
        """Order a replica; it is not ready yet. Raises Unplaceable when there is no room for it."""
        ...

    async def stop(self, replica_id: str, *, grace: float) -> None:
        """Ask it to exit and return at once; after `grace` seconds it is killed. Unknown ids are fine."""
        ...

    async def running(self) -> tuple[RunningReplica, ...]:
        """Every replica that has not exited, whoever started it: what a new control adopts."""
        ...

    def on_exit(self, report: Callable[[ReplicaExit], None]) -> None:
        """Call `report` once for each exit from now on, the asked-for ones too."""
        ...

    def on_ready(self, report: Callable[[RunningReplica], None]) -> None:
        """Call `report` when a replica says that it is ready, at most once in its life.

        A hint of when to ask it: a backend that cannot know calls never, and a model may have lied.
        """
        ...

    async def close(self) -> None:
        """Let go of the backend; the replicas run on."""
        ...
