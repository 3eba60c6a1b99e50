"""`headway check`: shows what the linter finds in a Truss."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.exit_codes import FAILED

if TYPE_CHECKING:
    from headway.control.packages.findings import Report


def check(
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The Truss: a folder with config.yaml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Look for mistakes in the Truss in DIR, and say what serving it on this machine will do. Its code is not run.
    Warnings alone give exit code 0.

    Example: headway check hello --json
    """
    from headway.cli.findings import own_machine
    from headway.control.packages.lint import lint

    report = lint(directory, own_machine())
    if as_json:
        typer.echo(json.dumps(_content(report), indent=2))
    else:
        _print(report)
    if not report.is_servable:
        raise typer.Exit(FAILED)


def _content(report: "Report") -> dict[str, Any]:
    return {
        "servable": report.is_servable,
        "concurrency_target": report.concurrency_target,
        "predict_concurrency": report.predict_concurrency,
        "findings": [
            {"level": one.level.value, "place": one.place, "message": one.message, "hint": one.hint}
            for one in report.findings
        ],
    }


def _print(report: "Report") -> None:
    from headway.cli.findings import lines_of

    for line in lines_of(report.findings):
        typer.echo(line)
    if report.is_servable:
        typer.echo(
            f"ok: concurrency target {report.concurrency_target}, "
            f"predict concurrency {report.predict_concurrency}"
        )
