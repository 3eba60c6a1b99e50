"""Names that a shell completes, asked of the control that answers. It says nothing and takes no longer than a person
waits for a key: where control is away, slow or refuses, there is nothing to complete.
"""

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import typer

from headway.cli.addresses import control_url, path_of
from headway.cli.api_key import headers_of
from headway.cli.setting_values import written
from headway.core.errors import HeadwayError

_WITHIN = 0.5
"""Seconds for all that is asked."""
_MOST_BYTES = 4 * 1024 * 1024
_OK = 200
_PRODUCTION = "production"
_BUILD = "build"
_EQUALS = "="


def models(context: typer.Context, incomplete: str) -> list[str]:
    return _fitting(incomplete, (one["name"] for one in _listed(context, "models")))


def deployments(context: typer.Context, incomplete: str) -> list[str]:
    """Of the model that stands before: environments that point at one, then ids."""
    found = _listed(context, "deployments", *_of_model(context))
    environments = (name for one in found for name in one["environments"])
    return _fitting(incomplete, chain(environments, (one["id"] for one in found)))


def deployment_ids(context: typer.Context, incomplete: str) -> list[str]:
    return _fitting(incomplete, (one["id"] for one in _listed(context, "deployments", *_of_model(context))))


def environments(context: typer.Context, incomplete: str) -> list[str]:
    return _fitting(
        incomplete, (one["name"] for one in _listed(context, "environments", *_of_model(context)))
    )


def replicas(context: typer.Context, incomplete: str) -> list[str]:
    """Of the deployment that stands before, and what stands for its build."""
    found = _listed(context, "replicas", *_of_model(context), "deployments", _deployment(context))
    return _fitting(incomplete, chain((one["id"] for one in found), (_BUILD,)))


def keys(context: typer.Context, incomplete: str) -> list[str]:
    return _fitting(incomplete, (one["prefix"] for one in _listed(context, "api_keys")))


def secrets(context: typer.Context, incomplete: str) -> list[str]:
    return _fitting(incomplete, (one["name"] for one in _listed(context, "secrets")))


def settings(context: typer.Context, incomplete: str) -> list[str]:
    """`NAME=` and `NAME=VALUE` for each that begins so, with the value in force or what can be chosen.

    There are always two: a shell ends a word that can only be one with a space, which nobody wants behind `NAME=`.
    """
    if name := _broken_off(context, incomplete):
        return _fitting(incomplete, _values(name, _in_force(context)))
    in_force = _in_force(context)
    pairs = (
        [f"{name}{_EQUALS}", *(f"{name}{_EQUALS}{value}" for value in _values(name, in_force))]
        for name in _setting_names()
    )
    return _fitting(incomplete, (one for pair in pairs for one in pair))


def scopes(incomplete: str) -> list[str]:
    from headway.core.credentials import SCOPES

    return _fitting(incomplete, sorted(SCOPES))


def _fitting(incomplete: str, names: Iterable[str]) -> list[str]:
    try:
        return [one for one in dict.fromkeys(names) if one.startswith(incomplete)]
    except (LookupError, TypeError, AttributeError):  # something else than Headway has answered
        return []


def _broken_off(context: typer.Context, incomplete: str) -> str:
    """The setting whose value is to be completed, where the shell takes `NAME=` for two words, as bash does; empty
    otherwise. What is incomplete is empty where the second of them is the last.
    """
    words = [*(context.params.get("changes") or ())]
    if words[-1:] == [_EQUALS]:
        words.pop()
    elif incomplete:
        return ""
    name = words[-1] if words else ""
    return name if name in _setting_names() else ""


def _values(name: str, in_force: Mapping[str, Any]) -> Iterator[str]:
    """What may stand behind `NAME=`: what can be chosen, else what is in force, else the default."""
    from headway.core.settings import DeploymentSettings, bounds_of

    default = getattr(DeploymentSettings(), name)
    if choices := bounds_of(name).choices:
        yield from choices
    elif isinstance(default, bool):
        yield from ("true", "false")
    else:
        yield written(in_force.get(name, default))


def _setting_names() -> list[str]:
    from headway.core.settings import DeploymentSettings

    return [one.name for one in dataclasses.fields(DeploymentSettings)]


def _in_force(context: typer.Context) -> Mapping[str, Any]:
    model = _of_model(context)
    if not model:
        return {}
    content = _asked(context, path_of("v1", *model, "deployments", _deployment(context), "settings"))
    values = content.get("settings")
    return values if isinstance(values, Mapping) else {}


def _of_model(context: typer.Context) -> tuple[str, ...]:
    """The model that stands before, as a part of a path; empty if none does."""
    # Before an option that has no value yet, arguments have not been told apart.
    model = context.params.get("model") or next(iter(context.args), None)
    return ("models", model) if isinstance(model, str) else ()


def _deployment(context: typer.Context) -> str:
    return context.params.get("deployment") or _PRODUCTION


def _listed(context: typer.Context, what: str, *place: str) -> list[Any]:
    """What control lists under that name, in that place."""
    if what in {"deployments", "environments", "replicas"} and not place:
        return []
    found = _asked(context, path_of("v1", *place, what)).get(what)
    return found if isinstance(found, list) else []


def _asked(context: typer.Context, path: str) -> Mapping[str, Any]:
    """Control's answer; empty if none of use comes in time, whatever the reason."""
    import queue
    import threading

    from headway.configuration import Configuration

    try:
        configuration = Configuration.load()
        url = context.params.get("url") or control_url(configuration)
        headers = headers_of(configuration.api_key)
    except HeadwayError:
        return {}
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    # In a thread that nobody waits for: a name may take long to resolve, an answer to end.
    threading.Thread(target=lambda: answers.put(_answer(url, path, headers)), daemon=True).start()
    try:
        content = answers.get(timeout=_WITHIN)
    except queue.Empty:
        return {}
    return content if isinstance(content, Mapping) else {}


def _answer(url: str, path: str, headers: dict[str, str]) -> Any:
    """Not through httpx, which takes longer to load than control to answer."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=_WITHIN)
        with contextlib.closing(connection):
            connection.request("GET", parts.path.rstrip("/") + path, headers=headers)
            answer = connection.getresponse()
            return json.loads(answer.read(_MOST_BYTES)) if answer.status == _OK else None
    except (OSError, ValueError, RecursionError, HTTPException):
        return None
