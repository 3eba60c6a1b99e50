"""The API on a real socket, and clients that take too much, too long, or are somebody else's."""

import asyncio
import contextlib
import ctypes
import json
import os
import re
import resource
import socket
import threading

import pytest

from headway.api import connections, own_users, owners
from headway.api.owners import UnknowableError, owner_of
from headway.api.server import serve
from headway.core.entry import AllowedOrigins
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
            assert b"head_too_large" in await answering
        writer.close()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "KiB"
        assert (await ask(address))[0] == 200


async def test_a_head_with_too_many_bytes_at_once_is_refused_in_the_apis_words(served):
    async with served() as (_, address):
        for headers in (f"x: {'x' * 70_000}\r\n", "".join(f"x-{n}: {'x' * 100}\r\n" for n in range(700))):
            status, body = await ask(address, headers=headers)
            assert (status, body["error"]["code"]) == (431, "head_too_large")
        assert (await ask(address, headers=f"x: {'x' * 30_000}\r\n"))[0] == 200


async def heard(address, said):
    """All that is answered, to the connection's end."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(said)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("begin", [b"", b"\r\n"])
async def test_a_connection_without_a_request_is_closed_without_a_word(served, begin):
    async with served(QUICK) as (_, address):
        assert await heard(address, begin) == b""


HEAD = b"host: localhost\r\norigin: https://app.example\r\n"
BAD = {
    b"\x16\x03\x01\x02\x00\x01\x00\x01": (400, "malformed_request"),
    b"GET / HTTP/3.1\r\n\r\n": (400, "malformed_request"),
    b"GET /\xff HTTP/1.1\r\nhost: localhost\r\n\r\n": (400, "malformed_request"),
    b"GET / HTTP/1.1\r\n" + HEAD + b"x: a\r\n b\r\n\r\n": (400, "malformed_request"),
    b"POST / HTTP/1.1\r\n" + HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\n": (
        *(400, "malformed_request"),
    ),
    b"POST /v1/models HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\nx\r\n": (
        *(400, "malformed_request"),
    ),
    b"GET / HTTP/1.1\r\n" + HEAD + b"y: z\r\nx: " + b"a" * 140_000 + b"\r\ny: ": (431, "head_too_large"),
    b"GET / HT": (408, "head_timeout"),
    b"GET / HTTP/1.1\r\n" + HEAD + b"x: y\r\nz": (408, "head_timeout"),
    b"POST /v1/models HTTP/1.1\r\n" + HEAD + b"content-length: 9\r\n\r\nx": (408, "body_timeout"),
    b"POST /v1/secrets HTTP/1.1\r\n" + HEAD + b"content-length: 9\r\n\r\nx": (408, "body_timeout"),
    b"POST /v1/secrets HTTP/1.1\r\n" + HEAD + b"content-length: 99999999\r\n\r\nx": (413, "too_large"),
}


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"])
@pytest.mark.parametrize("said", BAD)
async def test_what_the_parser_refuses_is_told_in_the_apis_words_after_what_came_before(served, said, before):
    status, code = BAD[said]
    async with served(QUICK, allowed_origins=AllowedOrigins.of(["https://app.example"])) as (_, address):
        *earlier, last = re.split(rb"(?=HTTP/1\.1 \d)", await heard(address, before + said))[1:]
    assert [answered(one)[0] for one in earlier] == [200] * bool(before)
    assert answered(last)[0] == status
    error = answered(last)[1]["error"]
    assert (error.keys(), error["code"]) == ({"code", "message", "hint"}, code)
    assert re.search(rb"\r\ndate: \w{3}, .* GMT\r\n", last)
    assert b"\r\nconnection: close\r\n" in last or code == "too_large"
    assert (b"access-control-allow-origin: https://app.example\r\n" in last) == (HEAD in said)


async def test_what_is_asked_while_headway_stops_is_told_so(served):
    async with served() as (it, address):
        it.may_prepare.clear()
        asked = asyncio.Event()

        async def never(*_):
            asked.set()
            await asyncio.Event().wait()

        it.plane.credentials.create_key = never
        reader, writer = await asyncio.open_connection(*address)
        body = b"POST /v1/api_keys HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
        writer.write(body + HEAD.partition(b"origin")[0] + b"\r\n{}")
        await asked.wait()
        for task in asyncio.all_tasks():
            if "run_asgi" in repr(task.get_coro()):
                task.cancel()
        async with asyncio.timeout(10):
            status, told = answered(await reader.read(65_536))
        assert (status, told["error"]["code"]) == (503, "stopping")
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
