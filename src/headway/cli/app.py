"""The verbs of `headway`, put together. What a verb does is in its own file."""

from collections.abc import Callable
from typing import Any

import typer
import typer.core

from headway import __version__, is_compiled
from headway.cli.grouped import grouped
from headway.cli.verbs.activation import activate, deactivate
from headway.cli.verbs.advise import advise
from headway.cli.verbs.changes import changes
from headway.cli.verbs.check import check
from headway.cli.verbs.decisions import decisions
from headway.cli.verbs.delete import delete
from headway.cli.verbs.disk import disk
from headway.cli.verbs.init import init
from headway.cli.verbs.keys import keys
from headway.cli.verbs.list_models import list_models
from headway.cli.verbs.logs import logs
from headway.cli.verbs.model_secrets import secrets
from headway.cli.verbs.predict import predict
from headway.cli.verbs.promote import promote
from headway.cli.verbs.prune import prune
from headway.cli.verbs.push import push
from headway.cli.verbs.requests import requests
from headway.cli.verbs.serve import serve
from headway.cli.verbs.settings import settings
from headway.cli.verbs.simulate import simulate
from headway.cli.verbs.status import status
from headway.cli.verbs.tune import tune
from headway.cli.verbs.up import up

_HELP = """Serve Truss models with exact control of request concurrency.

A model runs in replicas, and two numbers rule each replica:

  concurrency target   requests that it holds at once; the others queue
  predict concurrency  requests inside `predict` at once; other stages go on

Start with:

  headway init hello && headway serve hello

or, to keep what you deploy:

  headway up    and in another terminal    headway push hello
"""
_SECTIONS = {
    "Run": ("serve", "up", "push"),
    "Use": ("predict",),
    "See": ("list", "status", "logs", "requests", "decisions", "changes", "disk"),
    "Plan": ("advise", "tune", "simulate"),
    "Change": ("settings", "promote", "activate", "deactivate", "delete", "prune"),
    "Protect": ("keys", "secrets"),
    "Write": ("init", "check"),
}


class _Sections(typer.core.TyperGroup):
    """Lists the verbs by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        width = max(len(verb) for verbs in _SECTIONS.values() for verb in verbs)
        for title, verbs in _SECTIONS.items():
            with formatter.section(title):
                limit = formatter.width - width - 6
                formatter.write_dl(
                    [(verb.ljust(width), self.commands[verb].get_short_help_str(limit)) for verb in verbs]
                )


app = typer.Typer(
    cls=_Sections,
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_VERBS: tuple[Callable[..., None], ...] = (
    *(serve, up, push, predict, status, logs, decisions, changes, advise, tune, simulate),
    *(settings, promote, activate, deactivate, delete, init, check, disk, prune),
)
for verb in _VERBS:
    app.command()(grouped(verb))
app.command("list")(list_models)
app.add_typer(keys, name="keys")
app.add_typer(requests, name="requests")
app.add_typer(secrets, name="secrets")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"headway {__version__}{' (compiled)' if is_compiled() else ''}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    del version
