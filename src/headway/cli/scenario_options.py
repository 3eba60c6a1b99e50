"""A scenario's file and what the command line says of it, put together: the command line wins."""

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from headway.cli.setting_values import parse_settings
from headway.core.errors import InvalidSettingError
from headway.observed.records import RequestRecord
from headway.observed.request_table import InvalidRecordsError, read_csv
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.scenario_file import RECORDED, TRAFFIC_KEYS

Tables = dict[str, Any]


def read_tables(file: Path) -> Tables:
    """What the file says. Raises InvalidScenarioError when it is no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # of TOML, of UTF-8, or of a number with thousands of digits
        raise InvalidScenarioError(f"{file} is no TOML: {error}") from error


def read_records(file: Path) -> list[RequestRecord]:
    """What `headway requests export` wrote as CSV; the mark that Excel puts before UTF-8 is no part of it.
    Raises InvalidRecordsError.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return list(read_csv(lines))
    except OSError as error:
        raise InvalidRecordsError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidRecordsError(
            f"{file} is no text: {error.reason}",
            hint="headway requests export --output FILE.csv writes such files",
        ) from error
    except InvalidRecordsError as error:
        raise InvalidRecordsError(f"{file}: {error.message}", hint=error.hint) from error


def merged(written: Mapping[str, Any], stated: Mapping[str, Any]) -> Tables:
    """`stated` has a scenario's shape; what it leaves as None, or empty, is as it is written."""
    together = dict(written)
    for key, value in stated.items():
        if isinstance(value, Mapping):
            said = {name: one for name, one in value.items() if one is not None}
            if said:
                together[key] = _over(key, together.get(key, {}), said)
        elif value is not None and value != []:
            together[key] = value
    return together


def with_records(tables: Tables, stated: Mapping[str, Any], records: str | None) -> Tables:
    """The scenario's requests are those in the file `records`; where the command line names another kind of traffic,
    or service times, the records give only what it does not.
    """
    if records is None:
        return tables
    is_replayed = stated["traffic"]["kind"] in {None, RECORDED}
    has_service = any(value is not None for value in stated["service"].values())
    without = {key: value for key, value in tables.items() if key != "service" or has_service}
    if is_replayed:
        _refuse_rates(stated["traffic"])
        return without | {"traffic": {"kind": RECORDED, "records": records}}
    if has_service:
        raise typer.BadParameter("--records has no part in this: traffic and service times are others")
    return without | {"service": {"from": records}}


def seconds_or_text(text: str | None) -> float | str | None:
    """A plain number is one of seconds; other text is as it is."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def durations(text: str | None) -> Any:
    """`p50=200ms,p95=1s` as such a table; what has no equals sign is one duration."""
    if text is None or "=" not in text:
        return seconds_or_text(text)
    pairs = [(name.strip(), value) for name, _, value in (one.partition("=") for one in text.split(","))]
    said = {name: seconds_or_text(value) for name, value in pairs}
    if len(said) < len(pairs):
        raise typer.BadParameter(f"{text} says something twice")
    return said


def tries(texts: Sequence[str]) -> list[Tables]:
    """`NAME=VALUE NAME=VALUE` as the settings of a variant, each. Raises InvalidSettingError."""
    return [parse_settings(_pairs(text)) for text in texts]


def _pairs(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidSettingError(
            f"{text!r} is no variant: {str(error).lower()}", hint="quotes and backslashes come as in a shell"
        ) from error


def _refuse_rates(traffic: Mapping[str, Any]) -> None:
    for name in ("rate", "peak"):
        if traffic[name] is not None:
            other = "poisson" if name == "rate" else "bursts"
            raise typer.BadParameter(f"--{name} has no part in a replay: add --traffic {other}")


def _over(key: str, written: Any, said: Tables) -> Any:
    """One table over another; what is written only for what is not any more goes."""
    if not isinstance(written, Mapping):
        return written  # which is refused when it is read
    left = dict(written)
    if key == "traffic":
        kind = said.setdefault("kind", left.get("kind", "poisson"))
        left = {name: left[name] for name in TRAFFIC_KEYS.get(kind, ()) if name in left}
    elif key == "service":
        left = {name: value for name, value in left.items() if name not in {"from", "as"}}
    return left | said
