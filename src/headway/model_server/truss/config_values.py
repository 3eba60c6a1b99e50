"""Checks for the values of a configuration file, to be put together into tables of fields.

A check takes a value and the name of its field and returns the value as the model will see it, every default
filled in. Numbers are read leniently, text is not, as Truss does. Raises InvalidTrussError.
"""

from collections.abc import Callable, Mapping
from typing import Any

from headway.core.errors import HeadwayError
from headway.core.settings import nearest

Check = Callable[[Any, str], Any]

REQUIRED: Any = object()
"""A field's default when it must be given."""
LEFT_OUT: Any = object()
"""A field's default when it does not appear unless it is given."""

_YES = ("true", "yes", "on", "1", "t", "y")
_NO = ("false", "no", "off", "0", "f", "n")


class InvalidTrussError(HeadwayError):
    """A Truss that cannot be served; the message names the field and what is wrong with it."""

    code = "invalid_truss"


def text(value: Any, field: str) -> str:
    if isinstance(value, str):
        return value
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    hint = f'put it in quotes: "{value}"' if is_plain else ""
    raise InvalidTrussError(f"{field} is {_shown(value)}, which is no text", hint=hint)


def integer(value: Any, field: str) -> int:
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not number.is_integer():
        raise InvalidTrussError(
            f"{field} is {_shown(value)}, which is no whole number", hint="write digits only"
        )
    return int(number)


def number(value: Any, field: str) -> float:
    try:
        if isinstance(value, str | int | float):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise InvalidTrussError(f"{field} is {_shown(value)}, which is no number", hint="write digits only")


def flag(value: Any, field: str) -> bool:
    word = str(value).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise InvalidTrussError(f"{field} is {_shown(value)}", hint="write true or false")


def table(value: Any, field: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        hint = "leave the field out for its default" if value is None else "write `key: value` lines below it"
        raise InvalidTrussError(f"{field} is {_shown(value)}, which is no mapping", hint=hint)
    return dict(value)


def optional(check: Check) -> Check:
    return lambda value, field: None if value is None else check(value, field)


def at_least(low: int, check: Check, why: str) -> Check:
    def checked(value: Any, field: str) -> Any:
        found = check(value, field)
        if not found >= low:
            raise InvalidTrussError(f"{field} is {found}, which is less than {low}", hint=why)
        return found

    return checked


def one_of(*choices: str) -> Check:
    def checked(value: Any, field: str) -> str:
        if value not in choices:
            raise InvalidTrussError(f"{field} is {_shown(value)}", hint=nearest(str(value), choices))
        return text(value, field)

    return checked


def list_of(check: Check) -> Check:
    def checked(value: Any, field: str) -> list[Any]:
        if not isinstance(value, list):
            hint = "leave the field out for none" if value is None else "write one `- item` a line"
            raise InvalidTrussError(f"{field} is {_shown(value)}, which is no list", hint=hint)
        return [check(item, f"{field}[{index}]") for index, item in enumerate(value)]

    return checked


def mapping_of(check: Check) -> Check:
    def checked(value: Any, field: str) -> dict[str, Any]:
        items = table(value, field).items()
        return {text(name, f"a name in {field}"): check(item, f"{field}.{name}") for name, item in items}

    return checked


def record(fields: Mapping[str, tuple[Check, Any]]) -> Check:
    """A mapping with known fields, each a check and a default; unknown fields are kept as they are."""

    def checked(value: Any, field: str) -> dict[str, Any]:
        given = table(value, field) if field else value
        prefix = f"{field}." if field else ""
        expanded = {}
        for name, (check, default) in fields.items():
            found = given.get(name, default)
            if found is REQUIRED:
                raise InvalidTrussError(f"{prefix}{name} is missing", hint=f"add it below `{field}`")
            if found is not LEFT_OUT:
                expanded[name] = check(found, f"{prefix}{name}")
        return expanded | {name: kept for name, kept in given.items() if name not in fields}

    return checked


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - what fits a line
