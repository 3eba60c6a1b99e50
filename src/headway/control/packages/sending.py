"""Makes a Truss of this machine one that can be sent: files that its config.yaml names by `file://` go along, and
config.yaml names them no more.

Folders that it names outside itself are part of each snapshot already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from headway.control.packages.archives import pack
from headway.control.packages.attachments import Sources, attachments
from headway.control.packages.entries import Progress
from headway.control.packages.places import named_paths
from headway.control.packages.real_files import require_real
from headway.control.packages.requirements import read_requirements
from headway.control.packages.snapshots import take_snapshot
from headway.model_server.truss.truss_config import TrussConfig, read_truss

_APPLICATION = PurePosixPath("/app")


def pack_truss(directory: Path, folder: Path, progress: Progress) -> Path:
    """An archive of the Truss in `directory`, made in the empty `folder`.

    Raises InvalidTrussError, and PreparationError for files that cannot be read or go along.
    """
    config = read_truss(directory.resolve())
    for field, path in named_paths(config):
        require_real(field, path)
    read_requirements(config, config.directory, may_leave=False)
    local = _local_attachments(config, folder, progress)
    snapshot = take_snapshot(config, folder, progress, local.links)
    archive = folder / "truss.tar.gz"
    content = yaml.safe_load((snapshot.directory / "config.yaml").read_bytes())
    replaced = {}
    if local.links:
        replaced["config.yaml"] = yaml.safe_dump({**content, **local.left}, sort_keys=False).encode()
    pack(snapshot.directory, archive, replaced)
    return archive


@dataclass(frozen=True, slots=True)
class _Local:
    """`links` maps places in the Truss to files of this machine, `left` are the fields without those."""

    links: Mapping[str, Path]
    left: Mapping[str, Any]


def _local_attachments(config: TrussConfig, folder: Path, progress: Progress) -> _Local:
    """Those that are local files, read as preparation would read them."""
    fields = {"external_data": config.expanded["external_data"] or [], "weights": config.expanded["weights"]}
    local = {name: [one for one in entries if _is_local(one)] for name, entries in fields.items()}
    only = {**config.expanded, **local, "model_cache": []}
    found = attachments(config, Sources(folder, folder), progress, only)
    left = {name: [one for one in entries if not _is_local(one)] for name, entries in fields.items()}
    return _Local(found.links, {name: entries for name, entries in left.items() if local[name]})


def _is_local(entry: Mapping[str, Any]) -> bool:
    """Weights that are mounted elsewhere than below /app are nobody's to put there."""
    mount = entry.get("mount_location")
    is_placed = mount is None or PurePosixPath(mount).is_relative_to(_APPLICATION)
    return is_placed and str(entry.get("url") or entry.get("source")).startswith("file:")
