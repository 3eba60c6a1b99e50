"""`headway promote`: has an environment move to another deployment."""

from typing import Annotated

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.following import wait_until_served
from headway.cli.tables import messages, show, show_json


def promote(
    *,
    model: options.Model,
    deployment: Annotated[
        str,
        typer.Argument(
            metavar="DEPLOYMENT",
            help="The deployment's id, or an environment that points at it.",
            autocompletion=completion.deployments,
        ),
    ],
    environment: Annotated[
        str, typer.Option(help="The environment that is to move.", autocompletion=completion.environments)
    ] = "production",
    wait: options.Wait = True,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Have an environment move to another deployment. The present one serves until DEPLOYMENT is ready.

    Example: headway promote hello 1a2b3c4d --environment staging
    """
    path = path_of("v1", "models", model, "environments", environment)
    with Control.at(url) as control:
        promoted = control.get(path_of("v1", "models", model, "deployments", deployment))
        moved = control.post(path + "/promote", {"deployment_id": promoted["id"]})
        if wait:
            wait_until_served(control, promoted, environment, messages())
            moved = control.get(path)
    if as_json:
        show_json(moved)
    else:
        show(f"{environment} of {model} {'is' if wait else 'moves to'} {promoted['id']}")
