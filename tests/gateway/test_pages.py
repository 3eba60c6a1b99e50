"""What the gateway answers of itself, and how it says which methods there are."""

import pytest

from fakes.cluster import cluster, predict


def ask(method, target, headers=b""):
    return b"%s %s HTTP/1.1\r\nhost: h\r\n%s\r\n" % (method, target, headers)


EACH_TIME = (b"date:", b"content-length:", b"x-headway-request-id:", b"x-request-id:")


async def heard(one, method, target):
    """The bytes of an answer: its head, without what is another each time, and its body."""
    client = await one.sends(ask(method, target, b"connection: close\r\n"))
    head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
    assert b"\r\ncontent-length: 0" not in head
    return [line for line in head.split(b"\r\n") if not line.startswith(EACH_TIME)], body


@pytest.mark.parametrize(
    "target", [b"/healthz", b"/healthz/", b"/metrics", b"/metrics/", b"/healthz?probe=1"]
)
async def test_head_is_answered_wherever_get_is_without_the_body(tmp_path, target):
    async with cluster(tmp_path) as one:
        one.apply()
        head, body = await heard(one, b"GET", target)
        assert head[0] == b"HTTP/1.1 200 OK"
        assert body
        assert await heard(one, b"HEAD", target) == (head, b"")


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        (b"POST", b"/healthz", "GET, HEAD"),
        (b"DELETE", b"/metrics", "GET, HEAD"),
        (b"GET", b"/models/m/predict", "POST"),
        (b"HEAD", b"/v1/models/m:predict", "POST"),
        (b"OPTIONS", b"/models/m/wake", "POST"),
        (b"POST", b"/models/m/websocket", "GET"),
    ],
)
async def test_a_method_that_is_not_understood_is_told_which_are(tmp_path, method, target, allowed):
    async with cluster(tmp_path) as one:
        one.apply()
        answer = await one.asks(ask(method, target) if method != b"HEAD" else ask(b"PUT", target))
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


async def test_the_server_itself_may_be_asked_for_its_options(tmp_path):
    async with cluster(tmp_path) as one:
        answer = await one.asks(ask(b"OPTIONS", b"*"))
        assert (answer.status, answer.body, answer.headers["allow"]) == (200, b"", "GET, HEAD, POST, OPTIONS")


async def test_who_asks_for_a_websocket_without_saying_so_is_told_how(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        answer = await one.asks(ask(b"GET", b"/models/m/websocket/"))
        assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")


async def test_every_answer_has_one_date(tmp_path):
    async with cluster(tmp_path) as one:  # the client refuses a header that comes twice
        replica = await one.replica()
        one.apply(replica)
        for request in (
            ask(b"GET", b"/healthz"),
            ask(b"GET", b"/metrics"),
            predict(target=b"/nowhere"),
            b"nonsense\r\n\r\n",
        ):
            assert (await one.asks(request)).headers["date"].endswith(" GMT")
        for given, said in ((b"", " GMT"), (b"Date: then\r\n", "then")):
            for _ in range(3):
                client = await one.sends(predict())
                request = await replica.next()
                request.exchange.relay(b"HTTP/1.1 200 OK\r\n%scontent-length: 0\r\n\r\n" % given)
                request.exchange.end_relay(keep=True)
                assert (await client.answer()).headers["date"].endswith(said)


async def test_a_client_of_http_1_0_need_not_name_a_host(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        client = await one.sends(b"POST /models/m/predict HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}")
        request = await replica.next()
        assert request.exchange.header(b"host") == b"localhost"
        request.exchange.respond(200, b"", b"yes")
        assert (await client.answer()).body == b"yes"
        assert await client.ends()


async def test_a_client_of_http_1_0_may_keep_its_connection(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        client = await one.client()
        for _ in range(2):
            client.send(
                b"POST /models/m/predict HTTP/1.0\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n{}"
            )
            (await replica.next()).exchange.respond(200, b"", b"yes")
            answer = await client.answer()
            assert (answer.body, answer.headers["connection"]) == (b"yes", "keep-alive")


async def test_a_target_as_a_proxy_writes_it_leads_to_the_model(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        client = await one.sends(predict(target=b"http://models.example:8080/models/m/predict?a=b"))
        request = await replica.next()
        assert request.exchange.target.endswith(b":predict?a=b")
        assert request.exchange.header(b"host") == b"models.example:8080"
        request.exchange.respond(200)
        assert (await client.answer()).status == 200
