"""Wires root, gateway and control on one machine. The only file that names concrete backends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """What to run on this machine. `settings` are changes to the deployment's settings by their names."""

    data_directory: Path
    truss_directory: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    replicas: int = 1
    model_name: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    control_host: str = "127.0.0.1"
    control_port: int = 8081


def serve(platform: LocalPlatform, show_log_line: Callable[[str, str], None]) -> int:
    """Run in the foreground until told to stop (SIGINT, SIGTERM); return the exit code.

    Call it in the main thread: the children die with the thread that started them. `show_log_line(name,
    line)` gets each new log line of each process, in a thread of its own. Raises RootError when a port is
    taken or another Headway runs on the same data directory.
    """
    raise NotImplementedError


def up(platform: LocalPlatform) -> int:
    """The same without a terminal: logs go to their files only."""
    raise NotImplementedError
