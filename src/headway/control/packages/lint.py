"""Reads a Truss as an author's second pair of eyes: what will fail, what will surprise, and what this machine will do
with it. The model's code is not run, and nothing is changed or downloaded.

It is the one list that `check`, `serve` and `push` tell; each part of it is in a module of its own.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headway.control.packages.declared import first_settings
from headway.control.packages.entries import PreparationError
from headway.control.packages.findings import Finding, Level, Report, of_error
from headway.control.packages.image_paths import of_image_paths
from headway.control.packages.machine import Machine
from headway.control.packages.model_code import of_model
from headway.control.packages.names import renamed_note
from headway.control.packages.on_machine import of_machine, secret_warnings
from headway.control.packages.places import named_paths
from headway.control.packages.real_files import require_real
from headway.control.packages.requirements import read_requirements
from headway.core.errors import InvalidSettingError
from headway.core.isolation import Isolation
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig, read_truss

_CONFIG = "config.yaml"


def lint(
    directory: Path, machine: Machine, *, name: str | None = None, settings: Mapping[str, Any] | None = None
) -> Report:
    """Everything that the Truss in `directory` shows without being run.

    `name` is what the model is to be called and `settings` what of its settings is to be changed, if somebody chose
    that. Raises InvalidSettingError for such a change.
    """
    try:
        return _lint(directory, machine, name, settings or {})
    except (RecursionError, MemoryError):  # the parsers of YAML and Python go down once for each level
        return Report((Finding(Level.ERROR, _CONFIG, "the Truss has a file that is nested too deeply"),))


def of_serving(config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    """What will surprise when the Truss runs on the machine, whatever is set and whichever secrets there are then."""
    for warning in config.warnings:
        yield Finding(Level.WARNING, _CONFIG, warning)
    yield from of_machine(config, machine)
    if machine.way_for(config) is Isolation.NONE:
        yield from of_image_paths(config)


def _of_requirements(config: TrussConfig) -> Iterator[Finding]:
    try:
        read_requirements(config, config.directory)
    except (PreparationError, InvalidTrussError) as error:
        yield of_error(_CONFIG, error)


def _lint(directory: Path, machine: Machine, name: str | None, changes: Mapping[str, Any]) -> Report:
    try:
        config = read_truss(directory)
        for field, path in named_paths(config):
            require_real(field, path)
        settings = first_settings(config)
    except InvalidTrussError as error:
        place = _CONFIG if (directory / _CONFIG).is_file() else str(directory)
        return Report((of_error(place, error),))
    except InvalidSettingError as error:
        return Report((of_error(f"{_CONFIG}: model_metadata.headway", error),))
    settings = settings.with_changes(changes)
    told = [*settings.warnings(config.predict_concurrency)]
    if name is None:
        told += filter(None, [renamed_note(config, directory)])
    told += secret_warnings(
        {one: bool(default) for one, default in config.secrets.items()}, machine.has_secret
    )
    findings = [Finding(Level.WARNING, _CONFIG, one) for one in told]
    findings += [*of_serving(config, machine), *_of_requirements(config), *of_model(config)]
    return Report(tuple(findings), settings.concurrency_target, config.predict_concurrency)
