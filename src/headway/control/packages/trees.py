"""What a file, or a folder with all that is in it, consists of, as one short text: equal for equal contents."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

LARGE_FILE_BYTES = 64 * 1024 * 1024
"""From this size a file is known by its path, size and time of change: reading weights each time would take
seconds, and the worst that follows is a second copy."""
_CHUNK_BYTES = 1024 * 1024
_PASSING = ("__pycache__", ".git", ".hg", ".venv")
"""What changes by itself, or is not installed."""


def fingerprint(path: Path) -> str:
    """Of a file or folder that exists. Raises OSError."""
    total = hashlib.sha256()
    files = sorted(_files(path)) if path.is_dir() else [path]
    for file in files:
        total.update(
            b"\0".join(
                (file.relative_to(path).as_posix().encode(), *file_fingerprint(file, by_path=True), b"")
            )
        )
    return total.hexdigest()


def file_fingerprint(path: Path, *, by_path: bool) -> Iterator[bytes]:
    """`by_path`: a large one is not read."""
    status = path.stat()
    yield b"x" if status.st_mode & 0o100 else b"-"
    if by_path and status.st_size >= LARGE_FILE_BYTES:
        yield f"{path}:{status.st_size}:{status.st_mtime_ns}".encode()
        return
    content = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            content.update(chunk)
    yield content.digest()


def _files(top: Path) -> Iterator[Path]:
    for path in top.rglob("*"):
        if path.is_file() and not any(part in _PASSING for part in path.relative_to(top).parts):
            yield path
