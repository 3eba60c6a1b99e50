"""Answers HEAD wherever GET is answered, as a plain ASGI application before the API: it asks for the same, passes the
head on and drops the rest. What goes on for ever is ended with the head.
"""

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKED = "headway.asked_method"


def asked_method(scope: Scope) -> str:
    """The method that came, for who passes a request on."""
    method: str = scope.get(_ASKED, scope["method"])
    return method


class HeadRequests:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = asyncio.Event()

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered.set()

        async def read() -> None:
            await self._app({**scope, "method": "GET", _ASKED: "HEAD"}, receive, send_head)

        reading = asyncio.create_task(read())
        waiting = asyncio.create_task(answered.wait())
        try:
            await asyncio.wait((reading, waiting), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()  # raises what the application raised before it answered
        finally:
            for task in (reading, waiting):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
