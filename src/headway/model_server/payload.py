"""Turns request bodies into a model's inputs and its results into bodies, as JSON or msgpack.

Bodies come from strangers, so decoding never runs code: what only pickle could restore is refused.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from headway.core.errors import HeadwayError
from headway.model_server import large_json
from headway.model_server.large_json import LARGE_BYTES

JSON_TYPE = b"application/json"
BINARY_TYPE = b"application/octet-stream"


class BadPayloadError(HeadwayError):
    """A body that cannot be read; its message is the text of the 400 answer."""

    code = "bad_payload"


def is_binary(content_type: bytes | None) -> bool:
    """Whether a body of this content type is msgpack; everything else is JSON."""
    if not content_type or content_type == JSON_TYPE:
        return False
    return content_type.partition(b";")[0].strip().lower() == BINARY_TYPE


def decode(body: bytes, content_type: bytes | None) -> Any:
    """The inputs in a body. Raises BadPayloadError."""
    if is_binary(content_type):
        return _decode_binary(body)
    try:
        return read_json(body)
    except ValueError as error:
        raise BadPayloadError(f"Invalid JSON payload: {error}") from error


def read_json(body: bytes) -> Any:
    """A body as json.loads reads it: UTF-8, or UTF-16 and UTF-32 by their zero bytes. Raises ValueError."""
    try:
        return json.loads(body) if len(body) < LARGE_BYTES else large_json.read(body)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def encode_json(result: Any) -> Sequence[bytes]:
    """A result as JSON (also of numpy values and pydantic models), in pieces. Raises TypeError, ValueError."""
    if _is_pydantic(result):
        text: str = result.model_dump_json()
        return (text.encode(),)
    return _writer.write(result)


def encode_binary(result: Any) -> bytes:
    """A result as msgpack (also of numpy values and pydantic models); bytes stay as they are.

    Raises TypeError, ValueError.
    """
    if isinstance(result, bytes):
        return result
    import msgpack

    from headway.model_server.binary import to_map

    if _is_pydantic(result):
        result = result.model_dump(mode="python")
    packed: bytes = msgpack.packb(result, default=to_map)
    return packed


def _decode_binary(body: bytes) -> Any:
    import msgpack

    from headway.model_server.binary import from_map

    try:
        return msgpack.unpackb(body, object_hook=from_map)
    # What can be wrong is as wide as the types that a body may name: a shape that does not fit, a date in year 0,
    # a bad decimal, nesting too deep. All of it is the sender's fault.
    except Exception as error:
        raise BadPayloadError(str(error) or f"Invalid msgpack payload: {type(error).__name__}") from error


def _is_pydantic(result: Any) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(result, pydantic.BaseModel)


def _numpy_to_plain(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            return value.tolist()
        if isinstance(value, numpy.integer | numpy.floating):
            return value.item()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# Made once: json.dumps would make an encoder for each call that names a `default`.
_writer = large_json.Writer(json.JSONEncoder(default=_numpy_to_plain).encode)
