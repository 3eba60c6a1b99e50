"""The `headway` command: what it asks and shows; what happens is decided elsewhere. Its verbs are in `verbs`."""

import sys

from headway.core.errors import HeadwayError


def main() -> None:
    """Run the command line; an error meant for people is told as such, never as a traceback."""
    from headway.cli.app import app
    from headway.cli.exit_codes import INTERRUPTED, exit_code_of

    try:
        app(prog_name="headway")
    except HeadwayError as error:
        _tell(error)
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _tell(error: HeadwayError) -> None:
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print("error:", style="bold red", end=" ")
    console.print(error.message, markup=False)
    if error.hint:
        console.print("hint:", style="bold", end="  ")
        console.print(error.hint, markup=False)
