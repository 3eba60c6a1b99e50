"""The name that a model has in URLs, made of the one that its author wrote: two different ones never become one.

A name that fits stays as it is. One that does not loses characters, so a hash of the whole of it is appended.
"""

import hashlib
import re
import unicodedata
from collections.abc import Container
from pathlib import Path

from headway.model_server.truss.truss_config import TrussConfig

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What fits in a URL, a file's name and a metric's label without being written otherwise."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM = 48
_HASH_DIGITS = 10
_NAMELESS = "model"


def served_name(config: TrussConfig, directory: Path) -> str:
    """The model's name in URLs: its `model_name`, else that of its folder, with a hash if it does not fit."""
    wanted = _wanted(config, directory)
    if NAME.fullmatch(wanted):
        return wanted
    # Letters with accents can be written in two ways, which look and mean the same.
    whole = unicodedata.normalize("NFC", wanted)
    digest = hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    stem = _UNFIT.sub("-", whole)[:_LONGEST_STEM].strip("-._") or _NAMELESS
    return f"{stem}-{digest}"


def renamed_note(config: TrussConfig, directory: Path) -> str:
    """That the model is not called what its author wrote; empty where it is."""
    wanted, name = _wanted(config, directory), served_name(config, directory)
    if wanted == name:
        return ""
    what = "model_name" if config.model_name else "the folder's name"
    return f"{what} {wanted!r} does not fit in a URL, so the model is called {name}; choose one with --name"


def former_note(config: TrussConfig, directory: Path, models: Container[str]) -> str:
    """That one of `models` may be this one under the name that a former Headway gave it; empty if none may."""
    name, former = served_name(config, directory), _former_name(_wanted(config, directory))
    if former == name or former not in models:
        return ""
    return (
        f"there is a model {former}, which is what a former Headway called this one; it is left alone: to go on "
        f"with it, push with --name {former}"
    )


def _wanted(config: TrussConfig, directory: Path) -> str:
    return config.model_name or directory.resolve().name


def _former_name(wanted: str) -> str:
    return _UNFIT.sub("-", wanted).strip("-.") or _NAMELESS
