"""Where what models in sandboxes download into `~/.cache` outlives their replicas."""

from pathlib import Path

from headway.configuration import Configuration

CACHES = "caches"
"""The folder of the data directory with one for each model, by its name."""


def cache_of(data_dir: Path, model: str) -> Path:
    """The model's own, or the one that the operator has named for all."""
    return shared_cache() or data_dir / CACHES / model


def shared_cache() -> Path | None:
    return Configuration.load().cache_dir
