"""`headway tune`: measures a model on this machine and finds its predict concurrency and concurrency target."""

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from headway.cli import options
from headway.cli.exit_codes import FAILED, INTERRUPTED
from headway.cli.model_inputs import JSON, content_of, content_type_of, require_json
from headway.cli.progress import spinner, warn
from headway.cli.tables import messages, show, show_json, table
from headway.cli.tuning_options import Aim, Changes, Effort, Subject, Use
from headway.observed.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headway.configuration import Configuration
    from headway.control.packages.machine import Machine
    from headway.control.packages.preparation import PreparedModel
    from headway.planner.tuning.goal import Goal
    from headway.planner.tuning.measurements import Point
    from headway.planner.tuning.search import Search
    from headway.tuning.replica import Workshop


def tune(
    subject: Subject,
    aim: Aim,
    effort: Effort,
    use: Use,
    changes: Changes,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Find the two numbers of a model by measuring it on this machine.

    Real replicas are started, one after another. One client alone shows how long each stage takes. Little's law
    then says how many requests a replica must hold so that predict never waits: CT is about PC x (time in the
    replica / time in predict). PCs all over the range are tried, what lies beside the best is narrowed down, and a
    wider and a narrower CT confirm the choice. Ctrl-C stops everything and shows what is known.

    Run it where the model is to run, on a machine with nothing else to do, with an input like those to come.

    Example: headway tune receipts --input receipt.json --slo p95=500ms --apply
    """
    goal = aim.goal()
    effort.seconds()  # or what is wrong with them, before anything is made
    if use.model is not None and not use.apply:
        raise typer.BadParameter("--model says where --apply sets the concurrency target: give both")
    ending, search = _search(subject, goal, effort, changes, as_json=as_json)
    if use.picture is not None and search.measured:
        _draw(use.picture, search, subject.directory)
    if ending == _INTERRUPTED:
        raise typer.Exit(INTERRUPTED)
    if search.choice is None:
        raise typer.Exit(FAILED)
    if use.apply:
        _apply(subject.directory, search.choice.point, use)


_COMPLETE, _OUT_OF_TIME, _INTERRUPTED = "complete", "the budget is used up", "interrupted"


def _search(
    subject: Subject, goal: "Goal", effort: Effort, changes: Changes, *, as_json: bool
) -> "tuple[str, Search]":
    """Search, and show what was found: how that ended, and all that was measured."""
    from headway.configuration import Configuration
    from headway.control.packages.caches import cache_of
    from headway.control.packages.names import served_name
    from headway.planner.tuning.findings import Bounds
    from headway.planner.tuning.search import Search
    from headway.tuning.replica import Workshop

    configuration = Configuration.load().with_changes(**dataclasses.asdict(changes))
    configuration.make_directories()
    prepared = _prepare(subject.directory, configuration, goal)
    requests = _requests(subject.file, prepared)
    search = Search(goal, Bounds(predict_concurrency=effort.max_predict_concurrency))
    secrets = configuration.secrets_dir and configuration.secrets_dir.resolve()
    began = time.monotonic()
    with (
        spinner(messages(), "starting a replica", is_told_elsewhere=True) as progress,
        tempfile.TemporaryDirectory(prefix="tune-", dir=configuration.run_dir) as folder,
        tempfile.TemporaryDirectory(prefix="tune-", dir=configuration.data_dir) as worlds,
    ):
        workshop = Workshop(
            prepared,
            Path(folder),
            way=_machine(configuration).way(prepared.config),
            worlds=Path(worlds),
            cache=cache_of(configuration.data_dir, served_name(prepared.config, subject.directory)),
            secrets_directory=secrets,
        )
        ending = _measure(search, workshop, requests, effort, progress)
    _show(search, ending, time.monotonic() - began, as_json=as_json)
    return ending, search


def _machine(configuration: "Configuration") -> "Machine":
    from headway.control.packages.machine import this_machine

    return this_machine(configuration.data_dir, configuration.model_cache_dir, configuration.secrets_dir)


def _prepare(directory: Path, configuration: "Configuration", goal: "Goal") -> "PreparedModel":
    from headway.control.packages.lint import lint
    from headway.control.packages.names import served_name
    from headway.control.packages.preparation import prepare
    from headway.model_server.truss.truss_config import read_truss
    from headway.tuning.errors import TuningError

    console = messages()
    lint(directory, _machine(configuration)).require_servable()
    with spinner(console, "preparing the model") as progress:
        prepared = prepare(
            directory,
            data_dir=configuration.data_dir,
            progress=progress,
            model_cache_dir=configuration.model_cache_dir,
            model=served_name(read_truss(directory), directory),
        )
    if prepared.config.docker_server is not None:
        raise TuningError(
            "the Truss brings its own server, so there is no predict concurrency to tune",
            hint="change concurrency_target while it runs: headway settings MODEL concurrency_target=N",
        )
    warn(console, prepared.warnings)
    if prepared.config.use_gpu and goal.memory_bytes:
        warn(console, ("--memory-limit watches the machine's memory, not the GPU's",))
    return prepared


def _requests(file: Path | None, prepared: "PreparedModel") -> list[bytes]:
    """As they go over the wire. Raises typer.BadParameter."""
    import json

    from headway.control.operations.preparations import example_input
    from headway.tuning.load import request_bytes

    if file is None:
        example = example_input(prepared)
        if example is None:
            raise typer.BadParameter("the Truss names no example_model_input: give --input FILE")
        return [request_bytes(json.dumps(example).encode(), JSON)]
    content, content_type = content_of(file), content_type_of(file)
    bodies = [line for line in content.splitlines() if line.strip()] if file.suffix == ".jsonl" else [content]
    if content_type == JSON:
        for body in bodies:
            require_json(body, file)
    if not bodies:
        raise typer.BadParameter(f"{file} is empty")
    return [request_bytes(body, content_type) for body in bodies]


def _measure(
    search: "Search",
    workshop: "Workshop",
    requests: list[bytes],
    effort: Effort,
    tell: "Callable[[str], None]",
) -> str:
    """Measure until the search ends, the time is up or Ctrl-C; say which."""
    import asyncio

    import uvloop

    try:
        is_complete = uvloop.run(_until_the_end(search, workshop, requests, effort, tell))
    except asyncio.CancelledError:
        return _INTERRUPTED
    return _COMPLETE if is_complete else _OUT_OF_TIME


async def _until_the_end(
    search: "Search",
    workshop: "Workshop",
    requests: list[bytes],
    effort: Effort,
    tell: "Callable[[str], None]",
) -> bool:
    """Whether that comes before the time is up. Ctrl-C cancels it."""
    import asyncio
    import signal

    from headway.planner.tuning.samples import StepRules
    from headway.planner.tuning.search import shown
    from headway.tuning.session import Bench, run_search

    measuring = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):  # once: the replicas are to be stopped in peace
        asyncio.get_running_loop().add_signal_handler(number, lambda: measuring and measuring.cancel())
    rules = StepRules(effort.precision / 100)
    async with Bench(workshop, requests, search.goal, rules) as bench:
        return await run_search(
            search,
            bench,
            lambda step: tell(f"step {len(search.measured) + 1}: {shown(step)}"),
            budget=effort.seconds(),
        )


def _show(search: "Search", ending: str, seconds: float, *, as_json: bool) -> None:
    from headway.planner.tuning import report
    from headway.planner.tuning.chart import in_letters
    from headway.planner.tuning.curve import frontier, knee

    if as_json:
        show_json(report.document(search, is_complete=ending == _COMPLETE, seconds=seconds))
        return
    bend = knee(frontier(search.goal, search.compared))
    parts: list[Any] = [table(report.COLUMNS, report.rows(search)), "", in_letters(search), ""]
    if bend is not None:
        parts += [
            f"Knee: {bend.point}. Beyond it each request more per second costs more latency than before."
        ]
    parts += [*report.reasons(search), ""]
    beside = list(report.neighbours(search))
    if beside:
        parts += ["Its neighbours, compared:", *(f"  {line}" for line in beside), ""]
    parts += [
        *_recommended(search, ending),
        f"{counted(len(search.measured), 'step')} in {seconds:.0f} s",
    ]
    show(*parts)


def _recommended(search: "Search", ending: str) -> "Iterator[str]":
    """The two numbers, and why they are a guess if they are."""
    from headway.planner.tuning import report

    choice = search.choice
    doubts = [
        *report.doubts(search),
        *([] if ending == _COMPLETE else [f"{ending}: this is not the whole search"]),
    ]
    if choice is not None:
        yield (
            f"{'A guess' if doubts else 'Recommended'}: predict_concurrency {choice.point.predict_concurrency}, "
            f"concurrency_target {choice.point.concurrency_target}"
        )
    yield from (f"  {one}" for one in doubts)


def _draw(picture: Path, search: "Search", directory: Path) -> None:
    from headway.planner.tuning.chart import as_svg

    title = f"{directory.resolve().name}: throughput and latency"
    picture.write_text(as_svg(search, title), encoding="utf-8")


def _apply(directory: Path, point: "Point", use: Use) -> None:
    from headway.cli.addresses import path_of
    from headway.cli.client import Control
    from headway.tuning.config_edit import write_numbers

    write_numbers(
        directory / "config.yaml",
        {
            ("runtime", "predict_concurrency"): point.predict_concurrency,
            ("model_metadata", "headway", "concurrency_target"): point.concurrency_target,
        },
    )
    console = messages()
    console.print(
        f"written to {directory / 'config.yaml'}; push it, for predict concurrency is fixed for a deployment"
    )
    if use.model is None:
        return
    path = path_of("v1", "models", use.model, "deployments", "production", "settings")
    with Control.at(use.url) as control:
        answer = control.patch(path, {"concurrency_target": point.concurrency_target}, {})
    console.print(f"{use.model}: concurrency target {point.concurrency_target}, from now on", markup=False)
    warn(console, answer["warnings"])
