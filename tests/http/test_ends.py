"""A connection's end reaches the other side though another process, here the test, holds a copy of its socket."""

import asyncio
import os
from contextlib import contextmanager

import pytest

from fakes.application import GET
from headway.http.client import connect
from headway.http.listener import HttpServer, tcp_socket, unix_socket
from headway.http.receivers import SILENT

LARGE = bytes(3_000_000)


@contextmanager
def copied(transport):
    copy = os.dup(transport.get_extra_info("socket").fileno())
    try:
        yield
    finally:
        os.close(copy)


def large_answer(exchange):
    exchange.wants_keep_alive = False
    exchange.respond(200, b"", LARGE)


def cut_stream(exchange):
    exchange.start(200)
    exchange.write(b"part")
    exchange.abort()


def closed_stream(exchange):
    exchange.start(200)
    exchange.write(b"part")
    exchange.close()


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize(
    ("answer", "expected"), [(large_answer, LARGE), (cut_stream, b"part"), (closed_stream, b"part")]
)
async def test_a_server_ends_a_connection_of_which_there_is_a_copy_and_all_it_wrote_arrives(
    kind, answer, expected, tmp_path
):
    copies = []

    def application(exchange):
        copies.append(copied(exchange._connection.transport))
        copies[-1].__enter__()
        answer(exchange)
        return SILENT

    server = HttpServer(application)
    listening = unix_socket(tmp_path / "s") if kind == "unix" else tcp_socket("127.0.0.1", 0)
    await server.start([listening])
    address = listening.getsockname()
    connecting = (
        asyncio.open_unix_connection(address) if kind == "unix" else asyncio.open_connection(*address)
    )
    reader, writer = await connecting
    writer.write(GET)
    try:
        async with asyncio.timeout(10):
            received = await reader.read()
    finally:
        for copy in copies:
            copy.__exit__(None, None, None)
    assert expected in received
    writer.close()
    await server.stop(0)


async def test_a_server_resets_a_connection_of_which_there_is_a_copy():
    def application(exchange):
        exchange.start(200)
        exchange.write(b"part")
        with copied(exchange._connection.transport):
            exchange.break_off(is_framed=False)
        return SILENT

    server = HttpServer(application)
    await server.start([listening := tcp_socket("127.0.0.1", 0)])
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(GET)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    await server.stop(0)


async def test_a_client_ends_a_connection_of_which_there_is_a_copy(tmp_path):
    left = asyncio.Event()

    class Receiver:
        def on_body_complete(self): ...

        def on_writable(self, *, writable): ...

        def on_client_left(self):
            left.set()

    server = HttpServer(lambda _: Receiver())
    await server.start([unix_socket(tmp_path / "s")])
    connection = await connect(f"unix:{tmp_path / 's'}", 5)
    connection.send(GET, None)
    await asyncio.sleep(0)
    with copied(connection._transport):
        connection.close()
        async with asyncio.timeout(10):
            await left.wait()
    await server.stop(0)
