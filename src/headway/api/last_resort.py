"""Stands around the API and all that stands before it: what nothing within has answered is answered here, in the API's
words. uvicorn's own would be a line of text.
"""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from headway.api.errors import answer, defect
from headway.api.outgoing import Outgoing
from headway.core.sharing import Sharing


class LastResort:
    """`sharing` says which pages may read it."""

    def __init__(self, app: ASGIApp, sharing: Sharing) -> None:
        self._app = app
        self._sharing = sharing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        noted = Outgoing(send, [])
        refusal = defect()
        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            refusal = answer(503, "stopping", "Headway stops", "send it again when it runs")
            raise
        finally:
            if not noted.has_begun:
                await refusal(scope, receive, Outgoing(send, self._sharing.lines(scope["headers"])))
