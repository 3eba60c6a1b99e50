"""`headway settings`: shows the settings of a deployment with what they mean, or changes some of them."""

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.progress import warn
from headway.cli.setting_values import parse_settings, written
from headway.cli.tables import messages, show, show_json, table

_COLUMNS = ("setting", "value", "unit", "default", "meaning")


def settings(
    *,
    model: options.Model,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="What to change.",
            show_default=False,
            autocompletion=completion.settings,
        ),
    ] = None,
    deployment: options.Deployment = "production",
    version: Annotated[
        int | None, typer.Option(help="Change only if the settings have this version still.")
    ] = None,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show or change the settings of a deployment. A change holds at once, without a restart.

    Example: headway settings hello concurrency_target=8 max_replica=2
    """
    wanted = parse_settings(changes or [])
    path = path_of("v1", "models", model, "deployments", deployment, "settings")
    with Control.at(url) as control:
        if wanted:
            headers = {} if version is None else {"if-match": f'"{version}"'}
            content = control.patch(path, wanted, headers)
        else:
            content = control.get(path)
    if as_json:
        show_json(content)
    elif wanted:
        changed = ", ".join(f"{name} {written(content['settings'][name])}" for name in wanted)
        show(f"{changed}: {content['message']}, version {content['version']}")
    else:
        show(table(_COLUMNS, _rows(content["settings"])), f"\nversion {content['version']}")
    warn(messages(), content["warnings"])


def _rows(values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    from headway.core.settings import DeploymentSettings, bounds_of

    for field in dataclasses.fields(DeploymentSettings):
        bounds, value = bounds_of(field.name), values.get(field.name)
        yield field.name, written(value), bounds.unit, written(field.default), bounds.meaning
