"""Turns request bodies into a model's inputs and its results into bodies, as JSON or msgpack."""

from typing import Any

from headway.core.errors import HeadwayError

JSON_TYPE = b"application/json"
BINARY_TYPE = b"application/octet-stream"


class BadPayloadError(HeadwayError):
    """A body that cannot be read; its message is the text of the 400 answer."""

    code = "bad_payload"


def is_binary(content_type: bytes | None) -> bool:
    """Whether a body of this content type is msgpack; everything else is JSON."""
    raise NotImplementedError


def decode(body: bytes, content_type: bytes | None) -> Any:
    """The inputs in a body. Raises BadPayloadError."""
    raise NotImplementedError


def encode_json(result: Any) -> bytes:
    """A result as JSON (also of numpy values and pydantic models). Raises TypeError, ValueError."""
    raise NotImplementedError


def encode_binary(result: Any) -> bytes:
    """A result as msgpack (also of numpy values and pydantic models). Raises TypeError, ValueError."""
    raise NotImplementedError
