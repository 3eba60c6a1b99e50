"""`headway tune`: measures a model on this machine and finds its predict concurrency and concurrency target."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import options
from headway.cli.exit_codes import FAILED, INTERRUPTED
from headway.cli.progress import spinner, warn
from headway.cli.tables import messages, show, show_json, table

if TYPE_CHECKING:
    from headway.configuration import Configuration
    from headway.control.packages.preparation import PreparedModel
    from headway.planner.tuning.goal import Goal
    from headway.planner.tuning.search import Search

_BINARY_SUFFIXES = (".msgpack", ".bin")


def tune(  # noqa: PLR0913  # each is one option of the command
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The Truss: a folder with config.yaml.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE",
            help="A typical input, as JSON; .msgpack is sent as such, each line of .jsonl in turn. "
            "[default: example_model_input]",
            dir_okay=False,
            exists=True,
        ),
    ] = None,
    slo: Annotated[str, typer.Option(help="Latencies to keep, as in p95=500ms,p99=1s.")] = "",
    objective: Annotated[
        str,
        typer.Option(
            help="throughput: most requests per second; latency: lowest p95 with 80% of that; cost: fewest "
            "replica-seconds per request when requests come at random and their queueing counts.",
        ),
    ] = "throughput",
    memory_limit: Annotated[
        str, typer.Option(help="What one replica may hold, as in 2G; what needs more is left out.")
    ] = "",
    max_predict_concurrency: Annotated[
        int, typer.Option("--max-pc", min=1, help="The largest predict concurrency that is tried.")
    ] = 16,
    precision: Annotated[
        int,
        typer.Option(
            min=1, max=20, help="How well throughputs are to be known, in percent, at 95% confidence."
        ),
    ] = 3,
    budget: Annotated[str, typer.Option(help="The longest time for measuring, as in 90s or 10m.")] = "10m",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write both numbers into DIR/config.yaml; comments stay.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(help="With --apply: set the concurrency target of this running model too, live."),
    ] = None,
    url: options.ControlUrl = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the curve here, as SVG.", dir_okay=False)
    ] = None,
    data_dir: options.DataDir = None,
    secrets_dir: options.SecretsDir = None,
    model_cache_dir: options.ModelCacheDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Find the two numbers of the model in DIR by measuring it on this machine.

    Real replicas are started, one after another. One client alone shows how long each stage takes. Little's law
    then says how many requests a replica must hold so that predict never waits: CT is about PC x (time in the
    replica / time in predict). From there PC is doubled as long as that helps, what lies between is narrowed
    down, and a wider and a narrower CT confirm the choice. Ctrl-C stops everything and shows what is known.

    Run it where the model is to run, on a machine with nothing else to do, with an input like those to come.

    Example: headway tune receipts --input receipt.json --slo p95=500ms --apply
    """
    from headway.configuration import Configuration
    from headway.planner.spoken import parse_duration
    from headway.planner.tuning.search import Bounds, Search

    goal, seconds = _goal(slo, objective, memory_limit), parse_duration(budget)
    if model is not None and not apply:
        raise typer.BadParameter("--model says where --apply sets the concurrency target: give both")
    configuration = Configuration.load().with_changes(
        data_dir=data_dir, secrets_dir=secrets_dir, model_cache_dir=model_cache_dir
    )
    configuration.make_directories()
    prepared = _prepare(directory, configuration, goal)
    search = Search(goal, Bounds(predict_concurrency=max_predict_concurrency))
    began = time.monotonic()
    ending = _measure(search, prepared, _requests(file, prepared), configuration, seconds, precision / 100)
    took = time.monotonic() - began
    _show(search, ending, took, as_json=as_json)
    if picture is not None and search.measured:
        from headway.planner.tuning.chart import as_svg

        picture.write_text(
            as_svg(search, f"{directory.resolve().name}: throughput and latency"), encoding="utf-8"
        )
    if ending == _INTERRUPTED:
        raise typer.Exit(INTERRUPTED)
    if search.choice is None:
        raise typer.Exit(FAILED)
    if apply:
        _apply(directory, search, model, url)


_COMPLETE, _OUT_OF_TIME, _INTERRUPTED = "complete", "the budget is used up", "interrupted"


def _goal(slo: str, objective: str, memory_limit: str) -> "Goal":
    from headway.core.settings import nearest
    from headway.planner.errors import InvalidGoalError
    from headway.planner.tuning.goal import Goal, Objective, parse_bytes, parse_limits

    names = [one.value for one in Objective]
    if objective not in names:
        raise InvalidGoalError(f"unknown objective {objective!r}", hint=nearest(objective, names))
    return Goal(
        Objective(objective),
        parse_limits(slo) if slo else (),
        parse_bytes(memory_limit) if memory_limit else None,
    )


def _prepare(directory: Path, configuration: "Configuration", goal: "Goal") -> "PreparedModel":
    from headway.control.packages.lint import lint
    from headway.control.packages.machine import this_machine
    from headway.control.packages.preparation import prepare
    from headway.tuning.errors import TuningError

    console = messages()
    machine = this_machine(configuration.data_dir, configuration.model_cache_dir, configuration.secrets_dir)
    lint(directory, machine).require_servable()
    with spinner(console, "preparing the model") as progress:
        prepared = prepare(
            directory,
            data_dir=configuration.data_dir,
            progress=progress,
            model_cache_dir=configuration.model_cache_dir,
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
    import json

    from headway.control.operations.preparations import example_input
    from headway.tuning.load import request_bytes

    if file is None:
        example = example_input(prepared)
        if example is None:
            raise typer.BadParameter("the Truss names no example_model_input: give --input FILE")
        return [request_bytes(json.dumps(example).encode(), "application/json")]
    if file.suffix in _BINARY_SUFFIXES:
        return [request_bytes(file.read_bytes(), "application/octet-stream")]
    content = file.read_bytes()
    bodies = [line for line in content.splitlines() if line.strip()] if file.suffix == ".jsonl" else [content]
    try:
        for body in bodies:
            json.loads(body)
    except ValueError as error:
        raise typer.BadParameter(f"{file} is no JSON: {error}") from error
    if not bodies:
        raise typer.BadParameter(f"{file} is empty")
    return [request_bytes(body, "application/json") for body in bodies]


def _measure(
    search: "Search",
    prepared: "PreparedModel",
    requests: list[bytes],
    configuration: "Configuration",
    budget: float,
    precision: float,
) -> str:
    """Measure until the search ends, the time is up or Ctrl-C; say which."""
    import asyncio
    import signal

    import uvloop

    from headway.planner.tuning.samples import StepRules
    from headway.planner.tuning.search import shown
    from headway.tuning.replica import Workshop
    from headway.tuning.session import Bench, run_search

    secrets = configuration.secrets_dir and configuration.secrets_dir.resolve()

    async def run(folder: Path) -> bool:
        measuring = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):  # once: the replicas are to be stopped in peace
            asyncio.get_running_loop().add_signal_handler(number, lambda: measuring and measuring.cancel())
        workshop = Workshop(prepared, folder, secrets_directory=secrets)
        async with Bench(workshop, requests, search.goal, StepRules(precision)) as bench:
            return await run_search(
                search,
                bench,
                lambda step: progress(f"step {len(search.measured) + 1}: {shown(step)}"),
                budget=budget,
            )

    with (
        spinner(messages(), "starting a replica", is_told_elsewhere=True) as progress,
        tempfile.TemporaryDirectory(prefix="tune-", dir=configuration.run_dir) as folder,
    ):
        try:
            return _COMPLETE if uvloop.run(run(Path(folder))) else _OUT_OF_TIME
        except asyncio.CancelledError:
            return _INTERRUPTED


def _show(search: "Search", ending: str, seconds: float, *, as_json: bool) -> None:
    from headway.planner.tuning import report
    from headway.planner.tuning.chart import in_letters
    from headway.planner.tuning.curve import frontier, knee

    if as_json:
        show_json(report.document(search, is_complete=ending == _COMPLETE, seconds=seconds))
        return
    bend = knee(frontier(search.goal, search.measured))
    parts: list[Any] = [table(report.COLUMNS, report.rows(search)), "", in_letters(search), ""]
    if bend is not None:
        parts += [
            f"Knee: {bend.point}. Beyond it each request more per second costs more latency than before."
        ]
    parts += [*report.reasons(search), ""]
    beside = list(report.neighbours(search))
    if beside:
        parts += ["Its neighbours, compared:", *(f"  {line}" for line in beside), ""]
    choice = search.choice
    if choice is not None:
        parts.append(
            f"Recommended: predict_concurrency {choice.point.predict_concurrency}, "
            f"concurrency_target {choice.point.concurrency_target}"
        )
    parts.append(f"{len(search.measured)} steps in {seconds:.0f} s{_unfinished(ending)}")
    show(*parts)


def _unfinished(ending: str) -> str:
    return "" if ending == _COMPLETE else f"; {ending}, so this is not the whole search"


def _apply(directory: Path, search: "Search", model: str | None, url: str | None) -> None:
    from headway.cli.addresses import path_of
    from headway.cli.client import Control
    from headway.tuning.config_edit import write_numbers

    if search.choice is None:
        return
    point = search.choice.point
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
    if model is None:
        return
    path = path_of("v1", "models", model, "deployments", "production", "settings")
    with Control.at(url) as control:
        answer = control.patch(path, {"concurrency_target": point.concurrency_target}, {})
    console.print(f"{model}: concurrency target {point.concurrency_target}, from now on", markup=False)
    warn(console, answer["warnings"])
