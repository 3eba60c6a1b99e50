"""Finds the text under the top-level key `model` of a JSON object, piece by piece as a body comes, and parses nothing
else of it: regular expressions run over strings, numbers and nested values.

It judges JSON only as far as it must: what is wrong behind the name, or within a value, the model server says. Where an
object has the key twice the first one counts, for the request goes its way as soon as the name is known.
"""

import json
import re
from collections.abc import Generator
from enum import Enum


class Finding(Enum):
    """What was found; the value is the reason where it is no name."""

    NAME = ""
    NO_OBJECT = "the body is no JSON object"
    MISSING = "the body does not say which model is meant"
    NO_TEXT = "`model` is no text, or longer than any name"


_QUOTE, _BACKSLASH, _COLON, _COMMA = b'"\\:,'
_OPEN = b"{["
_OBJECT, _OBJECT_END = b"{}"
_BYTE_ORDER_MARK = (0xEF, 0xBB, 0xBF)
_LONGEST_KEY = 6 * len("model")
"""In bytes, each character written as an escape."""
_LONGEST_NAME = 4096
_NOT_BLANK = re.compile(rb"[^ \t\n\r]")
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rb'[^"{}\[\]]++|' + _TEXT
# Up to the next bracket that opens or closes more than a flat object or list.
_NESTED = re.compile(
    rb"(?:%s|\{(?:%s)*+\}|\[(?:%s)*+\])*+" % (_FLAT, _FLAT, _FLAT),
    re.DOTALL,
)
_BRACKETS = re.compile(rb"[\[{]++|[\]}]++")
_SCALAR_END = re.compile(rb"[,}\]\s]")

_Steps = Generator[None, bytes, None]


class ModelName:
    """The search in one body. Feed it pieces of bounded size: the work for a byte is bounded, so it is for a piece."""

    def __init__(self) -> None:
        self.finding: Finding | None = None
        """None as long as more of the body is needed."""
        self.name = ""
        self._data = b""
        self._at = 0
        self._search: _Steps | None = self._find()
        next(self._search)

    def feed(self, data: bytes) -> Finding | None:
        """The next bytes of the body."""
        if self._search is not None:
            try:
                self._search.send(data)
            except StopIteration:
                self._search = None  # it refers to this: a circle would wait for the garbage collector
        return self.finding

    def end(self) -> Finding:
        """There is no more of the body, or nobody wants to know any more."""
        if self._search is not None:
            self._search.close()
            self._search = None
        return self.finding or Finding.NO_OBJECT

    def _find(self) -> _Steps:
        yield from self._more()
        byte = yield from self._byte()
        if byte == _BYTE_ORDER_MARK[0]:
            second = yield from self._byte()
            third = yield from self._byte()
            byte = (yield from self._byte()) if (second, third) == _BYTE_ORDER_MARK[1:] else 0
        self.finding = (yield from self._members()) if byte == _OBJECT else Finding.NO_OBJECT

    def _members(self) -> Generator[None, bytes, Finding]:
        byte = yield from self._byte()
        while byte == _QUOTE:
            key = yield from self._string(_LONGEST_KEY)
            if (yield from self._byte()) != _COLON:
                return Finding.NO_OBJECT
            byte = yield from self._byte()
            if key == b"model" or (key is not None and _BACKSLASH in key and _decoded(key) == "model"):
                return (yield from self._name(byte))
            byte = yield from self._after(byte)
            if byte == _COMMA:
                byte = yield from self._byte()
        return Finding.MISSING if byte == _OBJECT_END else Finding.NO_OBJECT

    def _name(self, byte: int) -> Generator[None, bytes, Finding]:
        if byte != _QUOTE:
            return Finding.NO_TEXT
        text = yield from self._string(_LONGEST_NAME)
        if text is None:
            return Finding.NO_TEXT
        name = _decoded(text)
        if name is None:
            return Finding.NO_OBJECT
        self.name = name
        return Finding.NAME if name else Finding.MISSING

    def _after(self, byte: int) -> Generator[None, bytes, int]:
        """Skip the value that begins with `byte`, which was read; the first byte behind it that is not blank."""
        if byte == _QUOTE:
            yield from self._string(0)
        elif byte in _OPEN:
            yield from self._nested()
        elif byte not in b",}]:":
            while (end := _SCALAR_END.search(self._data, self._at)) is None:
                yield from self._more()
            self._at = end.start()
        return (yield from self._byte())

    def _nested(self) -> _Steps:
        depth = 1
        while depth:
            match = _NESTED.match(self._data, self._at)
            self._at = self._at if match is None else match.end()
            if self._at == len(self._data):
                yield from self._more()
                continue
            run = _BRACKETS.match(self._data, self._at)
            if run is None:  # a string that goes on in the next piece
                self._at += 1
                yield from self._string(0)
            elif self._data[self._at] in _OPEN:
                depth += run.end() - self._at
                self._at = run.end()
            else:
                closed = min(depth, run.end() - self._at)
                depth -= closed
                self._at += closed

    def _string(self, longest: int) -> Generator[None, bytes, bytes | None]:
        """What stands between quotes, the first of which was read, with its escapes; None if it is longer."""
        kept: bytes | None = b""
        while True:
            match = _IN_STRING.match(self._data, self._at)
            begin, end = self._at, self._at if match is None else match.end()
            if kept is not None:
                kept = kept + self._data[begin:end] if len(kept) + end - begin <= longest else None
            self._at = end
            if self._data[end : end + 1] == b'"':
                self._at += 1
                return kept
            yield from self._more()

    def _byte(self) -> Generator[None, bytes, int]:
        """Read the next byte that is not blank."""
        while (match := _NOT_BLANK.search(self._data, self._at)) is None:
            self._at = len(self._data)
            yield from self._more()
        self._at = match.end()
        return self._data[match.start()]

    def _more(self) -> _Steps:
        """The next piece, behind what was not read of this one: nothing, or a backslash."""
        rest = self._data[self._at :]
        if rest != b"\\":
            rest = b""
        self._data = rest + (yield)
        self._at = 0


def _decoded(text: bytes) -> str | None:
    """The text of a JSON string; None where it is none."""
    try:
        decoded = json.loads(b'"%s"' % text)
    except ValueError:
        return None
    return decoded if isinstance(decoded, str) else None
