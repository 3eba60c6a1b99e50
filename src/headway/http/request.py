"""What the head of a request says."""

from headway.http.answers import Headers
from headway.http.known_heads import KnownRequest


class Request:
    """One request's head.

    `headers` have lower-case names in the order received. `length` is the body's size in bytes, None when it
    is chunked; `is_upgrade` says that the client asked for another protocol (a WebSocket, say). `known` is the
    same object for all requests with the same head, None where the head has not come before: what an application
    has made of a known head it may use again.
    """

    __slots__ = (
        "expects_continue",
        "headers",
        "http_1_1",
        "is_upgrade",
        "known",
        "length",
        "method",
        "target",
        "wants_keep_alive",
    )

    def __init__(self, method: bytes, target: bytes, headers: Headers) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.http_1_1 = True
        self.length: int | None = 0
        self.expects_continue = False
        self.is_upgrade = False
        self.wants_keep_alive = True
        self.known: KnownRequest | None = None

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header (lower-case name), or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def is_plain(self) -> bool:
        """A request over HTTP/1.1 like most: kept alive, of known length, asking for nothing in between."""
        is_like_most = self.http_1_1 and self.wants_keep_alive
        return is_like_most and not self.is_upgrade and not self.expects_continue
