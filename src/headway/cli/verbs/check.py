"""`headway check`: shows what the linter finds in a Truss."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from headway.cli import options
from headway.cli.exit_codes import FAILED

if TYPE_CHECKING:
    from headway.control.packages.findings import Finding, Report
    from headway.core.errors import HeadwayError


def check(
    *,
    directory: options.Truss = Path(),
    as_json: options.AsJson = False,
    url: options.ControlUrl = None,
) -> None:
    """Look for mistakes in the Truss in DIR, or here. It says what serving it on this machine will do. Its code is not
    run. Warnings alone give exit code 0. A running Headway is asked which of its secrets have a value.

    Example: headway check hello --json
    """
    from headway.cli.findings import own_machine
    from headway.cli.stored_secrets import StoredSecrets
    from headway.control.packages.lint import lint

    stored = StoredSecrets(url)
    report = lint(directory, dataclasses.replace(own_machine(), stored_secrets=stored))
    if stored.unknown is not None:
        report = dataclasses.replace(report, findings=(*report.findings, _unasked(stored.unknown)))
    if as_json:
        typer.echo(json.dumps(_content(report), indent=2))
    else:
        _print(report)
    if not report.is_servable:
        raise typer.Exit(FAILED)


def _unasked(why: "HeadwayError") -> "Finding":
    from headway.control.packages.findings import Finding, Level

    message = f"secrets: no running Headway was asked for those that are stored in it: {why.message}"
    return Finding(Level.NOTE, "config.yaml", message, why.hint)


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
