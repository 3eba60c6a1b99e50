"""Packs a Truss into one file, and unpacks what somebody sends as one: tar in any compression, or zip.

What comes from elsewhere is not trusted: nothing lands outside the folder, and size and number are bounded.
"""

import tarfile
import zipfile
from pathlib import Path

from headway.core.errors import HeadwayError

MOST_BYTES = 16 * 1024**3
MOST_FILES = 100_000
_CONFIG = "config.yaml"


class InvalidArchiveError(HeadwayError):
    """What was sent is no archive of a Truss."""

    code = "invalid_archive"


def pack(directory: Path, archive: Path) -> None:
    """Write the files of `directory`, links followed, as a gzipped tar."""
    with tarfile.open(archive, "w:gz", dereference=True, compresslevel=1) as file:
        for path in sorted(directory.iterdir()):
            file.add(path, path.name)


def unpack(archive: Path, directory: Path) -> Path:
    """Unpack into the empty `directory`; return where in it the Truss lies: there, or in its one folder.

    Raises InvalidArchiveError.
    """
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, directory)
        else:
            _unpack_tar(archive, directory)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise InvalidArchiveError(
            f"the archive cannot be read: {error}", hint="send a .tar.gz or .zip of the Truss's folder"
        ) from error
    except OSError as error:
        raise InvalidArchiveError(f"the archive cannot be unpacked: {error.strerror or error}") from error
    return _truss_in(directory)


def _truss_in(directory: Path) -> Path:
    places = [directory, *(path for path in directory.iterdir() if path.is_dir())]
    found = [place for place in places if (place / _CONFIG).is_file()]
    if len(found) != 1:
        what = "no config.yaml" if not found else "more than one config.yaml"
        raise InvalidArchiveError(
            f"there is {what} at the top of the archive", hint="pack the folder that has the config.yaml"
        )
    return found[0]


def _unpack_tar(archive: Path, directory: Path) -> None:
    count = _Counter()
    with tarfile.open(archive) as file:
        for member in file:
            count(member.size)
            file.extract(member, directory, filter="data")


def _unpack_zip(archive: Path, directory: Path) -> None:
    count = _Counter()
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            count(member.file_size)
            target = Path(file.extract(member, directory))  # drops what leads outside
            if target.is_file() and member.external_attr >> 16 & 0o100:
                target.chmod(0o755)


class _Counter:
    """Counts what is unpacked. Raises InvalidArchiveError past the bounds."""

    def __init__(self) -> None:
        self._files = 0
        self._bytes = 0

    def __call__(self, size_bytes: int) -> None:
        self._files += 1
        self._bytes += size_bytes
        if self._files > MOST_FILES or self._bytes > MOST_BYTES:
            raise InvalidArchiveError(
                f"the archive holds more than {MOST_FILES:,} files or {MOST_BYTES:,} bytes",
                hint="leave out what the model does not need with .truss_ignore",
            )
