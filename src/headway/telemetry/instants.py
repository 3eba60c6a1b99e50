"""Instants as text that cannot be misread: with date and zone, whatever zone a process believes to be in."""

import time
from datetime import UTC, datetime


def instant_text(seconds: float | None = None) -> str:
    """Seconds since 1970, or now, as in 2026-01-02T10:11:12.345Z."""
    at = datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
