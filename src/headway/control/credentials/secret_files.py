"""Models' secrets as files that replicas read: one for each, in a directory for this user alone.

A replica looks a secret up at each use, so a changed one is seen without a restart. Files are made of what the store
holds: one that cannot be written, or is removed by somebody else, is written when that can be.
"""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from headway.control.faults import Faults
from headway.control.storage import StorageError
from headway.control.store.rows import SecretRow
from headway.core.errors import HeadwayError
from headway.private_directory import make_folders

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
    """`directory` holds what `rows` say and nothing else, as soon as its disk takes that."""

    def __init__(self, directory: Path, rows: Sequence[SecretRow]) -> None:
        self.directory = directory
        self._rows = {row.name: row for row in rows}
        self._unwritten = set(self._rows)
        self._faults = Faults()
        self.complete()

    def names(self) -> dict[str, float]:
        """When each was set, by its name."""
        return {name: row.created_at for name, row in self._rows.items()}

    def write(self, row: SecretRow) -> None:
        """A reader sees the old value or the new one, never a part. Raises StorageError: `complete` writes it then."""
        self._rows[row.name] = row
        self._unwritten.add(row.name)
        try:
            self._make_directory()
            self._write(row)
        except OSError as error:
            raise StorageError.of(
                "the secret is stored, and models see it when it can be written", error
            ) from error

    def remove(self, name: str) -> None:
        """Raises StorageError: `complete` removes it then."""
        self._rows.pop(name, None)
        self._unwritten.discard(name)
        try:
            (self.directory / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError.of(
                "the secret is deleted, and models see it until its file can be", error
            ) from error

    def complete(self) -> None:
        """Write what is missing, and remove what is no secret, as far as the disk lets that be done now."""
        there = set()
        with self._faults.of("the folder of secrets is read"):
            self._make_directory()
            there = {path.name for path in self.directory.iterdir()}
        for name in sorted(there - self._rows.keys()):
            with self._faults.of(f"{name} is removed from the secrets' folder"):
                (self.directory / name).unlink(missing_ok=True)
        for name in sorted(self._unwritten | (self._rows.keys() - there)):
            with self._faults.of(f"the secret {name} is written"):
                self._write(self._rows[name])

    def _make_directory(self) -> None:
        make_folders(self.directory)

    def _write(self, row: SecretRow) -> None:
        unfinished = self.directory / f".{row.name}.new"
        try:
            unfinished.touch(mode=0o600)
            unfinished.write_text(row.value, encoding="utf-8")
            unfinished.replace(self.directory / row.name)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        self._unwritten.discard(row.name)
