"""`headway delete`: deletes a model, or one of its deployments or environments."""

from typing import Annotated

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.asking import confirm
from headway.cli.client import Control
from headway.cli.tables import show


def delete(
    *,
    model: options.Model,
    deployment: Annotated[
        str | None,
        typer.Option(
            help="Delete only this deployment, by its id.", autocompletion=completion.deployment_ids
        ),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            help="Delete only this environment; its deployment stays.", autocompletion=completion.environments
        ),
    ] = None,
    yes: options.Yes = False,
    url: options.ControlUrl = None,
) -> None:
    """Delete a model, or a part of it. Requests in flight are finished first. It cannot be undone, so it asks.

    Example: headway delete hello --deployment 1a2b3c4d
    """
    if deployment is not None and environment is not None:
        raise typer.BadParameter("give --deployment or --environment, not both")
    path, what = path_of("v1", "models", model), f"the model {model} with all its deployments"
    if deployment is not None:
        path, what = path + path_of("deployments", deployment), f"deployment {deployment} of {model}"
    if environment is not None:
        path, what = path + path_of("environments", environment), f"environment {environment} of {model}"
    with Control.at(url) as control:
        control.get(path)  # or its error, before anything is asked
        confirm(f"delete {what}?", yes=yes)
        control.delete(path)
    show(f"{what} is deleted")
