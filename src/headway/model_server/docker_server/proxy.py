"""Passes requests on to the program of a `docker_server` and its answers back, both as they come.

Truss's own paths become the endpoints that config.yaml names; every other path stays. Each request has a connection
of its own: its end is how either side tells the other that it left.
"""

import asyncio
import logging
from time import monotonic

from headway.core.stages import Stage
from headway.core.wire import PREDICT_PATH, READY_PATH, TAKEN_UP_WHOLE_BYTES, WEBSOCKET_PATH
from headway.http.client import ClientConnection, connect
from headway.http.exchange import Exchange
from headway.http.heads import SWITCHING_PROTOCOLS, AnswerHead
from headway.http.receivers import SILENT, Receiver
from headway.http.relay import AnswerRelay
from headway.model_server import failures
from headway.model_server.call import HeldCalls, identity_of
from headway.model_server.docker_server.proxy_head import asks_for_websocket, request_head
from headway.model_server.docker_server.reframed import ReframedAnswer, relay
from headway.model_server.docker_server.settings import DockerServer
from headway.model_server.logs import Lines
from headway.model_server.streams import GapWatch
from headway.telemetry.stage_board import StageBoard

BODY_LIMIT_BYTES = 100 * 1024 * 1024
READ_TIMEOUT = 18030.0
"""Longest time in which nothing moves while the program is to answer."""
_CONNECT_TIMEOUT = 5.0
_BUFFER_BYTES = 64 * 1024
"""What is read of a body before the program is reached."""
_log = logging.getLogger(__name__)


class ProxyRoutes:
    """The application of the public server. `calls` are the requests that are with the program at `address`."""

    def __init__(
        self,
        server: DockerServer,
        address: str,
        board: StageBoard | None = None,
        *,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self.address = address
        self.read_timeout = read_timeout
        self.calls = HeldCalls(board)
        self.was_reached = False
        """The program has accepted a connection."""
        self._probes = {READY_PATH: server.readiness_endpoint, b"/": server.liveness_endpoint}
        self._paths = {PREDICT_PATH: server.predict_endpoint, WEBSOCKET_PATH: server.predict_endpoint}

    def __call__(self, exchange: Exchange) -> Receiver:
        if exchange.length is not None and exchange.length > BODY_LIMIT_BYTES:
            failures.answer(exchange, _too_large())
            return SILENT
        path, mark, query = exchange.target.partition(b"?")
        probed = self._probes.get(path)
        target = (probed or self._paths.get(path, path)) + mark + query
        return ProxiedCall(exchange, target, self, stage=None if probed else Stage.PREDICT)

    async def connect(self) -> ClientConnection:
        """A new connection to the program. Raises OSError."""
        connection = await connect(self.address, _CONNECT_TIMEOUT)
        if not self.was_reached:
            self.was_reached = Lines.start_is_over = True
            _log.info("The server of the Truss accepts connections at %s", self.address)
        return connection


class ProxiedCall:
    """One request: `Receiver` for its exchange, `AnswerReceiver` for its connection, one task until both are done."""

    def __init__(
        self, exchange: Exchange, target: bytes, routes: ProxyRoutes, *, stage: Stage | None
    ) -> None:
        self.stage = stage
        """None for a probe, which is no request of anybody's."""
        self.since = monotonic()
        self._exchange = exchange
        self._routes = routes
        self._connection: ClientConnection | None = None
        self._unsent = [request_head(exchange, target)]
        self._received_bytes = 0
        self._relay: AnswerRelay | ReframedAnswer | None = None  # of an answer that has begun
        self._moved_at: float | None = self.since
        loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = loop.create_future()
        self._is_whole = asyncio.Event()
        self._taken_up_whole = exchange.length is not None and exchange.length <= TAKEN_UP_WHOLE_BYTES
        self.task = loop.create_task(self._run())
        routes.calls.add(self)
        self._row = -1
        if stage is not None:
            self._row = routes.calls.board.take(self.identity)
            routes.calls.board.enter(self._row, stage)

    @property
    def identity(self) -> str:
        return identity_of(self._exchange)

    @property
    def left(self) -> bool:
        """The client is gone: nobody waits for the answer."""
        return self._exchange.left

    @property
    def is_tunnel(self) -> bool:
        return self._relay is not None and self._relay.is_tunnel

    # What the client's side tells.

    def on_body(self, data: bytes) -> None:
        if self.is_tunnel:
            self._send(data)
        elif not self._exchange.ended:
            self._received_bytes += len(data)
            if self._received_bytes > BODY_LIMIT_BYTES:
                self._fail(_too_large())
            else:
                self._send(self._framed(data))

    def on_body_complete(self) -> None:
        self._is_whole.set()
        if self._exchange.length is None and not self._exchange.ended:
            self._send(b"0\r\n\r\n")

    def on_client_left(self) -> None:
        self._is_whole.set()
        if self._connection is not None:
            self._connection.resume_reading()
            self._connection.half_close()

    def on_writable(self, *, writable: bool) -> None:
        if self._connection is None or self.left:
            return
        self._moved_at = monotonic() if writable else None
        if writable:
            self._connection.resume_reading()
        else:
            self._connection.pause_reading()

    # What the program's side tells.

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        self._moved_at = monotonic()
        if self.left:
            return
        if head.status == SWITCHING_PROTOCOLS and not asks_for_websocket(self._exchange):
            self.on_answer_bad("it switched protocols unasked")
        else:
            self._relay = relay(self._exchange, head, rest)

    def on_more(self, data: bytes) -> None:
        self._moved_at = monotonic()
        if self.left:
            self._finish()  # it has not noticed that nobody reads: only a broken connection can tell it
        elif self._relay is not None:
            self._relay.pass_on(data)

    def on_answer_end(self, *, reusable: bool) -> None:  # noqa: ARG002 - each request has its own connection
        if not self.left and self._relay is not None:
            self._relay.end()
        self._finish()

    def on_answer_bad(self, reason: str) -> None:
        text = f"The model's server sent no usable answer: {reason}."
        _log.error("%s", text)
        self._fail(_unanswered(500, text))

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:  # noqa: ARG002 - it is a program of any kind
        if self.is_tunnel:
            self._exchange.close()
            self._finish()
        else:
            self._fail(_unanswered(502, f"The model's server broke off before it answered: {reason}."))

    def on_room(self, *, room: bool) -> None:
        if self._exchange.ended or self.left:
            return
        if room:
            self._exchange.resume_body()
        else:
            self._exchange.pause_body()

    # Private.

    async def _run(self) -> None:
        try:
            if self._taken_up_whole:
                await self._is_whole.wait()
            connection = await self._routes.connect()
        except OSError as error:
            self._fail(self._unreached(error))
        else:
            await self._exchange_over(connection)
        finally:
            self._routes.calls.discard(self)
            self._routes.calls.board.leave(self._row)
            if self.left:
                self._exchange.close()
            else:
                self._exchange.abort()  # unless it has ended, which a call that is over should have

    async def _exchange_over(self, connection: ClientConnection) -> None:
        try:
            if self.left or self._exchange.ended:
                return
            self._connection = connection
            connection.send(b"".join(self._unsent), self, head_only=self._exchange.method == b"HEAD")
            self._unsent.clear()
            self._exchange.resume_body()
            with GapWatch(self._routes.read_timeout, lambda: self._moved_at, self._expire):
                await self._over
        finally:
            self._connection = None
            connection.close()

    def _send(self, data: bytes) -> None:
        self._moved_at = monotonic()
        if self._connection is not None:
            self._connection.write(data)
            return
        self._unsent.append(data)
        if not self._taken_up_whole and self._received_bytes >= _BUFFER_BYTES:
            self._exchange.pause_body()

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(data), data) if self._exchange.length is None else data

    def _expire(self) -> None:
        self._fail(_unanswered(504, f"The model's server gave nothing for {self._routes.read_timeout:g} s."))

    def _fail(self, failed: failures.RequestFailedError) -> None:
        """Answer so, if that is still possible, and have done with the program."""
        if self._relay is not None:
            self._relay.break_off()
        elif not self.left:
            failures.answer(self._exchange, failed)
        self._finish()

    def _unreached(self, error: OSError) -> failures.RequestFailedError:
        if self._routes.was_reached:
            return _unanswered(502, f"The model's server cannot be reached: {error}.")
        return failures.not_ready()

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def _too_large() -> failures.RequestFailedError:
    text = f"The body of a request has at most {BODY_LIMIT_BYTES} bytes."
    return failures.RequestFailedError(413, text, failures.CLIENT_CODE)


def _unanswered(status: int, text: str) -> failures.RequestFailedError:
    return failures.RequestFailedError(status, text, failures.MODEL_CODE)
