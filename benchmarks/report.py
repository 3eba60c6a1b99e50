"""Writes the report: the table of goals, every row's figures, what was missing, and a picture."""

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks import picture
from benchmarks.processes import LOAD_CORE, SERVER_CORE
from benchmarks.results import RowResult, spread
from benchmarks.rows import ROWS, Goal, Row

REMARKS = Path(__file__).parent / "remarks.md"
"""What people have found out about the figures; written by hand."""
FOLDER = Path(__file__).parent.parent / "docs" / "benchmarks"

_HOW = f"""
Measured by `make bench` on loopback. The server under test (with all its processes) has core {SERVER_CORE}; the
load (`wrk`, one thread, kept-alive connections) and, for gateways, the trivial upstream share core {LOAD_CORE}.
This is so for every contender. All of a row's contenders take turns round by round; a ratio is taken within a
round, and the median of the rounds is shown. Python contenders run on the same build of Python. Headway's
gateway is that of the compiled wheel (docs/decisions/0007-compiled-hot-path.md), installed for the purpose; replicas
and control run from the source. Rates compare
only within one row; CPU per request is steadier. A gateway's upstream takes 16 requests at once; the rest queue.
"""

_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "rate": ("requests/s", lambda value: f"{value:,.0f}"),
    "cpu": ("CPU per request, µs", lambda value: f"{value * 1e6:,.0f}"),
    "busy": ("cores busy", lambda value: f"{value:.2f}"),
    "p50": ("p50, ms", lambda value: f"{value * 1e3:.2f}"),
    "p99": ("p99, ms", lambda value: f"{value * 1e3:.2f}"),
    "failed": ("failed", lambda value: f"{value:,.0f}"),
    "start": ("start, s", lambda value: f"{value:.3f}"),
    "memory": ("memory, MiB", lambda value: f"{value / 1024 / 1024:.1f}"),
    "per_request": ("per held request, KiB", lambda value: f"{value / 1024:.2f}"),
    "answered": ("answered", lambda value: f"{value:,.0f}"),
    "out_of_order": ("out of order", lambda value: f"{value:,.0f}"),
    "dequeued": ("dequeued after, ms", lambda value: f"{value * 1e3:.1f}"),
    "first_predict": ("first predict after, ms", lambda value: f"{value * 1e3:.1f}"),
    "error": ("off by, ms", lambda value: f"{value * 1e3:.1f}"),
}


def write(results: dict[str, RowResult], folder: Path = FOLDER) -> Path:
    """Write report.md and its picture from whatever has been measured; returns the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "throughput.svg").write_text(picture.draw(results))
    machines = sorted({result.machine for result in results.values()})
    parts = [
        "# Benchmarks",
        "![Requests per second beside peers](throughput.svg)",
        _HOW.strip(),
        "\n".join(f"Machine: {machine}." for machine in machines),
        "## Goals",
        _goals(results),
        *_missing(results),
        REMARKS.read_text().strip(),
        "## All figures",
        *(_row(row, results[row.name]) for row in ROWS if row.name in results),
    ]
    path = folder / "report.md"
    path.write_text("\n\n".join(parts) + "\n")
    return path


def values_of(goal: Goal, result: RowResult) -> list[float]:
    """The goal's figure, round by round, where all it needs was measured."""
    return [goal.measure(one) for one in result.rounds if all(name in one for name in goal.needs)]


def verdict(goal: Goal, measured: float) -> str:
    sign = -1 if goal.lower_is_better else 1
    if measured * sign >= goal.goal * sign:
        return "goal met"
    return "floor met" if measured * sign >= goal.floor * sign else "**below the floor**"


def _goals(results: dict[str, RowResult]) -> str:
    lines = ["| What | Floor | Goal | Measured | Rounds | Verdict |", "|---|---|---|---|---|---|"]
    for row in ROWS:
        for goal in row.goals:
            lines.append(f"| {goal.what} | {_with_unit(goal.floor, goal)} | {_with_unit(goal.goal, goal)} |")
            lines[-1] += _measured(goal, results.get(row.name))
    return "\n".join(lines)


def _measured(goal: Goal, result: RowResult | None) -> str:
    values = values_of(goal, result) if result else []
    if not values:
        return " | | not measured |"
    median = statistics.median(values)
    return f" {_with_unit(median, goal)} | {spread(values)} | {verdict(goal, median)} |"


def _missing(results: dict[str, RowResult]) -> list[str]:
    lines = [f"- {row.title}: not run" for row in ROWS if row.name not in results]
    for row in ROWS:
        if row.name in results:
            reasons = results[row.name].unavailable.items()
            lines.extend(f"- {row.title}: {name} was not there: {_one_line(why)}" for name, why in reasons)
    return ["## Missing", "\n".join(lines)] if lines else []


def _row(row: Row, result: RowResult) -> str:
    names = result.contenders()
    columns = [key for key in _COLUMNS if any(result.median(name, key) is not None for name in names)]
    heads = " | ".join(_COLUMNS[key][0] for key in columns)
    lines = [
        f"### {row.title}",
        "",
        f"{len(result.rounds)} rounds of {result.seconds:g} s, {result.measured_at}. "
        f"One row: `python -m benchmarks --rows {row.name}`.",
        "",
        f"| | {heads} |",
        "|---|" + "---|" * len(columns),
    ]
    for name in names:
        medians = (result.median(name, key) for key in columns)
        cells = (
            _COLUMNS[key][1](value) if value is not None else ""
            for key, value in zip(columns, medians, strict=True)
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_unit(value: float, goal: Goal) -> str:
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text}{'' if goal.unit.startswith('x') else ' '}{goal.unit}".strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
