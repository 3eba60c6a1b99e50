"""Instants as text that cannot be misread: with date and zone, whatever zone a process believes to be in."""

import re
import time
from datetime import UTC, datetime

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def instant_text(seconds: float | None = None) -> str:
    """Seconds since 1970, or now, as in 2026-01-02T10:11:12.345Z."""
    at = datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_of(text: str, now: float) -> float:
    """Seconds since 1970 of a time or of so long ago. A time without a zone is this machine's. Raises ValueError."""
    if ago := _AGO.fullmatch(text.strip()):
        return now - float(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"{text!r} is no time: write 30m, 1h or 7d for so long ago, or 2026-01-31T12:00"
        ) from error
