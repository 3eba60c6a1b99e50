"""Bytes of answers: what could break the framing is never sent."""

import pytest

from headway.http.answers import InvalidHeaderError, header_lines, status_line


def test_lines_as_they_stand_on_the_wire():
    assert status_line(200) == b"HTTP/1.1 200 OK\r\n"
    assert status_line(299) == b"HTTP/1.1 299 Unknown\r\n"
    assert header_lines([(b"a", b"b"), (b"c-d", b"")]) == b"a: b\r\nc-d: \r\n"
    assert header_lines([(b"a", b"b\tc\xe9")]) == b"a: b\tc\xe9\r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"", b"x"),
        (b"a b", b"x"),
        (b"a:", b"x"),
        (b"a\r\nb", b"x"),
        (b"a", b"x\r\nb: y"),
        (b"a", b"x\ny"),
        (b"a", b"\0"),
        (b"a", b"x\x01"),
        (b"a", b"\x1f"),
        (b"a", b"x\x7fy"),
    ],
)
def test_a_header_that_would_break_the_framing_is_an_error(name, value):
    with pytest.raises(InvalidHeaderError):
        header_lines([(name, value)])
