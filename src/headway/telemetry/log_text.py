"""Bytes of a log file as lines of text. A line ends with a line feed, a carriage return or both; a very long one comes
in pieces.
"""

_LONGEST_LINE_BYTES = 256 * 1024
_LONGEST_CHARACTER = 4


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines without their ends, and what is begun. A carriage return at the end may be half of an end."""
    lines = data.splitlines(keepends=True)
    begun = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
    return [line.rstrip(b"\r\n") for line in lines], begun


def in_pieces(line: bytes) -> list[bytes]:
    """At least one; no character is cut."""
    made = []
    while len(line) > _LONGEST_LINE_BYTES:
        cut = _LONGEST_LINE_BYTES
        while _is_inside_character(line[cut]) and cut > _LONGEST_LINE_BYTES - _LONGEST_CHARACTER:
            cut -= 1
        made.append(line[:cut])
        line = line[cut:]
    return [*made, line]


def text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")


def _is_inside_character(byte: int) -> bool:
    return byte & 0xC0 == 0x80  # noqa: PLR2004  # as UTF-8 has it
