"""Models' secrets as files that replicas read: one for each, in a directory for this user alone.

A replica looks a secret up at each use, so a changed one is seen without a restart.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from headway.control.store.rows import SecretRow
from headway.core.errors import HeadwayError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class InvalidSecretError(HeadwayError):
    code = "invalid_secret"


def require_name(name: str) -> None:
    """Raises InvalidSecretError for a name that no secret can have."""
    if not NAME.fullmatch(name):
        raise InvalidSecretError(
            f"{name!r} is no name for a secret", hint="letters, digits and _.- up to 128, no dot or - first"
        )


class SecretFiles:
    """`directory` holds what `rows` say and nothing else."""

    def __init__(self, directory: Path, rows: Sequence[SecretRow]) -> None:
        self.directory = directory
        self._created: dict[str, float] = {}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for row in rows:
            self.write(row)
        for path in directory.iterdir():
            if path.name not in self._created:
                path.unlink()

    def names(self) -> dict[str, float]:
        """When each was set, by its name."""
        return dict(self._created)

    def write(self, row: SecretRow) -> None:
        """A reader sees the old value or the new one, never a part."""
        unfinished = self.directory / f".{row.name}.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(row.value, encoding="utf-8")
        unfinished.replace(self.directory / row.name)
        self._created[row.name] = row.created_at

    def remove(self, name: str) -> None:
        (self.directory / name).unlink(missing_ok=True)
        self._created.pop(name, None)
