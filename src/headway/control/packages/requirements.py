"""What is installed for a model: its own requirements, what a replica needs and what Truss's own image carries.

It says what to ask uv for and what makes two environments equal; it installs nothing.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway.control.packages.entries import PreparationError
from headway.control.packages.real_files import require_real
from headway.control.packages.requirement_lines import Line, Names, is_local, lines_of
from headway.control.packages.trees import fingerprint
from headway.model_server.truss.truss_config import TrussConfig
from headway.passed_on import for_builds

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

_HINT = "paths are relative to the Truss, and uv.lock needs its pyproject.toml beside it"
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_LOCAL_SOURCES = ("path", "directory", "editable", "url", "find-links", "index-url", "extra-index-url")


@dataclass(frozen=True, slots=True)
class Requirements:
    """A model's own requirements, with every file that they name taken into account."""

    lines: tuple[str, ...] = ()
    """What a requirements file would say, without what it includes; paths are relative to the Truss."""
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """Arguments for uv: folders of packages and indexes on this machine."""
    file: str | None = None
    """A pyproject.toml or uv.lock, relative to the Truss."""
    fingerprint: str = ""
    """Equal for equal requirements, wherever they were written."""
    local_files: tuple[Path, ...] = ()
    """The files and folders of this machine that they name."""
    use_local_files: bool = False
    """Whether some of those are the Truss's own, so that only an equal Truss gives an equal environment."""

    @property
    def is_lock(self) -> bool:
        return self.file is not None and Path(self.file).name == "uv.lock"


def read_requirements(config: TrussConfig, directory: Path, *, may_leave: bool = True) -> Requirements:
    """The requirements of the Truss in `directory`. `may_leave`: absolute paths may name other files of this machine.

    Raises PreparationError, in the words that the author wrote, for a file that is not there, and InvalidTrussError
    for one that is none.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100  # links stay: a snapshot has what they lead to
    reader = _Reader(directory, may_leave)
    for item in config.requirements:
        reader.read(item, directory, "requirements")
    file = config.requirements_file
    if file and _is_project(file):
        reader.read_project(reader.own(file))
    elif file:
        reader.include(reader.own(file), "requirements_file")
    return reader.requirements(file if file and _is_project(file) else None)


def _is_project(file: str) -> bool:
    return Path(file).name in {"uv.lock", "pyproject.toml"}


@dataclass(slots=True)
class _Reader:
    directory: Path
    may_leave: bool
    lines: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Of project files, which decide too."""
    local_files: dict[Path, None] = field(default_factory=dict)
    included: set[tuple[Path, bool]] = field(default_factory=set)

    def requirements(self, file: str | None) -> Requirements:
        outside = [path for path in self.local_files if not path.is_relative_to(self.directory)]
        parts = [*self.lines, "", *self.constraints, "", *self.options, "", *self.texts]
        parts += [fingerprint(path) for path in outside]
        return Requirements(
            lines=tuple(self.lines),
            constraints=tuple(self.constraints),
            options=tuple(self.options),
            file=file,
            fingerprint=hashlib.sha256("\0".join(parts).encode()).hexdigest(),
            local_files=tuple(self.local_files),
            use_local_files=len(outside) < len(self.local_files),
        )

    def own(self, file: str) -> Path:
        path = Path(os.path.normpath(self.directory / file))
        if Path(file).is_absolute() or path.is_relative_to(self.directory):
            return path
        raise PreparationError(f"requirements_file: {file} leads out of the Truss", hint=_HINT)

    def read(self, text: str, beside: Path, where: str, *, as_constraints: bool = False) -> None:
        """`beside` is the folder of the file that has the text; `where` names it to people."""
        for line in lines_of(text):
            self._refuse_leaving(line, where)
            match line.names:
                case Names.INCLUDED | Names.CONSTRAINTS if line.target:
                    is_constraints = as_constraints or line.names is Names.CONSTRAINTS
                    path = self._found(line, (beside,), where)
                    self.include(path, f"{where}: {line.text}", as_constraints=is_constraints)
                case Names.LINKS | Names.INDEX if line.target:
                    path = self._named(line, (beside, self.directory), where)
                    self.options += (line.text.partition(" ")[0], str(path))
                case Names.PACKAGE if line.target:
                    path = self._named(line, (self.directory, beside), where)
                    self._take(line.naming(self._shown(path)), as_constraints=as_constraints)
                case _:
                    self._take(line.text, as_constraints=as_constraints)

    def include(self, file: Path, where: str, *, as_constraints: bool = False) -> None:
        if (file, as_constraints) in self.included:
            return  # it includes itself
        self.included.add((file, as_constraints))
        name = str(file.relative_to(self.directory)) if file.is_relative_to(self.directory) else str(file)
        self.read(_text(file, where), file.parent, name, as_constraints=as_constraints)

    def read_project(self, file: Path) -> None:
        """A pyproject.toml, or a uv.lock with its pyproject.toml: uv reads them, here is what they name."""
        files = (file, file.with_name("pyproject.toml")) if file.name == "uv.lock" else (file,)
        for one in files:
            text = _text(one, one.name)
            self.texts.append(text)
            for target in _local_sources(text):
                line = Line(target, Names.PACKAGE, target)
                self._refuse_leaving(line, one.name)
                self._named(line, (one.parent,), one.name)

    def _take(self, text: str, *, as_constraints: bool) -> None:
        (self.constraints if as_constraints else self.lines).append(text)

    def _named(self, line: Line, folders: Sequence[Path], where: str) -> Path:
        path = self._found(line, folders, where)
        self.local_files[path] = None
        return path

    def _found(self, line: Line, folders: Sequence[Path], where: str) -> Path:
        wanted = Path(_VARIABLE.sub(_value, line.path)).expanduser()
        path = wanted if wanted.is_absolute() and wanted.exists() else self._inside(wanted, folders)
        if path is not None:
            require_real(f"{where}: {line.text}", path)
            return path
        is_outside = any((folder / wanted).exists() for folder in folders)
        what = "leads out of the Truss" if is_outside else "does not exist"
        raise PreparationError(f"{where}: {line.text}: {line.target} {what}", hint=_HINT)

    def _inside(self, wanted: Path, folders: Sequence[Path]) -> Path | None:
        if wanted.is_absolute():
            return None
        for folder in folders:
            path = Path(os.path.normpath(folder / wanted))
            if path.is_relative_to(self.directory) and path.exists():
                return path
        return None

    def _refuse_leaving(self, line: Line, where: str) -> None:
        is_elsewhere = line.target.startswith(("/", "~", "file:")) or "${" in line.target
        if self.may_leave or not (is_elsewhere or "file:" in line.text):
            return
        raise PreparationError(
            f"{where}: {line.text}: a Truss that is sent may name its own files only",
            hint="put it into the Truss, and write a path relative to it",
        )

    def _shown(self, path: Path) -> str:
        return f"./{path.relative_to(self.directory)}" if path.is_relative_to(self.directory) else str(path)


def _value(variable: re.Match[str]) -> str:
    """As pip and uv do: one that is not set stays as it is."""
    return for_builds().get(variable[1], variable[0])


def _text(file: Path, where: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PreparationError(
            f"{where}: cannot read {file.name}: {getattr(error, 'strerror', None) or error}", hint=_HINT
        ) from error


def _local_sources(text: str) -> Iterator[str]:
    """The files of this machine that a TOML file of uv's names; the project itself, `.`, is not installed."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return  # uv will say so, in better words
    yield from (one for one in _sources_in(content) if one not in {".", ""})


def _sources_in(value: Any, key: str = "") -> Iterator[str]:
    match value:
        case dict():
            for name, its in value.items():
                yield from _sources_in(its, name)
        case list():
            for one in value:
                yield from _sources_in(one, key)
        case str() if key in _LOCAL_SOURCES and is_local(value):
            yield value
        case str() if "dependencies" in key or key == "requires":
            yield from (line.target for line in lines_of(value) if line.target)
