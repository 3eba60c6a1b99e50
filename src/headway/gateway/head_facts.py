"""What heads say of a request beside its own: how long its stages took, and of which trace it is."""

import re

_LONGEST_STAGE = 1e6
_TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_NO_TRACE = b"0" * 32


def stages_of(head: bytes, names: dict[bytes, str]) -> dict[str, float]:
    """What a head's Server-Timing says of these stages; a replica tells those that were over when it went out."""
    stages: dict[str, float] = {}
    for line in (b"\n" + head).lower().split(b"\nserver-timing:")[1:]:
        for entry in line.partition(b"\r")[0].split(b","):
            name, _, milliseconds = entry.partition(b";dur=")
            stage = names.get(name.strip())
            if stage is not None:
                seconds = _seconds(milliseconds)
                if seconds is not None:
                    stages[stage] = seconds
    return stages


def _seconds(milliseconds: bytes) -> float | None:
    """A model may write the header itself, so it may hold anything."""
    try:
        seconds = round(float(milliseconds) / 1e3, 6)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= _LONGEST_STAGE else None


def trace_id(traceparent: bytes | None) -> str:
    """The trace that a W3C traceparent names; empty when there is none."""
    match = None if traceparent is None else _TRACE.fullmatch(traceparent.strip())
    return "" if match is None or match[1] == _NO_TRACE else match[1].decode()
