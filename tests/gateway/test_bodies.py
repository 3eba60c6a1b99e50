"""Bodies: bounded, buffered only so far, read on under the slot, and never taken for more than they are."""

import pytest

from fakes.application import post_chunked
from fakes.cluster import PREDICT, cluster, predict, until
from headway.gateway.body import BodyBudget

HEAD = b"POST /models/m/predict HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n"


async def test_a_body_said_to_be_too_large_is_413_before_it_is_read(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(body_limit_bytes=1000)
        answer = await one.asks(HEAD % 1001)
        assert (answer.status, answer.error["code"], answer.headers["connection"]) == (
            413,
            "body_too_large",
            "close",
        )
        assert "1,000 bytes" in answer.error["message"]


@pytest.mark.parametrize("sizes", [[1001], [600, 600], [1030, 600], [1030, 20_000]])
async def test_a_chunked_body_that_grows_too_large_is_413_wherever_it_is(tmp_path, sizes):
    async with cluster(tmp_path) as one:
        one.apply(body_limit_bytes=1000 if sizes[0] < 1024 else 1500, body_buffer_bytes=1024)
        chunks = [b"x" * size for size in sizes]
        answer = await one.asks(post_chunked(*chunks, target=PREDICT, end=False))
        assert (answer.status, answer.error["code"]) == (413, "body_too_large")
        await until(lambda: one.queued == 0)


async def test_a_body_that_grows_too_large_while_it_is_passed_on_ends_its_request(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, body_limit_bytes=5000, body_buffer_bytes=1024)
        await one.ready()
        for begins_to_answer in (False, True):
            client = await one.sends(post_chunked(b"x" * 2000, target=PREDICT, end=False))
            request = await replica.next_begun()
            if begins_to_answer:
                request.exchange.start(200)
                await client.reader.readuntil(b"\r\n\r\n")
            client.send(b"fa0\r\n" + b"x" * 4000 + b"\r\n")
            await until(lambda seen=request: seen.is_left)
            if begins_to_answer:
                assert await client.ends()
            else:
                assert (await client.answer()).status == 413
            assert one.in_flight == 1
            request.exchange.close()
            await until(lambda: one.in_flight == 0)


async def test_a_request_queues_when_its_buffer_is_full_and_the_rest_is_read_under_the_slot(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(body_buffer_bytes=1024)
        size = 5_000_000
        client = await one.sends(HEAD % size + b"x" * size)
        await until(lambda: one.queued == 1)
        assert one.gateway.reception.budget.used_bytes < 400_000
        one.apply(replica, body_buffer_bytes=1024)
        request = await replica.next()
        assert request.exchange.length == size
        assert request.body == b"x" * size
        assert one.gateway.reception.budget.used_bytes == 0
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_a_short_body_does_not_queue_before_it_is_complete(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(HEAD % 4 + b"bo")
        await until(lambda: one.gateway.reception.budget.used_bytes == 2)
        assert (one.queued, one.in_flight) == (0, 0)
        client.send(b"dy")
        assert (await replica.next()).body == b"body"


@pytest.mark.parametrize("sizes", [[10], [70_000, 70_000, 5], [100_000], [3] * 1000])
async def test_a_chunked_body_arrives_whole_however_it_is_cut(tmp_path, sizes):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        chunks = [bytes([65 + number % 26]) * size for number, size in enumerate(sizes)]
        client = await one.client()
        for _ in range(2):
            client.send(post_chunked(*chunks, target=PREDICT))
            request = await replica.next()
            assert request.body == b"".join(chunks)
            request.exchange.respond(200, b"", b"ok")
            assert (await client.answer()).body == b"ok"


async def test_many_chunks_in_one_read_are_one_whole_request(tmp_path):
    """All pieces are at hand before the request begins: none of them may be taken for the end of the body."""
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, body_buffer_bytes=1024)
        await one.ready()
        warm = await one.sends()  # so that a kept-alive connection is there and sending is immediate
        (await replica.next()).exchange.respond(200)
        await warm.answer()
        client = await one.sends(
            post_chunked(b"a" * 2000, b"b" * 2000, b"c" * 10, target=PREDICT) + predict(b"next")
        )
        request = await replica.next()
        assert request.body == b"a" * 2000 + b"b" * 2000 + b"c" * 10
        request.exchange.respond(200)
        assert (await client.answer()).status == 200
        following = await replica.next()
        assert following.body == b"next"
        following.exchange.respond(200)


async def test_past_the_budget_bodies_are_not_read_ahead(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.gateway.reception.budget = BodyBudget(10_000)
        one.apply()
        clients = [await one.sends(HEAD % 9000 + b"x" * 9000) for _ in range(20)]
        await until(lambda: one.queued >= 2)
        one.apply(replica)
        for _ in clients:
            request = await replica.next()
            assert len(request.body) == 9000
            request.exchange.respond(200)
        for client in clients:
            assert (await client.answer()).status == 200


async def test_a_slow_replica_holds_the_client_back(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.client()
        client.send(HEAD % 50_000_000 + b"x" * 100_000)
        request = await replica.next_begun()
        request.exchange.pause_body()
        for _ in range(499):
            client.send(b"x" * 100_000)
        await until(lambda: not all(connection.reading for connection in one._server._connections))
        assert client.writer.transport.get_write_buffer_size() > 40_000_000
        request.exchange.resume_body()
        await until(lambda: request.is_complete)
        assert len(request.body) == 50_000_000
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_an_answer_before_the_body_was_read_closes_both_connections(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, body_buffer_bytes=1024)
        await one.ready()
        client = await one.sends(HEAD % 1_000_000 + b"x" * 2000)
        request = await replica.next_begun()
        request.exchange.respond(400, b"", b"no")
        answer = await client.answer()
        assert (answer.status, answer.body, answer.headers["connection"]) == (400, b"no", "close")
        await one.sends()
        assert (await replica.next()).exchange._connection is not request.exchange._connection
        assert one.in_flight == 1


async def test_expect_100_continue_is_answered_by_the_gateway(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(predict(headers=b"expect: 100-continue\r\n")[:-2])
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"{}")
        request = await replica.next()
        assert request.exchange.header(b"expect") is None
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_what_is_malformed_is_never_passed_on(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        for head in (b"content-length: 3\r\ncontent-length: 4\r\n", b"transfer-encoding: gzip, chunked\r\n"):
            data = b"POST /models/m/predict HTTP/1.1\r\nhost: h\r\n" + head + b"\r\nabcd"
            assert (await one.asks(data)).status == 400
        assert replica.received == []


async def test_with_an_encoded_body_the_replica_is_told_the_limit_as_it_is_now(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        for limit in (1000, 2000):
            one.apply(replica, body_limit_bytes=limit)
            await one.ready()
            for headers, told in (
                (b"content-encoding: gzip\r\nx-headway-body-limit: 7\r\n", b"%d" % limit),
                (b"content-encoding: gzip\r\nconnection: x-headway-body-limit\r\n", b"%d" % limit),
                (b"x-headway-body-limit: 7\r\n", None),
            ):
                for _ in range(3):
                    client = await one.sends(predict(b"any", headers=headers))
                    request = await replica.next()
                    assert request.exchange.header(b"x-headway-body-limit") == told
                    assert request.body == b"any"
                    request.exchange.respond(200)
                    await client.answer()
