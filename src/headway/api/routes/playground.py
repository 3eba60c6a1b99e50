"""Requests that are tried from the console: they go to the gateway as everybody's do."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from headway.api import bodies, disconnects
from headway.api.dependencies import Found
from headway.api.inference import Inference, passed_back

router = APIRouter(tags=["playground"])

_DEPLOYMENT = "/v1/models/{model}/deployments/{deployment}"
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
        status: {"description": "what the gateway or the model answered", **_ANY}
        for status in (200, 400, 401, 403)
    },
    **{
        status: {"description": "what the gateway or the model answered", **_ANY}
        for status in (404, 409, 413, 422)
    },
    503: {"description": "what the gateway or the model answered, or the gateway does not", **_ANY},
}
_INPUT = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}


@router.post(
    _DEPLOYMENT + "/predict", responses=_ANSWERS, openapi_extra=_INPUT, response_class=StreamingResponse
)
async def predict(found: Found, request: Request) -> Response:
    """Send one request through the gateway. The answer is passed back as it comes, with its headers."""
    inference: Inference = request.app.state.inference
    body = await request.body()
    answer = await disconnects.while_there(request, inference.send(found, body, request.headers))
    if answer is None:
        return Response(status_code=disconnects.STATUS)
    passed = StreamingResponse(_pieces(answer), answer.status_code, background=BackgroundTask(answer.aclose))
    passed.raw_headers = passed_back(answer)
    return passed


@router.post(_DEPLOYMENT + "/burst", response_class=StreamingResponse)
async def send_burst(found: Found, request: Request, wanted: bodies.Burst) -> StreamingResponse:
    """Send the same input several times at once. Answers come as JSON lines, each as it ends."""
    inference: Inference = request.app.state.inference
    headers = {**request.headers, "content-type": "application/json"}
    told = inference.burst(found, json.dumps(wanted.input).encode(), headers, wanted.count)

    async def lines() -> AsyncIterator[str]:
        async for one in told:
            yield json.dumps(one) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    except httpx.HTTPError as error:
        raise ConnectionError("the answer broke off") from error
