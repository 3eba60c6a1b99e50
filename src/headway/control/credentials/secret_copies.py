"""Shows each deployment the secrets that it declares and no others as files of its own, for where links lead nowhere.

The copies follow what the secrets are: who changes one says so, and otherwise they are compared from time to time.
"""

import contextlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from headway.control.credentials.secret_files import NAME
from headway.passed_on import secret_of
from headway.private_directory import make_folders

_NAMES = ".names"
_UNFINISHED = ".unfinished"


class SecretCopies:
    """`secrets` has a file for each secret; a folder for each deployment is made in `directory`."""

    def __init__(self, secrets: Path, directory: Path) -> None:
        self._secrets = secrets
        self._directory = directory

    def of(self, deployment_id: str, names: Iterable[str]) -> Path:
        """The deployment's folder, with those of these secrets that have a value. Raises OSError."""
        folder, wanted = self._directory / deployment_id, sorted(filter(NAME.fullmatch, names))
        make_folders(folder)
        self._names_of(folder).write_text(json.dumps(wanted), encoding="utf-8")
        self._complete(folder, wanted)
        return folder

    def refresh(self) -> None:
        """Have every deployment see what its secrets are now. Raises OSError."""
        for listed in self._directory.glob(f"*{_NAMES}"):
            self._complete(
                listed.with_name(listed.name.removesuffix(_NAMES)), json.loads(listed.read_bytes())
            )

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        folder = self._directory / deployment_id
        self._names_of(folder).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def _complete(self, folder: Path, wanted: Iterable[str]) -> None:
        values = {name: value for name in wanted if (value := self._value(name))}
        for name in {path.name for path in folder.iterdir()} - values.keys():
            (folder / name).unlink(missing_ok=True)
        for name, value in values.items():
            if _content(folder / name) != value:
                unfinished = self._directory / _UNFINISHED
                unfinished.unlink(missing_ok=True)
                unfinished.touch(mode=0o600)
                unfinished.write_bytes(value)
                unfinished.chmod(0o400)
                unfinished.replace(folder / name)

    def _value(self, name: str) -> bytes | None:
        """As a model finds it: the file wins."""
        found = _content(self._secrets / name)
        return secret_of(name) if found is None else found

    def _names_of(self, folder: Path) -> Path:
        return folder.with_name(folder.name + _NAMES)


def _content(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return path.read_bytes()
    return None
