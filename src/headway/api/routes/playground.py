"""Requests that are tried from the console: they go to the gateway as everybody's do."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import APIRouter, Request, Response, status
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from headway.api import bodies, disconnects
from headway.api.begun import begun
from headway.api.conversations import Refused
from headway.api.dependencies import Found
from headway.api.head_requests import asked_method
from headway.api.inference import Attempt, Inference, passed_back
from headway.api.schemas import traffic

router = APIRouter(tags=["playground"])

_DEPLOYMENT = "/v1/models/{model}/deployments/{deployment}"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""HEAD comes where GET does."""
_ANY: dict[str, Any] = {
    "content": {
        "application/json": {"schema": {"description": "what the model's last stage returned, or an error"}},
        "application/octet-stream": {
            "schema": {"type": "string", "format": "binary", "description": "msgpack, or a stream's pieces"}
        },
        "*/*": {},  # of a response that the model makes itself
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {"description": "what the gateway or the model answered", **_ANY},
    **{
        code: {"description": "what the gateway or the model answered", **_ANY}
        for code in (200, 400, 401, 403, 404, 409, 413, 422)
    },
    503: {"description": "what the gateway or the model answered, or the gateway does not", **_ANY},
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "its events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
_INPUT = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
_MESSAGE = {
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_BINARY = "application/octet-stream"


@router.post(
    _DEPLOYMENT + "/predict", responses=_ANSWERS, openapi_extra=_INPUT, response_class=StreamingResponse
)
async def predict(found: Found, request: Request) -> Response:
    """Send one request through the gateway. The answer is passed back as it comes, with its headers."""
    return await _passed_on(found, request, b"predict")


async def send_to_path(found: Found, path: str, request: Request) -> Response:  # noqa: ARG001  # as it was written
    """Send one request to any path of the model, through the gateway's `sync`. What a browser would act upon itself is
    kept back; a `Location` comes as `X-Headway-Location`.
    """
    written = request.scope["raw_path"].split(b"/", 6)[6]
    query = request.scope["query_string"]
    return await _passed_on(found, request, written + (b"?" + query if query else b""))


for _method in _METHODS:
    router.add_api_route(
        _DEPLOYMENT + "/sync/{path:path}",
        send_to_path,
        methods=[_method],
        operation_id=f"send_{_method.lower()}_to_path",
        responses=_ANSWERS,
        response_class=StreamingResponse,
    )


@router.post(_DEPLOYMENT + "/websocket", response_class=StreamingResponse, responses={**_ANSWERS, **_EVENTS})
async def converse(found: Found, request: Request, wanted: bodies.NewConversation) -> Response:
    """Open a WebSocket to the model and follow it, as server-sent events: `open` with its id, each `message`, and
    `close`. It is closed when the answer is read no more. A handshake that is refused is answered as it was.
    """
    inference: Inference = request.app.state.inference
    path = wanted.path.encode()
    answered = await disconnects.while_there(
        request, inference.converse(found, path, request.headers, wanted.protocols)
    )
    if answered is None:
        return Response(status_code=disconnects.STATUS)
    if isinstance(answered, Refused):
        refused = Response(answered.body, answered.status)
        refused.raw_headers = passed_back(answered.headers)
        return refused
    events = await begun(inference.conversations.events(answered))
    return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})


@router.post(
    _DEPLOYMENT + "/websocket/{conversation}/messages",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=_MESSAGE,
)
async def send_message(found: Found, conversation: str, request: Request) -> traffic.Success:  # noqa: ARG001  # it has to exist
    """Send one message over an open WebSocket: a binary one if it is application/octet-stream, else text."""
    inference: Inference = request.app.state.inference
    body = await request.body()
    is_binary = request.headers.get("content-type", "").startswith(_BINARY)
    await inference.conversations.find(conversation).send(
        body if is_binary else body.decode(errors="replace")
    )
    return traffic.Success()


@router.post(_DEPLOYMENT + "/websocket/{conversation}/close", status_code=status.HTTP_202_ACCEPTED)
async def close_conversation(
    found: Found,  # noqa: ARG001  # it has to exist
    conversation: str,
    request: Request,
    wanted: bodies.Closing,
) -> traffic.Success:
    """Close an open WebSocket. Its events tell how it ended."""
    inference: Inference = request.app.state.inference
    await inference.conversations.find(conversation).close(wanted.code, wanted.reason)
    return traffic.Success()


@router.post(_DEPLOYMENT + "/burst", response_class=StreamingResponse)
async def send_burst(found: Found, request: Request, wanted: bodies.Burst) -> StreamingResponse:
    """Send the same input several times at once. Answers come as JSON lines, each as it ends."""
    inference: Inference = request.app.state.inference
    headers = {**request.headers, "content-type": "application/json"}
    headers.pop("content-length", None)
    attempt = Attempt("POST", b"predict", headers, json.dumps(wanted.input).encode())
    told = inference.burst(found, attempt, wanted.count)

    async def lines() -> AsyncIterator[str]:
        async for one in told:
            yield json.dumps(one) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


async def _passed_on(found: Found, request: Request, path: bytes) -> Response:
    inference: Inference = request.app.state.inference
    passing = disconnects.Passing(request)
    body = passing.pieces() if passing.has_body else b""
    attempt = Attempt(asked_method(request.scope), path, request.headers, body)
    answer = await passing.while_there(inference.send(found, attempt))
    if answer is None:
        return Response(status_code=disconnects.STATUS)
    passed = StreamingResponse(_pieces(answer), answer.status_code, background=BackgroundTask(answer.aclose))
    passed.raw_headers = passed_back(answer.headers.raw)
    return passed


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    except httpx.HTTPError as error:
        raise ConnectionError("the answer broke off") from error
