"""`headway activate` and `headway deactivate`: switch a deployment on and off."""

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.tables import show, show_json


def activate(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Let a deployment serve again. What failed is tried anew at once.

    Example: headway activate hello
    """
    _order("activate", model, deployment, url, as_json=as_json)


def deactivate(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Have a deployment refuse its requests. What is in flight is finished, then its replicas go.

    Example: headway deactivate hello
    """
    _order("deactivate", model, deployment, url, as_json=as_json)


def _order(verb: str, model: str, deployment: str, url: str | None, *, as_json: bool) -> None:
    with Control.at(url) as control:
        answer = control.post(path_of("v1", "models", model, "deployments", deployment, verb))
    if as_json:
        show_json(answer)
    else:
        show(f"{model}: deployment {answer['id']} is {verb}d")
