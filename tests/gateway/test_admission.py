"""Whom a real gateway lets in: over TCP, as browsers come, and with keys."""

import asyncio
import contextlib
import hashlib

import pytest

from fakes.client import Client
from fakes.cluster import cluster, predict
from headway.http.listener import tcp_socket

WEBSOCKET = (
    b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


def get(target, headers=b""):
    return b"GET %s HTTP/1.1\r\n%s\r\n" % (target, headers)


def requests(headers):
    """One of each kind, with the same headers."""
    body = b"content-length: 2\r\n\r\n{}"
    yield b"POST /models/m/predict HTTP/1.1\r\n" + headers + body
    yield b"POST /models/nobody/predict HTTP/1.1\r\n" + headers + body
    for target in (b"/models/m/sync/v1/models", b"/v1/models", b"/metrics", b"/healthz", b"/nowhere"):
        yield get(target, headers)
    yield b"POST /metrics HTTP/1.1\r\n" + headers + body
    yield b"OPTIONS * HTTP/1.1\r\n" + headers + b"\r\n"
    yield get(b"/models/m/websocket", headers + WEBSOCKET)


@contextlib.asynccontextmanager
async def reached_by_tcp(tmp_path, **options):
    """A cluster with one replica, and what connects to it as browsers do."""
    async with cluster(tmp_path, **options) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        listening = tcp_socket("127.0.0.1", 0)
        port = listening.getsockname()[1]
        await one._server.start([listening])

        async def ask(data):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            one._clients.append(client := Client(reader, writer))
            client.send(data)
            return client

        yield one, replica, ask


@pytest.mark.parametrize(
    "headers",
    [
        b"host: localhost:8080\r\norigin: https://evil.example\r\n",
        b"host: localhost:8080\r\norigin: null\r\n",
        b"host: localhost:8080\r\norigin: http://localhost:3000\r\n",
        b"host: localhost:8080\r\norigin: https://localhost:8080\r\n",
        b"host: localhost:8080\r\nsec-fetch-site: cross-site\r\n",
        b"host: localhost:8080\r\nsec-fetch-site: same-site\r\n",
        b"host: evil.example\r\n",
        b"host: evil.example:8080\r\norigin: http://evil.example:8080\r\nsec-fetch-site: same-origin\r\n",
    ],
)
async def test_without_keys_a_page_of_another_site_gets_nothing(tmp_path, headers):
    async with reached_by_tcp(tmp_path) as (_one, replica, ask):
        for request in requests(headers):
            for _ in range(3):  # a head that is known by then, too
                answer = await (await ask(request)).answer()
                assert (answer.status, answer.error["code"]) == (403, "foreign_page")
        assert not replica.received


async def test_without_keys_programs_and_own_pages_are_served(tmp_path):
    async with reached_by_tcp(tmp_path) as (_one, replica, ask):
        for headers in (
            b"host: localhost\r\n",
            b"host: 127.0.0.1:8080\r\norigin: http://127.0.0.1:8080\r\nsec-fetch-site: same-origin\r\n",
            b"host: 127.0.0.1:8080\r\nsec-fetch-site: none\r\n",
        ):
            client = await ask(
                b"POST /models/m/predict HTTP/1.1\r\n" + headers + b"content-length: 0\r\n\r\n"
            )
            (await replica.next()).exchange.respond(200)
            assert (await client.answer()).status == 200
            assert (await (await ask(get(b"/metrics", headers))).answer()).status == 200


async def test_an_absolute_target_names_whom_it_is_for(tmp_path):
    async with reached_by_tcp(tmp_path) as (_one, _replica, ask):
        request = get(b"http://evil.example/metrics", b"host: localhost\r\n")
        assert (await (await ask(request)).answer()).error["code"] == "foreign_page"


async def test_with_keys_the_key_decides_whatever_the_name_and_the_page(tmp_path):
    async with reached_by_tcp(tmp_path) as (one, replica, ask):
        one.apply_routes(one.deployment("d1", replica), keys={digest("good"): ("inference",)})
        headers = b"host: models.example\r\norigin: https://app.example\r\nsec-fetch-site: cross-site\r\n"
        request = b"POST /models/m/predict HTTP/1.1\r\n%s%scontent-length: 0\r\n\r\n"
        assert (await (await ask(request % (headers, b""))).answer()).error["code"] == "key_missing"
        client = await ask(request % (headers, b"x-api-key: good\r\n"))
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_a_key_comes_in_each_of_its_headers_and_never_in_a_query(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        keys = {digest("good"): ("inference",), digest("other"): ("manage",)}
        one.apply_routes(one.deployment("d1", replica), keys=keys)
        await one.ready()
        for headers in (
            b"authorization: Bearer good\r\n",
            b"x-api-key: good\r\n",
            b"api-key: good\r\n",
            b"authorization: Bearer unknown\r\napi-key: good\r\n",
            b"authorization: Bearer other\r\nx-api-key: good\r\n",
        ):
            client = await one.sends(predict(headers=headers))
            (await replica.next()).exchange.respond(200)
            assert (await client.answer()).status == 200
        for target in (b"/models/m/predict?api_key=good", b"/models/m/predict?access_token=good&key=good"):
            answer = await one.asks(predict(target=target))
            assert (answer.status, answer.error["code"]) == (401, "key_missing")
            assert answer.headers["www-authenticate"] == "Bearer"
        answer = await one.asks(predict(headers=b"x-api-key: other\r\n"))
        assert (answer.status, answer.error["code"]) == (403, "scope_missing")
        assert "www-authenticate" not in answer.headers


async def test_metrics_are_for_their_own_scope_and_for_who_may_manage(tmp_path):
    async with cluster(tmp_path) as one:
        keys = {digest(scope): (scope,) for scope in ("inference", "manage", "metrics")}
        one.apply_routes(one.deployment("d1"), keys=keys)
        for scope, status in (("inference", 403), ("manage", 200), ("metrics", 200)):
            headers = b"host: h\r\nauthorization: Bearer %s\r\n" % scope.encode()
            assert (await one.asks(get(b"/metrics", headers))).status == status
        answer = await one.asks(predict(headers=b"authorization: Bearer metrics\r\n"))
        assert (answer.status, answer.error["code"]) == (403, "scope_missing")


KEYS = {digest("good"): ("inference",), digest("operator"): ("inference", "manage")}
CREDENTIALS = (b"authorization", b"x-api-key", b"api-key", b"sec-websocket-protocol")


async def models_headers(one, replica, headers):
    """What of its credentials a request's replica is given."""
    client = await one.sends(predict(headers=headers))
    exchange = (await replica.next()).exchange
    exchange.respond(200)
    assert (await client.answer()).status == 200
    return {name: value for name, value in exchange.headers if name in CREDENTIALS}


async def test_a_key_that_the_gateway_knows_is_not_given_to_the_model(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1", replica), keys=KEYS)
        await one.ready()
        for headers, given in (
            (b"authorization: Bearer good\r\n", {}),
            (b"Authorization: api-key  good \r\n", {}),
            (b"x-api-key: good\r\nauthorization: Bearer good\r\napi-key: good\r\n", {}),
            (b"x-api-key: good\r\nauthorization: Bearer operator\r\n", {}),
            (
                b"x-api-key: good\r\nauthorization: Bearer models-own\r\n",
                {b"authorization": b"Bearer models-own"},
            ),
            (b"authorization: Bearer good\r\nx-api-key: models-own\r\n", {b"x-api-key": b"models-own"}),
            (b"api-key: good\r\nauthorization: Basic Z29vZA==\r\n", {b"authorization": b"Basic Z29vZA=="}),
        ):
            for _ in range(3):
                assert await models_headers(one, replica, headers) == given


async def test_without_keys_a_credential_is_the_models_own(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        given = await models_headers(one, replica, b"authorization: Bearer any\r\nx-api-key: any\r\n")
        assert given == {b"authorization": b"Bearer any", b"x-api-key": b"any"}


async def test_the_authorization_is_passed_on_where_the_owner_says_so(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1", replica, pass_authorization=True), keys=KEYS)
        await one.ready()
        given = await models_headers(one, replica, b"authorization: Bearer good\r\nx-api-key: operator\r\n")
        assert given == {b"authorization": b"Bearer good"}


async def test_a_browsers_websocket_shows_its_key_as_a_subprotocol(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1", replica), keys=KEYS)
        await one.ready()
        target = b"/models/m/websocket"
        for offered, given in (
            (b"headway.key.good", None),
            (b"chat, headway.key.good, v2", b"chat, v2"),
            (b"headway, headway.key.good", None),
        ):
            headers = b"host: h\r\nsec-websocket-protocol: %s\r\n" % offered + WEBSOCKET
            await one.sends(get(target, headers))
            exchange = (await replica.next()).exchange
            assert exchange.header(b"sec-websocket-protocol") == given
            assert b"good" not in b"".join(value for _, value in exchange.headers)
            exchange.respond(403)
        headers = b"host: h\r\nsec-websocket-protocol: chat, headway.key.bad\r\n" + WEBSOCKET
        answer = await one.asks(get(target, headers))
        assert (answer.status, answer.error["code"]) == (401, "key_unknown")


async def handshake(one, replica, offered, answered):
    headers = b"host: h\r\nsec-websocket-protocol: %s\r\n" % offered + WEBSOCKET
    client = await one.sends(get(b"/models/m/websocket", headers))
    exchange = (await replica.next()).exchange
    exchange.accept_tunnel()
    exchange.relay(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n%s\r\n" % answered)
    head = await client.reader.readuntil(b"\r\n\r\n")
    client.leave()
    exchange.close()
    return [line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-protocol")]


async def test_a_browser_that_offers_headway_has_it_answered_where_the_model_chooses_none(tmp_path):
    chat = b"sec-websocket-protocol: chat"
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1", replica, concurrency_target=9), keys=KEYS)
        await one.ready()
        offered = b"headway, chat, headway.key.good"
        assert await handshake(one, replica, offered, b"") == [b"sec-websocket-protocol: headway"]
        assert await handshake(one, replica, offered, chat + b"\r\n") == [chat]
        assert await handshake(one, replica, b"chat, headway.key.good", b"") == []
