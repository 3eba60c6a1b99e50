"""Which databases speak of a data directory's files: a Headway that forgets its state when it ends, or that stores it
elsewhere, must not remove what another one's deployments need.

Each Headway whose state outlives it leaves its database's place, without a password, in the data directory.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from headway.control.desired.state import Deployment, DesiredState
from headway.control.store.database import place_of
from headway.control.store.restoring import restore
from headway.control.store.store import Store
from headway.core.errors import HeadwayError

_SQLITE = "sqlite:///"


class UnknownStateError(HeadwayError):
    """What the files are needed for stands in a database that cannot be read from here."""

    code = "unknown_state"


class Databases:
    """Those of one data directory, as seen from a Headway whose own is at `own_url`. One in `run_dir` ends with it."""

    def __init__(self, data_dir: Path, own_url: str, run_dir: Path | None = None) -> None:
        self._data_dir = data_dir
        self._own = place_of(own_url)
        file = Path(self._own.removeprefix(_SQLITE))
        self._is_lasting = run_dir is None or file.parent != run_dir.resolve()

    def note_own(self) -> None:
        """Unless it ends with this Headway. Raises OSError."""
        if not self._is_lasting:
            return
        self._notes.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = self._notes / hashlib.sha256(self._own.encode()).hexdigest()[:16]
        if not note.exists():
            note.write_text(self._own, encoding="utf-8")

    def deployments_elsewhere(self) -> list[Deployment]:
        """All that others than its own hold. Blocks. Raises UnknownStateError, StoreError and OSError."""
        self.note_own()
        return [one for url in self._others() for one in deployments_in(url)]

    @property
    def _notes(self) -> Path:
        return self._data_dir / "control" / "databases"

    def _others(self) -> Iterator[str]:
        usual = f"{_SQLITE}{self._data_dir.resolve() / 'headway.db'}"
        places = {place_of(usual): Path()}
        if self._notes.is_dir():
            places |= {note.read_text(encoding="utf-8"): note for note in sorted(self._notes.iterdir())}
        for place, note in places.items():
            if place == self._own:
                continue
            if place.startswith(_SQLITE):
                if Path(place.removeprefix(_SQLITE)).exists():
                    yield place
            else:
                raise UnknownStateError(
                    f"some files of {self._data_dir} belong to the Headway whose state is in {place}, which cannot be "
                    "read from here",
                    hint=f"it does so itself while it runs; remove {note} if it is no more",
                )


def deployments_in(url: str) -> list[Deployment]:
    """Blocks. Raises StoreError."""
    store, desired_state = Store(url), DesiredState()
    try:
        store.migrate()
        restore(desired_state, store.load())
    finally:
        store.close()
    return list(desired_state.deployments.values())
