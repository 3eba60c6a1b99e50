"""A gateway as one would write it on Starlette and httpx. Arguments: port, upstream's port, limit."""

import asyncio
import sys

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

port, upstream_port, limit = (int(argument) for argument in sys.argv[1:4])
slots = asyncio.Semaphore(limit)
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=60)


async def forward(request: Request) -> Response:
    body = await request.body()
    async with slots:
        answer = await client.post(f"http://127.0.0.1:{upstream_port}/", content=body)
    return Response(answer.content, answer.status_code, media_type=answer.headers["content-type"])


app = Starlette(routes=[Route("/{path:path}", forward, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
