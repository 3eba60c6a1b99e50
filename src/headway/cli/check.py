"""`headway check`: shows what the linter finds in a Truss."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.exit_codes import FAILED

if TYPE_CHECKING:
    from headway.control.packages.lint import Report


def check(
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The Truss: a folder with config.yaml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Look for mistakes in the Truss in DIR. Its code is not run. Warnings alone give exit code 0.

    Example: headway check hello --json
    """
    from headway.control.packages.lint import lint

    report = lint(directory)
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
    for one in report.findings:
        typer.echo(f"{one.level.value}: {one.place}: {one.message}")
        if one.hint:
            typer.echo(f"  hint: {one.hint}")
    if report.is_servable:
        typer.echo(
            f"ok: concurrency target {report.concurrency_target}, "
            f"predict concurrency {report.predict_concurrency}"
        )
