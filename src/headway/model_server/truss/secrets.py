"""The secrets that a model may read, looked up at each access so that a rotated one is seen."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path


class SecretNotFound(KeyError):  # noqa: N818 - the name that authors of Trusses know
    """A secret that config.yaml does not declare, or that has no value.

    A KeyError, so that `secrets.get(name, default)` and `name in secrets` answer instead of raising.
    """

    def __str__(self) -> str:
        return str(self.args[0])


class Secrets(Mapping[str, str]):
    """Read-only. Later wins: config value, env `TRUSS_SECRET_<name>`, file `<directory>/<name>` as it is."""

    def __init__(self, declared: Mapping[str, str | None], directory: Path) -> None:
        self._declared = dict(declared)
        self._directory = directory

    def __getitem__(self, name: str) -> str:
        if name not in self._declared:
            raise SecretNotFound(f"secret {name!r} is not declared; add it to `secrets` in config.yaml")
        value = self._file_content(name)
        if value is None:
            value = os.environ.get(f"TRUSS_SECRET_{name}", self._declared[name])
        if not value:
            raise SecretNotFound(
                f"secret {name!r} has no value; headway secrets set {name} gives it one, as do the variable "
                f"TRUSS_SECRET_{name} and a file {name} in the folder of secrets"
            )
        return value

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("secrets are read by name; they are not listed")

    def __len__(self) -> int:
        return len(self._declared)

    def __repr__(self) -> str:
        return f"<Secrets: {len(self)} declared>"

    def _file_content(self, name: str) -> str | None:
        try:
            return (self._directory / name).read_bytes().decode()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
