"""What is counted and kept of requests, at every way in which one can end."""

import asyncio
import logging
from collections import Counter

import pytest

from fakes.cluster import cluster, predict, until
from headway.core.events import Overran
from headway.gateway.passenger import Progress
from headway.gateway.records import Recorder
from headway.gateway.table import DeploymentRoute, DeploymentState
from headway.observed.records import Outcome

TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ends(one):
    """By outcome and status, once folded."""
    recorder = one.gateway.recorder
    recorder.fold(asyncio.get_running_loop().time())
    return {
        (outcome.value, status): count
        for tally in recorder.tallies()
        for (outcome, status), count in tally.ends.items()
    }


def rows(one):
    ends(one)
    return one.gateway.recorder.take_rows(100)[0]


async def ready_replica(one, **settings):
    replica = await one.replica()
    one.apply(replica, **settings)
    await one.ready()
    return replica


async def test_a_finished_request_is_recorded_with_its_stages_sizes_and_trace(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        client = await one.sends(
            predict(b"four", headers=b"TraceParent: %s\r\ntracestate: a=b\r\n" % TRACEPARENT)
        )
        request = await replica.next()
        assert request.exchange.header(b"traceparent") == TRACEPARENT
        assert request.exchange.header(b"tracestate") == b"a=b"
        timing = b"server-timing: pre;dur=100, gate;dur=20.5, predict;dur=3, post;dur=oops, queue;dur=9\r\n"
        request.exchange.respond(201, timing, b"out")
        answer = await client.answer()
        (row,) = rows(one)
        assert row["request_id"] == answer.headers["x-headway-request-id"]
        assert (row["deployment_id"], row["model"], row["replica_id"]) == ("d1", "m", "r1")
        assert (row["status"], row["outcome"]) == (201, "finished")
        assert (row["request_bytes"], row["response_bytes"]) == (4, 3)
        assert row["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
        send = row["stages"].pop("send")
        assert row["stages"] == {"queue": 0.0, "preprocess": 0.1, "gate_wait": 0.0205, "predict": 0.003}
        assert 0 <= send <= row["seconds"]
        assert ends(one) == {("finished", 201): 1}


async def test_without_a_trace_from_the_client_none_is_made_up(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        client = await one.sends()
        request = await replica.next()
        assert request.exchange.header(b"traceparent") is None
        request.exchange.respond(200)
        await client.answer()
        assert rows(one)[0]["trace_id"] == ""


async def test_a_cold_start_is_a_stage_of_its_own(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply()
        client = await one.sends()
        await until(lambda: one.queued == 1)
        one.apply(replica)
        (await replica.next()).exchange.respond(200)
        await client.answer()
        assert rows(one)[0]["stages"].keys() == {"queue", "cold_start", "send"}


async def test_a_full_queue_and_a_wait_too_long(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(queue_limit=1, queue_timeout=0.05)
        waiting = await one.sends()
        await until(lambda: one.queued == 1)
        assert (await one.asks()).status == 429
        assert (await waiting.answer()).status == 504
        assert ends(one) == {("refused", 429): 1, ("expired", 504): 1}
        refused, expired = rows(one)
        assert (refused["outcome"], refused["stages"], refused["ended_in"]) == ("refused", {}, "")
        assert expired["ended_in"] == "queue"
        assert expired["stages"]["queue"] == expired["seconds"] >= 0.049  # the loop counts milliseconds


async def test_running_too_long_is_counted_once_though_its_work_ends_later(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one, request_timeout=0.05)
        client = await one.sends()
        request = await replica.next()
        assert (await client.answer()).status == 504
        request.exchange.close()
        await until(lambda: one.in_flight == 0)
        assert ends(one) == {("overran", 504): 1}
        assert Overran.__name__.lower() == Outcome.OVERRAN


async def test_a_record_says_in_which_stage_a_request_ended_that_was_not_answered_whole(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one, request_timeout=0.2, concurrency_target=3)
        clients = [await one.sends() for _ in range(3)]
        stages = ("gate wait", "predict", "preprocess")
        requests = [await replica.next() for _ in stages]
        for request, stage in zip(requests, stages, strict=True):
            replica.enter(request, stage)
        requests[0].exchange.abort()
        clients[1].leave()
        await until(lambda: requests[1].is_left and requests[2].is_left)
        for request in requests[1:]:
            request.exchange.close()
        await until(lambda: one.in_flight == 0)
        ended = {row["outcome"]: row["ended_in"] for row in rows(one)}
    assert ended == {"lost": "gate_wait", "abandoned": "predict", "overran": "preprocess"}


async def test_clients_that_leave_in_the_queue_and_in_flight(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        running = await one.sends()
        request = await replica.next()
        queued = await one.sends()
        await until(lambda: one.queued == 1)
        queued.leave()
        await until(lambda: one.queued == 0)
        running.leave()
        await until(lambda: request.is_left)
        request.exchange.close()
        await until(lambda: one.in_flight == 0)
        assert ends(one) == {("abandoned", 0): 2}


async def test_a_client_that_leaves_an_answer_that_has_begun_was_told_its_status(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        client = await one.sends()
        request = await replica.next()
        request.exchange.start(206)
        await client.reader.readuntil(b"\r\n\r\n")
        client.leave()
        await until(lambda: request.is_left)
        request.exchange.close()
        await until(lambda: one.in_flight == 0)
        assert ends(one) == {("abandoned", 206): 1}


async def test_a_replica_that_dies_loses_its_request_which_is_logged_with_its_id(tmp_path, caplog):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        client = await one.sends()
        request = await replica.next()
        request.exchange.abort()
        answer = await client.answer()
        assert answer.status == 502
        assert ends(one) == {("lost", 502): 1}
        (record,) = [line for line in caplog.records if line.levelno == logging.WARNING]
        assert record.request_id == answer.headers["x-headway-request-id"]
        assert record.replica == "r1"
        assert rows(one)[0]["replica_id"] == "r1"


async def test_an_answer_cut_short_is_lost_with_the_status_that_was_told(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        client = await one.sends()
        request = await replica.next()
        request.exchange.start(200, b"", 100)
        request.exchange.write(b"half")
        await client.reader.readuntil(b"half")
        request.exchange.abort()
        await until(lambda: one.in_flight == 0)
        assert ends(one) == {("lost", 200): 1}


async def test_a_request_that_a_replica_did_not_take_up_is_counted_where_it_ends(tmp_path, caplog):
    caplog.set_level(logging.DEBUG, "headway.gateway")
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        replica.refusing = True
        client = await one.sends()
        await until(lambda: replica.refused)
        replica.refusing = False
        request = await replica.next()
        request.exchange.respond(200)
        await client.answer()
        assert ends(one) == {("finished", 200): 1}
        told = [line.request_id for line in caplog.records if "did not take" in line.message]
        assert set(told) == {request.exchange.header(b"x-headway-request-id").decode()}


async def test_what_is_refused_before_it_queues_is_counted(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(body_limit_bytes=10)
        assert (await one.asks(predict(b"x" * 11))).status == 413
        assert (await one.asks(predict(target=b"/models/other/predict"))).status == 404
        assert (await one.asks(b"GET /models/m/predict HTTP/1.1\r\nhost: h\r\n\r\n")).status == 405
        assert ends(one) == {("refused", 413): 1, ("refused", 404): 1, ("refused", 405): 1}
        off = DeploymentRoute("d1", "m", state=DeploymentState.INACTIVE)
        one.apply_routes(off)
        assert (await one.asks()).status == 503
        assert ends(one)["refused", 503] == 1


async def test_counts_of_a_deployment_that_is_gone_stay_for_a_while(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await ready_replica(one)
        client = await one.sends()
        (await replica.next()).exchange.respond(200)
        await client.answer()
        one.apply_routes(one.deployment("d2"), production="d2")
        assert ends(one) == {("finished", 200): 1}
        for number in range(101):
            name = f"x{number}"
            one.apply_routes(one.deployment(name), one.deployment("d2"), production="d2")
        one.apply_routes(one.deployment("d2"), production="d2")
        assert ends(one) == {}


class Ended:
    """A request as the recorder sees it."""

    def __init__(self, tally, number):
        self.progress = tally.progress() if tally.room else None
        self.request_id = b"%d" % number
        self.replica_id, self.received_bytes, self.timing = "r1", 0, b""
        self.head = self.body = self
        self.status, self.submitted_at, self.trace, self.client_id = 0, 0.0, None, None

    def header(self, _name):
        return None


def finish(tally, count, now, status=200):
    for number in range(count):
        request = Ended(tally, number)
        tally.whole.append((status, 0.0, now, now))
        if request.progress is not None:
            tally.put_aside(request, request.progress, Outcome.FINISHED, status)


@pytest.mark.plain
def test_500_a_second_are_recorded_whole_also_when_they_come_at_once():
    recorder = Recorder(0.0, 0.0)
    tally = recorder.tally("d1", "m")
    for second in range(5):
        finish(tally, 500, second)
        for quarter in range(4):
            recorder.fold(second + quarter / 4)
    assert recorder.take_rows(10_000)[1] == {}
    assert tally.ends == {(Outcome.FINISHED, 200): 2500}


@pytest.mark.plain
def test_above_that_records_are_sampled_and_counts_stay_exact():
    recorder = Recorder(0.0, 0.0)
    busy, quiet = recorder.tally("busy", "m"), recorder.tally("quiet", "m")
    kept = {"busy": 0, "quiet": 0}
    left_out = 0
    for quarter in range(1, 41):
        finish(busy, 2000, quarter / 4)
        finish(quiet, 3, quarter / 4)
        recorder.fold(quarter / 4)
        records, sampled_out = recorder.take_rows(10_000)
        left_out += sampled_out["busy"]
        assert "quiet" not in sampled_out
        for row in records:
            kept[row["deployment_id"]] += 1
    assert kept["quiet"] == 120
    assert 4000 <= kept["busy"] <= 500 * 10 + 1000
    assert kept["busy"] + left_out == busy.ends[Outcome.FINISHED, 200] == 80_000
    assert busy.sampled_out == left_out


@pytest.mark.plain
def test_while_control_is_away_the_newest_records_wait_and_the_others_are_counted():
    recorder = Recorder(0.0, 0.0)
    tally = recorder.tally("d1", "m")
    for quarter in range(1, 101):
        finish(tally, 100, quarter / 4)
        recorder.fold(quarter / 4)
    records, sampled_out = recorder.take_rows(20_000)
    assert len(records) == 5000
    assert sampled_out == {"d1": 5000}


@pytest.mark.plain
def test_records_are_made_in_small_steps_between_which_requests_end_without_being_lost():
    recorder = Recorder(0.0, 0.0)
    tally, other = recorder.tally("d1", "m"), recorder.tally("d2", "m")
    finish(tally, 200, 0.0)
    finish(other, 30, 0.0)
    made = []
    for _ in recorder.folding(0.0):
        made.append(len(recorder._records) - sum(made))
        finish(tally, 1, 0.1)
    made.append(len(recorder._records) - sum(made))
    assert max(made) <= 40  # the last step of one deployment, and the first of the next
    assert sum(made) == 230
    recorder.fold(0.3)
    assert tally.ends == {(Outcome.FINISHED, 200): 200 + len(made) - 1}


def refuse(tally, count):
    for number in range(count):
        request = Ended(tally, number)
        tally.end(request, Outcome.REFUSED, 429)


@pytest.mark.plain
def test_in_overload_what_is_answered_is_recorded_though_thousands_a_second_are_refused():
    recorder = Recorder(0.0, 0.0)
    tally = recorder.tally("d1", "m")
    kept, left_out = Counter(), 0
    for quarter in range(1, 81):
        refuse(tally, 500)
        finish(tally, 2, quarter / 4)
        refuse(tally, 500)
        recorder.fold(quarter / 4)
        rows, sampled_out = recorder.take_rows(10_000)
        kept.update(row["outcome"] for row in rows)
        left_out += sampled_out.get("d1", 0)
    assert kept["finished"] == 160
    assert 10 * 80 <= kept["refused"] <= 1000 + 50 * 20, "after the first burst a tenth of the rate"
    assert sum(kept.values()) + left_out == 160 + 80_000


@pytest.mark.plain
def test_where_records_are_sampled_rare_failures_are_kept():
    recorder = Recorder(0.0, 0.0)
    tally = recorder.tally("d1", "m")
    kept = Counter()
    for quarter in range(1, 41):
        finish(tally, 1, quarter / 4, status=500)
        finish(tally, 1500, quarter / 4)
        recorder.fold(quarter / 4)
        kept.update(row["status"] for row in recorder.take_rows(10_000)[0])
    assert kept[500] == 40


@pytest.mark.plain
def test_up_to_the_rate_refused_requests_are_recorded_whole():
    recorder = Recorder(0.0, 0.0)
    tally = recorder.tally("d1", "m")
    refuse(tally, 1000)
    recorder.fold(0.25)
    rows, sampled_out = recorder.take_rows(10_000)
    assert (len(rows), sampled_out) == (1000, {})


def test_progress_is_noted_of_no_more_than_can_be_recorded():
    tally = Recorder(0.0, 0.0).tally("d1", "m")
    noted = [tally.progress() for _ in range(5000)]
    assert sum(isinstance(one, Progress) for one in noted) == 1000


async def test_an_answer_that_breaks_off_is_told_as_such_and_its_replica_takes_the_next_request(
    tmp_path, caplog
):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        for _ in range(3):
            client = await one.sends()
            request = await replica.next()
            request.exchange.start(200)
            request.exchange.write(b"part")
            request.exchange.break_off_started()
            assert b"part" in await client.reader.read()
            await until(lambda: one.in_flight == 0)
            assert one.queue().fleet.ready == 1  # it was broken off by somebody who is there
    told = [line.message for line in caplog.records if line.levelno == logging.WARNING]
    assert len(told) == 3
    assert all("the answer of replica r1 broke off" in line and "went away" not in line for line in told)
