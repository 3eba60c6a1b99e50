"""The gateway's spans: only of requests whose callers trace, and the replica's are inside them."""

import pytest

from fakes.cluster import cluster, predict, until
from headway.gateway.tracing import Tracer

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACED = f"traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=1\r\n".encode()


class Recorder(list):
    put = list.append


def recording(one):
    spans = Recorder()
    one.gateway.reception.tracer = Tracer(spans)
    return spans


def by_name(spans):
    assert len({span.name for span in spans}) == len(spans)
    return {span.name: span for span in spans}


async def test_a_traced_request_is_one_span_with_its_wait_inside_and_the_replicas_parent(tmp_path):
    async with cluster(tmp_path) as one:
        spans = recording(one)
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        for _ in range(3):  # a head that comes again is another span
            spans.clear()
            client = await one.sends(predict(headers=TRACED))
            request = await replica.next()
            sent = request.exchange.header(b"traceparent").decode()
            request.exchange.respond(201)
            answer = await client.answer()
            await until(lambda: len(spans) == 2)
            told = by_name(spans)
            whole, queue = told["gateway"], told["queue"]
            assert sent == f"00-{TRACE}-{whole.span_id}-01"
            assert request.exchange.header(b"tracestate") == b"a=1"
            assert (whole.origin.trace_id, whole.origin.parent_id, whole.origin.state) == (
                TRACE,
                PARENT,
                "a=1",
            )
            assert whole.is_entry
            assert whole.error is None
            assert whole.attributes == {
                "http.request.method": "POST",
                "http.response.status_code": 201,
                "headway.model": "m",
                "headway.deployment": "d1",
                "headway.replica": "r1",
                "headway.request_id": answer.headers["x-headway-request-id"],
            }
            assert (queue.origin.trace_id, queue.origin.parent_id) == (TRACE, whole.span_id)
            assert queue.attributes["headway.replica"] == "r1"
            assert whole.started_ns <= queue.started_ns <= queue.ended_ns <= whole.ended_ns


async def test_the_wait_for_a_first_replica_is_apart_from_that_for_a_slot(tmp_path):
    async with cluster(tmp_path) as one:
        spans = recording(one)
        replica = await one.replica()
        one.apply()
        clients = [await one.sends(predict(headers=TRACED)) for _ in range(2)]
        await until(lambda: one.queued == 2)
        one.apply(replica)
        for client in clients:
            request = await replica.next()
            request.exchange.respond(200)
            await client.answer()
        await until(lambda: len(spans) == 6)
        cold = [span for span in spans if span.name == "cold-start"]
        queue = [span for span in spans if span.name == "queue"]
        assert queue[0].ended_ns < queue[1].ended_ns + 2e6
        for one_cold, one_queue in zip(cold, queue, strict=True):
            assert abs(one_cold.ended_ns - one_queue.started_ns) < 2e6


async def test_what_never_reaches_a_replica_is_told_too(tmp_path):
    async with cluster(tmp_path) as one:
        spans = recording(one)
        one.apply(queue_limit=1)
        waiting = await one.sends(predict(headers=TRACED + b"x-headway-deadline: 0.1\r\n"))
        await until(lambda: one.queued == 1)
        refused = await one.asks(predict(headers=TRACED))
        assert refused.status == 429
        [whole, *_] = [span for span in spans if span.name == "gateway"]
        assert (whole.attributes["http.response.status_code"], whole.error) == (429, "refused")
        assert "headway.replica" not in whole.attributes
        assert (await waiting.answer()).status == 504
        whole = [span for span in spans if span.name == "gateway"][1]
        assert (whole.attributes["http.response.status_code"], whole.error) == (504, "expired")


async def test_an_error_of_the_models_is_one_of_the_span_and_its_clients_mistake_is_not(tmp_path):
    async with cluster(tmp_path) as one:
        spans = recording(one)
        replica = await one.replica()
        one.apply(replica)
        for status, error in ((500, "500"), (400, None)):
            spans.clear()
            client = await one.sends(predict(headers=TRACED))
            (await replica.next()).exchange.respond(status)
            await client.answer()
            await until(lambda: len(spans) > 1)
            assert [span.error for span in spans if span.name == "gateway"] == [error]


@pytest.mark.parametrize(
    "headers",
    [b"", TRACED.replace(b"-01", b"-00"), TRACED.replace(b"00-", b"ff-", 1), b"traceparent: 00-1-2-01\r\n"],
)
async def test_whoever_does_not_trace_is_passed_on_as_it_came(tmp_path, headers):
    async with cluster(tmp_path) as one:
        spans = recording(one)
        replica = await one.replica()
        one.apply(replica)
        client = await one.sends(predict(headers=headers))
        request = await replica.next()
        given = request.exchange.header(b"traceparent")
        assert given is None or given in headers
        request.exchange.respond(200)
        await client.answer()
        assert spans == []


async def test_without_a_place_for_spans_nothing_is_recorded(tmp_path):
    assert Tracer.told({"OTEL_SERVICE_NAME": "x"}) is None
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        client = await one.sends(predict(headers=TRACED))
        request = await replica.next()
        assert request.exchange.header(b"traceparent") in TRACED
        request.exchange.respond(200)
        await client.answer()
