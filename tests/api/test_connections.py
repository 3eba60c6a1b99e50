"""The API on a real socket, and clients that take too much, too long, or are somebody else's."""

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import socket
import threading

import pytest

from headway.api import connections, own_users, owners
from headway.api.owners import UnknowableError, owner_of
from headway.api.server import serve
from headway.http.limits import Limits

NOBODY = 65_534
QUICK = Limits(head_timeout=0.3, body_timeout=0.3, idle_timeout=0.3, linger=0.2, sweep=0.05)


@pytest.fixture
def served(world):
    """`async with served() as (world, address)`: control's API, listening."""

    @contextlib.asynccontextmanager
    async def running(limits=None, host="127.0.0.1", **options):
        async with world(**options) as it:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server((host, 0), family=family)
            address = listening.getsockname()[:2]
            serving = asyncio.create_task(serve(it.plane, listening, limits))
            try:
                yield it, address
            finally:
                serving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await serving

    return running


async def ask(address, path="/v1/models", method="GET", headers=""):
    reader, writer = await asyncio.open_connection(*address)
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    request = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}connection: close\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    return answered(answer)


def answered(data):
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if b"application/json" in head else body


def as_nobody(call):
    """`call` in a thread whose file system user, and so the owner of its sockets, is nobody."""

    def run():
        ctypes.CDLL(None).setfsuid(NOBODY)
        outcome.append(call())

    outcome = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return outcome[0]


def ask_blocking(address, path):
    with socket.create_connection(address, 10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        return answered(b"".join(iter(lambda: client.recv(65_536), b"")))


@pytest.mark.parametrize(
    "begin",
    [
        b"GET / HTTP/1.1\r\nx: ",
        b"GET /",
        b"POST /v1/models HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ",
    ],
)
async def test_a_head_that_never_ends_is_refused_and_kept_by_nobody(served, begin):
    async with served() as (_, address):
        assert (await ask(address))[0] == 200
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reader, writer = await asyncio.open_connection(*address)
        writer.write(begin)
        answering = asyncio.create_task(reader.read())
        with contextlib.suppress(ConnectionError):
            for _ in range(200_000_000 // 65_536):
                writer.write(b"x" * 65_536)
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            assert b"headers_too_large" in await answering
        writer.close()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "KiB"
        assert (await ask(address))[0] == 200


async def test_a_head_with_too_many_bytes_at_once_is_refused_in_the_apis_words(served):
    async with served() as (_, address):
        for headers in (f"x: {'x' * 70_000}\r\n", "".join(f"x-{n}: {'x' * 100}\r\n" for n in range(700))):
            status, body = await ask(address, headers=headers)
            assert (status, body["error"]["code"]) == (431, "headers_too_large")
        assert (await ask(address, headers=f"x: {'x' * 30_000}\r\n"))[0] == 200


async def test_what_waits_too_long_is_ended(served):
    slow = {
        b"": b"",
        b"\r\n": b"",
        b"GET / HT": b"408",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n": b"408",
        b"POST /v1/models HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nx": b"",
    }
    async with served(QUICK) as (_, address):
        for begin, expected in slow.items():
            reader, writer = await asyncio.open_connection(*address)
            writer.write(begin)
            async with asyncio.timeout(10):
                assert expected in await reader.read()
            writer.close()


async def test_a_kept_connection_is_closed_when_it_is_idle_and_serves_until_then(served):
    async with served(QUICK) as (_, address):
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len(b'{"success":true}'))
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_idle_connections_beyond_the_open_files_make_room_for_those_who_ask(served, monkeypatch):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(connections, "_SPARE_FILES", soft - 50)
    monkeypatch.setattr("headway.api.server.raise_file_limit", lambda _: None)
    async with served() as (_, address):
        idle = [await asyncio.open_connection(*address) for _ in range(200)]
        assert (await ask(address))[0] == 200
        assert sum(reader.at_eof() or reader.exception() is not None for reader, _ in idle) >= 140
        for _, writer in idle:
            writer.close()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


async def test_fifteen_hundred_idle_connections_silence_nobody(served):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
        pytest.skip("this machine allows no more open files")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        async with served() as (_, address):
            idle = [await asyncio.open_connection(*address) for _ in range(1500)]
            assert (await ask(address))[0] == 200
            for _, writer in idle:
                writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("tables_only", [False, True])
async def test_the_owner_of_a_connection_is_told(monkeypatch, host, tables_only):
    if tables_only:
        monkeypatch.setattr(owners, "_asked", _unsupported)
    with socket.create_server(
        (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
    ) as listening:
        ours = listening.getsockname()[:2]
        with socket.create_connection(ours) as client:
            theirs = client.getsockname()[:2]
            assert owner_of(theirs, ours) == os.geteuid()
            assert owner_of((host, 1), ours) is None
        connection, _ = listening.accept()
        assert owner_of(theirs, ours) is None, "what nobody has any more is not root's"
        connection.close()
        if os.geteuid() == 0:
            other = as_nobody(lambda: socket.create_connection(ours))
            assert owner_of(other.getsockname()[:2], ours) == NOBODY
            other.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_without_keys_another_user_of_the_machine_may_do_nothing(served):
    async with served() as (it, address):
        assert (await ask(address))[0] == 200
        for path in ("/v1/models", "/v1/secrets", "/", "/docs", "/metrics", "/openapi.json"):
            status, body = await asyncio.to_thread(as_nobody, lambda path=path: ask_blocking(address, path))
            assert (status, body["error"]["code"]) == (403, "other_user")
            assert "headway keys create" in body["error"]["hint"]
        assert (await asyncio.to_thread(as_nobody, lambda: ask_blocking(address, "/healthz")))[0] == 200
        await it.plane.credentials.create_key("", ["manage"])
        status, body = await asyncio.to_thread(as_nobody, lambda: ask_blocking(address, "/v1/models"))
        assert (status, body["error"]["code"]) == (401, "key_missing")


async def test_where_the_system_does_not_tell_whose_a_connection_is_the_machine_has_to_do(
    served, monkeypatch
):
    def silent(*_):
        raise UnknowableError("nothing")

    monkeypatch.setattr(own_users, "owner_of", silent)
    async with served() as (_, address):
        assert (await ask(address))[0] == 200
    assert not own_users.Peer(("192.0.2.1", 5), ("192.0.2.1", 6)).is_ours


def test_a_system_that_tells_nothing_is_said_to(monkeypatch, tmp_path):
    monkeypatch.setattr(owners, "_asked", _unsupported)
    monkeypatch.setattr(owners, "_TABLES", (tmp_path / "none",))
    with pytest.raises(UnknowableError):
        owner_of(("127.0.0.1", 1), ("127.0.0.1", 2))


def _unsupported(*_):
    raise OSError(93, "Protocol not supported")
