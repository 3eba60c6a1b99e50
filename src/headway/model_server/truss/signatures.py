"""Inspects a model object: which methods it has, what each takes, and where each has to run."""

import inspect
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from headway.core.errors import HeadwayError


class ModelDefinitionError(HeadwayError):
    """A model class that breaks Truss's rules; always a failure to load."""

    code = "model_definition"


class Arguments(Enum):
    """What a method is called with, in this order. A websocket method's REQUEST is its connection."""

    NONE = "none"
    INPUTS = "inputs"
    REQUEST = "request"
    INPUTS_AND_REQUEST = "inputs and request"


class Kind(Enum):
    """What calling a method gives, judged by the function itself; decides where it runs."""

    SYNC = "sync"
    ASYNC = "async"
    SYNC_GENERATOR = "sync generator"
    ASYNC_GENERATOR = "async generator"


@dataclass(frozen=True, slots=True)
class Hook:
    """One method of the model, bound. `input_model` is the pydantic class its inputs are validated into."""

    name: str
    function: Callable[..., Any]
    arguments: Arguments
    kind: Kind
    input_model: type[Any] | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """The methods of a model that requests reach; None where it has none."""

    preprocess: Hook | None = None
    predict: Hook | None = None
    postprocess: Hook | None = None
    chat_completions: Hook | None = None
    completions: Hook | None = None
    embeddings: Hook | None = None
    messages: Hook | None = None
    responses: Hook | None = None
    websocket: Hook | None = None
    is_healthy: Hook | None = None

    @property
    def entry(self) -> Hook | None:
        """The method that gets the inputs of a predict request."""
        return self.preprocess or self.predict


def inspect_model(model: Any) -> Hooks:
    """The methods of a constructed model. Raises ModelDefinitionError."""
    hooks = Hooks(**{name: _inspect(name, getattr(model, name, None)) for name in Hooks.__dataclass_fields__})
    _check_pipeline(hooks)
    _check_websocket(hooks)
    if hooks.is_healthy and hooks.is_healthy.arguments is not Arguments.NONE:
        raise ModelDefinitionError("`is_healthy` takes no argument but self")
    return hooks


def resolved_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotations as objects; one that cannot be resolved (imported for type checkers only, say) stays text."""
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - an annotation may raise anything when it is evaluated
        annotations = getattr(function, "__annotations__", {})
        return {name: _resolved(annotation, function) for name, annotation in annotations.items()}


def is_pydantic_model(annotation: Any) -> bool:
    """Whether this is a pydantic model class; never imports pydantic."""
    pydantic = sys.modules.get("pydantic")
    return (
        pydantic is not None and isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)
    )


def _inspect(name: str, function: Any) -> Hook | None:
    if function is None:
        return None
    if not callable(function):
        raise ModelDefinitionError(f"`{name}` is {function!r}, which cannot be called")
    # An object with __call__ is judged by that method.
    code = function if inspect.isroutine(function) else getattr(function, "func", function.__call__)
    hints = resolved_hints(code)
    names = tuple(inspect.signature(function).parameters)
    arguments = _arguments(name, [hints.get(parameter) for parameter in names])
    input_model = hints.get(names[0]) if names and is_pydantic_model(hints.get(names[0])) else None
    return Hook(name, function, arguments, _kind(code), input_model)


def _arguments(name: str, annotations: list[Any]) -> Arguments:
    if name == "websocket" and len(annotations) == 1:
        return Arguments.REQUEST
    match [_is_request(annotation) for annotation in annotations]:
        case []:
            return Arguments.NONE
        case [True]:
            return Arguments.REQUEST
        case [False]:
            return Arguments.INPUTS
        case [False, True]:
            return Arguments.INPUTS_AND_REQUEST
        case [_, _]:
            raise ModelDefinitionError(
                f"`{name}` takes two arguments, so the second, and only that, is annotated as `fastapi.Request`",
                hint=f"write `def {name}(self, inputs, request: fastapi.Request)`, or take one argument",
            )
        case parameters:
            raise ModelDefinitionError(
                f"`{name}` takes {len(parameters)} arguments; at most two are passed: inputs and request",
                hint="defaults, *args and **kwargs count too; remove them",
            )


def _kind(function: Any) -> Kind:
    if inspect.isasyncgenfunction(function):
        return Kind.ASYNC_GENERATOR
    if inspect.isgeneratorfunction(function):
        return Kind.SYNC_GENERATOR
    return Kind.ASYNC if inspect.iscoroutinefunction(function) else Kind.SYNC


def _check_pipeline(hooks: Hooks) -> None:
    if hooks.predict is None and hooks.websocket is None:
        raise ModelDefinitionError(
            "the model has neither `predict` nor `websocket`", hint="define `def predict(self, inputs)`"
        )
    if hooks.preprocess and hooks.predict and hooks.predict.arguments is Arguments.REQUEST:
        raise ModelDefinitionError(
            "`predict` takes only the request, so what `preprocess` returns would be lost",
            hint="let `predict` take inputs too, or remove `preprocess`",
        )
    if hooks.postprocess and hooks.postprocess.arguments is Arguments.REQUEST:
        raise ModelDefinitionError(
            "`postprocess` takes only the request, so what `predict` returns would be lost",
            hint="let it take the result as its first argument",
        )


def _check_websocket(hooks: Hooks) -> None:
    websocket = hooks.websocket
    if websocket is None:
        return
    for other in (hooks.predict, hooks.preprocess, hooks.postprocess):
        if other is not None:
            raise ModelDefinitionError(
                f"a model with `websocket` cannot have `{other.name}`", hint="remove one"
            )
    if websocket.kind is not Kind.ASYNC or websocket.arguments is not Arguments.REQUEST:
        raise ModelDefinitionError(
            "`websocket` is an async method with one argument",
            hint="write `async def websocket(self, websocket: fastapi.WebSocket)`",
        )


def _is_request(annotation: Any) -> bool:
    if isinstance(annotation, str):
        # Imported for type checkers only: the name is all there is.
        return annotation.rpartition(".")[2] == "Request"
    requests = sys.modules.get("starlette.requests")
    return requests is not None and isinstance(annotation, type) and issubclass(annotation, requests.Request)


def _resolved(annotation: Any, function: Callable[..., Any]) -> Any:
    def holder() -> None: ...

    holder.__annotations__ = {"it": annotation}
    try:
        return typing.get_type_hints(holder, getattr(function, "__globals__", {}))["it"]
    except Exception:  # noqa: BLE001 - as above
        return annotation
