"""Validates inputs into a method's pydantic model, and describes inputs and outputs from its annotations.

Imports no pydantic: whoever has an input model has imported it already.
"""

import types
import typing
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

from headway.model_server.payload import BadPayloadError, decode, is_binary, read_json
from headway.model_server.truss.signatures import Hooks, is_pydantic_model, resolved_hints


def parse_inputs(body: bytes, content_type: bytes | None, input_model: type[Any] | None) -> Any:
    """A body as inputs, validated when there is an input model. Raises BadPayloadError (the 400's text)."""
    if input_model is None:
        return decode(body, content_type)
    from pydantic import ValidationError

    try:
        return input_model.model_validate(
            decode(body, content_type) if is_binary(content_type) else read_json(body)
        )
    except ValidationError as error:
        raise BadPayloadError(_explain(error)) from error
    except ValueError as error:
        raise BadPayloadError(f"Input Parsing Error:\n  `__root__`: {error}.") from error


def describe(hooks: Hooks) -> dict[str, Any] | None:
    """The answer of GET /v1/models/{name}/schema; None when the annotations say nothing (404)."""
    source = hooks.entry
    sink = hooks.postprocess or hooks.predict
    input_model = source.input_model if source else None
    returned = resolved_hints(sink.function).get("return") if sink else None
    output_model, streams = _output(returned)
    if input_model is None and streams is None:
        return None
    return {
        "input_schema": input_model.model_json_schema() if input_model else None,
        "output_schema": output_model.model_json_schema() if output_model else None,
        "supports_streaming": streams,
    }


def _output(annotation: Any) -> tuple[type[Any] | None, bool | None]:
    """The model that is returned, if one is, and whether a stream may be; None when the annotation says nothing."""
    if typing.get_origin(annotation) not in {typing.Union, types.UnionType}:
        model = _model_in(annotation)
        if _is_stream(annotation):
            return None, True
        return (model, False) if model else (None, None)
    choices = typing.get_args(annotation)
    models = [model for model in map(_model_in, choices) if model]
    streams = [choice for choice in choices if _is_stream(choice)]
    return (models[0], True) if len(choices) == 2 and models and streams else (None, None)  # noqa: PLR2004


def _model_in(annotation: Any) -> type[Any] | None:
    origin = typing.get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Awaitable):
        (annotation,) = typing.get_args(annotation)[-1:] or (None,)
    return annotation if is_pydantic_model(annotation) else None


def _is_stream(annotation: Any) -> bool:
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, Iterator | AsyncIterator)


def _explain(error: Any) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"  `{_location(problem)}`: {problem['msg']}." for problem in found]
    return "\n".join(["Input Parsing Error:" if len(found) == 1 else "Input Parsing Errors:", *lines])


def _location(problem: dict[str, Any]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"])
    return "".join(parts).removeprefix(".")
