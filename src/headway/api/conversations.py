"""WebSockets to models, held here for pages of a browser, which cannot give a WebSocket a key: what a model sends goes
out as server-sent events, and what is sent to it comes in as requests.

A conversation lasts for as long as its events are read.
"""

import asyncio
import base64
import json
import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from headway.control.errors import NotFoundError
from headway.core.errors import HeadwayError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.exceptions import ConnectionClosed

MOST = 64
LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
MOST_SHOWN_BYTES = 1024 * 1024
"""What is passed on of one message; of a longer one, its beginning and its size."""
CLOSE_TIMEOUT = 5.0
_SEND_TIMEOUT = 30.0
_LONGEST_REASON = 123
"""Bytes, as WebSockets have it."""
_QUIET = 15.0
_quiet_log = logging.getLogger("headway.conversations")
_quiet_log.setLevel(logging.WARNING)


class TooManyConversationsError(HeadwayError):
    code = "busy"


class ConversationOverError(HeadwayError):
    code = "refused"


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer to a handshake that was not granted."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Conversations:
    """Those that are open, by ids that nobody guesses."""

    def __init__(self) -> None:
        self._open: dict[str, Conversation] = {}
        self._opening = 0

    async def begin(
        self, url: str, headers: Mapping[str, str], protocols: Sequence[str], within: float
    ) -> "Conversation | Refused":
        """Opened within so many seconds. Raises OSError when nobody answers, TooManyConversationsError."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidHandshake, InvalidStatus
        from websockets.typing import Subprotocol

        if len(self._open) + self._opening >= MOST:
            raise TooManyConversationsError(f"there are {MOST} open WebSockets", hint="close one")
        self._opening += 1
        try:
            connection = await connect(
                url,
                additional_headers=dict(headers),
                subprotocols=[Subprotocol(one) for one in protocols] or None,
                proxy=None,
                open_timeout=within,
                close_timeout=CLOSE_TIMEOUT,
                ping_interval=None,
                max_size=LARGEST_MESSAGE_BYTES,
                logger=_quiet_log,
            )
        except InvalidStatus as refused:
            answer = refused.response
            lines = [
                (name.encode(), value.encode(errors="replace")) for name, value in answer.headers.raw_items()
            ]
            return Refused(answer.status_code, lines, bytes(answer.body or b""))
        except (InvalidHandshake, EOFError) as error:
            raise ConnectionError(f"no WebSocket came about: {error}") from error
        finally:
            self._opening -= 1
        return Conversation(connection)

    def find(self, conversation_id: str) -> "Conversation":
        """Raises NotFoundError."""
        found = self._open.get(conversation_id)
        if found is None:
            raise NotFoundError(
                "there is no such open WebSocket", hint="it may have been closed: connect again"
            )
        return found

    async def events(self, conversation: "Conversation") -> AsyncIterator[str]:
        """As server-sent events: `open`, each `message`, and `close`."""
        self._open[conversation.id] = conversation
        try:
            async for event in conversation.events():
                yield event
        finally:
            self._open.pop(conversation.id, None)
            await conversation.leave()


class Conversation:
    """One WebSocket to a model."""

    def __init__(self, connection: "ClientConnection") -> None:
        self.id = secrets.token_hex(16)
        self._connection = connection
        self._began = monotonic()

    async def events(self) -> AsyncIterator[str]:
        from websockets.exceptions import ConnectionClosed

        answer = self._connection.response
        request_id = "" if answer is None else answer.headers.get("x-headway-request-id", "")
        yield _event(
            "open", {"id": self.id, "request_id": request_id, "protocol": self._connection.subprotocol or ""}
        )
        receiving: asyncio.Task[str | bytes] | None = None
        try:
            while True:
                receiving = receiving or asyncio.create_task(self._connection.recv())
                await asyncio.wait({receiving}, timeout=_QUIET)
                if not receiving.done():
                    yield ": still here\n\n"
                    continue
                message = receiving.result()
                receiving = None
                yield _event("message", _told(message) | {"seconds": self._seconds})
        except ConnectionClosed as closed:
            yield _event("close", _ended(closed) | {"seconds": self._seconds})
        finally:
            if receiving is not None:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)

    async def send(self, message: str | bytes) -> None:
        """Raises ConversationOverError."""
        from websockets.exceptions import ConnectionClosed

        try:
            async with asyncio.timeout(_SEND_TIMEOUT):
                await self._connection.send(message)
        except ConnectionClosed as error:
            raise ConversationOverError("the WebSocket is closed", hint="connect again") from error

    async def close(self, code: int, reason: str) -> None:
        await self._connection.close(
            code, reason.encode(errors="replace")[:_LONGEST_REASON].decode(errors="ignore")
        )

    async def leave(self) -> None:
        """Nobody reads on."""
        await self._connection.close(1001)

    @property
    def _seconds(self) -> float:
        return round(monotonic() - self._began, 6)


def _told(message: str | bytes) -> dict[str, object]:
    content = message.encode() if isinstance(message, str) else message
    shown, size = content[:MOST_SHOWN_BYTES], len(content)
    if isinstance(message, str):
        return {"text": shown.decode(errors="ignore"), "bytes": size}
    return {"base64": base64.b64encode(shown).decode(), "bytes": size}


def _ended(closed: "ConnectionClosed") -> dict[str, object]:
    frame = closed.rcvd or closed.sent
    return {
        "code": 1006 if frame is None else frame.code,
        "reason": "" if frame is None else frame.reason,
        "by_model": closed.rcvd is not None and closed.rcvd_then_sent is not False,
    }


def _event(name: str, content: Mapping[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(content)}\n\n"
