"""Takes the lines of a pip requirements file apart: which name files, which of them are of this machine. Pure text.

Only what names a file or an index is understood; everything else is passed on as it was written.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, urlsplit


class Names(Enum):
    """What a line names, if it is a file."""

    INCLUDED = "another requirements file"
    CONSTRAINTS = "a file of constraints"
    LINKS = "a folder or page of packages"
    INDEX = "an index"
    PACKAGE = "a package"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement or option. Of `text`, `target` is what names a file of this machine; empty if nothing does."""

    text: str
    names: Names = Names.NOTHING
    target: str = ""
    begins_at: int = 0
    """Where in `text` the target may be looked for."""

    @property
    def path(self) -> str:
        """The target as a path: without `file://`, and what a URL may have behind it."""
        if not self.target.startswith("file:"):
            return self.target
        address = urlsplit(self.target)
        return unquote(address.path)

    def naming(self, path: str) -> str:
        """The same with another path."""
        head, rest = self.text[: self.begins_at], self.text[self.begins_at :]
        return head + rest.replace(self.target, path, 1)


_OPTIONS = {
    **dict.fromkeys(("-r", "--requirement", "--requirements"), Names.INCLUDED),
    **dict.fromkeys(("-c", "--constraint", "--constraints"), Names.CONSTRAINTS),
    **dict.fromkeys(("-f", "--find-links"), Names.LINKS),
    **dict.fromkeys(("-i", "--index-url", "--extra-index-url", "--index", "--default-index"), Names.INDEX),
    **dict.fromkeys(("-e", "--editable"), Names.PACKAGE),
}
_COMMENT = re.compile(r"(^|\s+)#.*$")
_BEHIND = re.compile(r"\s*;\s.*$|\s+;.*$|\s+--\w.*$", re.DOTALL)
_FOLDERS = re.compile(r"[\w.~+@ -]*/[\w.~+@ /-]*")
_EXTRAS = re.compile(r"\[[\w\s,.-]*\]$")
_FRAGMENT = re.compile(r"#.*$")
_NAMED = re.compile(r"^[A-Za-z0-9][\w.-]*\s*(?:\[[^]]*\])?\s*@\s*(?P<target>.+)$", re.DOTALL)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz|tar)$")
_ABBREVIATED = 2


def lines_of(text: str) -> Iterator[Line]:
    """Of a file's text, or of a list's item, without comments."""
    for logical in re.sub(r"\\\r?\n", "", text).splitlines():
        stripped = _COMMENT.sub("", logical).strip()
        if stripped.startswith("-"):
            yield from _options(stripped)
        elif stripped:
            target = _local_package(stripped)
            named = _NAMED.match(stripped)
            begins_at = named.start("target") if named else 0
            yield Line(stripped, Names.PACKAGE if target else Names.NOTHING, target, begins_at)


def is_local(target: str) -> bool:
    """Whether it is no URL of elsewhere."""
    return bool(target) and (target.startswith("file:") or "://" not in target)


def _options(text: str) -> Iterator[Line]:
    """A line may have several options. What follows an unknown one is its value."""
    try:
        words = shlex.split(text)
    except ValueError:
        yield Line(text)
        return
    place = 0
    while place < len(words):
        option, value, place = _option_at(words, place)
        names = _OPTIONS.get(option, Names.NOTHING)
        rest = []
        while place < len(words) and not words[place].startswith("-"):
            rest.append(words[place])
            place += 1
        yield _line(option, names, " ".join([*value, *rest]))


def _option_at(words: list[str], place: int) -> tuple[str, list[str], int]:
    """The option there, what it has of its value in the same word, and where the next word is."""
    word = words[place]
    name, equals, value = word.partition("=")
    if word.startswith("--"):
        return name, [value] if equals else [], place + 1
    if word[:_ABBREVIATED] in _OPTIONS and len(word) > _ABBREVIATED:
        return word[:_ABBREVIATED], [word[_ABBREVIATED:].removeprefix("=")], place + 1
    return word, [], place + 1


def _line(option: str, names: Names, value: str) -> Line:
    target = value
    if names is Names.PACKAGE:
        target = _path_of_package(value)
    elif names is Names.NOTHING:
        target = ""
    return Line(f"{option} {value}".rstrip(), names, target if is_local(target) else "", len(option) + 1)


def _local_package(text: str) -> str:
    """What of a requirement names a file of this machine; empty if nothing does."""
    target = _path_of_package(text)
    if not is_local(target):
        return ""
    if named := _NAMED.match(text):
        return _path_of_package(named["target"]) if is_local(_path_of_package(named["target"])) else ""
    is_path = (
        target.startswith((".", "/", "~", "file:")) or _FOLDERS.fullmatch(target) or _ARCHIVE.search(target)
    )
    return target if is_path else ""


def _path_of_package(text: str) -> str:
    """Without a marker, hashes and extras behind it."""
    plain = _BEHIND.sub("", text).strip()
    named = _NAMED.match(plain)
    plain = named["target"].strip() if named else plain
    return _EXTRAS.sub("", _FRAGMENT.sub("", plain)).strip()
