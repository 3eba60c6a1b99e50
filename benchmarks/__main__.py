"""Runs the rows: `python -m benchmarks --rows 'gateway-*' --rounds 3`. What is measured stands in rows.py.

The default run takes under 25 minutes on two cores after the peers are installed, which happens once.
"""

import argparse
import fnmatch
import json
import resource
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks import report, results
from benchmarks.contenders import Contender, Running
from benchmarks.environments import UnavailableError
from benchmarks.load import Figures
from benchmarks.processes import Bench
from benchmarks.results import RowResult
from benchmarks.rows import ROWS, Row

_WARM_UP = 1.0
_FAILURES = (
    UnavailableError,
    OSError,
    urllib.error.URLError,
    subprocess.SubprocessError,
    json.JSONDecodeError,
)
"""What a contender that is broken or ends under load shows itself by."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    chosen = [row for row in ROWS if fnmatch.fnmatch(row.name, options.rows)]
    if options.list or not chosen:
        print("\n".join(f"{row.name:18} {row.title}" for row in ROWS))
        return 0 if options.list else 2
    _raise_file_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    kept = results.load()
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    for number, row in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {row.name}: {row.title}", flush=True)
        began = time.monotonic()
        kept[row.name] = measure(row, rounds, seconds)
        results.save(kept)
        print(f"  took {time.monotonic() - began:.0f} s", flush=True)
    print(f"report: {report.write(kept)}")
    return 0


def measure(row: Row, rounds: int, seconds: float) -> RowResult:
    """Let the row's contenders take turns for so many rounds."""
    result = RowResult(seconds=seconds)
    with ExitStack() as stack:
        running = {} if row.fresh else _start_all(row, stack, result)
        for number in range(1, rounds + 1):
            figures: dict[str, Figures] = {}
            for contender in row.contenders:
                if contender.name in result.unavailable:
                    continue
                try:
                    measured = _turn(row, contender, running.get(contender.name), seconds)
                except _FAILURES as error:
                    _note_missing(result, contender, error)
                    continue
                figures[contender.name] = measured
                print(f"  round {number} {contender.name:18} {_in_words(measured)}", flush=True)
            result.rounds.append(figures)
    return result


def _start_all(row: Row, stack: ExitStack, result: RowResult) -> dict[str, Running]:
    running = {}
    for contender in row.contenders:
        try:
            running[contender.name] = contender.start(stack.enter_context(Bench(row.load_core)))
            row.measure(running[contender.name], _WARM_UP)
        except _FAILURES as error:
            _note_missing(result, contender, error)
    return running


def _turn(row: Row, contender: Contender, running: Running | None, seconds: float) -> Figures:
    if running is not None:
        return row.measure(running, seconds)
    with Bench(row.load_core) as bench:
        return row.measure(contender.start(bench), seconds)


def _note_missing(result: RowResult, contender: Contender, error: BaseException) -> None:
    result.unavailable[contender.name] = str(error) or type(error).__name__
    print(f"  {contender.name} is not there: {error}", flush=True)


def _in_words(figures: Figures) -> str:
    return "  ".join(f"{name} {value:.6g}" for name, value in figures.items() if value)


def _raise_file_limit() -> None:
    """10,000 waiting requests are as many connections, on both sides; children inherit the limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", default="*", metavar="PATTERN", help="rows by name, as in 'gateway-*'")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of load in a turn (default 3)")
    parser.add_argument("--quick", action="store_true", help="one round of one second: does it run at all")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
