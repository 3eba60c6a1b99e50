"""Packs a Truss into one file, and unpacks what somebody sends as one: tar in any compression, or zip.

What comes from elsewhere is not trusted: nothing lands outside the folder, and size and number are bounded.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from headway.control.storage import StorageError, is_of_machine
from headway.core.errors import HeadwayError

MOST_BYTES = 16 * 1024**3
MOST_FILES = 100_000
_CONFIG = "config.yaml"
_MOST_BYTES_AT_ONCE = 1024 * 1024
_ZIP_BEGINS = b"PK"
_COMPRESSIONS: Mapping[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_LONGEST_MAGIC = 6


class InvalidArchiveError(HeadwayError):
    """What was sent is no archive of a Truss."""

    code = "invalid_archive"


def pack(files: Mapping[str, Path], texts: Mapping[str, bytes], out: BinaryIO) -> None:
    """Write `files`, links followed, and `texts` by their names as a gzipped tar. Raises OSError."""
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", dereference=True) as archive,
    ):
        for name, content in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, path in files.items():
            with path.open("rb") as content_of_file:
                member = archive.gettarinfo(arcname=name, fileobj=content_of_file)
                member.uid, member.gid, member.uname, member.gname = 0, 0, "", ""
                archive.addfile(member, content_of_file)


def unpack(archive: Path, directory: Path) -> Path:
    """Unpack into the empty `directory`; return where in it the Truss lies: there, or in its one folder.

    Raises InvalidArchiveError, and StorageError when the disk does not take it.
    """
    try:
        # By its beginning: an archive at the end of a tar, say a wheel or weights, would look like a zip too.
        with archive.open("rb") as file:
            is_zip = file.read(len(_ZIP_BEGINS)) == _ZIP_BEGINS
        if is_zip:
            _unpack_zip(archive, directory)
        else:
            _unpack_tar(archive, directory)
    except InvalidArchiveError:
        raise
    except OSError as error:
        if is_of_machine(error):
            raise StorageError.of("the archive cannot be unpacked", error) from error
        raise InvalidArchiveError(f"the archive cannot be unpacked: {error.strerror or error}") from error
    except Exception as error:  # each format and compression has its own, and none says which they are
        raise InvalidArchiveError(
            f"the archive cannot be read: {error}", hint="send a .tar.gz or .zip of the Truss's folder"
        ) from error
    return _truss_in(directory)


def _truss_in(directory: Path) -> Path:
    if (directory / _CONFIG).is_file():
        return directory
    found = [path for path in directory.iterdir() if (path / _CONFIG).is_file()]
    if len(found) != 1:
        what = "no config.yaml at its top" if not found else "more than one folder with a config.yaml"
        raise InvalidArchiveError(f"the archive has {what}", hint="pack the folder that has the config.yaml")
    return found[0]


def _unpack_tar(archive: Path, directory: Path) -> None:
    count = _Counter()
    with _decompressed(archive) as content, tarfile.open(fileobj=content, mode="r:") as file:
        for member in file:
            count(member.size)
            file.extract(member, directory, filter="data")


def _decompressed(archive: Path) -> "_Unhurried":
    with archive.open("rb") as file:
        begins = file.read(_LONGEST_MAGIC)
    open_with: Callable[..., Any] = next(
        (opener for magic, opener in _COMPRESSIONS.items() if begins.startswith(magic)), open
    )
    return _Unhurried(open_with(archive, "rb"))


def _unpack_zip(archive: Path, directory: Path) -> None:
    count = _Counter()
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            count(member.file_size)
            target = Path(file.extract(member, directory))  # drops what leads outside
            if target.is_file() and member.external_attr >> 16 & 0o100:
                target.chmod(0o755)


class _Unhurried(io.BufferedIOBase):
    """A tar that is read piece by piece. Files are; a header that asks for more at once is a trap, for it says
    itself how long it is.
    """

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _MOST_BYTES_AT_ONCE:
            raise InvalidArchiveError("the archive has a header that is too long")
        return self._content.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        return self._content.tell()

    def close(self) -> None:
        self._content.close()


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
