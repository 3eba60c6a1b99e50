"""`headway advise`: what the latest traffic of a deployment says about its settings."""

from typing import Annotated, Any

import typer

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.overview import in_time
from headway.cli.progress import spinner
from headway.cli.tables import messages, show, show_json

_OUTLOOK = {
    "wait_p50": "wait for a slot, p50",
    "wait_p95": "wait for a slot, p95",
    "latency_p95": "latency, p95",
    "replica_hours": "replica-hours",
}


def advise(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    seconds: Annotated[int, typer.Option(min=60, max=86_400, help="How far back to look.")] = 1800,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what to change about a deployment's settings, and why. Its latest traffic says that.

    Example: headway advise hello --seconds 600
    """
    with Control.at(url) as control:
        path = path_of("v1", "models", model, "deployments", deployment, "advice")
        with spinner(messages(), "simulating"):
            content = control.get(path, seconds=seconds, simulate="true")
    if as_json:
        show_json(content)
        return
    for number, advice in enumerate(content["advice"], 1):
        show(f"{number}. {advice['title']}", *_details(advice, model), "")
    for line in (content["note"], content["simulation"]):
        if line:
            show(line)


def _details(advice: dict[str, Any], model: str) -> list[str]:
    change = " ".join(f"{name}={value:g}" for name, value in advice["change"].items())
    return [
        f"   {advice['text']}",
        *(f"     {line}" for line in advice["arithmetic"]),
        *_outlook(advice["before"], advice["after"]),
        *([f"   headway settings {model} {change}"] if change else []),
    ]


def _outlook(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    """What the simulation says of both settings."""
    if before is None or after is None:
        return []
    lines = [
        f"     {word:<21}{_moved(_amount(name, before[name]), _amount(name, after[name]))}"
        for name, word in _OUTLOOK.items()
    ]
    return ["   simulated, before and after:", *lines]


def _moved(before: str, after: str) -> str:
    return f"{before:>9}, and stays so" if before == after else f"{before:>9} -> {after}"


def _amount(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if name == "replica_hours" else in_time(value)
