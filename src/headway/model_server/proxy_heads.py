"""Heads on their way through a replica's proxy: what of a request goes to the program, what of its answer comes back.

What concerns one connection alone stays behind, a WebSocket's wish to upgrade excepted.
"""

from headway.http.exchange import Exchange

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_OF_CONNECTION = (b"connection", b"keep-alive")


def request_head(exchange: Exchange, target: bytes) -> bytes:
    """The head for the program. HTTP/1.0 is asked of it for a client of HTTP/1.0, who knows no chunks."""
    version = b"1.1" if exchange.http_1_1 else b"1.0"
    named = _named(exchange)
    lines = [
        b"%s: %s\r\n" % (name, value)
        for name, value in exchange.headers
        if name not in _HOP_BY_HOP and name not in named
    ]
    if exchange.length is None:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif exchange.length or exchange.header(b"content-length"):
        lines.append(b"content-length: %d\r\n" % exchange.length)
    is_websocket = exchange.is_upgrade and (exchange.header(b"upgrade") or b"").lower() == b"websocket"
    lines.append(
        b"connection: upgrade\r\nupgrade: websocket\r\n" if is_websocket else b"connection: close\r\n"
    )
    return b"%s %s HTTP/%s\r\n%s\r\n" % (exchange.method, target, version, b"".join(lines))


class AnswerHead:
    """The head of the program's answer, as bytes with its blank line."""

    __slots__ = ("_lines", "is_framed")

    def __init__(self, status: int, raw: bytes, *, has_no_body: bool) -> None:
        first, *lines = raw[:-4].split(b"\r\n")
        names = {line.partition(b":")[0].lower() for line in lines}
        self.is_framed = (
            has_no_body or status in {204, 304} or b"content-length" in names or b"transfer-encoding" in names
        )
        """Its end can be told without the end of the connection."""
        self._lines = [
            b"HTTP/1.1" + first[len(b"HTTP/1.1") :],  # the version is that of this connection
            *(line for line in lines if line.partition(b":")[0].lower() not in _OF_CONNECTION),
        ]

    def for_client(self, *, keep: bool) -> bytes:
        """The head for a client whose connection stays open, or does not."""
        lines = self._lines if keep else [*self._lines, b"connection: close"]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def _named(exchange: Exchange) -> frozenset[bytes]:
    """What the client's Connection header says is of its connection only."""
    value = exchange.header(b"connection") or b""
    return frozenset(part.strip().lower() for part in value.split(b","))
