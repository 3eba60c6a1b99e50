"""A client leaves while its body is read, while it waits, on the way, while it runs, and while it is answered."""

import asyncio

import pytest

from fakes.cluster import cluster, predict, until
from headway.gateway import upstream

LONG = b"POST /models/m/predict HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n"


async def test_while_its_body_is_read_nothing_ever_happened(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(LONG + b"part")
        await until(lambda: one.gateway.reception.budget.used_bytes == 4)
        client.leave()
        await until(lambda: one.gateway.reception.budget.used_bytes == 0)
        assert (one.queued, one.in_flight, replica.received) == (0, 0, [])


async def test_while_it_waits_it_is_out_of_the_queue_within_50_ms(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        await one.sends()
        running = await replica.next()
        gone = await one.sends(predict(b"x" * 100_000))
        half_closed = await one.sends(predict(b"gone too"))
        await one.sends(predict(b"stays"))
        await until(lambda: one.queued == 3)
        loop = asyncio.get_running_loop()
        at = loop.time()
        gone.leave()
        half_closed.half_close()
        await until(lambda: one.queued == 1)
        assert loop.time() - at < 0.05
        running.exchange.respond(200)
        assert (await replica.next()).body == b"stays"


async def test_while_it_waits_with_its_body_held_back_the_sweep_notices(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(body_buffer_bytes=1024)
        client = await one.sends(
            b"POST /models/m/predict HTTP/1.1\r\nhost: h\r\ncontent-length: 9000000\r\n\r\n" + b"x" * 2000
        )
        await until(lambda: one.queued == 1)
        client.leave()
        await until(lambda: one.queued == 0)


async def test_a_thousand_that_left_are_skipped_and_the_one_behind_them_is_served(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        await one.sends()
        running = await replica.next()
        leaving = [await one.sends() for _ in range(200)]
        await until(lambda: one.queued == 200)
        await one.sends(predict(b"behind"))
        await until(lambda: one.queued == 201)
        for client in leaving:
            client.leave()
        running.exchange.respond(200)
        while (request := await replica.next()).body != b"behind":
            request.exchange.close()
        assert one.queued == 0


async def test_leaving_in_the_turn_in_which_the_slot_comes_does_not_lose_the_slot(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        for _ in range(30):
            first = await one.sends()
            running = await replica.next()
            woken = await one.sends(predict(b"woken"))
            await until(lambda: one.queued == 1)
            # The slot is given and the client leaves before the loop turns.
            running.exchange.respond(200)
            woken.leave()
            assert (await first.answer()).status == 200
            await until(lambda: one.queued == 0)
            await until(
                lambda: all(request.exchange.ended or request.is_left for request in replica.received)
            )
            for request in replica.received:
                request.exchange.close()
            await until(lambda: one.in_flight == 0)
            while not replica._new.empty():
                replica._new.get_nowait()
            replica.received.clear()
        await one.sends(predict(b"alive"))
        assert (await replica.next()).body == b"alive"


@pytest.mark.plain
async def test_on_the_way_to_its_replica_the_slot_comes_back(tmp_path, monkeypatch):
    reached, go_on = asyncio.Event(), asyncio.Event()
    connect = upstream.connect

    async def slow_connect(address, timeout):  # noqa: ASYNC109
        reached.set()
        await go_on.wait()
        return await connect(address, timeout)

    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        monkeypatch.setattr(upstream, "connect", slow_connect)
        client = await one.sends()
        await reached.wait()
        client.leave()
        await until(lambda: one.queue().abandoned == 1)
        await one.sends(predict(b"next"))
        await until(lambda: one.queued == 1)
        go_on.set()
        assert (await replica.next()).body == b"next"
        assert len(replica.received) == 1


async def test_while_it_runs_the_replica_is_told_and_the_slot_is_kept_until_it_closes(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        for leave in ("leave", "half_close"):
            client = await one.sends()
            request = await replica.next()
            getattr(client, leave)()
            await until(lambda seen=request: seen.is_left)
            assert (one.in_flight, one.queue().abandoned) == (1, 1)
            await one.sends(predict(b"next"))
            await until(lambda: one.queued == 1)
            request.exchange.close()
            following = await replica.next()
            assert following.body == b"next"
            assert following.exchange._connection is not request.exchange._connection
            following.exchange.respond(200)
            await until(lambda: one.in_flight == 0)


async def test_work_that_is_finished_all_the_same_frees_the_slot_and_its_connection_is_not_used_again(
    tmp_path,
):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        client.leave()
        await until(lambda: request.is_left)
        request.exchange.respond(200, b"", b"too late")
        await until(lambda: one.in_flight == 0)
        await one.sends()
        assert (await replica.next()).exchange._connection is not request.exchange._connection


async def test_while_its_stream_comes_the_replica_is_told_and_what_still_comes_is_dropped(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        request.exchange.start(200)
        request.exchange.write(b"first")
        await client.reader.readuntil(b"first")
        client.leave()
        await until(lambda: request.is_left)
        for _ in range(100):
            request.exchange.write(b"x" * 10_000)
        assert one.in_flight == 1
        request.exchange.end()
        await until(lambda: one.in_flight == 0)


async def test_a_replica_that_holds_only_abandoned_work_is_reported(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, abandon_grace=0.1)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        client.leave()
        await until(lambda: one.stuck)
        assert [stuck.replica_id for stuck in one.stuck] == ["r1"]
        request.exchange.close()
        await until(lambda: one.in_flight == 0)


async def test_back_pressure_of_a_slow_reader_reaches_the_replica(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        client.writer.transport.pause_reading()
        request = await replica.next()
        request.exchange.start(200)
        sent = 0
        while not request.writable:
            request.exchange.write(b"x" * 100_000)
            sent += 100_000
            await asyncio.sleep(0)
            assert sent < 10_000_000
        assert request.writable == [False]
        request.exchange.end()
        client.writer.transport.resume_reading()
        assert len((await client.answer()).body) == sent
        await until(lambda: one.in_flight == 0)


async def test_a_reader_that_is_slow_at_the_end_of_its_answer_does_not_stop_the_next_request(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        slow = await one.sends()
        slow.writer.transport.pause_reading()
        request = await replica.next()
        request.exchange.respond(200, b"", b"x" * 300_000)
        await until(lambda: request.exchange.buffered_bytes == 0)
        for _ in range(3):
            client = await one.sends()
            next_request = await replica.next()
            next_request.exchange.respond(200, b"", b"y")
            assert (await client.answer()).body == b"y"


async def test_a_client_that_takes_no_byte_for_send_timeout_has_left(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, send_timeout=0.1)
        await one.ready()
        client = await one.sends()
        client.writer.transport.pause_reading()
        request = await replica.next()
        request.exchange.start(200)
        request.exchange.write(b"x" * 10_000_000)
        await until(lambda: one.queue().abandoned == 1)
        await until(lambda: request.is_left)
        request.exchange.close()
        await until(lambda: one.in_flight == 0)


async def test_a_client_may_leave_after_504_and_a_pipelined_request_follows_it(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, request_timeout=0.05, concurrency_target=2)
        await one.ready()
        client = await one.sends(predict(b"1") + predict(b"2"))
        first = await replica.next()
        assert (await client.answer()).status == 504
        second = await replica.next()
        assert second.body == b"2"
        assert one.in_flight == 2
        client.leave()
        await until(lambda: second.is_left)
        first.exchange.close()
        second.exchange.close()
        await until(lambda: one.in_flight == 0)
