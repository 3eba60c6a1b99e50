"""What is installed for a model: its own requirements, what a replica needs and what Truss's own image carries.

It says what to ask uv for and what makes two environments equal; it installs nothing.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headway.control.packages.entries import PreparationError
from headway.model_server.truss.truss_config import TrussConfig

REPLICA = ("httptools>=0.6", "jiter", "msgpack>=1", "orjson", "pyyaml>=6", "uvloop>=0.19", "websockets>=13")
"""A replica does without jiter and orjson when their versions write JSON otherwise, so any will do."""

IMAGE = (
    "aiofiles",
    "aiohttp",
    "fastapi",
    "httpx",
    "joblib",
    "loguru",
    "msgpack-numpy",
    "numpy",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "prometheus-client",
    "psutil",
    "pydantic",
    "python-json-logger",
    "requests",
    "starlette",
)
"""What a model may import in Truss's image without asking for it. No bounds, so that a model's pins win."""

IMAGE_PREFERENCE = 'numpy<2; python_version < "3.13"'
"""Truss's image has NumPy 1 unless the model asks for 2; from Python 3.13 on there is no NumPy 1."""

_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirements?|--constraints?)[\s=]+(\S+)")
_LOCAL_LINE = re.compile(
    r"^\s*(?:-e\s|--editable[\s=]|\.{0,2}/|file:)|@\s*file:|^\s*[^#\s]+\.(?:whl|zip|tar\.gz)\s*$"
)
_LOCAL_TABLE = re.compile(r'\b(?:path|directory|editable)\s*=\s*"(?!\.")')


@dataclass(frozen=True, slots=True)
class Requirements:
    """A model's own requirements. `file` is relative to the snapshot."""

    lines: tuple[str, ...]
    file: str | None
    fingerprint: str
    """Equal for equal requirements, wherever they were written."""
    use_local_files: bool
    """Whether they name files of the Truss, so that only an equal Truss gives an equal environment."""

    @property
    def is_lock(self) -> bool:
        return self.file is not None and Path(self.file).name == "uv.lock"


def read_requirements(config: TrussConfig, snapshot: Path) -> Requirements:
    """The requirements of the Truss copied to `snapshot`. Raises PreparationError when a file is missing."""
    texts = ["\n".join(config.requirements)]
    if config.requirements_file:
        texts += _texts(snapshot, snapshot / config.requirements_file)
    return Requirements(
        lines=config.requirements,
        file=config.requirements_file,
        fingerprint=hashlib.sha256("\0".join(texts).encode()).hexdigest(),
        use_local_files=any(_names_local_files(text) for text in texts),
    )


def _texts(snapshot: Path, file: Path) -> Iterator[str]:
    """The texts that decide: the file, and what it includes or belongs to."""
    text = _read(snapshot, file)
    yield text
    if file.name == "uv.lock":
        yield _read(snapshot, file.with_name("pyproject.toml"))
    elif file.name != "pyproject.toml":
        for line in text.splitlines():
            if (included := _INCLUDE.match(line)) and "://" not in included[1]:
                yield from _texts(snapshot, file.parent / included[1])


def _read(snapshot: Path, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PreparationError(
            f"cannot read {file.relative_to(snapshot)}: {getattr(error, 'strerror', None) or error}",
            hint="requirements_file is relative to the Truss, and uv.lock needs its pyproject.toml beside it",
        ) from error


def _names_local_files(text: str) -> bool:
    return bool(_LOCAL_TABLE.search(text)) or any(_LOCAL_LINE.search(line) for line in text.splitlines())
