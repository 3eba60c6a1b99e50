"""Asks before what cannot be undone. Where nobody can answer it refuses, and never waits."""

import sys

import typer

from headway.cli.exit_codes import UnconfirmedError


def confirm(question: str, *, yes: bool) -> None:
    """Ends the command where the answer is no. `yes`: it was given beforehand. Raises UnconfirmedError."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UnconfirmedError(
            f"there is no terminal to ask on, so nothing is done; asked is: {question}",
            hint="--yes answers beforehand",
        )
    typer.confirm(question, abort=True, err=True)
