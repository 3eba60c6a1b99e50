"""`headway simulate`: tries settings on traffic in virtual time, side by side."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import options
from headway.cli.exit_codes import INTERRUPTED, UnwritableError
from headway.observed.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headway.planner.simulation.page import Looks
    from headway.planner.simulation.report import Trial
    from headway.planner.simulation.scenario import Scenario

_LOOKS = Path(__file__).parents[2] / "console" / "simulated"
_ANY_WIDTH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is to be tried: a file, options, or both. Options win."""

    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="SCENARIO.toml", help="What is to be tried, as a file.", dir_okay=False, exists=True
        ),
    ] = None
    traffic: Annotated[
        str | None, typer.Option(help="steady, poisson, bursts, day or recorded. [default: poisson]")
    ] = None
    rate: Annotated[float | None, typer.Option(help="Requests a second.")] = None
    peak: Annotated[float | None, typer.Option(help="Requests a second in a burst.")] = None
    records: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Requests of a running model, as CSV: replays them; with --traffic, takes their service times only.",
            dir_okay=False,
            exists=True,
        ),
    ] = None
    predict: Annotated[
        str | None, typer.Option(help="What predict takes, as in 200ms or p50=200ms,p95=600ms.")
    ] = None
    preprocess: Annotated[str | None, typer.Option(help="The same for preprocess. [default: 0]")] = None
    postprocess: Annotated[str | None, typer.Option(help="The same for postprocess. [default: 0]")] = None
    start: Annotated[str | None, typer.Option(help="The same for a replica's start. [default: 0]")] = None
    parallel: Annotated[
        int | None,
        typer.Option(min=1, help="Predicts of a replica that run at full speed beside each other."),
    ] = None
    duration: Annotated[
        str | None, typer.Option(help="How long requests come, as in 1h. [default: that of the records]")
    ] = None
    slo: Annotated[str | None, typer.Option(help="The latency to keep, as in 500ms.")] = None
    seed: Annotated[int | None, typer.Option(help="Another one is other chance. [default: 1]")] = None
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting that all variants share."),
    ] = None
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--try", metavar='"NAME=VALUE ..."', help="A variant by what differs; instead of the file's."
        ),
    ] = None

    def tables(self) -> dict[str, Any]:
        """As a scenario's file would say it. Raises typer.BadParameter, InvalidScenarioError, InvalidSettingError."""
        from headway.cli.scenario_options import merged, read_tables, with_records

        stated = self._stated()
        written = read_tables(self.file) if self.file else {}
        return with_records(
            merged(written, stated), stated, str(self.records.resolve()) if self.records else None
        )

    def _stated(self) -> dict[str, Any]:
        """What the options say, in a scenario's shape."""
        from headway.cli.scenario_options import durations, seconds_or_text, tries
        from headway.cli.setting_values import parse_settings

        stages = {"predict": self.predict, "preprocess": self.preprocess, "postprocess": self.postprocess}
        return {
            "duration": seconds_or_text(self.duration),
            "slo": seconds_or_text(self.slo),
            "seed": self.seed,
            "traffic": {"kind": self.traffic, "rate": self.rate, "peak": self.peak},
            "service": {name: durations(text) for name, text in stages.items()},
            "replica": {"start": durations(self.start), "parallel": self.parallel},
            "settings": parse_settings(self.setting or []),
            "try": tries(self.variant or []),
        }


def simulate(
    told: _Told,
    *,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts.", dir_okay=False)
    ] = None,
    with_decisions: Annotated[
        bool, typer.Option("--decisions", help="Show when the desired replicas changed, and why.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Try settings on traffic in virtual time, side by side.

    Queue, slots, gate, autoscaling and restarts are the very code that serves; only time is made up, so an hour of
    traffic takes seconds. All variants meet the same requests, and the same scenario gives the same result each time.

    The scenario is a file, options, or both: options win. In both a setting is any that `headway settings` shows,
    and predict_concurrency and initial_replicas besides.

    Example: headway simulate --rate 12 --predict 200ms --preprocess 50ms --start 12s --duration 1h --slo 1s
    --set max_replica=8 --try concurrency_target=1 --try "concurrency_target=2 predict_concurrency=2"
    """
    if told == _Told():
        raise typer.BadParameter("name a scenario's file, or say what comes, as in --rate 12 --predict 200ms")
    if page is not None and not page.parent.is_dir():
        raise typer.BadParameter(f"--html: there is no folder {page.parent}")
    looks = _looks() if page is not None else None
    scenario = _scenario(told.tables(), told.file.parent if told.file else Path())
    _warn(scenario)
    began = time.process_time()
    trials = _run(scenario)
    seconds = time.process_time() - began
    _show(scenario, trials, as_json=as_json, with_decisions=with_decisions)
    _tell(scenario, trials, seconds)
    if page is not None and looks is not None and trials:
        _write(page, scenario, trials, looks)
    if len(trials) < len(scenario.variants):
        raise typer.Exit(INTERRUPTED)


def _scenario(tables: dict[str, Any], folder: Path) -> "Scenario":
    from headway.cli.scenario_options import read_records
    from headway.planner.simulation.scenario_file import read_scenario

    return read_scenario(tables, lambda path: read_records(folder / path))


def _warn(scenario: "Scenario") -> None:
    from headway.cli.progress import warn
    from headway.cli.tables import messages

    for one in scenario.variants:
        found = one.settings.warnings(one.predict_concurrency)
        warn(messages(), (f"{one.name}: {warning}" for warning in found))


def _run(scenario: "Scenario") -> "list[Trial]":
    """Each variant that was run to its end before Ctrl-C."""
    from headway.cli.progress import bars
    from headway.cli.tables import messages
    from headway.planner.simulation.report import Trial
    from headway.planner.simulation.simulate import simulate as run
    from headway.planner.simulation.words import clock

    names = [one.name for one in scenario.variants]
    trials: list[Trial] = []
    with bars(messages(), names, lambda share: clock(share * scenario.duration)) as progress:
        try:
            for one in scenario.variants:
                measures = run(scenario, one, progress=partial(progress, one.name))
                trials.append(Trial(one, measures))
        except KeyboardInterrupt:
            pass
    return trials


def _show(scenario: "Scenario", trials: "Sequence[Trial]", *, as_json: bool, with_decisions: bool) -> None:
    from headway.cli.tables import show, show_json, table
    from headway.planner.simulation.report import document
    from headway.planner.simulation.words import clock

    if as_json:
        show_json(document(scenario, trials))
        return
    if not trials:
        return
    show(_table(scenario, trials))
    if with_decisions:
        for one in trials:
            rows = ((clock(made.at), made.desired, made.reason) for made in one.measures.decisions)
            show("", table(("at", "desired", "why"), rows, title=one.variant.name))


def _table(scenario: "Scenario", trials: "Sequence[Trial]") -> Any:
    """A row for each variant; where that is too wide, a column."""
    from rich.measure import Measurement

    from headway.cli.tables import console, table
    from headway.planner.simulation.figures import figures

    found = figures(scenario, trials)
    names = [one.variant.name for one in trials]
    rows = zip(names, *(one.texts for one in found), strict=True)
    wide = table(("variant", *(one.name for one in found)), rows)
    out = console()
    if Measurement.get(out, out.options.update_width(_ANY_WIDTH), wide).maximum <= out.width:
        return wide
    return table(("", *names), ((one.name, *one.texts) for one in found))


def _tell(scenario: "Scenario", trials: "Sequence[Trial]", seconds: float) -> None:
    from headway.cli.tables import messages

    out = messages()
    if len(trials) < len(scenario.variants):
        out.print(f"interrupted: {len(trials)} of {counted(len(scenario.variants), 'variant')} done")
    requests = sum(one.requests for one in trials)
    if requests:
        out.print(
            f"{counted(requests, 'request')} in {seconds:.1f} s of CPU: {requests / max(seconds, 1e-3):,.0f} a second"
        )


def _looks() -> "Looks":
    """What draws the page's curves. Raises UnwritableError in a checkout where it is not built."""
    from headway.planner.simulation.page import Looks

    try:
        return Looks((_LOOKS / "page.css").read_bytes(), (_LOOKS / "page.js").read_bytes())
    except FileNotFoundError as error:
        raise UnwritableError(
            "what draws the page's curves is not built in this checkout", hint="make console builds it"
        ) from error


def _write(page: Path, scenario: "Scenario", trials: "Sequence[Trial]", looks: "Looks") -> None:
    from headway.cli.tables import messages
    from headway.planner.simulation.page import as_html

    try:
        page.write_text(as_html(scenario, trials, looks), encoding="utf-8")
    except OSError as error:
        raise UnwritableError(f"cannot write {page}: {error.strerror or error}") from error
    messages().print(f"written to {page}", markup=False)
