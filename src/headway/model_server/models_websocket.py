"""The WebSocket that a model is given: open from its first line on, as on Truss, but that it may still say by which
subprotocol.
"""

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from starlette.types import Receive, Send
from starlette.websockets import WebSocket, WebSocketState


class ModelsWebSocket(WebSocket):
    """`answer` opens it to the client; it is called for the model, unless the model calls `accept` first."""

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        answer: Callable[[str | None, Iterable[tuple[bytes, bytes]]], None],
    ) -> None:
        super().__init__(scope, receive, send)
        self._answer = answer
        self.client_state = self.application_state = WebSocketState.CONNECTED

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Select a subprotocol of `scope["subprotocols"]`, before anything is sent or received."""
        self._answer(subprotocol, list(headers or ()))
