"""Answers that pages of other origins may read, where the configuration names those origins."""

import hashlib

import pytest

from fakes.cluster import cluster, predict, until
from headway.core.entry import AllowedOrigins
from headway.gateway.admission import Admission

APP = "https://app.example"
PREFLIGHT = (
    b"OPTIONS /models/m/predict HTTP/1.1\r\nhost: h\r\norigin: %s\r\naccess-control-request-method: POST\r\n"
    b"access-control-request-headers: authorization,content-type\r\n%s\r\n"
)
KEYS = {hashlib.sha256(b"good").hexdigest(): ("inference",)}


def sharing(tmp_path, *origins):
    return cluster(tmp_path, Admission(AllowedOrigins.of(origins)))


def from_page(origin=APP, more=b""):
    return predict(headers=b"origin: %s\r\n%s" % (origin.encode(), more))


async def test_nothing_is_said_of_it_by_default_and_what_the_model_says_passes_through(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1", replica), keys=KEYS)
        await one.ready()
        assert (await one.asks(PREFLIGHT % (APP.encode(), b""))).status == 401
        client = await one.sends(from_page(more=b"authorization: Bearer good\r\n"))
        (await replica.next()).exchange.respond(200, b"access-control-allow-origin: https://models.own\r\n")
        assert (await client.answer()).headers["access-control-allow-origin"] == "https://models.own"


@pytest.mark.parametrize("keys", [{}, KEYS])
async def test_a_preflight_is_answered_before_key_queue_and_slot(tmp_path, keys):
    async with sharing(tmp_path, APP) as one:
        one.apply_routes(one.deployment("d1"), keys=keys)
        answer = await one.asks(
            PREFLIGHT % (APP.encode(), b"access-control-request-private-network: true\r\n")
        )
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["access-control-allow-methods"] == "POST"
        assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
        assert answer.headers["access-control-allow-private-network"] == "true"
        assert int(answer.headers["access-control-max-age"]) > 0
        assert "origin" in answer.headers["vary"]
        assert one.queued == one.in_flight == 0
        refused = await one.asks(PREFLIGHT % (b"https://evil.example", b""))
        assert (refused.status, refused.error["code"]) == (403, "foreign_page")
        assert "access-control-allow-origin" not in refused.headers


async def test_every_answer_can_be_read_refusals_too(tmp_path):
    async with sharing(tmp_path, APP) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1", replica, queue_limit=0), keys=KEYS)
        await one.ready()
        good = b"authorization: Bearer good\r\n"

        def is_shared(answer):
            names = answer.headers["access-control-expose-headers"].split(", ")
            assert {"x-headway-request-id", "server-timing", "retry-after"} <= set(names)
            assert answer.headers["vary"] == "origin"
            return answer.headers["access-control-allow-origin"] == APP

        client = await one.client()
        for _ in range(3):  # a head that is known by then, too
            client.send(from_page(more=good))
            exchange = (await replica.next()).exchange
            exchange.respond(
                200, b"Access-Control-Allow-Origin: *\r\naccess-control-expose-headers: x\r\n", b"out"
            )
            answer = await client.answer()
            assert (answer.status, answer.body) == (200, b"out")
            assert is_shared(answer)
        held = await one.sends(from_page(more=good))
        request = await replica.next()
        for data, status in (
            (from_page(more=good), 429),
            (from_page(), 401),
            (from_page(more=good).replace(b"/m/", b"/nobody/"), 404),
            (from_page(more=good).replace(b"POST", b"PUT"), 405),
            (from_page(more=good + b"x-headway-deadline: soon\r\n"), 400),
            (b"GET /healthz HTTP/1.1\r\nhost: h\r\norigin: %s\r\n\r\n" % APP.encode(), 200),
            (b"GET /metrics HTTP/1.1\r\nhost: h\r\norigin: %s\r\n\r\n" % APP.encode(), 401),
        ):
            answer = await one.asks(data)
            assert answer.status == status
            assert is_shared(answer)
        request.exchange.abort()
        assert is_shared(await held.answer())


async def test_a_body_that_breaks_off_is_refused_so_that_the_page_can_read_it(tmp_path):
    async with sharing(tmp_path, APP) as one:
        one.apply()
        client = await one.sends(
            b"POST /models/m/predict HTTP/1.1\r\nhost: h\r\norigin: %s\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
            % APP.encode()
        )
        answer = await client.answer()
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (400, APP)


async def test_without_keys_an_allowed_page_is_served_and_others_are_not(tmp_path):
    async with sharing(tmp_path, APP) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(from_page(more=b"sec-fetch-site: cross-site\r\n"))
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).headers["access-control-allow-origin"] == APP
        refused = await one.asks(from_page("https://evil.example"))
        assert refused.status == 403
        assert "access-control-allow-origin" not in refused.headers
        client = await one.sends(predict())
        (await replica.next()).exchange.respond(200, b"access-control-allow-origin: *\r\n")
        headers = (await client.answer()).headers
        assert headers["vary"] == "origin"
        assert "access-control-allow-origin" not in headers


async def test_all_origins_are_one_star(tmp_path):
    async with sharing(tmp_path, "*") as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        for origin in (APP, "null"):
            client = await one.sends(from_page(origin))
            (await replica.next()).exchange.respond(200)
            headers = (await client.answer()).headers
            assert headers["access-control-allow-origin"] == "*"
            assert "vary" not in headers
        await until(lambda: one.in_flight == 0)
