"""`headway changes`: who changed what of a model, and when."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.tables import in_one_line, moment, show, show_json, table

_COLUMNS = ("when", "who", "deployment", "what")
_SENTENCES = {
    "setting": "{field} {before} -> {after}",
    "push": "pushed for {field}, where {before} was",
    "promotion": "promoted into {field}, where {before} was",
    "rollback": "rolled {field} back from {before}",
    "takeover": "took over {field} from {before}",
    "given_up": "given up, {after} stays in {field}: {reason}",
    "activation": "activated",
    "deactivation": "deactivated",
    "deletion": "deleted",
    "environment_creation": "environment {field} made",
    "environment_deletion": "environment {field} deleted",
    "model_deletion": "the model deleted",
}


def changes(
    *,
    model: options.Model,
    deployment: Annotated[
        str | None,
        typer.Option(
            help="Only of this one: its id, or an environment that points at it. [default: all]",
            autocompletion=completion.deployments,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show who changed what of a model, the newest first. It tells of settings, pushes, promotions
    and how they ended, rollbacks, activations, deletions. Who is the name of the API key; Headway is what happened by
    itself.

    Example: headway changes hello --deployment production
    """
    of = () if deployment is None else ("deployments", deployment)
    with Control.at(url) as control:
        content = control.get(path_of("v1", "models", model, *of, "changes"), limit=limit)
    if as_json:
        show_json(content)
        return
    rows = [
        (moment(one["at"]), one["by"], one["deployment_id"], in_one_line(sentence(one)))
        for one in content["changes"]
    ]
    show(table(_COLUMNS, rows))


def sentence(change: Mapping[str, Any]) -> str:
    """What was done, without by whom. A kind that only a newer control tells is shown as it is."""
    told = {name: _text(change[name]) for name in ("kind", "field", "before", "after", "reason")}
    if change["kind"] == "push" and not change["field"]:
        return "pushed for no environment"
    if change["kind"] == "activation" and change["before"]:
        return "tried anew"
    return _SENTENCES.get(change["kind"], "{kind} {field}").format(**told)


def _text(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case _:
            return str(value)
