"""Inputs of models in files: JSON, or bytes that are sent as they are where the file's name says so."""

import json
from pathlib import Path

import typer

JSON, BYTES = "application/json", "application/octet-stream"
_SENT_AS_THEY_ARE = {".msgpack", ".bin"}


def content_type_of(file: Path) -> str:
    return BYTES if file.suffix in _SENT_AS_THEY_ARE else JSON


def content_of(file: Path) -> bytes:
    """Raises typer.BadParameter."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}") from error


def require_json(body: bytes, name: object, *, hint: str = "") -> None:
    """Raises typer.BadParameter, which calls it by `name`."""
    try:
        json.loads(body)
    except ValueError as error:
        raise typer.BadParameter(f"{name} is no JSON: {error}{hint}") from error
