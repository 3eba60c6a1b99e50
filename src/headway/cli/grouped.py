"""Lets a verb take many options as one value: a dataclass, each field of which is an option of its own."""

import dataclasses
import functools
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb as Typer is to see it: the fields of such a dataclass stand in its parameter's place."""
    taken = signature(verb).parameters
    groups = {name: signature(one.annotation).parameters for name, one in taken.items() if _is_group(one)}

    @functools.wraps(verb)
    def of_options(**given: Any) -> None:
        values = {
            name: taken[name].annotation(**{field: given.pop(field) for field in fields})
            for name, fields in groups.items()
        }
        verb(**values, **given)

    shown = [
        option.replace(kind=Parameter.KEYWORD_ONLY)
        for name, one in taken.items()
        for option in groups.get(name, {name: one}).values()
    ]
    of_options.__annotations__ = {one.name: one.annotation for one in shown}
    vars(of_options)["__signature__"] = Signature(shown)
    return of_options


def _is_group(parameter: Parameter) -> bool:
    return dataclasses.is_dataclass(parameter.annotation)
