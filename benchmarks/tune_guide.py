"""Measures the worked case of docs/guide/tuning.md and writes its table and pictures.

`python -m benchmarks.tune_guide`: the numbers that a Truss has when nobody says any, PC 1 and CT 1, take turns with
tune's.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from benchmarks import guide
from headway.configuration import Configuration
from headway.control.operations.preparations import example_input
from headway.control.packages.preparation import PreparedModel, prepare
from headway.planner.tuning.chart import as_svg
from headway.planner.tuning.findings import Bounds
from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Measurement, Point, Step
from headway.planner.tuning.samples import StepRules
from headway.planner.tuning.search import Search
from headway.tuning.load import request_bytes
from headway.tuning.replica import Workshop
from headway.tuning.session import Bench, run_search

_ROOT = Path(__file__).parents[1]
_PICTURES = _ROOT / "docs" / "guide" / "pictures"
_DEFAULT = Point(1, 1)
_TURNS = 5
_COPIES = 256
"""Pictures of digits, so that no two requests write the same object at once: the local server cannot do that."""
_RULES = StepRules()
_HEAD = (
    "| Example | Numbers | Requests/s | p50 | p95 | Throughput |",
    "|---|---|---|---|---|---|",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tune_guide", description=__doc__)
    parser.add_argument("--examples", default="digits,receipts", help="which (default digits,receipts)")
    parser.add_argument("--dry", action="store_true", help="print, and leave the guide as it is")
    options = parser.parse_args(arguments)
    lines = list(_HEAD)
    for name in options.examples.split(","):
        with _surroundings(name) as variables:
            lines += uvloop.run(_measured(name, variables, is_dry=options.dry))
    lines += [f"\n![{name}](pictures/tune-{name}.svg)" for name in options.examples.split(",")]
    print("\n".join(lines))
    if not options.dry:
        guide.write("measured", lines)
    return 0


@contextlib.contextmanager
def _surroundings(name: str) -> Iterator[dict[str, str]]:
    """What an example needs beside it, as variables of its replicas: digits reads from an S3-compatible server."""
    if name != "digits":
        yield {}
        return
    sys.path.insert(0, str(_ROOT / "examples" / "digits"))
    from object_store import object_store  # type: ignore[import-not-found]
    from pictures import BUCKET, draw, upload  # type: ignore[import-not-found]

    with object_store() as store:
        client = store.client()
        upload(client)
        for number in range(_COPIES):
            client.put_object(Bucket=BUCKET, Key=f"{number}.png", Body=draw("seven"), ContentType="image/png")
        yield store.environment()


async def _measured(name: str, variables: dict[str, str], *, is_dry: bool) -> list[str]:
    model = await asyncio.to_thread(_prepared, name, variables)
    inputs = (
        [{"image": f"s3://digits/{number}.png"} for number in range(_COPIES)]
        if variables
        else [example_input(model)]
    )
    requests = [request_bytes(json.dumps(one).encode(), "application/json") for one in inputs]
    with tempfile.TemporaryDirectory(prefix="hwt-") as folder:
        async with Bench(Workshop(model, Path(folder)), requests, Goal(), _RULES) as bench:
            search, began = Search(Goal(), Bounds(8)), time.monotonic()
            await run_search(
                search, bench, lambda step: print(f"  {name}: {step.point}: {step.why}", flush=True)
            )
            took = time.monotonic() - began
            if search.choice is None:
                raise SystemExit(f"{name}: no point meets the goal")
            turns = await _take_turns(bench, (_DEFAULT, search.choice.point))
    if not is_dry:
        _PICTURES.mkdir(exist_ok=True)
        title = f"{name}: throughput and latency of a full replica"
        (_PICTURES / f"tune-{name}.svg").write_text(as_svg(search, title), encoding="utf-8")
    print(f"  {name}: {len(search.measured)} steps in {took:.0f} s", flush=True)
    return [_line(name, point, turns) for point in turns]


def _prepared(name: str, variables: dict[str, str]) -> PreparedModel:
    import dataclasses

    configuration = Configuration.load()
    configuration.make_directories()
    directory = _ROOT / "examples" / name
    model = prepare(directory, data_dir=configuration.data_dir, progress=lambda line: print(f"  {line}"))
    return dataclasses.replace(model, environment_variables={**model.environment_variables, **variables})


async def _take_turns(bench: Bench, points: Sequence[Point]) -> dict[Point, list[Measurement]]:
    figures: dict[Point, list[Measurement]] = {point: [] for point in points}
    for _ in range(_TURNS):
        for point, measured in figures.items():
            measured.append(await bench.measure(Step(point, "in turns")))
    return figures


def _line(name: str, point: Point, turns: dict[Point, list[Measurement]]) -> str:
    throughput = statistics.median(one.throughput for one in turns[point])
    base = statistics.median(one.throughput for one in turns[_DEFAULT])
    middle, late = (
        statistics.median(one.percentiles[percent] for one in turns[point]) for percent in (50, 95)
    )
    kind = "default" if point == _DEFAULT else "tuned"
    return (
        f"| {name} | {kind}: {point} | {throughput:.1f} | {middle * 1000:.0f} ms | {late * 1000:.0f} ms | "
        f"{throughput / base:.2f}x |"
    )


if __name__ == "__main__":
    sys.exit(main())
