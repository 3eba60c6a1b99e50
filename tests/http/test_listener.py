"""A server on real sockets: it accepts, fetches are answered, and it stops with grace."""

import asyncio
import socket

import pytest

from fakes.application import GET, Recorded
from fakes.garbage import no_garbage
from headway.http.exchange import Exchange
from headway.http.fetch import FetchError, fetch
from headway.http.limits import Limits
from headway.http.listener import HttpServer, inherited_socket, tcp_socket, unix_socket
from headway.http.receivers import SILENT


def answer(exchange: Exchange):
    exchange.respond(200, b"x: y\r\n", b"hello " + exchange.target)
    return SILENT


async def test_it_is_reached_over_unix_and_tcp_sockets(tmp_path):
    server = HttpServer(answer)
    tcp = tcp_socket("127.0.0.1", 0)
    await server.start([unix_socket(tmp_path / "s"), tcp])
    for address in (f"unix:{tmp_path / 's'}", f"tcp:127.0.0.1:{tcp.getsockname()[1]}"):
        fetched = await fetch(address, b"/you", timeout=5)
        assert (fetched.status, fetched.body) == (200, b"hello /you")
    assert await server.stop(5)


async def test_only_its_owner_may_connect_to_a_unix_socket(tmp_path):
    with unix_socket(tmp_path / "s"):
        assert (tmp_path / "s").stat().st_mode & 0o077 == 0
    with unix_socket(tmp_path / "s"):  # what a dead process left behind is replaced
        pass


async def test_a_socket_passed_down_is_served(tmp_path):
    listening = unix_socket(tmp_path / "s")
    server = HttpServer(answer)
    await server.start([inherited_socket(listening.detach())])
    assert (await fetch(f"unix:{tmp_path / 's'}", b"/", timeout=5)).status == 200
    assert await server.stop(5)


async def test_a_port_that_is_taken_is_an_error():
    with tcp_socket("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            tcp_socket("127.0.0.1", taken.getsockname()[1])


async def test_fetch_says_what_went_wrong(tmp_path):
    with pytest.raises(FetchError, match="cannot be reached"):
        await fetch(f"unix:{tmp_path / 'nobody'}", b"/", timeout=5)
    server = HttpServer(Recorded)  # never answers
    await server.start([unix_socket(tmp_path / "s")])
    with pytest.raises(FetchError, match="no answer from"):
        await fetch(f"unix:{tmp_path / 's'}", b"/", timeout=0.05)
    await server.stop(0)


class Held:
    """An application that keeps its one request."""

    def __init__(self) -> None:
        self.came: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()

    def __call__(self, exchange: Exchange) -> Recorded:
        recorded = Recorded(exchange)
        self.came.set_result(recorded)
        return recorded


async def test_stopping_closes_idle_connections_and_waits_for_the_busy_one(tmp_path):
    held = Held()
    server = HttpServer(held)
    await server.start([unix_socket(tmp_path / "s")])
    idle, idle_writer = await asyncio.open_unix_connection(tmp_path / "s")
    busy, busy_writer = await asyncio.open_unix_connection(tmp_path / "s")
    busy_writer.write(GET)
    recorded = await held.came
    stopping = asyncio.ensure_future(server.stop(10))
    assert await idle.read() == b""
    assert not stopping.done()
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await asyncio.open_unix_connection(tmp_path / "s")
    recorded.exchange.respond(200, b"", b"done")
    assert (await busy.read()).endswith(b"connection: close\r\n\r\ndone")
    assert await stopping is True
    assert server.connections == 0
    for writer in (idle_writer, busy_writer):
        writer.close()


async def test_what_is_not_finished_within_the_grace_is_cut_and_told(tmp_path):
    held = Held()
    server = HttpServer(held)
    await server.start([unix_socket(tmp_path / "s")])
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    writer.write(GET)
    recorded = await held.came
    assert await server.stop(0.01) is False
    assert await reader.read() == b""
    assert recorded.is_left
    writer.close()


async def test_the_sweep_notices_a_client_that_left_while_nothing_is_read_from_it():
    held = Held()
    server = HttpServer(held, Limits(sweep=0.01))
    listening = tcp_socket("127.0.0.1", 0)
    port = listening.getsockname()[1]
    await server.start([listening])
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc")
    recorded = await held.came
    recorded.exchange.pause_body()
    left = asyncio.Event()
    recorded.on_client_left = left.set
    client.close()
    async with asyncio.timeout(5):
        await left.wait()
    recorded.exchange.abort()
    await server.stop(0)


async def test_fetches_leave_nothing_that_waits_for_the_garbage_collector(tmp_path):
    server = HttpServer(answer)
    await server.start([unix_socket(tmp_path / "s")])
    with no_garbage():
        assert (await fetch(f"unix:{tmp_path / 's'}", b"/", timeout=5)).status == 200
        with pytest.raises(FetchError):
            await fetch(f"unix:{tmp_path / 'nobody'}", b"/", timeout=5)
        assert await server.stop(5)
