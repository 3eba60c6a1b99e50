"""A contender: something with a name that can be started on a bench and then takes requests."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.processes import Bench, Program, Usage


@dataclass(frozen=True, slots=True)
class Running:
    """A started contender. Only `programs` are counted; a gateway's upstream is not among them."""

    url: str
    programs: tuple[Program, ...]
    upstream_url: str = ""
    started_in: float = 0.0
    """Seconds from its start to its first right answer."""
    ideal_seconds: float = 0.0
    """What one call of the model takes without any server, where that was measured."""

    def usage(self) -> Usage:
        parts = [program.usage() for program in self.programs]
        return Usage(sum(part.cpu for part in parts), sum(part.memory_bytes for part in parts))


@dataclass(frozen=True, slots=True)
class Contender:
    """`start` raises UnavailableError when it cannot run here."""

    name: str
    start: Callable[[Bench], Running]
