"""Who is at the other end of a connection, and how that is told to whoever is asked next: worked out once for each
connection, for it is told with each request.
"""

from headway.core.forwarding import FOR, address_in, node
from headway.core.wire import REQUEST_ID

ID = REQUEST_ID + b": "


class Peer:
    """The other end of a connection: an address, or none where it came over a Unix socket."""

    __slots__ = ("address", "client", "host", "lines", "node")

    def __init__(self, name: object = None) -> None:
        """`name` is the peer's as sockets have it."""
        self.client: tuple[str, int] | None = (name[0], name[1]) if isinstance(name, tuple) else None
        """Host and port."""
        address = None if self.client is None else address_in(self.client[0].encode("latin-1", "replace"))
        self.host: str | None = None if address is None else str(address)
        self.address = b"" if self.host is None else self.host.encode()
        self.node = node(self.address) or b"unknown"
        """What Forwarded calls it."""
        self.lines = self.node + b"\r\n"
        """From where its node stands in Forwarded to where the request's id does, with X-Forwarded-For between."""
        if self.address:
            self.lines += b"%s: %s\r\n" % (FOR, self.address)
        self.lines += ID


NOBODY = Peer()
