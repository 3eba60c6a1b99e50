"""Validates inputs into a method's pydantic model, and describes inputs and outputs from its annotations."""

from typing import Any

from headway.model_server.signatures import Hooks


def parse_inputs(body: bytes, content_type: bytes | None, input_model: type[Any] | None) -> Any:
    """A body as inputs, validated when there is an input model. Raises BadPayloadError (the 400's text)."""
    raise NotImplementedError


def describe(hooks: Hooks) -> dict[str, Any] | None:
    """The answer of GET /v1/models/{name}/schema; None when the annotations say nothing (404)."""
    raise NotImplementedError
