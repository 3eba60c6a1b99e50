"""Makes a Truss of this machine one that can be sent: files that its config.yaml names by `file://` go along, and
config.yaml names them no more.

Folders that it names outside itself are part of each snapshot already.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import yaml

from headway.control.packages.archives import pack
from headway.control.packages.attachments import Sources, attachments
from headway.control.packages.entries import PreparationError, Progress
from headway.control.packages.places import named_paths
from headway.control.packages.real_files import require_real
from headway.control.packages.requirements import read_requirements
from headway.control.packages.snapshots import layout
from headway.model_server.truss.truss_config import TrussConfig, read_truss

_APPLICATION = PurePosixPath("/app")
_CONFIG = "config.yaml"
_PIECE_BYTES = 256 * 1024


def packed(directory: Path, progress: Progress) -> Iterator[bytes]:
    """The Truss in `directory` as an archive, piece by piece as it is read, without a copy of it.

    Raises InvalidTrussError, and PreparationError for files that cannot be read or go along; the latter also in the
    middle, for one that changes meanwhile.
    """
    config = read_truss(directory.resolve())
    for field, path in named_paths(config):
        require_real(field, path)
    read_requirements(config, config.directory, may_leave=False)
    local = _local_attachments(config, progress)
    try:
        listed, text = layout(config)
        files = {file.target: file.source for file in listed} | local.links
        states = _states(files)
    except OSError as error:
        raise _unreadable(error) from error
    if local.links:
        text = yaml.safe_dump({**yaml.safe_load(text), **local.left}, sort_keys=False).encode()

    def write(out: BinaryIO) -> None:
        pack(files, {_CONFIG: text}, out)
        if _states(files) != states:
            raise PreparationError("the Truss changed while it was sent", hint="try again")

    return _written(write)


def _states(files: Mapping[str, Path]) -> list[tuple[int, int]]:
    return [(status.st_size, status.st_mtime_ns) for status in (path.stat() for path in files.values())]


def _unreadable(error: OSError) -> PreparationError:
    return PreparationError(
        f"cannot read the Truss: {error.strerror or error}: {error.filename}", hint="it must be readable"
    )


def _written(write: Callable[[BinaryIO], None]) -> Iterator[bytes]:
    """What `write` writes, in pieces: it runs in a thread of its own, and no faster than they are taken. Its error
    comes in the place of the end.
    """
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with open(writing, "wb") as out:  # noqa: PTH123  # a descriptor
                write(out)
        except Exception as error:  # noqa: BLE001  # it is raised where it can be told
            failures.append(error)

    thread = threading.Thread(target=run, name="packing", daemon=True)
    thread.start()
    try:
        with open(reading, "rb", buffering=0) as content:  # noqa: PTH123
            while piece := content.read(_PIECE_BYTES):
                yield piece
    finally:
        thread.join()
    if failures:
        [failure] = failures
        raise _unreadable(failure) if isinstance(failure, OSError) else failure


@dataclass(frozen=True, slots=True)
class _Local:
    """`links` maps places in the Truss to files of this machine, `left` are the fields without those."""

    links: dict[str, Path]
    left: Mapping[str, Any]


def _local_attachments(config: TrussConfig, progress: Progress) -> _Local:
    """Those that are local files, read as preparation would read them."""
    fields = {"external_data": config.expanded["external_data"] or [], "weights": config.expanded["weights"]}
    local = {name: [one for one in entries if _is_local(one)] for name, entries in fields.items()}
    only = {**config.expanded, **local, "model_cache": []}
    found = attachments(config, Sources(config.directory, config.directory), progress, only)
    left = {name: [one for one in entries if not _is_local(one)] for name, entries in fields.items()}
    return _Local(found.links, {name: entries for name, entries in left.items() if local[name]})


def _is_local(entry: Mapping[str, Any]) -> bool:
    """Weights that are mounted elsewhere than below /app are nobody's to put there."""
    mount = entry.get("mount_location")
    is_placed = mount is None or PurePosixPath(mount).is_relative_to(_APPLICATION)
    return is_placed and str(entry.get("url") or entry.get("source")).startswith("file:")
