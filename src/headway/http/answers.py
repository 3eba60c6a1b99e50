"""Bytes of answers: status lines and header lines, checked so that no value can break the framing."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from time import gmtime, time
from typing import Final

from headway.core.errors import HeadwayError

Headers = Sequence[tuple[bytes, bytes]]

NO_CONTENT, NOT_MODIFIED = 204, 304
WITHOUT_BODY: Final = frozenset((NO_CONTENT, NOT_MODIFIED))
"""Statuses of answers that have none, whatever is written; nor have answers to HEAD."""
_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
_WEEKDAYS: Final = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS: Final = tuple(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_DATE: Final = re.compile(rb"(?:\A|\n)date:", re.IGNORECASE)
_FORBIDDEN_IN_VALUES: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN: Final = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class InvalidHeaderError(HeadwayError):
    """A header that cannot be sent as it is."""

    code = "invalid_header"


def status_line(status: int) -> bytes:
    """The first line of an answer, with its line end."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status


class _Clock:
    """The Date line of a second, for all its answers: to make one takes longer than to ask for the time."""

    __slots__ = ("begin", "end", "line")

    def __init__(self) -> None:
        self.begin = self.end = 0.0
        self.line = b""


_clock: Final = _Clock()


def date_line() -> bytes:
    """The header line that says when an answer was made, in the words of HTTP, whatever the locale."""
    now = time()
    if now >= _clock.end or now < _clock.begin:
        _clock.begin = float(int(now))
        _clock.end = _clock.begin + 1.0
        at = gmtime(now)
        _clock.line = b"date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n" % (
            *(_WEEKDAYS[at.tm_wday], at.tm_mday, _MONTHS[at.tm_mon - 1], at.tm_year),
            *(at.tm_hour, at.tm_min, at.tm_sec),
        )
    return _clock.line


def dated(lines: bytes) -> bytes:
    """Header lines with a Date among them: their own if there is one."""
    return lines if _DATE.search(lines) else date_line() + lines


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they stand on the wire. Raises InvalidHeaderError for one that would break the framing."""
    return b"".join([_line(name, value) for name, value in headers])


def _line(name: bytes, value: bytes) -> bytes:
    if not name or not _TOKEN.issuperset(name) or _FORBIDDEN_IN_VALUES.search(value):
        raise InvalidHeaderError(
            f"header {name!r}: {value!r} cannot be sent",
            hint="names are tokens, values have no line ends and no control characters",
        )
    return b"%s: %s\r\n" % (name, value)
