"""The levels of log lines in their order, by whatever names loggers give them, and what a bare line says of its own."""

import re
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """Numbers as Python's logging has them."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50

    @property
    def word(self) -> str:
        return self.name.lower()


_NAMES = {
    **{level.word: level for level in Level},
    **dict.fromkeys(("trace", "verbose", "notset", "dbg"), Level.DEBUG),
    **dict.fromkeys(("information", "notice", "success"), Level.INFO),
    "warn": Level.WARNING,
    **dict.fromkeys(("err", "severe", "exception"), Level.ERROR),
    **dict.fromkeys(("fatal", "crit", "alert", "emerg", "emergency", "panic"), Level.CRITICAL),
}
_LETTERS = {"D": Level.DEBUG, "I": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "F": Level.CRITICAL}

_UPPER = "TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE"
_NAMED = re.compile(
    rf"""\[?(?:
        (?P<upper>{_UPPER})(?=[\]:\s|-]|$)
        |(?P<any>(?i:{_UPPER}))(?=[\]:|])       # error: as compilers say it
        |(?P<own>debug|info|warning|error|critical)(?=\ [\w.-]+:\ )  # as Headway's own processes write it
        |(?P<letter>[DIWEF])(?=\ )              # as TensorFlow writes it after the time
    )\]?[\s:|-]*""",
    re.VERBOSE,
)
_LOGGER = re.compile(rf"(?P<logger>[\w.]+)\s+[-|]\s+(?P<level>{_UPPER})(?=[\s:|-]|$)[\s:|-]*")
_GLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d")
_PYTHON_WARNING = re.compile(r"\S+:\d+: \w*Warning: ")
_TROUBLE = re.compile(
    r"Fatal |Segmentation fault|terminate called|Aborted\b|Killed\b|panic:|thread '.*' panicked|CUDA error"
    r"|(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b(?::|$)"
)


def level_of(value: Any) -> Level | None:
    """A level as a field of a record gives it: a name, or a number of Python's."""
    if isinstance(value, str):
        return _NAMES.get(value.strip().lower())
    if isinstance(value, int) and not isinstance(value, bool):
        return max((level for level in Level if level <= value), default=Level.DEBUG)
    return None


def level_and_rest(text: str, *, is_timed: bool) -> tuple[Level | None, str]:
    """What a line that is no record says of its level, and its text without that. `is_timed`: it follows a time."""
    if found := _NAMED.match(text):
        if (letter := found["letter"]) is None:
            return level_of(found["upper"] or found["any"] or found["own"]), text[found.end() :]
        if is_timed:
            return _LETTERS[letter], text[found.end() :]
    if is_timed and (found := _LOGGER.match(text)):
        return level_of(found["level"]), f"{found['logger']}: {text[found.end() :]}"
    return _guessed(text), text


def _guessed(text: str) -> Level | None:
    """By what interpreters, kernels and native libraries write when something ends."""
    if found := _GLOG.match(text):
        return _LETTERS[found[1]]
    if _PYTHON_WARNING.match(text):
        return Level.WARNING
    return Level.ERROR if _TROUBLE.match(text) else None
