"""Where the files that a Truss names may lie: on a disk, and for a Truss that was sent within what was sent.

What a model's code opens when it runs is not judged here.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from headway.control.packages.real_files import require_real
from headway.control.packages.requirements import read_requirements
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig, read_truss

_HINT = "put it into the Truss, and write a path relative to it"


def named_paths(config: TrussConfig) -> Iterator[tuple[str, Path]]:
    """The fields of config.yaml that name files and folders, with what they name; it may not exist."""
    top, fields = (
        config.directory,
        ("data_dir", "bundled_packages_dir", "model_module_dir", "requirements_file"),
    )
    for field in fields:
        if value := getattr(config, field):
            yield field, top / value
    yield "model_class_filename", config.model_file
    yield "examples_filename", top / config.expanded["examples_filename"]
    for number, path in enumerate(config.external_package_dirs):
        yield f"external_package_dirs[{number}]", top / path


def require_within(directory: Path, archive: Path) -> None:
    """Raise InvalidTrussError where the Truss in `directory`, which came in an archive that was unpacked to
    `archive`, names a file that did not come with it; PreparationError where its requirements do.
    """
    archive = archive.resolve()
    _require_own_links(archive)
    try:
        config = read_truss(directory)
    except (RecursionError, MemoryError):
        return  # the linter says so
    for field, path in named_paths(config):
        require_real(field, path)
        if not path.resolve().is_relative_to(archive):
            value = os.path.relpath(path, config.directory) if path.is_relative_to(archive) else path
            raise InvalidTrussError(f"{field}: {value} does not lie in what was sent", hint=_HINT)
    for field, url in _urls(config):
        if url.strip().lower().startswith("file:"):
            raise InvalidTrussError(f"{field}: {url} would be a file of the server's", hint=_HINT)
    read_requirements(config, config.directory, may_leave=False)


def _urls(config: TrussConfig) -> Iterator[tuple[str, str]]:
    for field, name in (("external_data", "url"), ("weights", "source"), ("model_cache", "repo_id")):
        for number, entry in enumerate(config.expanded[field] or ()):
            yield f"{field}[{number}].{name}", entry[name]


def _require_own_links(archive: Path) -> None:
    """Unpacking follows rules that have had holes: what lies there now is what counts."""
    names: Counter[tuple[int, int]] = Counter()
    links: dict[tuple[int, int], tuple[Path, int]] = {}
    for parent, folders, files in os.walk(archive):
        for path in (Path(parent, name) for name in (*folders, *files)):
            status = path.lstat()
            _require_own(path, status.st_mode, archive)
            if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                key = status.st_dev, status.st_ino
                names[key] += 1
                links[key] = path, status.st_nlink
    for key, (path, count) in links.items():
        if names[key] < count:
            raise InvalidTrussError(f"{path.relative_to(archive)} is a link to a file outside", hint=_HINT)


def _require_own(path: Path, mode: int, archive: Path) -> None:
    name = path.relative_to(archive)
    if stat.S_ISLNK(mode):
        try:
            target = path.resolve()
        except (OSError, RuntimeError) as error:
            raise InvalidTrussError(f"{name} is a link in a circle") from error
        if not target.is_relative_to(archive):
            raise InvalidTrussError(
                f"{name} is a link to {path.readlink()}, outside what was sent", hint=_HINT
            )
    elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InvalidTrussError(f"{name} is neither a file nor a folder", hint="leave it out")
