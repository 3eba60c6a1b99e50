"""Reads the model's code as text: which methods there are and what they take. The code is not run.

What the replica finds out by itself when it loads the model stays its business; here is what the text alone shows.
"""

import ast
from collections.abc import Iterator

from headway.control.packages.findings import Finding, Level, of_error
from headway.model_server.docker_server.settings import docker_server
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig

_STAGES = ("preprocess", "predict", "postprocess")
_ENDPOINTS = ("chat_completions", "completions", "embeddings", "messages", "responses")

Method = ast.FunctionDef | ast.AsyncFunctionDef


def of_model(config: TrussConfig) -> Iterator[Finding]:
    """What will fail when the model is loaded."""
    place = str(config.model_file.relative_to(config.directory.resolve()))
    if config.docker_server:
        try:
            docker_server(config.expanded)
        except InvalidTrussError as error:
            yield of_error("config.yaml", error)
        return
    try:
        tree = ast.parse(config.model_file.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        yield Finding(Level.ERROR, f"{place}:{line}", f"no valid Python: {getattr(error, 'msg', error)}")
        return
    except OSError as error:
        yield Finding(Level.ERROR, place, f"cannot be read: {error.strerror}")
        return
    name = config.model_class_name
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name in classes:
        yield from _of_class(classes[name], place)
    elif not _binds(tree, name):
        yield Finding(
            Level.ERROR,
            place,
            f"there is no class {name}",
            "define it, or set model_class_name in config.yaml",
        )


def _binds(tree: ast.Module, name: str) -> bool:
    """Whether the name may come from elsewhere: an import, an assignment, a class inside a condition."""
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    imported = (
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )
    assigned = (
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    defined = (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return stars or name in {*imported, *assigned, *defined}


def _of_class(model: ast.ClassDef, place: str) -> Iterator[Finding]:
    methods = {node.name: node for node in model.body if isinstance(node, Method)}
    if not {"predict", "websocket", *_ENDPOINTS} & _attributes(model) and not model.bases:
        yield Finding(
            Level.ERROR,
            f"{place}:{model.lineno}",
            f"class {model.name} has neither predict nor websocket",
            "define `def predict(self, inputs)`",
        )
    for name in (*_STAGES, *_ENDPOINTS):
        if name in methods:
            yield from _of_arguments(methods[name], place)
    if "websocket" in methods:
        yield from _of_websocket(methods, place)


def _attributes(model: ast.ClassDef) -> set[str]:
    """Names of methods, and of what the class or its methods assign: predict may be an attribute."""
    defined = {node.name for node in model.body if isinstance(node, Method)}
    stored = {node.attr for node in ast.walk(model) if isinstance(node, ast.Attribute)}
    return defined | stored | {node.id for node in ast.walk(model) if isinstance(node, ast.Name)}


def _of_arguments(method: Method, place: str) -> Iterator[Finding]:
    parameters = _parameters(method)
    where = f"{place}:{method.lineno}"
    if len(parameters) > 2:  # noqa: PLR2004  # inputs and request
        yield Finding(
            Level.ERROR,
            where,
            f"{method.name} takes {len(parameters)} arguments beside self, and gets at most two",
            f"write `def {method.name}(self, inputs, request: fastapi.Request)`; defaults count too",
        )
    elif len(parameters) == 2 and not _has_annotation(parameters[1]):  # noqa: PLR2004  # inputs and request
        yield Finding(
            Level.ERROR,
            where,
            f"the second argument of {method.name} must be annotated as fastapi.Request",
            f"write `{parameters[1].arg}: fastapi.Request`, or remove it",
        )


def _of_websocket(methods: dict[str, Method], place: str) -> Iterator[Finding]:
    method = methods["websocket"]
    where = f"{place}:{method.lineno}"
    if isinstance(method, ast.FunctionDef):
        yield Finding(Level.ERROR, where, "websocket must be async", "write `async def websocket(self, ws)`")
    if len(_parameters(method)) != 1:
        yield Finding(Level.ERROR, where, "websocket takes one argument beside self", "the WebSocket")
    for other in sorted({*_STAGES} & methods.keys()):
        yield Finding(Level.ERROR, where, f"a model with websocket cannot have {other}", "remove one of them")


def _parameters(method: Method) -> list[ast.arg]:
    arguments = method.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one]
    is_static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in method.decorator_list)
    return every if is_static else every[1:]


def _has_annotation(parameter: ast.arg) -> bool:
    return parameter.annotation is not None
