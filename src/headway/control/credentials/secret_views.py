"""Shows each deployment the secrets that it declares and no others: a folder of links into that with all of them.

A link leads to whatever the secret is at that moment, so one that is changed, or set only later, is seen at once.
"""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from headway.control.credentials.secret_files import NAME
from headway.private_directory import make_folders


class SecretViews:
    """`secrets` has a file for each secret; a folder for each deployment is made in `directory`."""

    def __init__(self, secrets: Path, directory: Path) -> None:
        self.secrets = secrets
        self._directory = directory

    def of(self, deployment_id: str, names: Iterable[str]) -> Path:
        """The deployment's folder, with these secrets. Raises OSError."""
        folder = self._directory / deployment_id
        make_folders(folder)
        wanted = {name for name in names if NAME.fullmatch(name)}
        present = {path.name for path in folder.iterdir()}
        for name in present - wanted:
            (folder / name).unlink(missing_ok=True)
        for name in wanted - present:
            with contextlib.suppress(FileExistsError):
                (folder / name).symlink_to((self.secrets / name).absolute())
        return folder

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        shutil.rmtree(self._directory / deployment_id, ignore_errors=True)
