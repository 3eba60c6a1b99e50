"""Replicas that come, refuse, die, drain, change and are taken over; deployments that move."""

import asyncio
import dataclasses

import pytest

from fakes.cluster import cluster, predict, until
from headway.gateway import upstream
from headway.gateway.table import DeploymentState, RoutingTable


async def test_a_replica_that_cannot_be_reached_leaves_the_request_at_its_place(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        await replica.stop_listening()
        clients = []
        for number in range(3):
            clients.append(await one.sends(predict(b"%d" % number)))
            await until(lambda count=number + 1: one.queued + one.in_flight == count)
        await until(lambda: one.queued == 3)
        await replica.listen()
        for number, client in enumerate(clients):
            request = await replica.next()
            assert request.body == b"%d" % number
            request.exchange.respond(200)
            assert (await client.answer()).status == 200


async def test_what_went_back_to_the_queue_still_waits_no_longer_than_its_client_said(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        await replica.stop_listening()
        answer = await one.asks(predict(headers=b"x-headway-deadline: 0.2\r\n"))
        assert (answer.status, answer.error["code"]) == (504, "deadline")


async def test_another_replica_takes_what_the_first_could_not(tmp_path):
    async with cluster(tmp_path) as one:
        dead, alive = await one.replica("r1"), await one.replica("r2")
        one.apply(dead, alive)
        await one.ready(2)
        await dead.stop_listening()
        for _ in range(4):
            client = await one.sends()
            (await alive.next()).exchange.respond(200)
            assert (await client.answer()).status == 200


async def test_a_replica_that_does_not_accept_leaves_the_request_at_its_place_and_is_not_asked_without_rest(
    tmp_path,
):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        replica.refusing = True
        one.apply(replica)
        await one.ready()
        first = await one.sends(predict(b"1"))
        await until(lambda: replica.refused == 1)
        second = await one.sends(predict(b"2"))
        await until(lambda: replica.refused == 4)
        replica.refusing = False
        for client, body in ((first, b"1"), (second, b"2")):
            request = await replica.next()
            assert request.body == body
            request.exchange.respond(200)
            assert (await client.answer()).status == 200
        assert replica.refused < 8


async def test_an_ordinary_503_of_a_model_is_passed_on(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        (await replica.next()).exchange.respond(503, b"", b"model says no")
        assert (await client.answer()).body == b"model says no"


async def test_a_replica_that_dies_with_a_request_is_502_with_the_stage_last_seen(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        replica.enter(request, "predict")
        request.exchange.abort()
        answer = await client.answer()
        assert (answer.status, answer.error["code"]) == (502, "replica_lost")
        assert "last seen in predict" in answer.error["message"]
        assert one.in_flight == 0


async def test_a_replica_that_dies_in_the_middle_of_its_answer_cuts_it(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, retry_on_crash=True)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        request.exchange.start(200)
        request.exchange.write(b"some")
        await client.reader.readuntil(b"some\r\n")
        request.exchange.abort()
        assert await client.ends()
        assert one.in_flight == 0


async def test_with_retry_on_crash_it_is_sent_again_when_the_replica_is_gone(tmp_path):
    async with cluster(tmp_path) as one:
        dead, alive = await one.replica("r1"), await one.replica("r2")
        one.apply(dead, retry_on_crash=True)
        await one.ready()
        client = await one.sends(predict(b"body"))
        await dead.next()
        await dead.die()
        one.apply(dead, alive, retry_on_crash=True)
        request = await alive.next()
        assert request.body == b"body"
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_with_retry_on_crash_a_replica_that_lives_on_is_not_sent_it_again(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, retry_on_crash=True)
        await one.ready()
        client = await one.sends()
        (await replica.next()).exchange.abort()
        assert (await client.answer()).status == 502
        client.send(predict())
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).status == 200
        assert len(replica.received) == 2


async def test_a_client_that_leaves_while_it_is_found_out_whether_its_replica_is_gone_frees_the_slot(
    tmp_path,
):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, retry_on_crash=True)
        await one.ready()
        client = await one.sends()
        (await replica.next()).exchange.abort()
        client.leave()
        await until(lambda: one.in_flight == 0 and one.queued == 0)


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 700 High\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 1000 High\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n",
    ],
)
@pytest.mark.parametrize("retry", [False, True])
async def test_what_is_no_answer_is_502_and_executed_once_and_its_slot_is_free_when_the_work_is_over(
    tmp_path, garbage, retry
):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, retry_on_crash=retry)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        request.exchange.relay(garbage)
        answer = await client.answer()
        assert (answer.status, answer.error["code"]) == (502, "bad_answer")
        await until(lambda: request.is_left)
        assert (one.in_flight, one.queue().abandoned) == (1, 1)
        request.exchange.close()
        await until(lambda: one.in_flight == 0)
        client.send(predict())
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).status == 200
        assert len(replica.received) == 2


async def test_an_answer_that_goes_wrong_in_its_middle_is_cut(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, retry_on_crash=True)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        request.exchange.start(200)
        request.exchange.write(b"some")
        await client.reader.readuntil(b"some\r\n")
        request.exchange.relay(b"zz\r\n")
        assert await client.ends()
        await until(lambda: request.is_left)
        request.exchange.close()
        await until(lambda: one.in_flight == 0)
        assert len(replica.received) == 1


async def test_one_that_says_for_ever_that_it_takes_nothing_up_is_believed_a_few_times(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        replica.refusing = True
        one.apply(replica)
        await one.ready()
        answer = await one.asks()
        assert (answer.status, replica.refused) == (503, 6)
        assert "x-headway-not-accepted" not in answer.headers


async def test_requests_given_to_a_replica_that_died_unread_are_served_by_the_next_one_and_once(tmp_path):
    async with cluster(tmp_path) as one:
        replica, other = await one.replica("r1"), await one.replica("r2")
        one.apply(replica, concurrency_target=3)
        await one.ready()
        busy = [await one.sends() for _ in range(3)]
        for _ in busy:
            (await replica.next()).exchange.respond(200)
        for client in busy:
            await client.answer()
        kept = [received.exchange._connection.transport for received in replica.received]
        for transport in kept:
            transport.pause_reading()
        clients = [await one.sends(predict(b"%d" % number)) for number in range(3)]
        await until(lambda: one.in_flight == 3)
        for transport in kept:
            transport.abort()
        await replica.stop_listening()
        await until(lambda: one.queued == 3)
        one.apply(replica, other, concurrency_target=3)
        for _ in clients:
            (await other.next()).exchange.respond(200)
        assert [(await client.answer()).status for client in clients] == [200] * 3
        assert (len(replica.received), len(other.received)) == (3, 3)


async def test_a_kept_connection_that_the_replica_ended_is_not_used(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        request.exchange.respond(200)
        assert (await client.answer()).status == 200
        request.exchange._connection.transport.close()
        await until(lambda: all(kept.closed for kept in one.queue().fleet["r1"]._idle))
        client.send(predict())
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_a_drained_replica_gets_nothing_and_is_reported_when_it_holds_nothing(tmp_path):
    async with cluster(tmp_path) as one:
        old, new = await one.replica("r1"), await one.replica("r2")
        one.apply(old)
        await one.ready()
        client = await one.sends()
        running = await old.next()
        one.apply_routes(_with_draining(one, old))
        queued = await one.sends()
        await until(lambda: one.queued == 1)
        assert one.drained == []
        one.apply_routes(_with_draining(one, old, new))
        (await new.next()).exchange.respond(200)
        assert (await queued.answer()).status == 200
        running.exchange.respond(200)
        assert (await client.answer()).status == 200
        assert one.drained == ["r1"]
        one.apply_routes(_with_draining(one, old, new))
        assert one.drained == ["r1", "r1"]  # control asks again, having missed it
        assert len(old.received) == 1


def _with_draining(one, draining, *others):
    route = one.deployment("d1")
    return dataclasses.replace(
        route, replicas=(draining.route(draining=True), *(other.route() for other in others))
    )


async def test_a_replica_that_comes_draining_gets_nothing(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply()
        await one.sends()
        await until(lambda: one.queued == 1)
        one.apply_routes(_with_draining(one, replica))
        await until(lambda: one.drained == ["r1"])
        assert (one.queued, replica.received) == (1, [])
        one.apply(replica)  # it is wanted after all
        await replica.next()


async def test_another_generation_is_another_replica(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        await replica.next()
        one.apply_routes(dataclasses.replace(one.deployment("d1"), replicas=(replica.route(generation=2),)))
        answer = await client.answer()
        assert (answer.status, answer.error["code"]) == (502, "replica_lost")
        await one.ready()
        await one.sends(predict(b"anew"))
        assert (await replica.next()).body == b"anew"


@pytest.mark.plain
async def test_a_replica_removed_while_a_request_is_on_its_way_loses_nothing(tmp_path, monkeypatch):
    connect, waiting = upstream.connect, asyncio.Event()

    async def hanging_connect(address, timeout):  # noqa: ASYNC109
        if address.endswith("r1.sock"):
            waiting.set()
            await asyncio.Event().wait()
        return await connect(address, timeout)

    async with cluster(tmp_path) as one:
        gone, other = await one.replica("r1"), await one.replica("r2")
        one.apply(gone)
        await one.ready()
        monkeypatch.setattr(upstream, "connect", hanging_connect)
        client = await one.sends(predict(b"kept"))
        await waiting.wait()
        one.apply()
        assert (one.queued, one.in_flight) == (1, 0)
        one.apply(other)
        request = await other.next()
        assert request.body == b"kept"
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_with_retry_on_crash_a_removed_replica_loses_nothing_either(tmp_path):
    async with cluster(tmp_path) as one:
        gone, other = await one.replica("r1"), await one.replica("r2")
        one.apply(gone, retry_on_crash=True)
        await one.ready()
        client = await one.sends(predict(b"kept"))
        await gone.next()
        one.apply(other, retry_on_crash=True)
        (await other.next()).exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_what_an_earlier_gateway_gave_keeps_its_slots_until_the_replica_is_done_with_it(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        replica.holds = {"old1": "predict", "old2": "predict"}
        one.apply(replica, concurrency_target=2)
        await one.ready()
        await one.sends(predict(b"new"))
        await until(lambda: one.queued == 1)
        assert one.in_flight == 2
        assert replica.received == []
        del replica.holds["old1"]
        assert (await replica.next()).body == b"new"
        assert one.in_flight == 2
        replica.holds["new"] = "predict"
        del replica.holds["old2"]
        await until(lambda: one.in_flight == 1)


async def test_queued_requests_follow_their_environment_in_order_of_arrival(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1"), one.deployment("d2"))
        clients = []
        for number, target in enumerate(
            (b"/models/m/predict", b"/models/m/deployments/d1/predict", b"/models/m/deployments/d2/predict")
            * 2
        ):
            clients.append(await one.sends(predict(b"%d" % number, target=target)))
            await until(
                lambda n=number + 1: sum(queue.load().queued for queue in one.gateway.queues.values()) == n
            )
        one.apply_routes(one.deployment("d1"), one.deployment("d2", replica), production="d2")
        assert one.queue("d1").load().queued == 2
        for body in (b"0", b"2", b"3", b"5"):
            request = await replica.next()
            assert request.body == body
            request.exchange.respond(200)
        assert one.queue("d1").load().queued == 2


async def test_a_request_whose_body_is_read_while_its_environment_moves_goes_where_it_points_then(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1"))
        client = await one.sends(predict(b"body")[:-2])
        await until(lambda: one.gateway.reception.budget.used_bytes == 2)
        one.apply_routes(one.deployment("d2", replica), production="d2")
        await one.ready(deployment_id="d2")
        client.send(b"dy")
        request = await replica.next()
        assert request.body == b"body"
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_what_waits_for_a_deployment_that_is_removed_is_told(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply_routes(one.deployment("d1"), one.deployment("d2"))
        client = await one.sends(predict(target=b"/models/m/deployments/d2/predict"))
        await until(lambda: one.queue("d2").load().queued == 1)
        one.apply_routes(one.deployment("d1"))
        answer = await client.answer()
        assert (answer.status, answer.error["code"]) == (503, "deployment_gone")


async def test_an_older_table_is_ignored_and_the_same_one_changes_nothing(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        one.apply(replica)
        await one.ready()
        known = one.queue().fleet["r1"]
        one.gateway.apply(RoutingTable(1))
        assert one.gateway.version == 2
        one.apply(replica)
        assert one.queue().fleet["r1"] is known


async def test_a_deployment_switched_off_as_its_environment_moves_refuses_only_what_stays(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply_routes(one.deployment("d1"))
        by_environment = await one.sends()
        by_id = await one.sends(predict(target=b"/models/m/deployments/d1/predict"))
        await until(lambda: one.queued == 2)
        switched_off = dataclasses.replace(one.deployment("d1"), state=DeploymentState.INACTIVE)
        one.apply_routes(switched_off, one.deployment("d2", replica), production="d2")
        assert (await by_id.answer()).error["code"] == "deployment_inactive"
        (await replica.next()).exchange.respond(200)
        assert (await by_environment.answer()).status == 200
