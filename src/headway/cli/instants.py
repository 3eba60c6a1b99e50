"""Reads instants as people write them: so long ago, or a date with a time."""

import re
from datetime import datetime

import typer

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def instant_of(text: str, now: float) -> float:
    """Seconds since 1970. A time without a zone is this machine's. Raises typer.BadParameter."""
    if ago := _AGO.fullmatch(text.strip()):
        return now - float(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise typer.BadParameter(
            f"{text!r} is no time: write 30m, 1h or 7d for so long ago, or 2026-01-31T12:00"
        ) from error
