"""What a model's process is to find around it, and the port to the ways that bring it about.

A world says what there is, not how: whether its files are linked, mounted or copied, and under which paths the process
sees them, is each way's own business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from headway.core.isolation import Isolation

Keep = Literal["one", "sandboxed"]
"""How the keeper of the process passes signals on; see headway.processes.keeper."""


@dataclass(frozen=True, slots=True)
class World:
    """All paths are this machine's."""

    truss: Path
    """The model's own files, its working directory. Whatever is changed there is seen by nobody else."""
    interpreter: Path
    """Of the model's environment, whose packages are only read."""
    own: Path
    """A folder for what the process writes, made if it does not exist; it goes when the process has ended."""
    sockets: Path | None = None
    """An empty folder that Headway sees too."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """Variables that are the model's own."""
    inherited: Mapping[str, str] = field(default_factory=dict)
    """Variables of the operator's; the model's own win."""
    secrets: Path | None = None
    """A folder with a file for each secret that the model may read."""
    attached: tuple[Path, ...] = ()
    """Files and folders that the Truss leads to, which are read where they lie."""
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """What is to be found at other absolute paths, by these."""
    cache: Path | None = None
    """A folder for what is downloaded, which outlives the process and which others of the model share."""
    is_build: bool = False
    """What is changed of the Truss and the environment stays."""
    gpus: tuple[str, ...] | None = None
    """Those set aside for it, by index. None: this machine has none, and nothing is said of them."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Where the process finds what its world holds."""

    truss: Path
    interpreter: Path
    sockets: Path | None
    secrets: Path | None


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be started on this machine, in which folder of it."""

    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]
    keep: Keep = "one"


class Way(Protocol):
    """One way to run a process in its world. Nothing of it is shared between two worlds but what both name."""

    name: Isolation

    def inside(self, world: World) -> Inside:
        """Where the process will find things."""
        ...

    def launch(self, world: World, words: Sequence[str]) -> Launch:
        """Make what the world needs on the disk, and say how to start the process that `words` are, in its working
        directory. Raises OSError.
        """
        ...
