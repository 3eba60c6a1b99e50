"""`headway advise`: what the latest traffic of a deployment says about its settings."""

from typing import Annotated, Any

import typer

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.tables import show, show_json


def advise(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    seconds: Annotated[int, typer.Option(min=60, max=86_400, help="How far back to look.")] = 1800,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what to change about a deployment's settings, and why, from its latest traffic.

    Example: headway advise hello --seconds 600
    """
    with Control.at(url) as control:
        path = path_of("v1", "models", model, "deployments", deployment, "advice")
        content = control.get(path, seconds=seconds)
    if as_json:
        show_json(content)
        return
    for number, advice in enumerate(content["advice"], 1):
        show(f"{number}. {advice['title']}", *_details(advice, model), "")
    if content["note"]:
        show(content["note"])


def _details(advice: dict[str, Any], model: str) -> list[str]:
    change = " ".join(f"{name}={value:g}" for name, value in advice["change"].items())
    return [
        f"   {advice['text']}",
        *(f"     {line}" for line in advice["arithmetic"]),
        *([f"   headway settings {model} {change}"] if change else []),
    ]
