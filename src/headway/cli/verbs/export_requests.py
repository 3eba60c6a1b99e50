"""`headway requests export`: all stored records of a deployment's requests, as CSV or Parquet."""

import contextlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.exit_codes import UnwritableError
from headway.cli.progress import spinner
from headway.cli.tables import messages
from headway.observed.words import counted
from headway.telemetry import instants

_SILENCE = 60.0
Write = Callable[[Iterable[bytes], BinaryIO], None]
"""Puts pieces of CSV into a file, in its own format."""

_CSV, _PARQUET = ".csv", ".parquet"
_WHEN = "30m, 1h or 7d for so long ago, or a time such as 2026-01-31T12:00."


def export(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    since: Annotated[str | None, typer.Option(help=f"Only what arrived from then on: {_WHEN}")] = None,
    until: Annotated[str | None, typer.Option(help="Only what arrived before then.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A file, .csv or .parquet. [default: CSV to standard output]",
            dir_okay=False,
        ),
    ] = None,
    url: options.ControlUrl = None,
) -> None:
    """Write all stored records of requests, the oldest first. Times are seconds.

    A file appears whole or not at all. Parquet needs pip install 'headway[parquet]'.

    Example: headway requests export hello --since 1h --output hello.parquet
    """
    query = _asked(since, until)
    write = _writer(output)
    path = path_of("v1", "models", model, "deployments", deployment, "requests", "export")
    with Control.at(url) as control:
        pieces = control.pieces(path, silence=_SILENCE, **query)
        if output is None:
            write(pieces, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        console = messages()
        with spinner(console, "exporting") as progress:
            taken = _Counted(pieces, progress)
            _to_file(output.resolve(), taken, write)
        console.print(f"{output}: {counted(taken.requests, 'request')}", markup=False)


def _asked(since: str | None, until: str | None) -> dict[str, float]:
    """Raises typer.BadParameter."""
    now = time.time()
    asked = {
        name: instant_of(text, now) for name, text in (("since", since), ("until", until)) if text is not None
    }
    if len(asked) > 1 and asked["since"] >= asked["until"]:
        raise typer.BadParameter(f"--since {since} is not before --until {until}")
    return asked


def instant_of(text: str, now: float) -> float:
    """As `telemetry.instants` reads it. Raises typer.BadParameter."""
    try:
        return instants.instant_of(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


class _Counted:
    """Tells how many requests have come so far."""

    def __init__(self, pieces: Iterable[bytes], progress: Callable[[str], None]) -> None:
        self._pieces = pieces
        self._progress = progress
        self._lines = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._lines += piece.count(b"\n")
            self._progress(counted(self.requests, "request"))
            yield piece

    @property
    def requests(self) -> int:
        return max(0, self._lines - 1)  # the first names the columns


def _writer(output: Path | None) -> Write:
    """By the file's name. Raises typer.BadParameter, and what says that Parquet is not installed."""
    if output is None or output.suffix == _CSV:
        return _write_csv
    if output.suffix != _PARQUET:
        raise typer.BadParameter(f"{output} is neither {_CSV} nor {_PARQUET}")
    from headway.cli.parquet import parquet_writer

    return parquet_writer()


def _write_csv(pieces: Iterable[bytes], file: BinaryIO) -> None:
    file.writelines(pieces)


def _to_file(path: Path, pieces: Iterable[bytes], write: Write) -> None:
    """Beside it first, so that a reader never sees a part. Raises UnwritableError."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                write(pieces, file)
                os.fchmod(handle, _mode_for(path))
            Path(name).replace(path)
        except BaseException:  # interrupted too
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise UnwritableError(f"cannot write {path}: {error.strerror or error}") from error


def _mode_for(path: Path) -> int:
    """The one it has, or that of any new file: a temporary one is its owner's alone."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0o077)  # there is no other way to read it
        os.umask(umask)
        return 0o666 & ~umask
