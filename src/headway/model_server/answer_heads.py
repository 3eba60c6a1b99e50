"""What of the status and headers that a model chose goes out. A model cannot speak for Headway (I9): what frames an
answer, what concerns one connection and what begins with x-headway- stays behind.
"""

import operator
from collections.abc import Iterable
from typing import Any

from headway.core.errors import HeadwayError
from headway.http.heads import left_behind

_FIRST_STATUS, _LAST_STATUS = 200, 599
_MOST_DIGITS = 18
"""Of a length that every reader understands."""


class InvalidStatusError(HeadwayError):
    """A model chose a status that no answer can have."""

    code = "invalid_status"


class InvalidLengthError(HeadwayError):
    """A response says of its length what is not so."""

    code = "invalid_length"


def checked_status(status: Any) -> int:
    """The status as an integer (numpy's and HTTPStatus are). Raises InvalidStatusError."""
    try:
        number = operator.index(status)
    except TypeError:
        number = 0
    if isinstance(status, bool) or not _FIRST_STATUS <= number <= _LAST_STATUS:
        raise InvalidStatusError(
            f"the model chose {status!r} as the status of its answer",
            hint=f"a status is an integer from {_FIRST_STATUS} to {_LAST_STATUS}",
        )
    return number


def passed_on(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that are the model's to set."""
    given = list(headers)
    left = left_behind(given)
    return [header for header in given if header[0].lower() not in left]


def told_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """What the headers say of the body's length in bytes. Raises InvalidLengthError."""
    told = {bytes(value).strip() for name, value in headers if name.lower() == b"content-length"}
    if not told:
        return None
    value = told.pop()
    if told or not value.isdigit() or len(value) > _MOST_DIGITS:
        raise InvalidLengthError(f"a response's content-length is {value[:40]!r}", hint="leave it out")
    return int(value)
