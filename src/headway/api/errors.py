"""Errors as answers: each code of the control plane has one status, and every body has the same shape."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route

from headway.control.storage import StorageError
from headway.core.errors import HeadwayError

_logger = logging.getLogger(__name__)

_STATUSES = {
    "not_found": 404,
    "refused": 409,
    "too_few_requests": 409,
    "stale": 412,
    "invalid_setting": 422,
    "invalid_truss": 422,
    "invalid_archive": 422,
    "invalid_name": 422,
    "invalid_key": 422,
    "invalid_secret": 422,
    "too_large": 413,
    "preparation_failed": 422,
    "invalid_range": 422,
    "invalid_scenario": 422,
    "store": 503,
    "storage": 503,
    "no_room": 507,
    "unknown_state": 409,
    "backend": 503,
    "gateway": 503,
    "busy": 503,
    "simulation_timeout": 503,
}
"""By the error's code; any other is a defect of Headway and answered with 500."""

_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Have every error of `app` answered in the one shape. `routes` are those that it was given."""

    @app.exception_handler(HeadwayError)
    async def _own(_: Request, error: HeadwayError) -> JSONResponse:
        return answer(_STATUSES.get(error.code, 500), error.code, error.message, error.hint)

    _install_faults(app)

    @app.exception_handler(Exception)
    async def _defect(_: Request, __: Exception) -> JSONResponse:
        return defect()

    @app.exception_handler(ClientDisconnect)
    async def _gone(_: Request, __: ClientDisconnect) -> JSONResponse:
        return answer(400, "disconnected", "the client left")  # nobody reads it; but it is no defect

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return answer(422, "invalid_request", f"{place}: {first['msg']}", "see /docs for what it takes")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "http")
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        if error.status_code == 405:  # noqa: PLR2004  # as it stands in HTTP
            headers["allow"] = ", ".join(sorted(_methods(routes, request)))
        return answer(error.status_code, code, str(error.detail), "see /docs for what there is", headers)


def _install_faults(app: FastAPI) -> None:
    """Of the machine: they pass."""

    @app.exception_handler(OSError)
    async def _disk(_: Request, error: OSError) -> JSONResponse:
        told = StorageError.of("Headway's machine does not let it be done", error)
        _logger.error("a request met a fault of the machine: %s", error, exc_info=error)
        return answer(503, told.code, told.message, told.hint)

    @app.exception_handler(TimeoutError)
    async def _late(_: Request, error: TimeoutError) -> JSONResponse:
        _logger.error("a request waited for too long: %s", error, exc_info=error)
        return answer(503, "timeout", "it took too long", "try it again; control's log says more")


def answer(
    status: int, code: str, message: str, hint: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    error: dict[str, Any] = {"code": code, "message": _sendable(message), "hint": _sendable(hint)}
    return JSONResponse({"error": error}, status, dict(headers or {}))


def defect() -> JSONResponse:
    """What is told of an error that nobody has thought of; its own words may hold what is secret."""
    return answer(500, "defect", "this is a defect of Headway", "control's log says more")


def _sendable(text: str) -> str:
    """JSON can name half a character, and so may what is told of it; no encoding has it."""
    return text.encode(errors="backslashreplace").decode()


def _methods(routes: Sequence[BaseRoute], request: Request) -> set[str]:
    """What the path takes: each method has a route of its own, and only the first of them was asked."""
    found = (one for one in routes if isinstance(one, Route) and one.path_regex.match(request.url.path))
    methods = {method for route in found for method in route.methods or ()} or {"GET"}
    return methods | {"HEAD"} if "GET" in methods else methods
