"""The words of the contract's table: a case sends one request to one Truss and states the whole answer.

Where Truss's own server answers otherwise, `upstream` states its answer and `because` says why ours is different.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack

PREDICT = "/v1/models/model:predict"
BINARY = {"Content-Type": "application/octet-stream"}
MODEL_ERROR = "Internal Server Error (in model/chainlet)."


@dataclass(frozen=True, slots=True)
class Like:
    """A body that matches this regular expression from end to end."""

    pattern: str

    def accepts(self, body: bytes) -> bool:
        return re.fullmatch(self.pattern, body.decode(), re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Json:
    """A body whose JSON means this value; its spelling is not part of the contract."""

    value: Any

    def accepts(self, body: bytes) -> bool:
        return json.loads(body) == self.value


@dataclass(frozen=True, slots=True)
class Packed:
    """A body whose msgpack means this value."""

    value: Any

    def accepts(self, body: bytes) -> bool:
        return msgpack.unpackb(body, strict_map_key=False) == self.value


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: bytes | str | Like | Json | Packed = b""
    headers: Mapping[str, str | None] = field(default_factory=dict)  # None: the header is absent
    cut: bool = False  # the connection ends before the body does

    def accepts_body(self, body: bytes) -> bool:
        match self.body:
            case str():
                return body == self.body.encode()
            case bytes():
                return body == self.body
            case matcher:
                return matcher.accepts(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    truss: str
    answer: Answer
    method: str = "POST"
    path: str = PREDICT
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = b"{}"
    upstream: Answer | None = None
    because: str = ""

    def __post_init__(self) -> None:
        if (self.upstream is None) != (not self.because):
            raise ValueError(
                f"{self.name}: a different answer upstream goes with its reason, and the reverse"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A Truss short enough to be read beside its cases."""

    model: str
    config: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def ok(
    body: bytes | str | Like | Json | Packed, content_type: str = "application/json", **more: str | None
) -> Answer:
    headers = {"content-type": content_type, "x-baseten-error-code": None, "x-baseten-error-source": None}
    return Answer(200, body, headers | {name.replace("_", "-"): value for name, value in more.items()})


def binary(value: Any) -> Answer:
    return ok(Packed(value), "application/octet-stream")


def stream(body: bytes | str) -> Answer:
    return ok(body, "application/octet-stream", transfer_encoding="chunked")


def error_headers(code: int) -> dict[str, str | None]:
    return {"x-baseten-error-source": "04", "x-baseten-error-code": f"{code:03}"}


def fails(status: int, error: Any, code: int, **more: str | None) -> Answer:
    """An error that the server made; an error given as `Like` is matched as text inside the JSON."""
    headers = {"content-type": "application/json"} | error_headers(code)
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    match error:
        case Like(pattern):
            body: str | Like = Like(r'\{"error":"' + pattern + r'"\}')
        case _:
            body = json.dumps({"error": error}, separators=(",", ":"), ensure_ascii=False)
    return Answer(status, body, headers)


def refused(error: Any) -> Answer:
    """Bad input: 400, the client's fault."""
    return fails(400, error, 700)


def crashed() -> Answer:
    """An exception in the model's code: the text stays in the log."""
    return fails(500, MODEL_ERROR, 600)


def not_serializable(text: str) -> Answer:
    return fails(500, Like(f"Unhandled exception: TypeError: {text}"), 500)


def framework(status: int, detail: str) -> Answer:
    absent: dict[str, str | None] = {"x-baseten-error-source": None, "x-baseten-error-code": None}
    body = json.dumps({"detail": detail}, separators=(",", ":"))
    return Answer(status, body, {"content-type": "application/json"} | absent)


def packed(value: Any) -> bytes:
    return msgpack.packb(value)


def array(data: bytes, dtype: str, *shape: int) -> dict[bytes, Any]:
    """A numpy array as msgpack-numpy writes it."""
    return {b"nd": True, b"type": dtype, b"kind": b"", b"shape": list(shape), b"data": data}
