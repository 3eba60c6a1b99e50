"""A small file that is always whole on the disk: as it was, or as it is now."""

import contextlib
import os
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Once this returns a kill does not undo it. Raises OSError, and then the file is as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.stem}.new")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)  # it would take the room that is missing
        raise
