"""Bytes of answers: status lines and header lines, checked so that no value can break the framing."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from headway.core.errors import HeadwayError

Headers = Sequence[tuple[bytes, bytes]]

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
_FORBIDDEN_IN_VALUES = (b"\r", b"\n", b"\0")
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class InvalidHeaderError(HeadwayError):
    """A header that cannot be sent as it is."""

    code = "invalid_header"


def status_line(status: int) -> bytes:
    """The first line of an answer, with its line end."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they stand on the wire. Raises InvalidHeaderError for one that would break the framing."""
    return b"".join([_line(name, value) for name, value in headers])


def _line(name: bytes, value: bytes) -> bytes:
    if not name or not _TOKEN.issuperset(name) or any(bad in value for bad in _FORBIDDEN_IN_VALUES):
        raise InvalidHeaderError(
            f"header {name!r}: {value!r} cannot be sent",
            hint="names are tokens, values have no line ends",
        )
    return b"%s: %s\r\n" % (name, value)
