"""`headway list`: the models that a Headway has."""

from typing import Any

from headway.cli import options
from headway.cli.client import Control
from headway.cli.overview import Room, model_lines, saturation_sentences
from headway.cli.tables import console, in_one_line, replicas_of, show, show_json, table

_COLUMNS = ("model", "status", "deployments", "environments", "replicas", "queued", "in flight", "why")


def list_models(*, url: options.ControlUrl = None, as_json: options.AsJson = False) -> None:
    """Show every model with its status and load. It tells why one does not serve, or its requests wait.

    The status is that of its production deployment; replicas are ready/desired.

    Example: headway list --json
    """
    with Control.at(url) as control:
        content = control.get("/v1/models")
    if as_json:
        show_json(content)
    elif not content["models"]:
        show("no model is here yet: headway push DIR brings one")
    elif (out := console()).is_terminal:
        show(*model_lines(content["models"], Room(out.width)))
    else:
        show(table(_COLUMNS, map(_row, content["models"])))


def _row(model: Any) -> tuple[Any, ...]:
    waits = "; ".join(saturation_sentences(model["saturation"])) if model["saturation"] else ""
    return (
        model["name"],
        model["status"] or "-",
        model["deployments_count"],
        ", ".join(model["environments"]),
        replicas_of(model),
        model["queued"],
        model["in_flight"],
        in_one_line(model["reason"] or waits),
    )
