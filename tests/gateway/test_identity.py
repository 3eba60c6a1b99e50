"""The ids that an answer carries: one of Headway's own, and `x-request-id`, the client's if it gave one."""

import pytest

from fakes.cluster import cluster, predict

OWN = "x-headway-request-id"
CLIENTS = "x-request-id"


async def exchanged(one, replica, headers=b"", answer=b""):
    """What the client is answered, and what the replica was sent."""
    client = await one.sends(predict(headers=headers))
    request = await replica.next()
    request.exchange.respond(200, answer)
    return await client.answer(), request.exchange


async def test_a_client_gets_its_own_id_back_and_the_model_gets_it_too(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        for given in (b"mine-1", b"mine-1", b"mine-1", b"!~" * 64):  # one that came before is no other
            answer, sent = await exchanged(one, replica, b"X-Request-Id: %s\r\n" % given)
            assert answer.headers[CLIENTS] == given.decode() == sent.header(b"x-request-id").decode()
            assert answer.headers[OWN] == sent.header(b"x-headway-request-id").decode() != given.decode()


async def test_a_client_without_one_is_told_ours_under_both_names(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        for _ in range(3):
            answer, sent = await exchanged(one, replica)
            assert answer.headers[CLIENTS] == answer.headers[OWN]
            assert sent.header(b"x-request-id") is None


@pytest.mark.parametrize("given", [b"a" * 129, b"", b"two words", b"\xe9", b"a\tb"])
async def test_what_is_no_id_counts_as_none(tmp_path, given):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        answer, sent = await exchanged(one, replica, b"x-request-id: %s\r\n" % given)
        assert answer.headers[CLIENTS] == answer.headers[OWN]
        assert sent.header(b"x-request-id") is None


async def test_an_id_that_the_model_tells_is_kept_unless_the_client_gave_one_and_never_comes_twice(tmp_path):
    async with cluster(tmp_path) as one:  # the client refuses a header that comes twice
        replica = await one.replica()
        one.apply(replica)
        for _ in range(3):
            answer, _ = await exchanged(one, replica, answer=b"X-Request-Id: models\r\n")
            assert answer.headers[CLIENTS] == "models"
            assert answer.headers[OWN] != "models"
            answer, _ = await exchanged(one, replica, b"x-request-id: mine\r\n", b"X-Request-Id: models\r\n")
            assert answer.headers[CLIENTS] == "mine"


async def test_refusals_carry_both(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(queue_limit=0)
        for target in (b"/models/m/predict", b"/models/unknown/predict", b"/nowhere"):
            answer = await one.asks(predict(target=target, headers=b"x-request-id: mine\r\n"))
            assert (answer.headers[CLIENTS], answer.headers[OWN] == "mine") == ("mine", False)
            answer = await one.asks(predict(target=target))
            assert answer.headers[CLIENTS] == answer.headers[OWN]


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /healthz",
        b"GET /metrics",
        b"HEAD /metrics",
        b"GET /v1/models",
        b"GET /v1/models/m",
        b"OPTIONS *",
        b"POST /models/m/wake",
    ],
)
async def test_what_the_gateway_answers_itself_carries_both(tmp_path, asked):
    async with cluster(tmp_path) as one:
        one.apply()
        head = asked + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n%s\r\n"
        lines = (await (await one.sends(head % b"x-request-id: mine\r\n")).reader.read()).split(b"\r\n")
        assert lines[0].startswith(b"HTTP/1.1 20")
        assert lines.count(b"x-request-id: mine") == 1
        lines = (await (await one.sends(head % b"")).reader.read()).split(b"\r\n")
        (own,) = (line[22:] for line in lines if line.startswith(b"x-headway-request-id: "))
        assert lines.count(b"x-request-id: " + own) == 1
