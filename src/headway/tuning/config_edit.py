"""Changes single numbers in config.yaml and leaves every other character as it is, comments too."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from headway.tuning.errors import TuningError

_STEP = "  "


def write_numbers(file: Path, numbers: Mapping[tuple[str, ...], int]) -> None:
    """Set each number at its path of keys. Raises TuningError, and leaves the file, when that cannot be done safely."""
    try:
        text = file.read_bytes().decode()
        changed = text
        for path, number in numbers.items():
            changed = with_number(changed, path, number)
        temporary = file.with_name(f".{file.name}.new")
        temporary.write_bytes(changed.encode())
        temporary.chmod(file.stat().st_mode & 0o777)
        temporary.replace(file)
    except (OSError, UnicodeDecodeError) as error:
        raise TuningError(f"cannot change {file}: {error}") from error


def with_number(text: str, path: Sequence[str], number: int) -> str:
    """The text of a YAML mapping with one number changed or added; what it says otherwise is the same."""
    try:
        expected = _expected(text, path, number)
        changed = _edited(text, path, number)
        is_safe = yaml.safe_load(changed) == expected
    except yaml.YAMLError as error:
        raise _unsafe(path, number) from error
    if not is_safe:
        raise _unsafe(path, number)
    return changed


def _expected(text: str, path: Sequence[str], number: int) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(text) or {}
    place = content
    for key in path[:-1]:
        if not isinstance(place.get(key), dict | None):
            raise _unsafe(path, number)
        place[key] = dict(place.get(key) or {})  # not the one that an anchor shares
        place = place[key]
    place[path[-1]] = number
    return content


def _edited(text: str, path: Sequence[str], number: int) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            return _instead_of_nothing(text, node, path[depth:], number)
        value = next((value for name, value in node.value if name.value == key), None)
        if value is None:
            return _added(text, node, path[depth:], number)
        node = value
    if not isinstance(node, yaml.ScalarNode):
        raise _unsafe(path, number)
    return text[: node.start_mark.index] + str(number) + text[node.end_mark.index :]


def _added(text: str, node: yaml.MappingNode, path: Sequence[str], number: int) -> str:
    """With a key that the mapping has not: in a mapping of lines as its first line, at the top as the last."""
    start = node.start_mark
    if node.flow_style:
        rest = ", " if node.value else ""
        return f"{text[: start.index + 1]}{_flow(path, number)}{rest}{text[start.index + 1 :]}"
    if start.column == 0:
        newline = "" if text.endswith("\n") else "\n"
        return f"{text}{newline}{_block(path, number, '')}"
    indent = " " * start.column
    return f"{text[: start.index]}{_block(path, number, indent).lstrip()}{indent}{text[start.index :]}"


def _instead_of_nothing(text: str, node: yaml.Node | None, path: Sequence[str], number: int) -> str:
    """In place of an empty file or of an empty value, which is `key:` or `key: null`."""
    if node is None:
        newline = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{newline}{_block(path, number, '')}"
    before = "" if text[node.start_mark.index - 1 : node.start_mark.index] == " " else " "
    return f"{text[: node.start_mark.index]}{before}{{{_flow(path, number)}}}{text[node.end_mark.index :]}"


def _block(path: Sequence[str], number: int, indent: str) -> str:
    lines = [f"{indent}{_STEP * depth}{key}:" for depth, key in enumerate(path)]
    lines[-1] += f" {number}"
    return "\n".join(lines) + "\n"


def _flow(path: Sequence[str], number: int) -> str:
    inner = f"{path[-1]}: {number}"
    for key in reversed(path[:-1]):
        inner = f"{key}: {{{inner}}}"
    return inner


def _unsafe(path: Sequence[str], number: int) -> TuningError:
    return TuningError(
        f"config.yaml is written in a way that --apply does not change: {'.'.join(path)} stays as it is",
        hint=f"set {'.'.join(path)} to {number} by hand",
    )
