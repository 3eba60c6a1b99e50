"""Lengths of time as people write them."""

import math
import re

from headway.planner.errors import InvalidDurationError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parse_duration(text: str, *, may_be_zero: bool = False) -> float:
    """`250ms`, `90s`, `10m`, `1h`, in seconds. Raises InvalidDurationError."""
    duration = _DURATION.fullmatch(text.strip())
    seconds = float(duration[1]) * _SECONDS[duration[2]] if duration else math.nan
    if not 0 <= seconds < math.inf or not (seconds or may_be_zero):
        raise InvalidDurationError(f"{text!r} is no duration", hint="say it as in 250ms, 90s, 10m or 1h")
    return seconds
