"""`headway status`: models, their deployments and replicas, at this moment or as they change."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control, parsed
from headway.cli.exit_codes import FAILED, UnavailableError
from headway.cli.overview import Room, in_time, saturation_sentences, status_lines
from headway.cli.tables import console, in_one_line, moment, replicas_of, show, show_json, table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_SILENCE = 45.0
"""Control sends something at least every 15 s."""
_RETRY_AFTER = 1.0
_DATA = "data: "
_DEPLOYMENTS = (
    *(
        "model",
        "deployment",
        "environments",
        "status",
        "target",
        "predict",
        "replicas",
        "queued",
        "in flight",
        "requests/s",
        "p95",
    ),
    "why",
)
_REPLICAS = ("model", "deployment", "replica", "state", "since", "holds", "restarts", "last exit")


def status(
    *,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL", help="One model's name. [default: all]", autocompletion=completion.models
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew whenever it changes.")] = False,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show deployments and their replicas as they are now. It tells rate, latency, slots, and why requests wait.

    Replicas are ready/desired, target is the concurrency target, predict the predict concurrency, and p95 the latency
    that 95% of requests keep. Rate and latency are of the last half minute. A terminal that is wider shows more.

    With --json and --watch together, each change is one line of JSON.

    Example: headway status hello --watch
    """
    with Control.at(url) as control:
        if watch:
            _watch(control, model, as_json=as_json)
            return
        state = _of(next(_states(control)), model, control)
    if as_json:
        show_json(state)
    else:
        show(*_parts(state, console()))


def _states(control: Control) -> Iterator[Any]:
    """The state of everything, now and after each change."""
    for line in control.lines("/v1/events", silence=_SILENCE):
        if line.startswith(_DATA):
            yield parsed(line.removeprefix(_DATA))
    raise UnavailableError(f"control at {control.url} has ended")


def _of(state: Any, model: str | None, control: Control) -> Any:
    """The part about one model."""
    if model is None:
        return state
    found = {
        "models": [one for one in state["models"] if one["name"] == model],
        "deployments": [one for one in state["deployments"] if one["model_name"] == model],
    }
    if not found["models"]:
        control.get(path_of("v1", "models", model))  # or its error, which names the nearest
    return found


def _parts(state: Any, out: "Console", height: int | None = None) -> "Iterator[RenderableType]":
    deployments = state["deployments"]
    if not deployments:
        yield "no deployment is here: headway push DIR brings one"
    elif out.is_terminal:
        yield from status_lines(state, Room(out.width, height))
    else:
        yield from _tables(deployments)


def _tables(deployments: Any) -> "Iterator[RenderableType]":
    """For programs that look for words in lines: a line for each deployment, then one for each replica."""
    yield table(_DEPLOYMENTS, map(_deployment_row, deployments))
    replicas = [_replica_row(deployment, one) for deployment in deployments for one in deployment["replicas"]]
    if replicas:
        yield ""
        yield table(_REPLICAS, replicas)


def _deployment_row(one: Any) -> tuple[Any, ...]:
    preparation, saturation, p95 = one["preparation"] or {}, one["saturation"], one["p95_seconds"]
    waits = "; ".join(saturation_sentences(saturation)) if saturation else ""
    return (
        one["model_name"],
        one["id"],
        ", ".join(one["environments"]),
        one["status"],
        one["concurrency_target"],
        one["predict_concurrency"],
        replicas_of(one),
        one["queued"],
        one["in_flight"],
        f"{one['requests_per_second']:.1f}",
        "-" if p95 is None else in_time(p95),
        in_one_line(preparation.get("line") or one["reason"] or waits or one["desired_reason"]),
    )


def _replica_row(deployment: Any, one: Any) -> tuple[Any, ...]:
    return (
        deployment["model_name"],
        deployment["id"],
        one["id"],
        one["state"],
        moment(one["since"]),
        f"{one['held']}/{deployment['concurrency_target']}",
        one["restarts"],
        one["last_exit"],
    )


def _watch(control: Control, model: str | None, *, as_json: bool) -> None:
    """Until Ctrl-C. Control may end and come back meanwhile."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    if as_json:
        for state in _states(control):
            typer.echo(json.dumps(_of(state, model, control)))
    out = console()
    if not out.is_terminal:
        typer.echo("--watch needs a terminal; use --json", err=True)
        raise typer.Exit(FAILED)
    states = _states(control)

    def shown(state: Any) -> "RenderableType":
        return Group(*_parts(_of(state, model, control), out, out.height))

    with Live(shown(next(states)), console=out, auto_refresh=False, screen=True) as live:
        while True:
            try:
                for state in states:
                    live.update(shown(state), refresh=True)
            except UnavailableError as error:
                live.update(Text(f"{error.message}; trying again"), refresh=True)
                time.sleep(_RETRY_AFTER)
                states = _states(control)
