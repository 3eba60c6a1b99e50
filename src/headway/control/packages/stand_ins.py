"""Programs of Truss's image that have nothing to do here, and are called by start commands all the same."""

import os
from pathlib import Path

STAND_INS = ("truss-transfer-cli",)
"""It fetches weights, and here they are in place."""
_DOES_NOTHING = "#!/bin/sh\nexit 0\n"


def stand_ins(paths_dir: Path) -> Path:
    """A folder with a program for each, which does nothing and succeeds."""
    directory = paths_dir / "stand-ins"
    directory.mkdir(parents=True, exist_ok=True)
    for name in STAND_INS:
        program = directory / name
        if not os.access(program, os.X_OK):
            unfinished = directory / f".{name}.{os.getpid()}"
            unfinished.write_text(_DOES_NOTHING, encoding="ascii")
            unfinished.chmod(0o755)
            unfinished.replace(program)
    return directory
