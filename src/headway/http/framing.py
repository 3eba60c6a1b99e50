"""What a request's head says about its body's length, and what is wrong with a head: bounds, and whatever two
readers could understand in two ways.
"""

import json
from dataclasses import dataclass

from headway.http.answers import date_line, status_line
from headway.http.limits import Limits
from headway.http.request import Request
from headway.http.target import read_target

_VERSIONS = ("1.0", "1.1")


@dataclass(frozen=True, slots=True)
class BadRequest:
    """Why a request never reaches the application; its connection ends."""

    status: int
    code: str
    message: str
    hint: str

    def answer(self, lines: bytes = b"") -> bytes:
        """The whole answer, as it goes out, with these header lines."""
        content = {"error": {"code": self.code, "message": self.message, "hint": self.hint}}
        body = json.dumps(content).encode()
        return b"%s%s%s%scontent-length: %d\r\nconnection: close\r\n\r\n%s" % (
            *(status_line(self.status), date_line(), lines, b"content-type: application/json\r\n"),
            *(len(body), body),
        )


def read_framing(request: Request, version: str, limits: Limits, fed_bytes: int) -> BadRequest | None:
    """Take the body's length from the headers; what is wrong with them, or None.

    The parser has refused two lengths and a length beside chunks. `fed_bytes` bounds the head's size from above.
    """
    hosts = 0
    for name, value in request.headers:
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            request.length = int(value)
        elif name == b"transfer-encoding":
            is_first = request.length == 0
            request.length = None if is_first and value.strip().lower() == b"chunked" else -1
        elif name == b"expect":
            request.expects_continue = request.http_1_1 and value.lower() == b"100-continue"
    if request.length == -1 or (request.length is None and not request.http_1_1):
        return malformed("the only transfer-encoding understood is chunked, and on HTTP/1.1")
    if version not in _VERSIONS or hosts > 1 or (request.http_1_1 and not hosts):
        return malformed("HTTP/1.1 is spoken here, with exactly one Host header, and HTTP/1.0")
    wrong_target = read_target(request, names_host=hosts > 0)
    return malformed(wrong_target) if wrong_target else _size_refusal(request, limits, fed_bytes)


def malformed(message: str) -> BadRequest:
    hint = "what is spoken here is plain HTTP/1.1; HTTPS and HTTP/2 need a proxy in front"
    return BadRequest(400, "malformed_request", message, hint)


def head_too_large(limits: Limits) -> BadRequest:
    message = f"a request's head has at most {limits.head_bytes} bytes, {limits.headers} headers"
    return BadRequest(431, "head_too_large", message, "send fewer or shorter headers")


def too_slow(code: str, message: str) -> BadRequest:
    return BadRequest(408, code, message, "send a request without long pauses")


def _size_refusal(request: Request, limits: Limits, fed_bytes: int) -> BadRequest | None:
    limit = limits.head_bytes
    too_large = fed_bytes > limit and _size_of_head(request) > limit
    return head_too_large(limits) if too_large or len(request.headers) > limits.headers else None


def _size_of_head(request: Request) -> int:
    return len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)
