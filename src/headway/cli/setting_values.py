"""Settings as they are written on a command line."""

import json
from typing import Any

from headway.core.errors import InvalidSettingError


def stated_settings(
    pairs: list[str], *, concurrency_target: int | None = None, replicas: int | None = None
) -> dict[str, Any]:
    """What the command line says of the settings; pairs win. Raises InvalidSettingError."""
    named = {"concurrency_target": concurrency_target, "min_replica": replicas, "max_replica": replicas}
    stated = {name: value for name, value in named.items() if value is not None}
    return stated | parse_settings(pairs)


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs as settings by their names. Raises InvalidSettingError."""
    settings = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidSettingError(f"{pair!r} is no setting", hint="write queue_limit=100")
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings


def written(value: Any) -> str:
    """A setting's value, as it may be given again."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}" if value < 1e6 else f"{value:.0f}"  # noqa: PLR2004  # where %g changes to exponents
        case _:
            return str(value)
