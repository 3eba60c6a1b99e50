"""What a disk that is full, broken or not ours to write does to what is kept, in words; and which faults are its own.

A fault of the machine passes: whoever meets one tries again. It says nothing of the Truss or the request.
"""

import errno
import os
import re
from typing import Self

from headway.core.errors import HeadwayError

_ADVICE = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room, or have the quota raised",
    errno.EROFS: "see why the disk is mounted for reading only; a broken one often is",
    errno.EACCES: "see that Headway's user may write there",
    errno.EPERM: "see that Headway's user may write there",
    errno.EIO: "see to the disk",
    errno.EMFILE: "raise the number of open files with ulimit -n",
    errno.ENFILE: "the machine has too many open files",
    errno.ENOMEM: "the machine has no memory left",
    errno.EAGAIN: "the machine has too many processes",
}
_TOLD_BY_TOOLS = re.compile(r"os error (28|30|122)\b|No space left on device|Disk quota exceeded")
"""How programs say that the disk takes nothing."""


class StorageError(HeadwayError):
    """The disk does not take, or give, what is kept there."""

    code = "storage"
    may_pass = True

    @classmethod
    def of(cls, what: str, error: OSError) -> Self:
        """`what` could not be done."""
        return cls(
            f"{what}: {error.strerror or error}", hint=_ADVICE.get(error.errno or 0, "see to the disk")
        )


def is_of_machine(error: BaseException | None) -> bool:
    """Whether a fault of the machine is behind it, and not what was asked."""
    while error is not None:
        if isinstance(error, StorageError) or (isinstance(error, OSError) and error.errno in _ADVICE):
            return True
        if isinstance(error, HeadwayError) and _TOLD_BY_TOOLS.search(error.message):
            return True
        error = error.__cause__
    return False


def is_full(error: OSError) -> bool:
    """Whether the disk is at fault, and not who may do what to which file."""
    return error.errno in _ADVICE.keys() - {errno.EACCES, errno.EPERM}


def in_words(error: BaseException) -> str:
    """For a log's line."""
    if isinstance(error, HeadwayError):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        named = f": {error.filename}" if error.filename else ""
        return f"{os.strerror(error.errno)}{named}"
    return f"{type(error).__name__}: {error}"
