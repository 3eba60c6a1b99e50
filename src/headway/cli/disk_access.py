"""The way to what a data directory holds: through control, or to the directory itself while nothing runs on it."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from headway.cli.client import Control, answering
from headway.cli.sole_use import sole_use

if TYPE_CHECKING:
    from headway.configuration import Configuration
    from headway.control.disk.pruning import Pruner

_MEGABYTE = 1_000_000
_HASH = re.compile("[0-9a-f]{32,}")
_DIGITS = 12


class Disk(Protocol):
    """A data directory, as the API shows it."""

    def usage(self) -> Any: ...

    def prune(self, *, dry_run: bool) -> Any: ...


@contextlib.contextmanager
def disk_of(url: str | None, data_dir: Path | None) -> "Iterator[Disk]":
    """That of the Headway that answers; or of the one that could start here, where none does or a place is named."""
    from headway.configuration import Configuration

    configuration = Configuration.load().with_changes(data_dir=data_dir)
    if data_dir is None:
        with answering(url) as control:
            if control is not None:
                yield _Running(control)
                return
    elif url is not None:
        raise typer.BadParameter("give --url or --data-dir, not both")
    with _at_rest(configuration) as disk:
        yield disk


def size(count: int) -> str:
    """For people."""
    return f"{count / _MEGABYTE:,.1f} MB"


def short(name: str) -> str:
    """A hash by as many digits as tell it from others; --json has all of them."""
    return name[:_DIGITS] if _HASH.fullmatch(name) else name


class _Running:
    def __init__(self, control: Control) -> None:
        self._control = control

    def usage(self) -> Any:
        return self._control.get("/v1/disk")

    def prune(self, *, dry_run: bool) -> Any:
        return self._control.post(f"/v1/disk/prune?dry_run={str(dry_run).lower()}")


class _AtRest:
    def __init__(self, configuration: "Configuration", pruner: "Pruner") -> None:
        self._configuration = configuration
        self._pruner = pruner

    def usage(self) -> Any:
        import asyncio

        from headway.control.disk.documents import disk_document
        from headway.control.disk.usage import usage

        place = self._configuration.data_dir
        return disk_document(place, self._configuration.min_free, asyncio.run(usage(place, self._pruner)))

    def prune(self, *, dry_run: bool) -> Any:
        import asyncio

        from headway.control.disk.documents import pruned_document

        return pruned_document(asyncio.run(self._pruner.prune(dry_run=dry_run)), dry_run=dry_run)


@contextlib.contextmanager
def _at_rest(configuration: "Configuration") -> "Iterator[Disk]":
    """Nobody else uses it meanwhile. Raises RootError when a Headway does."""
    from headway.control.disk.at_rest import pruner_at_rest
    from headway.control.disk.pruning import PruneBounds

    bounds = PruneBounds(configuration.keep_deployments, configuration.keep_days)
    with (
        sole_use(configuration, left_out="no data directory") as url,
        pruner_at_rest(configuration.data_dir, url, bounds) as pruner,
    ):
        yield _AtRest(configuration, pruner)
