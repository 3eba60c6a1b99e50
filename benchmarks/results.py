"""The results of rows, kept as JSON, so that a run of some rows leaves those of the others in place."""

import json
import math
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load import Figures

PATH = Path(__file__).parent / "results" / "results.json"


def machine() -> str:
    """What the figures hold for, with the build of Python."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release().split('-')[0]}; "
        f"CPython {platform.python_version()} ({platform.python_compiler()}, "
        f"{'pyenv' if '.pyenv' in sys.base_prefix else sys.base_prefix})"
    )


@dataclass(slots=True)
class RowResult:
    """What one run of a row gave: per round, each contender's figures."""

    rounds: list[dict[str, Figures]] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)
    """Why a contender is missing, by its name."""
    measured_at: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M"))
    seconds: float = 0.0
    machine: str = field(default_factory=machine)

    def median(self, contender: str, figure: str) -> float | None:
        values = [one[contender][figure] for one in self.rounds if figure in one.get(contender, {})]
        return statistics.median(values) if values else None

    def contenders(self) -> list[str]:
        return list(dict.fromkeys(name for one in self.rounds for name in one))


def load() -> dict[str, RowResult]:
    if not PATH.exists():
        return {}
    content: dict[str, dict[str, Any]] = json.loads(PATH.read_text())
    return {name: RowResult(**row) for name, row in content.items()}


def save(results: dict[str, RowResult]) -> None:
    PATH.parent.mkdir(exist_ok=True)
    written = PATH.with_suffix(".new")
    written.write_text(json.dumps({name: asdict(row) for name, row in results.items()}, indent=1))
    written.replace(PATH)


def spread(values: list[float]) -> str:
    """The smallest and largest, for a reader to judge the noise by."""
    known = [value for value in values if math.isfinite(value)]
    return f"{min(known):.3g} to {max(known):.3g}" if len(known) > 1 else ""
