"""`headway secrets`: sets, lists and deletes what models read as their secrets. Values are never shown."""

import sys
from typing import Annotated

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.asking import confirm
from headway.cli.client import Control
from headway.cli.tables import moment, show, show_json, table

secrets = typer.Typer(
    help="Set, list and delete the secrets that models read. Values are never shown.\n\n"
    "Example: headway secrets set hf_access_token",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@secrets.command("set")
def set_secret(
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The name that models ask for.", autocompletion=completion.secrets
        ),
    ],
    value: Annotated[
        str | None, typer.Option(help="Its value; others on this machine may see it here. [default: ask]")
    ] = None,
    url: options.ControlUrl = None,
) -> None:
    """Set or replace a secret. The value is read from standard input, or asked for on a terminal.

    Models see it at their next look, without a restart.

    Example: headway secrets set hf_access_token < token.txt
    """
    with Control.at(url) as control:
        control.post("/v1/secrets", {"name": name, "value": _read() if value is None else value})
    show(f"{name} is set")


@secrets.command("list")
def list_secrets(*, url: options.ControlUrl = None, as_json: options.AsJson = False) -> None:
    """Show the names of the secrets.

    Example: headway secrets list
    """
    with Control.at(url) as control:
        content = control.get("/v1/secrets")
    if as_json:
        show_json(content)
    elif not content["secrets"]:
        show("there are no secrets")
    else:
        rows = ((one["name"], moment(one["created_at"])) for one in content["secrets"])
        show(table(("name", "set"), rows))


@secrets.command()
def delete(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.", autocompletion=completion.secrets)],
    yes: options.Yes = False,
    url: options.ControlUrl = None,
) -> None:
    """Delete a secret: models that read it get an error. It cannot be undone, so it asks.

    Example: headway secrets delete hf_access_token
    """
    with Control.at(url) as control:
        if any(one["name"] == name for one in control.get("/v1/secrets")["secrets"]):
            confirm(f"delete the secret {name}? its value cannot be read back.", yes=yes)
        control.delete(path_of("v1", "secrets", name))  # or its error, which names the nearest
    show(f"{name} is deleted")


def _read() -> str:
    if sys.stdin.isatty():
        answer: str = typer.prompt("value", hide_input=True, err=True)
        return answer
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")
