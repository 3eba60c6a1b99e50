"""The opening of one WebSocket: checked as soon as it comes, and answered once, with the subprotocol that the model
selects of those that its client offers. It does not decide when.
"""

from collections.abc import Iterable

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from headway.http.answers import header_lines
from headway.http.exchange import Exchange

_ACCEPTED = 101
_PROTOCOL = "Sec-WebSocket-Protocol"


class UnofferedSubprotocolError(ValueError):
    """A model selects what its client does not know."""


class Handshake:
    """What `protocol` makes of an exchange's head. `offered` are the client's subprotocols."""

    def __init__(self, protocol: ServerProtocol, exchange: Exchange, offered: list[str]) -> None:
        self._protocol = protocol
        self._exchange = exchange
        self.offered = offered
        self._answer = self._read()
        self.is_answered = False

    @property
    def is_good(self) -> bool:
        return self._answer is not None and self._answer.status_code == _ACCEPTED

    def accept(self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Open the WebSocket. Once it is open this does nothing.

        Raises UnofferedSubprotocolError, and InvalidHeaderError for a header that cannot be sent.
        """
        if self.is_answered or self._answer is None:
            return
        if subprotocol is not None and subprotocol not in self.offered:
            raise UnofferedSubprotocolError(f"the client offers {self.offered}, not {subprotocol!r}")
        header_lines(headers)
        self.is_answered = True
        told: Headers = self._answer.headers
        for name, value in headers:
            told[name.decode("latin-1")] = value.decode("latin-1")
        if subprotocol is not None:
            told[_PROTOCOL] = subprotocol
        self._exchange.relay(self._bytes(self._answer))
        self._exchange.accept_tunnel()

    def refuse(self) -> None:
        """Tell the client what is wrong with it."""
        if self._answer is None:
            self._exchange.wants_keep_alive = False
            self._exchange.respond(400)
        else:
            self._exchange.relay(self._bytes(self._answer))
            self._exchange.end_relay(keep=False)

    def _read(self) -> Response | None:
        lines = b"".join([b"%s: %s\r\n" % header for header in self._exchange.headers])
        self._protocol.receive_data(b"GET %s HTTP/1.1\r\n%s\r\n" % (self._exchange.target, lines))
        requests = [event for event in self._protocol.events_received() if isinstance(event, Request)]
        return self._protocol.accept(requests[0]) if requests else None

    def _bytes(self, answer: Response) -> bytes:
        self._protocol.send_response(answer)
        return b"".join(self._protocol.data_to_send())
