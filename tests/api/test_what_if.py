"""What other settings would have made of the recorded traffic, as the API tells it."""

import asyncio
import dataclasses
import sys
import time

import pytest

from api.test_history import ROW
from fakes.cluster import until
from fakes.control_plane import opened
from headway.control.store.stored_requests import RequestBounds
from headway.what_if.comparison import FEWEST_REQUESTS
from headway.what_if.replayed import gather

DEPLOYMENT = "/v1/models/echo/deployments/production"
WHAT_IF = f"{DEPLOYMENT}/what-if"


async def record(it, deployment_id, count, *, gap=1.0, predict=0.9, stages=None):
    """So many requests, `gap` seconds apart, the last one now. Returns when the first arrived."""
    now = time.time()
    rows = [
        {
            **ROW,
            "deployment_id": deployment_id,
            "arrived_at": now - number * gap,
            "seconds": predict,
            "stages": {"queue": 0.0, "predict": predict} if stages is None else stages,
        }
        for number in range(count)
    ]
    it.gateway.tell(type="requests", rows=rows, sampled_out={}, ended={})
    await it.gateway.received()
    return rows[-1]["arrived_at"]


async def test_more_replicas_would_have_shortened_waits_and_raised_the_bill(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1, "max_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        begin = await record(it, deployment_id, 200, gap=0.5, predict=0.8)
        asked = {"changes": {"min_replica": 2, "max_replica": 2}, "slo": 2}
        told = await it.post(WHAT_IF, asked, 200)
        before, after = told["before"], told["after"]
        assert told["since"] == begin
        assert told["requests"] == before["requests"] == after["requests"] == 200
        assert (before["settings"]["max_replica"], after["settings"]["max_replica"]) == (1, 2)
        assert before["stages"]["wait"]["p95"] > 10
        assert after["stages"]["wait"]["p95"] < 0.1
        assert after["replica_hours"] > 1.5 * before["replica_hours"]
        assert before["slo_misses"] > 150
        assert after["slo_misses"] == 0
        assert abs(told["recorded"]["latency"]["p95"] / 0.8 - 1) < 0.01
        columns = {len(column) for column in after["curves"].values()}
        assert columns == {240}
        assert begin <= after["curves"]["at"][0] < after["curves"]["at"][-1] < told["until"]
        again = await it.post(WHAT_IF, {**asked, "since": begin, "until": told["until"]}, 200)
        assert (again["before"], again["after"]) == (before, after), "the same time is the same"
        settings = await it.get(f"{DEPLOYMENT}/settings")
        assert (settings["version"], settings["settings"]["max_replica"]) == (1, 1), "nothing is changed"


@pytest.mark.parametrize("most", [0, 1_000_000])
async def test_records_come_from_the_store_and_from_memory_where_none_are_stored(world, most):
    async with world(request_bounds=RequestBounds(most=most)) as it:
        deployment_id = await it.serving()
        await record(it, deployment_id, 2500, gap=0.1, predict=0.05)
        if most:
            it.plane.supervisor.requests.forget(deployment_id)
        assert (await it.post(WHAT_IF, {}, 200))["requests"] == 2500


@pytest.mark.parametrize("stored", [0, 1_000_000])
@pytest.mark.parametrize(("most", "is_cut"), [(1000, True), (1500, True), (2000, False), (3000, False)])
async def test_of_more_records_than_are_taken_the_newest_are(world, stored, most, is_cut):
    """Whether `most` ends with a page or within one."""
    async with world(request_bounds=RequestBounds(most=stored)) as it:
        deployment_id = await it.serving()
        await record(it, deployment_id, 2000, gap=0.1, predict=0.05)
        now = time.time()
        evidence = await gather(it.plane, deployment_id, now - 3600, now + 1, most=most)
        assert (evidence.requests, evidence.is_cut) == (min(most, 2000), is_cut)
        assert evidence.begin == pytest.approx(now - evidence.requests * 0.1, abs=2)


async def test_of_a_time_that_history_has_forgotten_it_says_so(world):
    async with world() as it:
        deployment_id = await it.serving()
        it.plane.supervisor.history.note_requests([], {deployment_id: {"2xx": 100}})
        await record(it, deployment_id, 40, gap=1.0)
        lately = it.plane.supervisor.requests.kept(deployment_id)
        old = [dataclasses.replace(one, arrived_at=one.arrived_at - 3 * 86_400) for one in lately]
        it.plane.persistence.note_requests(old)
        begin = time.time() - 3 * 86_400
        told = await it.post(WHAT_IF, {"since": begin - 60, "until": begin + 60}, 200)
        assert (told["requests"], told["sampled_out"]) == (40, 0)
        assert any("not known any more" in note for note in told["notes"])


async def test_who_leaves_makes_room_for_others(world):
    async with world() as it:
        deployment_id = await it.serving()
        await record(it, deployment_id, 40)
        simulator = it.app.state.simulator
        simulator._command = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
        async with opened(it.app, WHAT_IF, method="POST", body=b"{}", answers=False):
            await until(simulator._turn.locked)
        await until(lambda: not simulator._waiting)


async def test_it_says_what_it_assumed_and_left_out(world):
    async with world() as it:
        deployment_id = await it.serving()
        history = it.plane.supervisor.history
        history._clock = lambda: time.time() - 20
        history.note_requests([], {deployment_id: {"2xx": 100}})
        history._clock = time.time
        await record(it, deployment_id, 40)
        asked = {"changes": {"concurrency_target": 2}, "predict_concurrency": 4}
        told = await it.post(WHAT_IF, asked, 200)
        assert (told["before"]["predict_concurrency"], told["after"]["predict_concurrency"]) == (1, 4)
        assert told["start_seconds"] == 10
        assert "below predict_concurrency 4" in told["warnings"][0]
        notes = " ".join(told["notes"])
        assert told["sampled_out"] == 60
        assert "it begins there" in notes
        assert "60 more requests ended in that time without a record" in notes
        assert "within 10 s: none has started" in notes
        assert "with 4 at once as it did with 1" in notes


async def test_a_server_that_tells_no_times_of_predict_is_simulated_as_a_whole(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1, "concurrency_target": 2}')
        await record(it, deployment_id, 100, gap=0.5, predict=0.8, stages={"queue": 0.0, "send": 0.1})
        told = await it.post(WHAT_IF, {"changes": {"concurrency_target": 1}}, 200)
        assert told["before"]["stages"]["gate_wait"]["p99"] == 0.0, "two at once, which is all that there is"
        assert told["before"]["stages"]["latency"]["p95"] < 0.9
        assert told["after"]["stages"]["wait"]["p95"] > 5
        assert any("no times of predict" in note for note in told["notes"])


async def test_replicas_start_as_they_were_seen_to(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        [seconds] = it.plane.supervisor.replicas.start_times(deployment_id)
        assert 0 <= seconds < 10
        await record(it, deployment_id, FEWEST_REQUESTS)
        told = await it.post(WHAT_IF, {}, 200)
        assert told["start_seconds"] == seconds
        assert any("as the last one did" in note for note in told["notes"])


async def test_too_little_traffic_a_time_that_is_none_and_wrong_settings_are_refused(world):
    async with world() as it:
        deployment_id = await it.serving()
        await record(it, deployment_id, FEWEST_REQUESTS - 1)
        error = await it.refused("POST", WHAT_IF, 409, json={})
        assert error["code"] == "too_few_requests"
        assert error["message"].startswith("19 finished requests")
        now = time.time()
        for times in ({"since": now + 5}, {"since": now, "until": now - 5}, {"since": now - 90_000}):
            assert (await it.refused("POST", WHAT_IF, 422, json=times))["code"] == "invalid_range"
        error = await it.refused("POST", WHAT_IF, 422, json={"changes": {"concurency_target": 2}})
        assert error["hint"] == "did you mean concurrency_target?"
        for body in ({"slo": 0}, {"seconds": 5}, {"predict_concurrency": 0}, {"since": "1"}, {"more": 1}, []):
            await it.refused("POST", WHAT_IF, 422, json=body)


async def test_only_so_many_are_simulated_at_a_time_and_the_others_told_to_come_again(world):
    async with world() as it:
        deployment_id = await it.serving()
        await record(it, deployment_id, FEWEST_REQUESTS)
        answers = await asyncio.gather(*(it.api.post(WHAT_IF, json={}) for _ in range(5)))
        assert sorted(one.status_code for one in answers) == [200, 200, 200, 503, 503]
        busy = next(one.json()["error"] for one in answers if one.status_code == 503)
        assert (busy["code"], busy["hint"]) == ("busy", "try again in some seconds")
