"""What a Truss wants beside its own files (`external_data`, `model_cache`, `weights`), and where a replica finds it.

Files behind URLs are downloaded. Models from hubs are looked up in a folder of this machine: no hub is asked.
"""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from headway.control.packages.entries import PreparationError, Progress
from headway.control.packages.real_files import require_real
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig

_OF_THE_KERNEL = ("dev", "proc", "sys")
_MOST_LINKS = 10_000
_APPLICATION = PurePosixPath("/app")
"""The replica's working directory in Truss's image; here it is the snapshot."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where attachments come from: a folder for downloads, and one with a folder for each model of a hub."""

    downloads: Path
    model_cache: Path
    downloads_files: bool = True
    """False: only what would surprise is wanted, and nothing is downloaded."""
    can_mount: bool = False
    """Whether the model finds something at any path, not at those below its own folder alone."""


@dataclass(slots=True)
class Attachments:
    """`links` maps places in the snapshot, and `mounts` absolute paths, to files and folders of this machine."""

    links: dict[str, Path] = field(default_factory=dict)
    mounts: dict[str, Path] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def attachments(
    config: TrussConfig, sources: Sources, progress: Progress, fields: Mapping[str, Any] | None = None
) -> Attachments:
    """Raises InvalidTrussError for a place outside, PreparationError for a file that cannot be had.

    `fields` are an expanded config's, its own if not told.
    """
    found, expanded = Attachments(), fields or config.expanded
    for number, entry in enumerate(expanded["external_data"] or ()):
        where = _inside(entry["local_data_path"], f"external_data[{number}].local_data_path")
        found.links[f"data/{where}"] = _file(entry["url"], sources, progress)
    for number, entry in enumerate(expanded["model_cache"]):
        _add_model(found, config, sources, entry, f"model_cache[{number}]")
    for number, entry in enumerate(expanded["weights"]):
        _add_weights(found, config, sources, progress, (entry, f"weights[{number}]"))
    return found


def _add_model(
    found: Attachments, config: TrussConfig, sources: Sources, entry: Mapping[str, Any], field_name: str
) -> None:
    model = entry["repo_id"]
    if not entry["volume_folder"]:
        found.warnings.append(
            f"{field_name}: {model} has no volume_folder, so nothing is linked; the model gets what the hub's "
            "own cache on this machine holds"
        )
        return
    folder = _inside(entry["volume_folder"], f"{field_name}.volume_folder")
    _link_model(found, config, sources, (model, f"model_cache/{folder}"), field_name)


def _add_weights(
    found: Attachments,
    config: TrussConfig,
    sources: Sources,
    progress: Progress,
    named: tuple[Mapping[str, Any], str],
) -> None:
    entry, field_name = named
    mount = PurePosixPath(entry["mount_location"])
    is_inside = mount.is_relative_to(_APPLICATION)
    if not is_inside and not sources.can_mount:
        if not Path(mount).exists():
            found.warnings.append(
                f"{field_name}: {mount} is not on this machine, and nothing is put there; make that folder, or "
                "write a mount_location below /app"
            )
        return
    target = _below_application(mount, field_name) if is_inside else _mountable(mount, field_name)
    places: dict[str, Path] = found.links if is_inside else found.mounts
    address = urlsplit(entry["source"])
    if address.scheme in {"http", "https", "file"}:
        name = PurePosixPath(unquote(address.path)).name or "content"
        places[f"{target}/{name}"] = _file(entry["source"], sources, progress)
    elif is_inside:
        _link_model(found, config, sources, (entry["source"], target), field_name)
    elif (folder := _folder_of(found, sources, (entry["source"], target), field_name)) is not None:
        places[target] = folder


def _below_application(mount: PurePosixPath, field_name: str) -> str:
    return _inside(str(mount.relative_to(_APPLICATION)), f"{field_name}.mount_location")


def _mountable(mount: PurePosixPath, field_name: str) -> str:
    parts = mount.parts
    if not mount.is_absolute() or ".." in parts or len(parts) == 1 or parts[1] in _OF_THE_KERNEL:
        raise InvalidTrussError(
            f"{field_name}.mount_location is {str(mount)!r}, where nothing can be put",
            hint="write an absolute path such as /app/model_cache/NAME",
        )
    return str(mount)


def _link_model(
    found: Attachments, config: TrussConfig, sources: Sources, named: tuple[str, str], field_name: str
) -> None:
    """Link the folder that holds a hub's model, unless the Truss brings its own."""
    if (config.directory / named[1]).exists():
        return
    if (folder := _folder_of(found, sources, named, field_name)) is not None:
        found.links[named[1]] = folder


def _folder_of(found: Attachments, sources: Sources, named: tuple[str, str], field_name: str) -> Path | None:
    """The folder that holds a hub's model; a warning where there is none."""
    model, target = named
    place = _inside(model.partition("://")[2].partition("@")[0] or model, field_name)
    folder = sources.model_cache / place
    if folder.is_dir():
        return folder
    found.warnings.append(
        f"{field_name}: {model} is not at {folder}, so {target} is missing; put its files there, or name "
        "another folder with --model-cache-dir"
    )
    return None


def _file(url: str, sources: Sources, progress: Progress) -> Path:
    address = urlsplit(url)
    match address.scheme:
        case "http" | "https" if not sources.downloads_files:
            return sources.downloads
        case "http" | "https":
            from headway.control.packages.downloads import download  # httpx is half of control's start

            return download(url, sources.downloads, progress)
        case "file":
            path = Path(unquote(address.path))
            require_real(url, path)
            if not path.is_file():
                raise PreparationError(f"cannot read {url}: there is no such file", hint="write file:///PATH")
            return path
        case _:
            raise InvalidTrussError(f"{url} cannot be downloaded", hint="http, https and file URLs can")


def _inside(path: str, field_name: str) -> str:
    """`path` if it stays below the folder that it is relative to."""
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or parts[0] == "/":
        raise InvalidTrussError(
            f"{field_name} is {path!r}, which leaves the model's folders",
            hint="write a relative path without ..",
        )
    return str(PurePosixPath(path))


def leads_to(sources: Iterable[Path]) -> tuple[Path, ...]:
    """The files and folders, with those that links in the folders lead to: hubs' own caches are made of links."""
    found: dict[Path, None] = {}
    for source in sources:
        real = source.resolve()
        found[real] = None
        below = (
            Path(parent, name) for parent, folders, names in os.walk(real) for name in (*folders, *names)
        )
        links = (path for path in itertools.islice(below, _MOST_LINKS) if path.is_symlink())
        found |= dict.fromkeys(path for link in links if not (path := link.resolve()).is_relative_to(real))
    return tuple(found)


def links_fingerprint(links: Mapping[str, Path]) -> Iterator[bytes]:
    """What decides that two snapshots with these links are equal; folders are known by their path alone."""
    for target, source in sorted(links.items()):
        yield f"{target}\0{source}".encode()
        if source.is_file():
            status = source.stat()
            yield f"{status.st_size}:{status.st_mtime_ns}".encode()
