"""A server: listening sockets, its connections, the sweep that ends what stalls, and the graceful stop."""

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from headway.http.exchange import Application, RefusalLines
from headway.http.known_heads import KnownHeads, KnownRequest
from headway.http.limits import Limits
from headway.http.server import ServerConnection

_BACKLOG = 4096
_LEFT = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class HttpServer:
    """Serves `application` on the given listening sockets from `start` until `stop`. `refusal_lines` says what the
    answers carry that the application never sees.
    """

    def __init__(
        self,
        application: Application,
        limits: Limits | None = None,
        refusal_lines: RefusalLines | None = None,
    ) -> None:
        self._application = application
        self._refusal_lines = refusal_lines
        self._limits = limits or Limits()
        self._connections: set[ServerConnection] = set()
        self._known_heads = KnownHeads[KnownRequest]()
        self._servers: list[asyncio.Server] = []
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def start(self, sockets: Iterable[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for one in sockets:
            server = await loop.create_server(self._connection, sock=one, backlog=_BACKLOG)
            self._servers.append(server)
        self._sweep = loop.call_later(self._limits.sweep, self._sweep_connections)

    def stop_accepting(self) -> None:
        """Close the listening sockets of this process; another that shares them goes on."""
        for server in self._servers:
            server.close()

    async def stop(self, grace: float) -> bool:
        """Finish what is in flight, for at most `grace` seconds; then cut. False when something was cut."""
        self.stop_accepting()
        for connection in list(self._connections):
            connection.stop()
        finished = await self._until_empty(grace)
        for connection in list(self._connections):
            connection.transport.abort()
        if self._sweep is not None:
            self._sweep.cancel()
        return finished

    async def _until_empty(self, grace: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        while self._connections:
            if loop.time() >= end:
                return False
            await asyncio.sleep(0.02)
        return True

    def _connection(self) -> asyncio.Protocol:
        connection = ServerConnection(
            self._application, self._limits, self._connections, self._known_heads, self._refusal_lines
        )
        return cast("asyncio.Protocol", connection)

    def _sweep_connections(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(self._limits.sweep, self._sweep_connections)
        now = loop.time()
        paused = []
        for connection in list(self._connections):
            connection.sweep(now)
            if not connection.reading:
                paused.append(connection)
        if paused:
            _notice_left(paused)


def _notice_left(paused: list[ServerConnection]) -> None:
    """A connection that is not read from cannot tell that its client left: ask the kernel."""
    poll = select.poll()
    by_descriptor: dict[int, ServerConnection] = {}
    for connection in paused:
        peer = connection.transport.get_extra_info("socket")
        if peer is not None and (descriptor := peer.fileno()) >= 0:
            by_descriptor[descriptor] = connection
            poll.register(descriptor, _LEFT)
    for descriptor, _ in poll.poll(0):
        by_descriptor[descriptor].client_left()


def tcp_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket (not yet listening: the server does that). Raises OSError when it is taken."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def unix_socket(path: Path) -> socket.socket:
    """A Unix socket bound at `path`, which a dead process may have left behind; only its owner may connect."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o077)
    try:
        listening.bind(str(path))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(previous)
    return listening


def inherited_socket(descriptor: int) -> socket.socket:
    """The listening socket that a parent process opened and passed down."""
    return socket.socket(fileno=descriptor)
