"""Reads from a Truss's text which methods it has that requests reach. Its code is not run, so some may not show."""

import ast
from collections.abc import Mapping

from headway.model_server.truss.truss_config import TrussConfig

WAYS_IN = ("predict", "chat_completions", "completions", "embeddings", "messages", "responses", "websocket")
"""The methods of a model that requests reach, by their names."""
_DYNAMIC = {"__getattr__", "__getattribute__"}
_PLAIN_BASES = {"object", "ABC", "Generic", "Protocol"}


def ways_into(config: TrussConfig) -> tuple[str, ...] | None:
    """Those that there are, in the order of WAYS_IN; None where the text does not say."""
    if config.transport.kind == "websocket":
        return ("websocket",)
    if config.docker_server:
        return None  # its program has paths of its own
    try:
        tree = ast.parse(config.model_file.read_bytes())
        names = _names_of(config.model_class_name, _classes(tree))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if names is None else tuple(way for way in WAYS_IN if way in names)


def _classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _names_of(name: str, classes: Mapping[str, ast.ClassDef]) -> set[str] | None:
    """What the class and its bases define; None when some of it is written elsewhere or made while it runs."""
    found = classes.get(name)
    if found is None or found.keywords or found.decorator_list:
        return None
    names = _defined(found)
    if names & _DYNAMIC or _sets_attributes(found):
        return None
    for base in found.bases:
        base_name = _name(base)
        if base_name in _PLAIN_BASES:
            continue
        inherited = None if base_name == name else _names_of(base_name, classes)
        if inherited is None:
            return None
        names |= inherited
    return names


def _defined(model: ast.ClassDef) -> set[str]:
    """Methods, what the class assigns, and what a method assigns to an attribute."""
    methods = {node.name for node in model.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    stored = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(model)
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return methods | stored


def _sets_attributes(model: ast.ClassDef) -> bool:
    """Whether it gives itself attributes whose names the text does not have."""
    return any(
        (isinstance(node, ast.Call) and _name(node.func) in {"setattr", "vars"})
        or (isinstance(node, ast.Attribute) and node.attr == "__dict__")
        for node in ast.walk(model)
    )


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value):
            return _name(value)
        case _:
            return ""
