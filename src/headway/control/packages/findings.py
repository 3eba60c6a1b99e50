"""What is found out about a Truss before it runs, as values: the same for `check`, `serve` and `push`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headway.core.errors import HeadwayError
from headway.model_server.truss.truss_config import InvalidTrussError


class Level(Enum):
    ERROR = "error"
    """The Truss cannot be served."""
    WARNING = "warning"
    """It can, but probably not as meant."""
    NOTE = "note"
    """It can, and this is how."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know; `place` is a file with a line, or config.yaml."""

    level: Level
    place: str
    message: str
    hint: str = ""

    @property
    def text(self) -> str:
        """As one line, for who sees no level and knows the config.yaml."""
        place = self.place.removeprefix("config.yaml").removeprefix(": ")
        return (f"{place}: " if place else "") + "; ".join(filter(None, (self.message, self.hint)))


@dataclass(frozen=True, slots=True)
class Report:
    """`concurrency_target` and `predict_concurrency` are None when config.yaml cannot be read."""

    findings: tuple[Finding, ...]
    concurrency_target: int | None = None
    predict_concurrency: int | None = None

    @property
    def is_servable(self) -> bool:
        return all(finding.level is not Level.ERROR for finding in self.findings)

    def require_servable(self) -> None:
        """Raise InvalidTrussError for the first thing that keeps the Truss from being served."""
        for finding in self.findings:
            if finding.level is Level.ERROR:
                raise InvalidTrussError(f"{finding.place}: {finding.message}", hint=finding.hint)


def of_error(place: str, error: HeadwayError) -> Finding:
    return Finding(Level.ERROR, place, error.message, error.hint)


def warnings_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Those that are warnings, in words; each once."""
    return tuple(dict.fromkeys(one.text for one in findings if one.level is Level.WARNING))
