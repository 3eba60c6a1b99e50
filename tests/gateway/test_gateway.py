"""A real gateway, its replicas and clients played: routes, keys, waits, answers."""

import asyncio
import hashlib

from fakes.cluster import cluster, predict, until
from fakes.garbage import no_circles, no_garbage
from headway.gateway.request import ProxiedRequest
from headway.gateway.table import DeploymentRoute, DeploymentState


async def test_a_request_goes_to_the_replica_and_the_answer_comes_back_with_id_and_timing(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(predict(b"in", headers=b"x-a: b\r\nconnection: x-c\r\nx-c: d\r\n"))
        request = await replica.next()
        assert request.exchange.target == b"/v1/models/model:predict"
        assert request.body == b"in"
        assert request.exchange.header(b"x-a") == b"b"
        assert request.exchange.header(b"x-c") is None
        request.exchange.respond(201, b"x-y: z\r\nserver-timing: predict;dur=1\r\n", b"out")
        answer = await client.answer()
        assert (answer.status, answer.body, answer.headers["x-y"]) == (201, b"out", "z")
        assert (
            answer.headers["x-headway-request-id"]
            == request.exchange.header(b"x-headway-request-id").decode()
        )
        assert set(answer.headers["server-timing"].split(", ")) == {"predict;dur=1", "queue;dur=0"}
        assert "x-headway-cold-start" not in answer.headers


async def test_connections_to_replica_and_client_are_used_again(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.client()
        for number in range(3):
            client.send(predict(b"%d" % number))
            request = await replica.next()
            request.exchange.respond(200, b"", request.body)
            assert (await client.answer()).body == b"%d" % number
        assert len({one.exchange._connection for one in replica.received}) == 1


async def test_a_request_that_is_over_leaves_no_circle_for_the_collector(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.client()
        with no_circles(ProxiedRequest):
            for number in range(3):
                client.send(predict(b"%d" % number))
                (await replica.next()).exchange.respond(200, b"", b"")
                await client.answer()
            await until(lambda: one.in_flight == 0)


async def test_the_target_is_never_exceeded_and_the_queue_is_first_in_first_out(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, concurrency_target=2)
        await one.ready()
        clients = []
        for number in range(5):
            clients.append(await one.sends(predict(b"%d" % number)))
            await until(lambda count=number + 1: one.queued + one.in_flight == count)
        assert (one.in_flight, one.queued, one.queues_formed) == (2, 3, 1)
        first, second = await replica.next(), await replica.next()
        second.exchange.respond(200, b"", b"")
        assert (await replica.next()).body == b"2"
        first.exchange.respond(200, b"", b"")
        assert (await replica.next()).body == b"3"
        assert len(replica.received) == 4
        one.apply(replica, concurrency_target=3)
        assert (await replica.next()).body == b"4"


async def test_pipelined_requests_of_one_client_are_answered_in_order(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(predict(b"1") + predict(b"2"))
        for number in (b"1", b"2"):
            request = await replica.next()
            assert request.body == number
            request.exchange.respond(200, b"", number)
            assert (await client.answer()).body == number


async def test_without_a_table_it_is_starting(tmp_path):
    async with cluster(tmp_path) as one:
        for request in (b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n", predict()):
            answer = await one.asks(request)
            assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (
                503,
                "starting",
                "1",
            )


async def test_what_does_not_exist_is_404_with_the_nearest_names(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        for target, code, hint in (
            (b"/models/mm/predict", "model_not_found", "did you mean m?"),
            (b"/models/m/environments/prod/predict", "environment_not_found", "did you mean production?"),
            (b"/models/m/deployments/d2/predict", "deployment_not_found", "did you mean d1?"),
            (b"/nowhere", "path_not_found", "predict is at POST /models/{model}/predict"),
            (b"/models/m/sync/metrics", "path_not_found", "predict is at POST /models/{model}/predict"),
        ):
            answer = await one.asks(predict(target=target))
            assert (answer.status, answer.error["code"], answer.error["hint"]) == (404, code, hint)


async def test_wrong_methods_and_a_websocket_without_upgrade(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        assert (await one.asks(b"GET /models/m/predict HTTP/1.1\r\nhost: h\r\n\r\n")).status == 405
        assert (await one.asks(b"GET /models/m/wake HTTP/1.1\r\nhost: h\r\n\r\n")).status == 405
        refused = await one.asks(b"GET /models/m/websocket HTTP/1.1\r\nhost: h\r\n\r\n")
        assert refused.status == 426
        assert refused.headers["x-headway-request-id"]
        h2c = b"connection: upgrade\r\nupgrade: h2c\r\n"
        assert (
            await one.asks(b"GET /models/m/websocket HTTP/1.1\r\nhost: h\r\n" + h2c + b"\r\n")
        ).status == 426


async def test_wake_is_passed_on(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        assert (await one.asks(predict(target=b"/models/m/wake"))).status == 202
        assert one.woken == ["d1"]


async def test_keys_are_checked_before_anything_is_read_or_told(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        keys = {
            hashlib.sha256(b"good").hexdigest(): ("inference",),
            hashlib.sha256(b"other").hexdigest(): ("manage",),
        }
        one.apply_routes(one.deployment("d1", replica), keys=keys)
        await one.ready()
        unsent = b"POST %s HTTP/1.1\r\nhost: h\r\n%scontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n"
        for target in (b"/models/m/predict", b"/models/nobody/predict"):
            for header, status, code in (
                (b"", 401, "key_missing"),
                (b"authorization: Basic good\r\n", 401, "key_missing"),
                (b"authorization: Bearer bad\r\n", 401, "key_unknown"),
                (b"authorization: Api-Key other\r\n", 403, "scope_missing"),
            ):
                answer = await one.asks(unsent % (target, header))
                assert (answer.status, answer.error["code"]) == (status, code)
        assert (await one.asks(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n")).status == 200
        for scheme in (b"Bearer", b"api-key"):
            client = await one.sends(predict(headers=b"authorization: %s good\r\n" % scheme))
            (await replica.next()).exchange.respond(200)
            assert (await client.answer()).status == 200


async def test_a_head_that_came_before_is_judged_by_the_table_in_force(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        good = {hashlib.sha256(b"good").hexdigest(): ("inference",)}
        one.apply_routes(one.deployment("d1", replica), keys=good)
        await one.ready()
        client = await one.client()
        asked = predict(headers=b"authorization: Bearer good\r\n")
        for _ in range(3):
            client.send(asked)
            (await replica.next()).exchange.respond(200)
            assert (await client.answer()).status == 200
        other = await one.replica("r2")
        one.apply_routes(one.deployment("d2", other), production="d2", keys=good)
        await one.ready(deployment_id="d2")
        client.send(asked)
        (await other.next()).exchange.respond(200)
        assert (await client.answer()).status == 200
        one.apply_routes(one.deployment("d2", other, body_limit_bytes=1), production="d2", keys=good)
        client.send(asked)
        assert (await client.answer()).error["code"] == "body_too_large"
        one.apply_routes(one.deployment("d2", other), production="d2", keys={"0" * 64: ("inference",)})
        client = await one.sends(asked)
        assert (await client.answer()).error["code"] == "key_unknown"


async def test_a_full_queue_is_429_with_the_time_until_one_place_is_free(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, queue_limit=1)
        await one.ready()
        await one.sends()
        request = await replica.next()
        await one.sends()
        await until(lambda: one.queued == 1)
        answer = await one.asks()
        assert (answer.status, answer.error["code"]) == (429, "queue_full")
        assert "x-headway-request-id" in answer.headers
        # Nothing has finished yet: each refused in a row is told twice as much.
        assert [answer.headers["retry-after"], (await one.asks()).headers["retry-after"]] == ["1", "2"]
        request.exchange.respond(200)
        await replica.next()
        await one.sends()
        await until(lambda: one.queued == 1)
        # One finished within moments: so will the next, and it does not matter that it is the only one in a minute.
        assert [(await one.asks()).headers["retry-after"] for _ in range(3)] == ["1", "1", "1"]


async def test_who_waits_longer_than_queue_timeout_or_its_own_deadline_is_told_its_place(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        await one.sends()
        await replica.next()
        first = await one.sends()
        await until(lambda: one.queued == 1)
        second = await one.asks(predict(headers=b"x-headway-deadline: 0.02\r\n"))
        assert (second.status, second.error["code"]) == (504, "deadline")
        assert "stood at place 2" in second.error["message"]
        one.apply(replica, queue_timeout=0.05)
        answer = await first.answer()
        assert (answer.status, answer.error["code"]) == (504, "queue_timeout")
        assert "stood at place 1" in answer.error["message"]
        assert len(replica.received) == 1


async def test_a_deadline_that_is_no_number_is_400(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        for value in (b"soon", b"-1", b"nan", b"inf", b""):
            answer = await one.asks(predict(headers=b"x-headway-deadline: %s\r\n" % value))
            assert (answer.status, answer.error["code"]) == (400, "bad_deadline")


async def test_what_runs_longer_than_request_timeout_is_504_and_keeps_its_slot_until_the_replica_closes(
    tmp_path,
):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, request_timeout=0.05)
        await one.ready()
        client = await one.sends()
        request = await replica.next()
        answer = await client.answer()
        assert (answer.status, answer.error["code"]) == (504, "request_timeout")
        await until(lambda: request.is_left)
        assert (one.in_flight, one.queue().abandoned) == (1, 1)
        client.send(predict(b"next"))
        await until(lambda: one.queued == 1)
        request.exchange.close()
        assert (await replica.next()).body == b"next"
        assert one.in_flight == 1


async def test_a_cold_start_waits_wakes_and_says_how_long(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply()
        client = await one.sends()
        await until(lambda: one.queued == 1)
        assert one.queues_formed == 1
        one.apply(replica)
        (await replica.next()).exchange.respond(200)
        answer = await client.answer()
        assert float(answer.headers["x-headway-cold-start"]) >= 0  # the loop counts milliseconds
        assert "cold;dur=" in answer.headers["server-timing"]


async def test_a_failed_deployment_refuses_the_queued_and_the_new_with_the_reason(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        queued = await one.sends()
        await until(lambda: one.queued == 1)
        one.apply_routes(
            DeploymentRoute("d1", "m", state=DeploymentState.FAILED, reason="no GPU", retry_after=20)
        )
        for answer in (await queued.answer(), await one.asks()):
            assert (answer.status, answer.error["code"]) == (503, "deployment_failed")
            assert "no GPU" in answer.error["message"]
            assert answer.headers["retry-after"] == "20"


async def test_an_inactive_deployment_refuses_with_what_to_do(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply_routes(DeploymentRoute("d1", "m", state=DeploymentState.INACTIVE))
        answer = await one.asks()
        assert (answer.status, answer.error["code"], answer.error["hint"]) == (
            503,
            "deployment_inactive",
            "activate it",
        )


async def test_any_method_passes_on_sync_paths(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.client()
        for method in (b"OPTIONS", b"DELETE", b"PATCH"):
            client.send(b"%s /models/m/sync/v1/x?q=1 HTTP/1.1\r\nhost: h\r\n\r\n" % method)
            request = await replica.next()
            assert (request.exchange.method, request.exchange.target) == (method, b"/v1/x?q=1")
            request.exchange.respond(200, b"allow: GET\r\n")
            assert (await client.answer()).headers["allow"] == "GET"
        client.send(b"HEAD /models/m/sync/v1/x HTTP/1.1\r\nhost: h\r\n\r\n")
        request = await replica.next()
        assert request.exchange.method == b"HEAD"
        request.exchange.respond(200, b"", b"12345")
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 5\r\n" in head
        client.send(predict())
        (await replica.next()).exchange.respond(200, b"", b"after")
        assert (await client.answer()).body == b"after"


async def test_an_upgrade_to_h2c_is_ignored(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        h2c = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAM\r\n"
        client = await one.sends(predict(b"body", headers=h2c))
        request = await replica.next()
        assert request.body == b"body"
        assert request.exchange.header(b"upgrade") is None
        assert request.exchange.header(b"http2-settings") is None
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_a_client_of_http_1_0_gets_a_chunked_answer_without_chunks(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(predict().replace(b"HTTP/1.1", b"HTTP/1.0"))
        exchange = (await replica.next()).exchange
        exchange.start(200)
        exchange.write(b"one")
        exchange.write(b"two")
        exchange.end()
        head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
        assert body == b"onetwo"
        assert b"transfer-encoding" not in head
        assert b"connection: close" in head


async def test_a_stream_is_passed_on_as_it_comes(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        exchange = (await replica.next()).exchange
        exchange.start(200, b"content-type: text/event-stream\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        for number in range(3):
            exchange.write(b"data: %d\n\n" % number)
            assert await client.reader.readuntil(b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % number
        assert one.in_flight == 1
        exchange.end()
        assert await client.reader.readuntil(b"0\r\n\r\n")
        await until(lambda: one.in_flight == 0)


async def test_an_answer_without_length_ends_with_the_connection(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends()
        exchange = (await replica.next()).exchange
        exchange.relay(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nsome")
        exchange.relay(b"more")
        exchange.close()
        answer = await client.answer()
        assert (answer.body, answer.headers["connection"]) == (b"somemore", "close")


WEBSOCKET = (
    b"GET /models/m/websocket HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n"
)


async def test_a_websocket_is_a_tunnel_that_holds_a_slot_until_it_ends_and_is_not_timed(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, request_timeout=0.01)
        await one.ready()
        client = await one.sends(WEBSOCKET)
        request = await replica.next()
        assert request.exchange.target == b"/v1/websocket"
        assert request.exchange.header(b"sec-websocket-key") == b"x"
        assert request.exchange.is_upgrade
        request.exchange.relay(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
        )
        request.exchange.accept_tunnel()
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert b"HTTP/1.1 101" in head
        assert b"connection: upgrade" in head.lower()
        client.send(b"\x81\x01a")
        await until(lambda: request.body == b"\x81\x01a")
        request.exchange.relay(b"\x81\x01b")
        assert await client.reader.readexactly(3) == b"\x81\x01b"
        timed = await one.sends()
        await until(lambda: one.queued == 1)
        client.half_close()
        await until(lambda: request.is_left)
        assert (one.in_flight, one.queued) == (1, 1)
        request.exchange.close()
        await replica.next()
        assert (await timed.answer()).status == 504


async def test_a_refused_websocket_is_an_ordinary_answer(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(WEBSOCKET)
        (await replica.next()).exchange.respond(404, b"", b"no")
        assert (await client.answer()).body == b"no"
        await until(lambda: one.in_flight == 0)


async def test_stopping_the_server_lets_the_queued_and_the_running_finish(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        clients = [await one.sends(), await one.sends()]
        await until(lambda: one.queued == 1)
        stopping = asyncio.ensure_future(one._server.stop(10))
        for _ in clients:
            (await replica.next()).exchange.respond(200)
        assert [(await client.answer()).status for client in clients] == [200, 200]
        assert await stopping is True


async def test_what_a_deployment_and_its_replica_were_does_not_wait_for_the_garbage_collector(tmp_path):
    async with cluster(tmp_path) as one:
        old, new = await one.replica("r1"), await one.replica("r2")
        one.apply(old)
        await one.ready()
        with no_garbage():
            one.apply_routes(one.deployment("d1", old), one.deployment("d2", new))
            await one.ready(deployment_id="d2")
            client = await one.sends(predict(target=b"/models/m/deployments/d2/predict"))
            (await new.next()).exchange.respond(200, b"", b"")
            await client.answer()
            client.leave()
            await new.die()
            one.apply(old)
            assert (await one.asks(predict(target=b"/models/m/deployments/d2/predict"))).status == 404


async def test_what_queues_for_a_first_replica_is_refused_when_the_gateway_stops(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        waiting = await one.sends(predict())
        await until(lambda: one.queued == 1)
        one.gateway.stop()
        later = await one.sends(predict())
        for client in (waiting, later):
            answer = await client.answer()
            assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (
                503,
                "stopping",
                "1",
            )
        one.apply()
        assert one.queued == 0


async def test_what_queues_behind_a_ready_replica_is_served_still_when_the_gateway_stops(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        clients = [await one.sends(predict(b"%d" % number)) for number in range(2)]
        await until(lambda: one.queued == 1)
        one.gateway.stop()
        for client in clients:
            (await replica.next()).exchange.respond(200, b"", b"")
            assert (await client.answer()).status == 200


async def test_what_queues_is_refused_when_the_last_replica_goes_while_the_gateway_stops(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        await one.sends(predict())
        queued = await one.sends(predict())
        await until(lambda: one.queued == 1)
        one.gateway.stop()
        one.apply()
        answer = await queued.answer()
        assert (answer.status, answer.error["code"]) == (503, "stopping")
