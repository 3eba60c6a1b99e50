"""A WebSocket to the model: frames by the websockets library, the model's side as Starlette's WebSocket.

No gate limits it. The model is told when the client goes, and has a grace to end before it is cancelled.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from headway.core.stages import Stage
from headway.http.exchange import Exchange
from headway.model_server import asgi, failures
from headway.model_server.call import Call
from headway.model_server.handshake import Handshake
from headway.model_server.replica import ServedModel
from headway.model_server.streams import BUFFER_BYTES
from headway.model_server.truss.loader import model_traceback
from headway.model_server.truss.signatures import Hook

LARGEST_MESSAGE_BYTES = 100 * 1024 * 1024
PING_INTERVAL = 20.0
PING_TIMEOUT = 20.0
ACCEPT_WITHIN = 5.0
"""How long a model may take to select one of the subprotocols that its client offers, before it is asked no more."""
CLOSE_TIMEOUT = 10.0
"""How long the client has to answer a close, and the model to end after the client went."""
_MESSAGE_BYTES = 256
"""What a waiting message takes beside its content."""
_NOT_IMPLEMENTED = "WebSocket is not implemented on this deployment."
_MODEL_ERROR = "Internal Server Error (in model/chainlet)."
_log = logging.getLogger(__name__)
_quiet = logging.getLogger("headway.websockets")
_quiet.setLevel(logging.WARNING)  # the library tells each connection's beginning and end


class WebSocketCall(Call):
    """A receiver that becomes a WebSocket once its request is read."""

    def __init__(self, exchange: Exchange, replica: ServedModel) -> None:
        super().__init__(exchange, self._converse, replica.calls, cancels=False)
        self._replica = replica
        self._protocol = ServerProtocol(
            max_size=LARGEST_MESSAGE_BYTES, extensions=[ServerPerMessageDeflateFactory()], logger=_quiet
        )
        self._fragments: list[bytes] = []
        self._is_text = False
        self._handshake: Handshake | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._messages: deque[asgi.Message] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._pong = asyncio.Event()
        self._gone = asyncio.Event()
        """No further message can come."""

    # What the HTTP layer tells.

    def on_body(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._take(self._protocol.events_received())

    def on_client_left(self) -> None:
        if self._task is None or self.stage is None:
            super().on_client_left()
            return
        self._protocol.receive_eof()
        self._room.set()
        self._take(self._protocol.events_received())
        self._end_within_grace()

    def on_writable(self, *, writable: bool) -> None:
        if writable:
            self._room.set()
        else:
            self._room.clear()

    # What happens in the call's task.

    async def _converse(self, _: Call) -> None:
        pipeline = self._replica.pipeline
        if pipeline is None:
            failures.answer(self.exchange, failures.not_ready())
            return
        scope = asgi.scope_of(self.exchange, "websocket", {})
        handshake = Handshake(self._protocol, self.exchange, scope["subprotocols"])
        if not handshake.is_good:
            handshake.refuse()
            return
        self.enter(Stage.PREDICT)
        self._handshake = handshake
        self._replica.leaving.add(self._go_away)
        if handshake.offered:  # the model may select one
            waiting = asyncio.get_running_loop().call_later(ACCEPT_WITHIN, self._accept)
        else:
            waiting = None
            self._accept()
        try:
            hook = pipeline.loaded.hooks.websocket
            if hook is None:
                self._close(CloseCode.UNSUPPORTED_DATA, _NOT_IMPLEMENTED)
            else:
                await self._run_model(hook, scope)
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._gone.wait()
        except TimeoutError:
            _log.info("A WebSocket's client did not answer its close")
        finally:
            if self._pinging is not None:
                self._pinging.cancel()
            if waiting is not None:
                waiting.cancel()
            self._replica.leaving.discard(self._go_away)
            await self.until_stopped()
            self.exchange.close()

    async def _run_model(self, hook: Hook, scope: dict[str, Any]) -> None:
        from headway.model_server.models_websocket import ModelsWebSocket

        websocket = ModelsWebSocket(scope, self._receive, self._send, self._accept)
        try:
            await hook.function(websocket)
        except BaseException as error:  # noqa: BLE001 - a model's SystemExit ends its conversation, not the replica
            if not self._gone.is_set():
                filename = self._replica.config.model_class_filename
                _log.error("Exception in websocket\n%s", model_traceback(error, filename))
            self._close(CloseCode.INTERNAL_ERROR, _MODEL_ERROR)
        else:
            self._close(CloseCode.NORMAL_CLOSURE, "")

    async def _keep_alive(self) -> None:
        transport = self._replica.config.transport
        interval = transport.ping_interval or PING_INTERVAL
        timeout = transport.ping_timeout or PING_TIMEOUT
        while True:
            await asyncio.sleep(interval)
            if self._protocol.state is not State.OPEN:
                return
            self._pong.clear()
            self._protocol.send_ping(b"")
            self._flush()
            try:
                async with asyncio.timeout(timeout):
                    await self._pong.wait()
            except TimeoutError:
                self._protocol.fail(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
                self._take([])
                self._end_within_grace()

    def _end_within_grace(self) -> None:
        """Nobody is there any more: the model was told, and may end by itself."""
        if self._task is not None:
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._task.cancel)

    def _accept(self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Answer the handshake, if it is not yet. Raises what its `accept` does."""
        handshake = self._handshake
        if handshake is None or handshake.is_answered or self.left:
            return
        handshake.accept(subprotocol, headers)
        self._pinging = asyncio.get_running_loop().create_task(self._keep_alive())

    async def _receive(self) -> asgi.Message:
        """ASGI's receive for the model."""
        self._accept()
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()
        message = self._messages.popleft()
        if self._waiting_bytes >= BUFFER_BYTES > self._waiting_bytes - _size(message):
            self.exchange.resume_body()
        self._waiting_bytes -= _size(message)
        return message

    async def _send(self, message: asgi.Message) -> None:
        """ASGI's send for the model. Raises OSError when nobody can receive it any more."""
        self._accept()
        if message["type"] == "websocket.send":
            if self._protocol.state is not State.OPEN:
                raise ConnectionError("the client is gone")
            if (text := message.get("text")) is not None:
                self._protocol.send_text(text.encode())
            else:
                self._protocol.send_binary(message["bytes"])
            self._flush()
            await self._room.wait()  # ends by on_writable, or by send_timeout as the client's leaving
        elif message["type"] == "websocket.close":
            self._close(message.get("code", CloseCode.NORMAL_CLOSURE), message.get("reason") or "")

    def _close(self, code: int, reason: str) -> None:
        self._accept()
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()

    def _go_away(self) -> None:
        self._close(CloseCode.GOING_AWAY, "the replica stops")

    def _take(self, events: Sequence[object]) -> None:
        for event in events:
            if isinstance(event, Frame):
                self._take_frame(event)
        self._flush()
        if self._protocol.state is not State.OPEN and not self._gone.is_set():
            closed = self._protocol.close_rcvd
            if closed is None and not self.left and not self._protocol.eof_sent:
                return  # the close was ours, and the client has yet to answer it
            self._gone.set()
            code = closed.code if closed else CloseCode.ABNORMAL_CLOSURE
            self._put(
                {"type": "websocket.disconnect", "code": code, "reason": closed.reason if closed else ""}
            )

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self._pong.set()
            return
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            return
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            return
        data = b"".join(self._fragments)
        self._fragments.clear()
        try:
            content = {"text": data.decode()} if self._is_text else {"bytes": data}
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "not UTF-8")
            return
        self._put({"type": "websocket.receive", **content})

    def _put(self, message: asgi.Message) -> None:
        self._messages.append(message)
        self._waiting_bytes += _size(message)
        if self._waiting_bytes >= BUFFER_BYTES:
            self.exchange.pause_body()
        self._arrived.set()

    def _flush(self) -> None:
        """The protocol's wish to end the connection waits for the model: that end gives the slot back."""
        data = b"".join(self._protocol.data_to_send())
        if data and not self.left:
            self.exchange.relay(data)


def _size(message: asgi.Message) -> int:
    return _MESSAGE_BYTES + len(message.get("text") or message.get("bytes") or ())
