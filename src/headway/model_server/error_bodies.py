"""What stands in the body of an error: Truss's words, or those of the client library that the gateway says asks."""

import json
from typing import Any

from headway.core.dialects import Dialect, Fault, fault_of, worded
from headway.core.wire import DIALECT, REQUEST_ID
from headway.http.exchange import Exchange

_DIALECTS = {one.value.encode(): one for one in Dialect}


def dialect_of(exchange: Exchange) -> Dialect:
    """Whose errors the client understands; Headway's stand for Truss's here."""
    return _DIALECTS.get(exchange.header(DIALECT) or b"", Dialect.HEADWAY)


def truss_body(key: str, error: Any) -> bytes:
    """Raises TypeError or ValueError where the error is nothing that JSON can say."""
    return json.dumps({key: error}, ensure_ascii=False, separators=(",", ":")).encode()


def library_body(exchange: Exchange, status: int, error: Any, hint: str = "") -> bytes:
    """The same for OpenAI's and Anthropic's clients. Raises TypeError, ValueError likewise."""
    fault = fault_of(status, error)
    if hint:
        fault = Fault(status, fault.message, fault.code, hint, fault.parameter)
    request_id = (exchange.header(REQUEST_ID) or b"").decode("latin-1")
    return json.dumps(worded(dialect_of(exchange), fault, request_id)).encode()
