"""The head that the program of a `docker_server` is sent for a request."""

from headway.http.exchange import Exchange
from headway.http.heads import HOP_BY_HOP, WEBSOCKET_LINES, named_by


def request_head(exchange: Exchange, target: bytes) -> bytes:
    """The head for the program. HTTP/1.0 is asked of it for a client of HTTP/1.0, who knows no chunks."""
    version = b"1.1" if exchange.http_1_1 else b"1.0"
    named = named_by(exchange.header(b"connection") or b"")
    lines = [
        b"%s: %s\r\n" % (name, value)
        for name, value in exchange.headers
        if name not in HOP_BY_HOP and name not in named
    ]
    if exchange.length is None:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif exchange.length or exchange.header(b"content-length"):
        lines.append(b"content-length: %d\r\n" % exchange.length)
    lines.append(WEBSOCKET_LINES if asks_for_websocket(exchange) else b"connection: close\r\n")
    return b"%s %s HTTP/%s\r\n%s\r\n" % (exchange.method, target, version, b"".join(lines))


def asks_for_websocket(exchange: Exchange) -> bool:
    return exchange.is_upgrade and (exchange.header(b"upgrade") or b"").lower() == b"websocket"
