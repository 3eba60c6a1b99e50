"""Who called, by which address, and in which application, as ASGI says it.

Behind the gateway, which reaches a replica by a Unix socket, it is what the gateway tells: the first hop of a way in
which it believes. Whoever comes by TCP is the caller himself, and nothing that he says of it is believed.
"""

import functools
from typing import Any
from urllib.parse import urlsplit

from headway.core.forwarding import FOR, HOST, PROTOCOL, address_in
from headway.http.exchange import Exchange

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SECURE = {"http": "https", "ws": "wss"}


def provenance(exchange: Exchange, scheme: str) -> dict[str, Any]:
    """The part of an ASGI scope about where a request is from and whom it asked."""
    client, is_told = exchange.client, exchange.client is None
    if is_told:
        client = _first_hop(exchange)
        if exchange.header(PROTOCOL) == b"https":
            scheme = _SECURE[scheme]
    named = (exchange.header(HOST) if is_told else None) or exchange.header(b"host") or b""
    return {"scheme": scheme, "client": client, "server": _server(named, scheme), "app": application()}


@functools.cache
def application() -> Any:
    """What `request.app` is, with a `state` that outlives requests. Made once a model asks for a request."""
    from starlette.applications import Starlette

    return Starlette()


def _first_hop(exchange: Exchange) -> tuple[str, int] | None:
    """The port is not told."""
    hops = exchange.header(FOR)
    address = None if hops is None else address_in(hops.partition(b",")[0])
    return None if address is None else (str(address), 0)


def _server(named: bytes, scheme: str) -> tuple[str, int]:
    """Host and port that the caller asked."""
    try:
        asked = urlsplit(f"//{named.decode('latin-1')}")
        return asked.hostname or "localhost", asked.port or _PORTS[scheme]
    except ValueError:  # it is no host, but nobody's fault here
        return "localhost", _PORTS[scheme]
