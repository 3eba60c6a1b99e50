"""Inspects a model object: which methods it has, what each takes, and where each has to run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from headway.core.errors import HeadwayError


class ModelDefinitionError(HeadwayError):
    """A model class that breaks Truss's rules; always a failure to load."""

    code = "model_definition"


class Arguments(Enum):
    """What a method is called with, in this order."""

    NONE = "none"
    INPUTS = "inputs"
    REQUEST = "request"
    INPUTS_AND_REQUEST = "inputs and request"


class Kind(Enum):
    """What calling a method gives; decides where it runs."""

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

    @property
    def takes_inputs(self) -> bool:
        raise NotImplementedError


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


def inspect_model(model: Any) -> Hooks:
    """Raises ModelDefinitionError."""
    raise NotImplementedError
