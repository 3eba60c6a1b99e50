"""Copies a Truss to a directory that never changes again, named by its contents and laid out for a replica.

The copy is a Truss itself: `data/` and `packages/` stand under those names, external packages lie among the
bundled ones, and config.yaml says so. What the Truss wants beside its own files is linked. The model's code is
not read.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pathspec
import yaml

from headway.control.packages.attachments import links_fingerprint
from headway.control.packages.entries import PreparationError, Progress, build_once
from headway.control.packages.places import named_paths
from headway.control.packages.real_files import is_real, require_real
from headway.control.packages.trees import file_fingerprint
from headway.control.storage import StorageError, is_full
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig, read_truss

ALWAYS_IGNORED = (
    ".git/",
    ".hg/",
    ".svn/",
    ".venv/",
    "venv/",
    "__pycache__/",
    "*.py[cod]",
    ".ipynb_checkpoints/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".idea/",
    ".vscode/",
    "node_modules/",
    ".DS_Store",
    "*.swp",
)
"""Taken back by a line such as `!venv/` in .truss_ignore."""

_CONFIG = "config.yaml"


@dataclass(frozen=True, slots=True)
class Snapshot:
    digest: str
    directory: Path


@dataclass(frozen=True, slots=True)
class File:
    """A file of a Truss, and where it goes."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class _Content:
    """All that a snapshot is made of."""

    files: Sequence[File]
    config_text: bytes
    links: Mapping[str, Path]
    is_sent: bool

    def digest(self) -> str:
        total = hashlib.sha256(self.config_text)
        for file in self.files:
            fingerprint = file_fingerprint(file.source, by_path=not self.is_sent)
            total.update(b"\0".join((b"", file.target.encode(), *fingerprint)))
        for part in links_fingerprint(self.links):
            total.update(b"\0\0" + part)
        return total.hexdigest()[:32]


def take_snapshot(
    config: TrussConfig,
    snapshots_dir: Path,
    progress: Progress,
    links: Mapping[str, Path] | None = None,
    *,
    is_sent: bool = False,
) -> Snapshot:
    """The snapshot of the Truss that `config` was read from, copied unless it exists. Raises PreparationError, and
    StorageError when the disk does not take it.

    `links` maps places in the snapshot to what is linked there, in place of the Truss's own. `is_sent`: it lies at this
    place for this call only. So its large files too are known by their contents, and the snapshot takes the files over.
    """
    try:
        content = _Content(_files(config), _config_text(config), links or {}, is_sent)
        digest = content.digest()
        entry = snapshots_dir / digest
        build_once(entry, lambda where: _copy(content, digest, where), progress)
    except OSError as error:
        if is_full(error) or _is_below(error.filename, snapshots_dir):
            raise StorageError.of("the Truss cannot be copied", error) from error
        raise PreparationError(
            f"cannot copy the Truss: {error.strerror or error}: {error.filename}",
            hint="it must be readable",
        ) from error
    return Snapshot(digest=digest, directory=entry / "truss")


def layout(config: TrussConfig) -> tuple[Sequence[File], bytes]:
    """What a snapshot of the Truss would be made of: its files, and the text of its config.yaml. Raises OSError."""
    return _files(config), _config_text(config)


def _is_below(named: object, directory: Path) -> bool:
    return isinstance(named, str) and Path(named).is_relative_to(directory)


FileStates = frozenset[tuple[Path, int, int]]
"""Files with their sizes and times of change: equal as long as nobody writes."""


def file_states(directory: Path) -> FileStates:
    """The state of the files that a snapshot of the Truss in `directory` would be made of."""
    tops = [directory]
    with contextlib.suppress(InvalidTrussError):
        config = read_truss(directory)
        others = (*config.external_package_dirs, config.data_dir, config.model_module_dir)
        tops += [directory / other for other in others if is_real(directory / other)]
    ignored = _ignore_rules(directory)
    states = set()
    for top in tops:
        for path in _walk(top, "", ignored, frozenset()).values():
            with contextlib.suppress(FileNotFoundError):  # removed since the walk
                status = path.stat()
                states.add((path, status.st_size, status.st_mtime_ns))
    return frozenset(states)


def _files(config: TrussConfig) -> list[File]:
    top = config.directory
    ignored = _ignore_rules(top)
    data, packages = top / config.data_dir, top / config.bundled_packages_dir
    moved = {path for path, name in ((data, "data"), (packages, "packages")) if path != top / name}
    for field, path in named_paths(config):
        require_real(field, path)
    found = {_CONFIG: top / _CONFIG}
    for external in config.external_package_dirs:
        found |= _walk(top / external, "packages/", ignored, frozenset())
    found |= _walk(top, "", ignored, frozenset(moved))
    if _is_outside(config):
        found |= _walk(top / config.model_module_dir, "model/", ignored, frozenset())
    for path, prefix in ((data, "data/"), (packages, "packages/")):
        if path in moved:
            found |= _walk(path, prefix, ignored, frozenset())
    for source in found.values():
        if source.is_symlink() or not source.is_file():
            require_real(str(source), source)
    return [File(source, target) for target, source in sorted(found.items()) if target != _CONFIG]


def _is_outside(config: TrussConfig) -> bool:
    """Whether the model's code lies outside the Truss; it gets the usual place then."""
    path = os.path.normpath(config.directory / config.model_module_dir)
    return not Path(path).is_relative_to(config.directory)


def _ignore_rules(top: Path) -> pathspec.GitIgnoreSpec:
    try:
        own = (top / ".truss_ignore").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        own = []
    return pathspec.GitIgnoreSpec.from_lines([*ALWAYS_IGNORED, *own])


def _walk(
    top: Path, prefix: str, ignored: pathspec.GitIgnoreSpec, skipped: frozenset[Path]
) -> dict[str, Path]:
    """The regular files below `top` by where they go. Links are followed, but not round in circles."""
    found = {}
    for parent, folders, names in os.walk(top, followlinks=True, onerror=_raise):
        inside = Path(parent).relative_to(top)
        folders[:] = [
            folder
            for folder in folders
            if not ignored.match_file(f"{(inside / folder).as_posix()}/")
            and Path(parent, folder) not in skipped
            and not _leads_astray(Path(parent), folder)
        ]
        for name in names:
            path = inside / name
            if not ignored.match_file(path.as_posix()) and _is_kept(top / path):
                found[prefix + path.as_posix()] = top / path
    return found


def _leads_astray(parent: Path, folder: str) -> bool:
    """In circles, or where files have no end."""
    path = parent / folder
    if not path.is_symlink():
        return False
    return parent.resolve().is_relative_to(path.resolve()) or not is_real(path)


def _is_kept(path: Path) -> bool:
    """Links to devices too, so that they are told; a pipe or a socket is somebody's at work, and passed over."""
    return path.is_file() or path.is_char_device() or path.is_block_device()


def _raise(error: OSError) -> None:
    # A folder that is not there holds no files: data/ and packages/ are optional.
    if not isinstance(error, FileNotFoundError):
        raise error


def _config_text(config: TrussConfig) -> bytes:
    """config.yaml as it is, or changed to the names that the folders have in the snapshot."""
    original = (config.directory / _CONFIG).read_bytes()
    layout: dict[str, Any] = {
        "data_dir": "data",
        "bundled_packages_dir": "packages",
        "external_package_dirs": [],
    }
    stated: tuple[Any, ...] = (
        config.data_dir,
        config.bundled_packages_dir,
        list(config.external_package_dirs),
    )
    if _is_outside(config):
        layout["model_module_dir"], stated = "model", (*stated, config.model_module_dir)
    if stated == tuple(layout.values()):
        return original
    return yaml.safe_dump({**yaml.safe_load(original), **layout}, sort_keys=False).encode()


def _copy(content: _Content, digest: str, entry: Path) -> dict[str, Any]:
    directory = entry / "truss"
    directory.mkdir()
    (directory / _CONFIG).write_bytes(content.config_text)
    for place, source in content.links.items():
        link = directory / place
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source.resolve())
    copied = [file for file in content.files if file.target not in content.links]
    for file in copied:
        target = directory / file.target
        target.parent.mkdir(parents=True, exist_ok=True)
        if not content.is_sent or not _is_taken_over(file.source, target):
            shutil.copyfile(file.source, target)
        target.chmod(0o755 if file.source.stat().st_mode & 0o100 else 0o644)
    if not content.is_sent and content.digest() != digest:
        raise PreparationError("the Truss changed while it was copied", hint="try again")
    return {
        "digest": digest,
        "files": [file.target for file in copied],
        "links": {place: str(source) for place, source in content.links.items()},
    }


def _is_taken_over(source: Path, target: Path) -> bool:
    """Under another name, without a copy. Not what a link leads to, and not from one disk to another."""
    if source.is_symlink():
        return False
    try:
        os.link(source, target)
    except OSError:
        return False
    return True
