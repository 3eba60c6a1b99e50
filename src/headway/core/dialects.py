"""How an error is worded for the client libraries that show it: pure, one table for gateway and replicas.

Headway's own words are the gateway's (`gateway/refusals.py`), Truss's are the replica's; here are OpenAI's and
Anthropic's, whose libraries show a message and tell errors apart by type, code and status.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Dialect(Enum):
    """Whose errors a client understands; the value is its name on the wire."""

    HEADWAY = "headway"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is told of an error: `code` is a word for programs, `parameter` the part of the body that is wrong."""

    status: int
    message: str
    code: str | None = None
    hint: str = ""
    parameter: str | None = None

    @property
    def text(self) -> str:
        """Message and hint as one, for the libraries show nothing else."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


_MESSAGES = b"/v1/messages"
_OPENAI_PATHS = tuple(
    b"/v1/" + name for name in (b"chat/completions", b"completions", b"embeddings", b"responses", b"models")
)
_LOWEST_OF_SERVERS = 500
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def dialect_of(path: bytes) -> Dialect:
    """Whose client asks for `path` (without a query) of a model or of the gateway."""
    if path == _MESSAGES or path.startswith(_MESSAGES + b"/"):
        return Dialect.ANTHROPIC
    return Dialect.OPENAI if path in _OPENAI_PATHS else Dialect.HEADWAY


def worded(dialect: Dialect, fault: Fault, request_id: str) -> dict[str, Any]:
    """The body of an error's answer, in a dialect other than Headway's own."""
    if dialect is Dialect.ANTHROPIC:
        error = {"type": _type(fault.status), "message": fault.text}
        return {"type": "error", "error": error, "request_id": request_id}
    return {
        "error": {
            "message": fault.text,
            "type": _type(fault.status),
            "param": fault.parameter,
            "code": fault.code,
        }
    }


def fault_of(status: int, detail: Any) -> Fault:
    """What a model says is wrong, as far as it says so in words: text, or an object with a message or an error."""
    inner = detail.get("error", detail) if isinstance(detail, dict) else detail
    if isinstance(inner, dict) and isinstance(message := inner.get("message"), str):
        return Fault(
            status,
            message,
            code=_text(inner.get("code")),
            hint=_text(inner.get("hint")) or "",
            parameter=_text(inner.get("param")),
        )
    return Fault(status, inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False))


def _type(status: int) -> str:
    return _TYPES.get(status) or ("api_error" if status >= _LOWEST_OF_SERVERS else "invalid_request_error")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
