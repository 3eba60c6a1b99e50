import asyncio
import hashlib
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from fakes.cluster import cluster, predict, until

SCRAPE = b"GET /metrics HTTP/1.1\r\nhost: h\r\n%s\r\n"


class Series(dict):
    """The value of each series, by its name and the values of its labels in any order."""

    def __init__(self, text):
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                self[sample.name, frozenset(sample.labels.values())] = sample.value

    def of(self, name, *labels):
        return self[name, frozenset(labels)]


async def scraped(one):
    answer = await one.asks(SCRAPE % b"")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return Series(answer.body)


async def test_gauges_say_what_queues_and_what_holds_slots(tmp_path):
    async with cluster(tmp_path) as one:
        first, second = await one.replica("r1"), await one.replica("r2")
        one.apply(first, second, concurrency_target=2)
        await one.ready(2)
        clients = [await one.sends() for _ in range(3)]
        await until(lambda: one.in_flight == 3)
        seen = await scraped(one)
        names = ("queued", "in_flight", "abandoned", "slots", "slots_free")
        assert [seen.of(f"headway_{name}", "m", "d1") for name in names] == [0, 3, 0, 4, 1]
        assert sorted(seen.of("headway_replica_held", "m", "d1", name) for name in ("r1", "r2")) == [1, 2]
        one.apply(first, concurrency_target=1)
        more = [await one.sends() for _ in range(2)]
        await until(lambda: one.queued == 2)
        seen = await scraped(one)
        assert seen.of("headway_queued", "m", "d1") == 2
        assert seen.of("headway_slots_free", "m", "d1") == 0
        for client in (*clients, *more):
            client.leave()
        await until(lambda: one.queued == 0)
        for request in first.received:
            request.exchange.close()


async def test_counts_and_histograms_tell_every_request(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.client()
        for status in (200, 200, 500):
            client.send(predict())
            (await replica.next()).exchange.respond(status, b"server-timing: gate;dur=3, predict;dur=70\r\n")
            await client.answer()
        assert (await one.asks(predict(target=b"/models/other/predict"))).status == 404
        seen = await scraped(one)
        assert seen.of("headway_requests_total", "m", "d1", "200", "finished") == 2
        assert seen.of("headway_requests_total", "m", "d1", "500", "finished") == 1
        assert seen.of("headway_requests_total", "", "", "404", "refused") == 1
        for name in ("queue", "request", "gate_wait", "predict"):
            assert seen.of(f"headway_{name}_seconds_count", "m", "d1") == 3
        assert seen.of("headway_predict_seconds_bucket", "m", "d1", "0.05") == 0
        assert seen.of("headway_predict_seconds_bucket", "m", "d1", "0.1") == 3
        assert abs(seen.of("headway_gate_wait_seconds_sum", "m", "d1") - 0.009) < 1e-9
        assert seen.of("headway_postprocess_seconds_count", "m", "d1") == 0
        assert seen.of("headway_records_sampled_out_total", "m", "d1") == 0
        assert seen.of("process_resident_memory_bytes") > 0


async def test_many_scrapers_at_once_and_one_that_leaves(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        clients = [await one.sends(SCRAPE % b"") for _ in range(5)]
        clients.pop().leave()
        answers = await asyncio.gather(*(client.answer() for client in clients))
        assert [answer.status for answer in answers] == [200] * 4


async def test_where_there_are_keys_the_scope_manage_is_asked_for(tmp_path):
    keys = {
        hashlib.sha256(name.encode()).hexdigest(): (scope,)
        for name, scope in (("caller", "inference"), ("owner", "manage"))
    }
    async with cluster(tmp_path) as one:
        one.apply_routes(one.deployment("d1"), keys=keys)
        for header, status, code in (
            (b"", 401, "key_missing"),
            (b"authorization: Bearer other\r\n", 401, "key_unknown"),
            (b"authorization: Bearer caller\r\n", 403, "scope_missing"),
        ):
            answer = await one.asks(SCRAPE % header)
            assert (answer.status, answer.error["code"]) == (status, code)
        assert (await one.asks(SCRAPE % b"authorization: Bearer owner\r\n")).status == 200


def test_the_gateway_imports_prometheus_client_only_when_it_is_scraped():
    program = "import sys, headway.gateway.__main__; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
