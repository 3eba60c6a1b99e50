"""An application that remembers its requests and answers when the test says so, and the client that talks to it."""

import re

from fakes.transport import FakeTransport
from headway.http.exchange import Exchange
from headway.http.known_heads import KnownHeads, KnownRequest
from headway.http.limits import Limits
from headway.http.server import ServerConnection

_DATE = re.compile(rb"(?<=\n)date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n")


class Recorded:
    """One request as the application saw it."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.pieces: list[bytes] = []
        self.is_complete = False
        self.times_left = 0
        self.writable: list[bool] = []

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def is_left(self) -> bool:
        return self.times_left > 0

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_body_complete(self) -> None:
        assert not self.is_complete
        self.is_complete = True

    def on_client_left(self) -> None:
        self.times_left += 1

    def on_writable(self, *, writable: bool) -> None:
        self.writable.append(writable)


class Conversation:
    """A server connection on a fake transport. `say` is what the client sends, `heard` what it was sent since, without
    the instants that are another each time.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        answers_at_once: bool = False,
        known_heads: KnownHeads[KnownRequest] | None = None,
    ) -> None:
        self.requests: list[Recorded] = []
        self.answers_at_once = answers_at_once
        self.transport = FakeTransport()
        self.connections: set[ServerConnection] = set()
        self.connection = ServerConnection(self._serve, limits or Limits(), self.connections, known_heads)
        self.connection.connection_made(self.transport)

    @property
    def last(self) -> Recorded:
        return self.requests[-1]

    def say(self, data: bytes) -> None:
        assert self.transport.is_reading, "the server does not read now"
        self.connection.data_received(data)

    def heard(self) -> bytes:
        return _DATE.sub(b"", self.transport.take())

    def _serve(self, exchange: Exchange) -> Recorded:
        recorded = Recorded(exchange)
        self.requests.append(recorded)
        if self.answers_at_once:
            exchange.respond(200, b"", exchange.target)
        return recorded


GET = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"


def post(body: bytes, target: bytes = b"/", headers: bytes = b"host: h\r\n") -> bytes:
    return b"POST %s HTTP/1.1\r\n%scontent-length: %d\r\n\r\n%s" % (target, headers, len(body), body)


def post_chunked(*chunks: bytes, target: bytes = b"/", end: bool = True) -> bytes:
    head = b"POST %s HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n" % target
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n" * end
