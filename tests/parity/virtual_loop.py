"""An event loop whose time is a number, and whose network is its memory: nothing in it waits and nothing leaves it.

While something is ready the clock stands; then it jumps to the next timer. Timers of one instant ring in the order in
which they were set, as with libuv.
"""

import asyncio
import heapq
import itertools

TICK = 0.001
"""What production's loop can tell apart: uvloop's clock and its timers count whole milliseconds, so there an instant
is read up to one tick early and a timer rings up to one tick late. A VirtualLoop is exact."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Begins at the instant 0. What fails in a callback ends the run: nothing goes wrong where nobody looks."""

    def __init__(self):
        super().__init__()
        self._now = 0.0
        self._timers = []
        self._numbers = itertools.count()
        self._settling = []
        self._listening = {}

    def time(self):
        return self._now

    async def reach(self, instant):
        """Return at this instant, once everything else that happens at it has happened."""
        reached = self.create_future()
        self.call_at(instant, reached.set_result, None)
        await reached
        settled = self.create_future()
        self._settling.append(settled)
        await settled

    def call_at(self, when, callback, *args, context=None):
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def call_exception_handler(self, context):
        raise context.get("exception") or RuntimeError(context["message"])

    # The network: a place is any name that somebody listens at.

    async def create_server(self, accept, *, sock, backlog):  # noqa: ARG002 - asyncio's signature
        self._listening[sock] = accept
        return _Listening(self._listening, sock)

    async def create_unix_connection(self, factory, path):
        if path not in self._listening:
            raise ConnectionRefusedError(f"nobody listens at {path}")
        client, server = factory(), self._listening[path]()
        near, far = MemoryTransport(self, client), MemoryTransport(self, server)
        near.peer, far.peer = far, near
        server.connection_made(far)
        client.connection_made(near)
        return near, client

    # One round, as BaseEventLoop.run_forever asks for it.

    def _run_once(self):
        if not self._ready:
            self._move_on()
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _move_on(self):
        """Make ready what is due; with nothing due, whoever waits for just that; else what comes next."""
        self._take_due()
        if self._ready:
            return
        if self._settling:
            self._settling.pop(0).set_result(None)
        elif self._timers:
            self._now = self._timers[0][0]
            self._take_due()
        else:
            raise RuntimeError("everything waits, and nothing will ever happen")

    def _take_due(self):
        while self._timers and (self._timers[0][0] <= self._now or self._timers[0][2].cancelled()):
            self._ready.append(heapq.heappop(self._timers)[2])


class MemoryTransport(asyncio.Transport):
    """One end of a connection; what is written arrives at the other end in the next round, at the same instant.

    It never fills: no write is held back, and who would pause its reading gets NotImplementedError.
    """

    def __init__(self, loop, protocol):
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._is_closing = False
        self._has_written_eof = False
        self.peer = None

    def write(self, data):
        if not self._has_written_eof:
            self._loop.call_soon(self.peer.receive, bytes(data))

    def write_eof(self):
        if not self._has_written_eof:
            self._has_written_eof = True
            self._loop.call_soon(self.peer.receive_eof)

    def can_write_eof(self):
        return True

    def close(self):
        if not self._is_closing:
            self._is_closing = True
            self.write_eof()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self):
        self.close()  # what was written is with the peer already, as with a Unix socket

    def is_closing(self):
        return self._is_closing

    def set_write_buffer_limits(self, high=None, low=None): ...

    def get_write_buffer_size(self):
        return 0

    # What the other end tells.

    def receive(self, data):
        if not self._is_closing:
            self._protocol.data_received(data)

    def receive_eof(self):
        if not self._is_closing and not self._protocol.eof_received():
            self.close()


class _Listening(asyncio.AbstractServer):
    def __init__(self, places, place):
        self._places = places
        self._place = place

    def close(self):
        self._places.pop(self._place, None)
