"""What went wrong with a request, as Truss puts it into HTTP: one table from exceptions to answers."""

import logging
import sys
from collections.abc import Container
from typing import Any

from headway.core.dialects import Dialect
from headway.core.wire import NOT_ACCEPTED
from headway.http.answers import header_lines
from headway.http.exchange import Exchange
from headway.model_server.answer_heads import InvalidStatusError, checked_status, passed_on
from headway.model_server.error_bodies import dialect_of, library_body, truss_body

_log = logging.getLogger(__name__)

_JSON = b"content-type: application/json\r\n"
_SOURCE = (b"x-baseten-error-source", b"04")
_CODE = b"x-baseten-error-code"
MODEL_CODE = 600
CLIENT_CODE = 700
_SERVER_CODE = 500
_BARE = 0  # an answer without the error headers, as plain text
LEFT_STATUS = 499


class RequestFailedError(Exception):
    """An answer that is an error: status, what stands under "error" in the body, and Baseten's error code."""

    def __init__(
        self,
        status: int,
        error: Any,
        code: int,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(status, error, code)
        self.status = status
        self.error = error
        self.code = code
        self.headers = headers
        self.hint = hint
        """What to do about it, for client libraries; Truss's words have no room for it."""


def not_ready() -> RequestFailedError:
    """Nothing of the request was taken up: the gateway may give it to another replica."""
    return RequestFailedError(503, "Model with name model is not ready.", MODEL_CODE, ((NOT_ACCEPTED, b"1"),))


def no_method(name: str) -> RequestFailedError:
    text, hint = f"`{name}` must only be called if model has it.", f"this model has no method `{name}`"
    return RequestFailedError(404, text, CLIENT_CODE, hint=hint)


def no_schema() -> RequestFailedError:
    return RequestFailedError(404, "No schema found", MODEL_CODE)


def bad_input(text: str) -> RequestFailedError:
    return RequestFailedError(400, text, CLIENT_CODE)


def unknown_coding(error: Exception, accepted: bytes) -> RequestFailedError:
    return RequestFailedError(415, str(error), CLIENT_CODE, ((b"accept-encoding", accepted),))


def too_large(text: str) -> RequestFailedError:
    return RequestFailedError(413, text, CLIENT_CODE)


def client_left(skipped: str) -> RequestFailedError:
    return RequestFailedError(LEFT_STATUS, f"Client disconnected, skipping `{skipped}`.", MODEL_CODE)


def model_error() -> RequestFailedError:
    return RequestFailedError(500, "Internal Server Error (in model/chainlet).", MODEL_CODE)


def of_model(error: BaseException) -> RequestFailedError:
    """What the model's code raised. Its text stays in the log, unless the model chose to answer so."""
    if isinstance(error, SystemExit):
        return RequestFailedError(500, "Internal Server Error", _BARE)
    return chosen_by_model(error) or model_error()


def chosen_by_model(error: BaseException) -> RequestFailedError | None:
    """The answer that a model chose by raising FastAPI's HTTPException; None for any other exception."""
    fastapi = sys.modules.get("fastapi")
    if fastapi is None or not isinstance(error, fastapi.HTTPException):
        return None
    if not isinstance(error.detail, Container):
        return unhandled(
            TypeError(f"the detail of an HTTPException is text or a container, not {error.detail!r}")
        )
    try:
        status = checked_status(error.status_code)
        kept = passed_on(
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in (error.headers or {}).items()
        )
    except (InvalidStatusError, AttributeError, UnicodeEncodeError) as wrong:
        _log.error("An HTTPException cannot be answered: %s", wrong)
        return unhandled(wrong)
    return RequestFailedError(status, error.detail, MODEL_CODE, tuple(kept))


def unhandled(error: BaseException) -> RequestFailedError:
    """What is wrong with a result: the author needs its text."""
    return RequestFailedError(500, f"Unhandled exception: {_told(error)}", _SERVER_CODE)


def error_lines(code: int) -> tuple[tuple[bytes, bytes], ...]:
    """The two headers that go with every error of a replica."""
    return (_SOURCE, (_CODE, b"%03d" % code))


def answer(exchange: Exchange, failed: RequestFailedError, more: bytes = b"") -> None:
    """Answer the request with the error; `more` are further header lines."""
    is_bare = failed.code == _BARE
    is_truss = dialect_of(exchange) is Dialect.HEADWAY
    if is_bare and is_truss:
        exchange.respond(
            failed.status, b"content-type: text/plain; charset=utf-8\r\n" + more, failed.error.encode()
        )
        return
    try:
        body = _body(exchange, failed)
        headers = b"" if is_bare else header_lines([*failed.headers, *error_lines(failed.code)])
    except Exception as error:  # noqa: BLE001 - what a model gave is encoded, by its own code at times
        failed = unhandled(error)
        body = _body(exchange, failed)
        headers = header_lines(error_lines(failed.code))
    kind = b"" if any(name.lower() == b"content-type" for name, _ in failed.headers) else _JSON
    exchange.respond(failed.status, kind + headers + more, body)


def answer_framework(exchange: Exchange, status: int, detail: str, headers: bytes = b"") -> None:
    """An answer about the routes themselves, which carries none of Baseten's headers."""
    is_truss = dialect_of(exchange) is Dialect.HEADWAY
    body = truss_body("detail", detail) if is_truss else library_body(exchange, status, detail)
    exchange.respond(status, _JSON + headers, body)


def _told(error: BaseException) -> str:
    """Its type and text; a model's exception may have none, or fail to say it."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001
        return name


def _body(exchange: Exchange, failed: RequestFailedError) -> bytes:
    if dialect_of(exchange) is Dialect.HEADWAY:
        return truss_body("error", failed.error)
    return library_body(exchange, failed.status, failed.error, failed.hint)
