"""Bounds what one connection to the API may cost: heads in size and time, waits of every kind, and how many there are.

uvicorn speaks HTTP; this says when it is too much. Bodies are bounded by the guard, who knows the routes.
"""

import resource
from collections.abc import Iterable, Sized
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from headway.api.own_users import PEER, Peer
from headway.core.sharing import Sharing
from headway.http.answers import header_lines
from headway.http.framing import BadRequest, head_too_large, malformed, too_slow
from headway.http.limits import Lasting, Limits

_SPARE_FILES = 128
"""Left for everything else that control opens."""


class Connection(HttpToolsProtocol):
    """`keys` are the API keys that exist: where there are none, it matters whose the other end is. `sharing` says which
    pages may read what is answered here.
    """

    def __init__(self, *, limits: Limits, keys: Sized, sharing: Sharing, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._keys = keys
        self._sharing = sharing
        self._moved_at = self.loop.time()
        self._head_since: float | None = None
        self._head_bytes = 0
        self._uncounted_bytes = 0
        """What came since something was made of it."""
        self._is_in_body = False
        self._bad: BadRequest | None = None
        """Why no more is read; it is told when what came before is answered."""
        self._refused_at: float | None = None
        self._stalled = Lasting()

    @property
    def is_idle(self) -> bool:
        """Whether no request is on its way."""
        return self._head_since is None and not self._is_in_body and not self._is_answering

    @property
    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None at first, whatever its type says
        return cycle is not None and not cycle.response_complete

    @property
    def is_expendable(self) -> bool:
        """Whether no whole head has come that is not answered."""
        return not self._is_in_body and not self._is_answering

    @property
    def moved_at(self) -> float:
        """When something came last, or was answered."""
        return self._moved_at

    # What uvicorn is told by the loop and the parser.

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        peer = Peer(self.client, _with_port(self.server))
        if not self._keys:
            peer.judge()  # before a word is read: later somebody else might have the same port
        self.app_state = {**self.app_state, PEER: peer}
        make_room(self.connections)

    def data_received(self, data: bytes) -> None:
        if self._bad is not None:
            return  # read, so that the answer is not reset away
        self._moved_at = self.loop.time()
        self._uncounted_bytes += len(data)
        super().data_received(data)
        if max(self._head_bytes, self._uncounted_bytes) > self._limits.head_bytes:
            self._refuse(head_too_large(self._limits))

    def on_message_begin(self) -> None:
        self._head_since, self._head_bytes = self.loop.time(), 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes <= self._limits.head_bytes:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_since, self._uncounted_bytes = None, 0
        if self._head_bytes <= self._limits.head_bytes:
            self._is_in_body = True
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._uncounted_bytes = 0
        if self._head_bytes <= self._limits.head_bytes:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._uncounted_bytes, self._is_in_body = 0, False
        if self._head_bytes <= self._limits.head_bytes:
            super().on_message_complete()
        self.headers = []  # what follows may be no request, and they are not its

    def on_response_complete(self) -> None:
        self._moved_at = self.loop.time()
        is_last = not self.pipeline
        super().on_response_complete()
        if self._bad is not None and self._refused_at is None and is_last:
            self._answer(self._bad)

    def send_400_response(self, msg: str) -> None:
        """The parser understands no more."""
        self._refuse(malformed(f"this is not HTTP/1.1: {msg}"))

    # What is looked at now and then.

    def look(self, now: float) -> None:
        """End what waits too long."""
        limits = self._limits
        stalled = self._stalled.seconds(now, self.flow.write_paused or None)
        if self._refused_at is not None:
            if now - self._refused_at > limits.linger:
                self.transport.abort()
        elif stalled > limits.send_timeout:
            self.transport.abort()
        elif self._head_since is not None and now - self._head_since > limits.head_timeout:
            self._refuse(too_slow("head_timeout", "the request's head is not complete in time"))
        elif self._is_in_body:
            if not self.flow.read_paused and now - self._moved_at > limits.body_timeout:
                self._refuse(too_slow("body_timeout", "no byte of the body came in time"))
        elif self.is_idle and self._bad is None and now - self._moved_at > limits.idle_timeout:
            self.transport.close()

    def _refuse(self, bad: BadRequest) -> None:
        """Take nothing more, and say so: at once, or after the answers to what came whole before it."""
        if self._bad is not None or self.transport.is_closing():
            return
        self._bad, self._head_since = bad, None
        if self._is_in_body:
            self._break_off(bad)
        elif not self._is_answering:
            self._answer(bad)

    def _break_off(self, bad: BadRequest) -> None:
        """It is the body of the last request that is bad."""
        cycle = self.cycle
        if self.pipeline:
            self.pipeline.popleft()
            cycle.response_complete = True
        elif cycle.response_complete:
            self._end()
        elif cycle.response_started:
            self.transport.abort()
        else:
            cycle.disconnected = True  # whatever is made of it is not sent
            cycle.message_event.set()
            self._answer(bad)

    def _answer(self, bad: BadRequest) -> None:
        if not self.transport.is_closing():
            self.transport.write(bad.answer(header_lines(self._sharing.lines(self.headers or ()))))
            self._end()

    def _end(self) -> None:
        """Say goodbye and read on for a moment: closing over unread bytes would reset the answer away."""
        self._refused_at = self.loop.time()
        self._unset_keepalive_if_required()
        self.transport.write_eof()


def make_room(connections: Iterable[Any]) -> None:
    """Close the connection that has waited for a request for longest, where there are so many that files run out."""
    present = [one for one in connections if isinstance(one, Connection)]
    if len(present) > resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE_FILES:
        waiting = [one for one in present if one.is_expendable and not one.transport.is_closing()]
        if waiting:
            min(waiting, key=lambda one: one.moved_at).transport.abort()


def _with_port(address: tuple[str, int | None] | None) -> tuple[str, int] | None:
    return None if address is None or address[1] is None else (address[0], address[1])
