"""The verbs of `headway`, put together. What a verb does is in its own file."""

import typer

from headway import __version__
from headway.cli.check import check
from headway.cli.init import init
from headway.cli.predict import predict
from headway.cli.serve import serve
from headway.cli.status import status

_HELP = """Serve Truss models with exact control of request concurrency.

A model runs in replicas, and two numbers rule each replica:

  concurrency target   requests that it holds at once; the others queue
  predict concurrency  requests inside `predict` at once; the other stages go on

Start with:  headway init hello && headway serve hello
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (serve, predict, status, init, check):
    app.command()(verb)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"headway {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    del version
