"""Proves tune against exhaustive grids: `python -m benchmarks.tune_grid [--models knee,cpu,...]`.

For each model it runs tune's search, measures every point of a grid, and then lets tune's choice and the grid's best
take turns, so that neither the grid's luckiest figure nor the hour decides. Tune is to reach 95% of the best with
15% of the grid's measurements.
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from benchmarks import guide
from benchmarks.tuned_models import CONSTRUCTED
from headway.configuration import Configuration
from headway.control.operations.preparations import example_input
from headway.control.packages.preparation import prepare
from headway.planner.tuning.findings import Bounds
from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Measurement, Point, Step
from headway.planner.tuning.samples import StepRules
from headway.planner.tuning.search import Search
from headway.tuning.load import request_bytes
from headway.tuning.replica import Workshop
from headway.tuning.session import Bench, run_search

_MULTIPLES = (1, 1.5, 2, 3, 4, 6, 8, 12, 16)
"""A grid's CT for each PC, as multiples of it."""
_RULES = StepRules(relative_error=0.03, fewest_requests=60, shortest=0.6, longest=3.0)
_SLOW_RULES = StepRules(relative_error=0.03, fewest_requests=30, shortest=0.6, longest=12.0)
"""For receipts, of which a core does about one a second: in three seconds a request more or less would decide."""
_TURNS = 5
_GOAL = Goal()
_WANTED_SHARE, _WANTED_STEPS = 0.95, 0.15
_RECEIPTS = Path(__file__).parents[1] / "examples" / "receipts"
_RESULTS = Path(__file__).parent / "results" / "tune_grid.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One model's outcome: throughputs are medians of turns."""

    name: str
    choice: str
    best: str
    throughput: float
    best_throughput: float
    steps: int
    grid_steps: int
    seconds: float
    grid_seconds: float

    @property
    def share(self) -> float:
        return self.throughput / self.best_throughput

    @property
    def is_good(self) -> bool:
        return self.share >= _WANTED_SHARE and self.steps <= _WANTED_STEPS * self.grid_steps


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    names = options.models.split(",")
    with tempfile.TemporaryDirectory(prefix="hwt-") as temporary:
        folders = {one.name: one.write(Path(temporary)) for one in CONSTRUCTED} | {"receipts": _RECEIPTS}
        rows = []
        for name in names:
            most, rules = (8, _SLOW_RULES) if name == "receipts" else (16, _RULES)
            rows.append(uvloop.run(_prove(name, folders[name], most, rules)))
            print(_table(rows[-1:]), flush=True)
    kept = _kept() | {row.name: row for row in rows}
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps([asdict(row) for row in kept.values()], indent=1))
    guide.write("proved", _table(list(kept.values())).splitlines())
    print(_table(rows))
    return 0 if all(row.is_good for row in rows) else 1


async def _prove(name: str, folder: Path, most: int, rules: StepRules) -> Row:
    configuration = Configuration.load()
    configuration.make_directories()
    model = await asyncio.to_thread(
        prepare, folder, data_dir=configuration.data_dir, progress=lambda line: print(f"  {line}")
    )
    requests = (request_bytes(json.dumps(example_input(model)).encode(), "application/json"),)
    grid = list(_grid(most))
    with tempfile.TemporaryDirectory(prefix="hwt-") as directory:
        async with Bench(Workshop(model, Path(directory)), requests, _GOAL, rules) as bench:
            began = time.monotonic()
            search = Search(_GOAL, Bounds(most))
            await run_search(search, bench, lambda step: print(f"  {name}: tune: {step.point}", flush=True))
            searched = time.monotonic()
            measured = await _measure_all(bench, name, grid)
            took = time.monotonic() - searched
            choice = search.choice
            top = max(
                (one for one in measured if _GOAL.is_met(one)), key=lambda one: one.throughput, default=None
            )
            if choice is None or top is None:
                raise SystemExit(f"{name}: no point meets the goal")
            ours, theirs = await _take_turns(bench, choice.point, top.point)
    return Row(
        name,
        str(choice.point),
        str(top.point),
        ours,
        theirs,
        len(search.measured),
        len(grid),
        searched - began,
        took,
    )


def _grid(most: int) -> Iterator[Point]:
    for pc in range(1, most + 1):
        for target in sorted({math.ceil(pc * multiple) for multiple in _MULTIPLES}):
            yield Point(pc, target)


async def _measure_all(bench: Bench, name: str, grid: Sequence[Point]) -> list[Measurement]:
    """Every point; as in tune, one that is clearly slower than the best so far need not be known exactly."""
    measured: list[Measurement] = []
    for point in grid:
        best = max((one.throughput_interval[0] for one in measured if _GOAL.is_met(one)), default=0.0)
        one = await bench.measure(Step(point, "grid", best_so_far=best))
        print(f"  {name}: grid: {point}: {one.throughput:.1f}/s {one.died}", flush=True)
        measured.append(one)
    return measured


async def _take_turns(bench: Bench, choice: Point, best: Point) -> tuple[float, float]:
    if choice == best:
        throughput = (await bench.measure(Step(choice, "again"))).throughput
        return throughput, throughput
    figures: dict[Point, list[float]] = {choice: [], best: []}
    for _ in range(_TURNS):
        for point, values in figures.items():
            values.append((await bench.measure(Step(point, "again"))).throughput)
    return statistics.median(figures[choice]), statistics.median(figures[best])


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| Model | Tune's choice | Grid's best | Requests/s | Best's | Share | Steps | Grid's | Seconds | Grid's |"
    ]
    lines.append("|---|---|---|---|---|---|---|---|---|---|")
    lines += [
        f"| {row.name} | {row.choice} | {row.best} | {row.throughput:.1f} | {row.best_throughput:.1f} | "
        f"{row.share:.1%}{'' if row.is_good else ' (!)'} | {row.steps} ({row.steps / row.grid_steps:.0%}) | "
        f"{row.grid_steps} | {row.seconds:.0f} | {row.grid_seconds:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _kept() -> dict[str, Row]:
    """What earlier runs, maybe of other models, have found."""
    if not _RESULTS.is_file():
        return {}
    names = Row.__dataclass_fields__
    rows = [{name: one[name] for name in names} for one in json.loads(_RESULTS.read_text())]
    return {row.name: row for row in (Row(**one) for one in rows)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tune_grid", description=__doc__)
    names = ",".join([*(one.name for one in CONSTRUCTED), "receipts"])
    parser.add_argument("--models", default=names, help=f"which, with commas between (default {names})")
    return parser


if __name__ == "__main__":
    sys.exit(main())
