"""The secrets that a model may read, looked up at each access so that a rotated one is seen."""

from collections.abc import Iterator, Mapping
from pathlib import Path


class SecretNotFound(KeyError):  # noqa: N818 - the name that authors of Trusses know
    """A secret that config.yaml does not declare, or that has no value."""


class Secrets(Mapping[str, str]):
    """Read-only. Later wins: config value, env `TRUSS_SECRET_<name>`, file `<directory>/<name>`."""

    def __init__(self, declared: Mapping[str, str | None], directory: Path) -> None:
        raise NotImplementedError

    def __getitem__(self, name: str) -> str:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError
