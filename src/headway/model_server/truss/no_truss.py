"""Says what may have been meant where a folder is no Truss."""

import difflib
from itertools import islice
from pathlib import Path

from headway.model_server.truss.config_values import InvalidTrussError

_NEW = "name the folder that has a config.yaml; headway init DIR writes a new one"
_MOST_LOOKED_AT = 1000
"""Entries of a folder that is no Truss, in search of one that is."""


def not_a_truss(directory: Path, error: OSError) -> InvalidTrussError:
    """For a folder whose config.yaml cannot be read."""
    what = f"{directory / 'config.yaml'} cannot be read: {error.strerror}"
    if not directory.exists():
        what = f"there is no folder {directory}"
    elif directory.is_file():
        what = f"{directory} is a file"
    return InvalidTrussError(what, hint=_meant(directory))


def _meant(directory: Path) -> str:
    if directory.is_file():
        return "name the folder that it lies in"
    if not directory.exists():
        beside = [one.name for one in _trusses_in(directory.parent)]
        close = difflib.get_close_matches(directory.name, beside, n=1, cutoff=0.5)
        return f"did you mean {directory.parent / close[0]}?" if close else _NEW
    if (directory / "config.yml").is_file():
        return "rename config.yml to config.yaml"
    if inside := _trusses_in(directory):
        return f"there is one in {inside[0]}: name that folder"
    return _NEW


def _trusses_in(directory: Path) -> list[Path]:
    try:
        return sorted(one for one in islice(directory.iterdir(), _MOST_LOOKED_AT) if _has_config(one))
    except OSError:
        return []


def _has_config(directory: Path) -> bool:
    try:
        return (directory / "config.yaml").is_file()
    except OSError:
        return False
