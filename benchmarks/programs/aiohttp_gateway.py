"""A gateway as one would write it on aiohttp, limit included. Arguments: port, upstream's port, limit."""

import asyncio
import sys

import aiohttp
import uvloop
from aiohttp import web

port, upstream_port, limit = (int(argument) for argument in sys.argv[1:4])


async def forward(request: web.Request) -> web.Response:
    session: aiohttp.ClientSession = request.app["session"]
    slots: asyncio.Semaphore = request.app["slots"]
    body = await request.read()
    async with slots, session.post(f"http://127.0.0.1:{upstream_port}/", data=body) as answer:
        return web.Response(body=await answer.read(), status=answer.status, content_type=answer.content_type)


async def make() -> web.Application:
    app = web.Application()
    app["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    app["slots"] = asyncio.Semaphore(limit)
    app.router.add_post("/{path:.*}", forward)
    return app


if __name__ == "__main__":
    uvloop.install()
    web.run_app(make(), host="127.0.0.1", port=port, access_log=None)
