"""Large JSON in a fraction of the time of Python's json, where the environment has jiter and orjson. Values, bytes and
errors stay those of Python's json, which does whatever the two could do differently.

96 KB with a picture in base64: json.loads takes 68 µs and jiter 11, json.dumps 200 µs and this 12.
"""

import functools
import json
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

LARGE_BYTES = 4096
"""From here on a body, or a text in a result, is worth the detour (and the import)."""
LOOKS = 32
"""So many results are looked at after a large answer. To look at a small one takes 1 to 3 µs, which models without
large answers do not pay."""
_LOOKED_AT = 32
"""So many values of a result are looked at before one has to be large."""
_DEPTH = 16
_PLACEHOLDER = os.urandom(16).hex()
"""Stands for a text that is encoded apart. Never leaves this process, so that nobody can know it."""
_QUOTED_PLACEHOLDER = f'"{_PLACEHOLDER}"'.encode()

# An installation that is too old, or too new, may differ from json. jiter 0.4 does, in the first.
_TELLING_BODIES = (
    rb'["\ud83d\ude00 \u00e9\n", "\/\b\f\r\t\"\\\u0000"]',
    b"[1e5, -0, -0.0, 1e400, 2.4703282292062328e-324, NaN, -Infinity, 123456789012345678901234567890]",
    b'{"a": 1, "b": {"c": [true, false, null]}, "a": 2}',
)
_TELLING_TEXT = "".join(map(chr, range(0x7F)))


def read(body: bytes) -> Any:
    """What json.loads makes of a body. Raises ValueError, RecursionError."""
    parse = _parser()
    if parse is not None:
        try:
            return parse(body)
        except ValueError:
            pass  # broken, nested deeper than 200, or in another encoding: json knows which, and has the words
    return json.loads(body)


class Writer:
    """Encodes results as `encode` does, an encoder of json with its defaults. Raises whatever that raises."""

    def __init__(self, encode: Callable[[Any], str]) -> None:
        self._encode = encode
        self._looks_left = 0

    def write(self, result: Any) -> Sequence[bytes]:
        """The bytes, in pieces: to join large ones would copy them."""
        if self._looks_left:
            self._looks_left -= 1
            pieces = self._write_apart(result) if _has_large_text(result) else None
            if pieces is not None:
                self._looks_left = LOOKS
                return pieces
        body = self._encode(result).encode()
        if len(body) >= LARGE_BYTES:
            self._looks_left = LOOKS
        return (body,)

    def _write_apart(self, result: Any) -> Sequence[bytes] | None:
        quote = _quoter()
        if quote is None:
            return None
        extraction = _Extraction()
        lightened = extraction.lighten(result)
        between = self._encode(lightened).encode().split(_QUOTED_PLACEHOLDER)
        if len(between) != len(extraction.texts) + 1:
            return None  # the placeholder was guessed
        pieces = [between[0]]
        for text, following in zip(extraction.texts, between[1:], strict=True):
            pieces += (quote(text), following)
        return pieces


def _has_large_text(result: Any) -> bool:
    """Whether there is one among the first values."""
    values = [result]
    for value in values:
        kind = type(value)
        if kind is str:
            if len(value) >= LARGE_BYTES:
                return True
        elif len(values) < _LOOKED_AT:
            if kind is dict:
                values += islice(value.values(), _LOOKED_AT)
            elif kind is list or kind is tuple:
                values += value[:_LOOKED_AT]
    return False


class _Extraction:
    """Takes large texts out of a result, in the order in which json writes them.

    Copies the containers it goes through, each once at most, and gives up after so many values without a large text.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._seen: set[int] = set()
        self._left = _LOOKED_AT

    def lighten(self, value: Any, depth: int = 0) -> Any:
        """The value with placeholders. Subclasses may be written in their own way, so they stay as they are."""
        kind = type(value)
        self._left -= 1
        if kind is str:
            return self._replaced(value) if len(value) >= LARGE_BYTES else value
        if kind not in {dict, list, tuple} or depth == _DEPTH or id(value) in self._seen:
            return value
        self._seen.add(id(value))
        copied: Any = value.copy() if kind is dict else list(value)
        entries: Iterable[tuple[Any, Any]] = copied.items() if kind is dict else enumerate(copied)
        for key, item in entries:
            if self._left <= 0:
                break
            copied[key] = self.lighten(item, depth + 1)
        return copied

    def _replaced(self, text: str) -> str:
        # What orjson leaves as it is and json escapes: all beyond ASCII, and DEL.
        if not text.isascii() or "\x7f" in text:
            return text
        self.texts.append(text)
        self._left = _LOOKED_AT
        return _PLACEHOLDER


@functools.cache
def _parser() -> Callable[[bytes], Any] | None:
    """jiter's, if it is there and reads what is telling as json does."""
    try:
        import jiter

        # Only keys are worth keeping: a client's texts would stay in memory.
        parse = functools.partial(jiter.from_json, cache_mode="keys")
        agrees = all(repr(parse(body)) == repr(json.loads(body)) for body in _TELLING_BODIES)
    except (ImportError, TypeError, ValueError):
        return None
    return parse if agrees else None


@functools.cache
def _quoter() -> Callable[[str], bytes] | None:
    """orjson's, if it is there and quotes ASCII as json does."""
    try:
        import orjson
    except ImportError:
        return None
    return orjson.dumps if orjson.dumps(_TELLING_TEXT) == json.dumps(_TELLING_TEXT).encode() else None
