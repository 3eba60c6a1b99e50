"""The proxy before a Truss's own server, which a scripted server stands in for: limits, losses, leaving, heads."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from fakes.client import Client
from fakes.cluster import until
from fakes.scripted_replica import FakeReplica
from headway.http.listener import HttpServer, unix_socket
from headway.model_server.app import held
from headway.model_server.docker_server.proxy import BODY_LIMIT_BYTES, ProxyRoutes
from headway.model_server.docker_server.settings import DockerServer

SERVER = DockerServer("serve", 8000, b"/generate?mode=1", b"/health", b"/alive")
PREDICT = b"POST /v1/models/model:predict HTTP/1.1\r\nhost: h\r\nx-headway-request-id: r1\r\n"


class Front:
    """The proxy on a Unix socket, and the program behind it."""

    def __init__(self, directory, read_timeout):
        self.path = directory / "front.sock"
        self.clients = []
        self.program = FakeReplica(directory, "program")
        self.routes = ProxyRoutes(SERVER, f"unix:{self.program.path}", read_timeout=read_timeout)

    async def client(self, data):
        client = await Client.connect(self.path)
        self.clients.append(client)
        client.send(data)
        return client

    def held(self):
        return [(one["id"], one["stage"], one["abandoned"]) for one in held(self.routes.calls, 0.0)]


@pytest.fixture
def front(tmp_path):
    @asynccontextmanager
    async def run(*, read_timeout=60.0, starts=True):
        front = Front(tmp_path, read_timeout)
        server = HttpServer(front.routes)
        await server.start([unix_socket(front.path)])
        if starts:
            await front.program.start()
        try:
            async with asyncio.timeout(5):
                yield front
        finally:
            for client in front.clients:
                client.leave()
            await front.program.stop()
            await server.stop(0)
            await until(lambda: not server.connections)

    return run


async def test_heads_lose_what_concerns_one_connection_and_gain_what_the_next_needs(front):
    async with front() as one:
        client = await one.client(
            PREDICT + b"content-length: 2\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nte: x\r\n\r\n{}"
        )
        received = await one.program.next()
        names = {name for name, _ in received.exchange.headers}
        assert received.exchange.target == b"/generate?mode=1"
        assert names == {b"host", b"x-headway-request-id", b"content-length", b"connection"}
        received.exchange.respond(201, b"x-own: 1\r\nkeep-alive: 5\r\n", b"made")
        answer = await client.answer()
        assert (answer.status, answer.body, answer.headers["x-own"]) == (201, b"made", "1")
        assert not {"keep-alive", "connection"} & answer.headers.keys(), "the client's connection stays open"

        client.send(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        received = await one.program.next()
        assert received.exchange.target == b"/alive"
        assert one.held() == [], "a probe is no request"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_is_refused_however_it_comes(front, monkeypatch, chunked):
    if chunked:
        monkeypatch.setattr("headway.model_server.docker_server.proxy.BODY_LIMIT_BYTES", 10)
        rest = b"transfer-encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n"
    else:
        rest = b"content-length: %d\r\n\r\n" % (BODY_LIMIT_BYTES + 1)
    async with front() as one:
        client = await one.client(PREDICT + rest)
        assert (await client.answer()).status == 413
        await until(lambda: not one.routes.calls)


async def test_until_the_program_accepts_a_connection_nothing_is_taken_up_and_later_it_is_a_failure(front):
    async with front(starts=False) as one:
        early = await (await one.client(PREDICT + b"\r\n")).answer()
        assert early.status == 503
        assert "x-headway-not-accepted" in early.headers
        await one.program.start()
        client = await one.client(PREDICT + b"\r\n")
        (await one.program.next()).exchange.respond(200)
        assert (await client.answer()).status == 200
        await one.program.stop_listening()
        late = await (await one.client(PREDICT + b"\r\n")).answer()
        assert late.status == 502
        assert "x-headway-not-accepted" not in late.headers


@pytest.mark.parametrize("answered", [False, True])
async def test_a_program_that_breaks_off_or_falls_silent_cannot_look_whole(front, answered):
    async with front(read_timeout=0.2) as one:
        for breaks, status in ((True, 502), (False, 504)):
            client = await one.client(PREDICT + b"\r\n")
            received = await one.program.next()
            if answered:
                received.exchange.start(200)
                received.exchange.write(b"half")
            if breaks:
                received.exchange.abort()
            answer = await client.answer()
            assert answer.status == (200 if answered else status)
            assert answer.is_complete is not answered
            await until(lambda: not one.routes.calls)


async def test_a_client_that_leaves_is_told_on_and_counts_as_abandoned_until_the_program_is_done(front):
    async with front() as one:
        client = await one.client(PREDICT + b"\r\n")
        received = await one.program.next()
        assert one.held() == [("r1", "predict", False)]
        client.half_close()
        await until(lambda: received.is_left)
        assert one.held() == [("r1", "predict", True)]
        received.exchange.close()
        assert await client.ends()
        await until(lambda: one.held() == [])


async def test_a_program_that_goes_on_sending_to_nobody_is_cut_off(front):
    async with front() as one:
        client = await one.client(PREDICT + b"\r\n")
        received = await one.program.next()
        received.exchange.start(200)
        received.exchange.write(b"more")
        await client.reader.readuntil(b"more\r\n")
        client.half_close()
        await until(lambda: received.is_left)
        received.exchange.write(b"more")
        assert await client.ends()
        await until(lambda: one.held() == [])


async def test_a_stalled_client_holds_the_program_back(front):
    async with front() as one:
        await one.client(PREDICT + b"\r\n")
        received = await one.program.next()
        received.exchange.start(200)
        for _ in range(64):
            received.exchange.write(bytes(1024 * 1024))
        await until(lambda: received.writable[:1] == [False])
        assert received.exchange.buffered_bytes > 32 * 1024 * 1024, "they wait with the program"


async def test_a_client_of_http_1_0_gets_no_chunks(front):
    async with front() as one:
        client = await one.client(b"GET /x HTTP/1.0\r\n\r\n")
        received = await one.program.next()
        assert not received.exchange.http_1_1
        received.exchange.start(200)
        received.exchange.write(b"plain")
        received.exchange.end()
        head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
        assert (body, b"chunked" in head) == (b"plain", False)


async def test_a_websocket_is_a_tunnel_to_the_predict_endpoint(front):
    async with front() as one:
        client = await one.client(
            b"GET /v1/websocket HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        )
        received = await one.program.next_begun()
        assert received.exchange.target == b"/generate?mode=1"
        received.exchange.relay(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n")
        received.exchange.accept_tunnel()
        await client.reader.readuntil(b"\r\n\r\n")
        client.send(b"to")
        await until(lambda: received.body == b"to")
        received.exchange.relay(b"fro")
        assert await client.reader.readexactly(3) == b"fro"
        received.exchange.close()
        assert await client.ends()
        await until(lambda: not one.routes.calls)
