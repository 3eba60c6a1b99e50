"""What the API tells of how a deployment has fared."""

import pytest

HISTORY = "/v1/models/echo/deployments/production/history"


async def test_requests_and_replicas_make_columns(world):
    async with world() as it:
        deployment_id = await it.serving()
        rows = [{**ROW, "deployment_id": deployment_id, "stages": {"predict": 0.25, "send": 0.1}}]
        ended, errors = {deployment_id: {"2xx": 10, "4xx": 5}}, {deployment_id: {"refused": 5}}
        it.gateway.tell(type="requests", rows=rows, sampled_out={}, ended=ended, errors=errors)
        await it.gateway.received()
        it.plane.supervisor.note_state(it.desired_state.deployments[deployment_id])
        told = await it.get(f"{HISTORY}?seconds=300")
        assert told["step"] == 5
        assert {len(told[name]) for name in ("at", "queued", "in_flight", "capacity", "ready")} == {1}
        assert told["statuses"] == {"2xx": [2.0], "4xx": [1.0], "5xx": [0.0], "none": [0.0]}
        assert {kind: rates for kind, rates in told["errors"].items() if rates != [0.0]} == {"refused": [1.0]}
        assert told["errors"].keys() >= {
            "finished_4xx",
            "finished_5xx",
            "expired",
            "lost",
            "abandoned",
            "overran",
        }
        assert told["stages"].keys() == {"total", "first_byte", "predict", "send"}
        assert told["stages"]["predict"].keys() == {"p50", "p90", "p95", "p99"}
        assert told["stages"]["predict"]["p90"][0] == pytest.approx(0.25, rel=0.03)
        assert told["stages"]["first_byte"]["p50"][0] == pytest.approx(0.4, rel=0.03)
        assert told["sizes"]["request_bytes"]["p50"] == [1.0]
        assert told["sizes"]["response_bytes"]["p99"][0] == pytest.approx(2000, rel=0.03)
        [live] = (await it.get("/v1/models/echo/deployments"))["deployments"]
        assert (live["requests_per_second"], live["p95_seconds"], len(live["sparkline"])) == (0.0, None, 30)


async def test_a_part_of_the_past_can_be_asked_for(world):
    async with world() as it:
        deployment_id = await it.serving()
        history, clock = it.plane.supervisor.history, it.plane.supervisor.history._clock
        begin = clock() // 5 * 5
        for later in range(0, 60, 5):
            history._clock = lambda at=begin + later: at
            history.note_requests([], {deployment_id: {"2xx": later}})
        told = await it.get(f"{HISTORY}?since={begin + 10}&until={begin + 25}")
        assert told["at"] == [begin + 10, begin + 15, begin + 20]
        assert told["statuses"]["2xx"] == [2.0, 3.0, 4.0]
        assert (await it.get(f"{HISTORY}?since={begin + 52}"))["at"] == [begin + 50, begin + 55]
        assert (await it.get(f"{HISTORY}?since={begin + 1000}"))["at"] == []
        for query in ("since=2&until=2", "since=nan", "sinse=5"):
            await it.refused("GET", f"{HISTORY}?{query}", 422)


async def test_what_was_stored_is_there_after_a_restart(world):
    async with world() as it:
        deployment_id = await it.serving()
        history, clock = it.plane.supervisor.history, it.plane.supervisor.history._clock
        history.note_requests([], {deployment_id: {"2xx": 30}})
        history._clock = lambda: clock() + 300
        it.plane.supervisor.note_state(it.desired_state.deployments[deployment_id])
        it.plane.persistence.note_points(history.take_closed())
        await it.plane.persistence.save()
    async with world() as it:
        told = await it.get(f"{HISTORY}?seconds=10000")
        assert [rate for rate in told["statuses"]["2xx"] if rate] == [1.0]


async def test_of_nothing_there_is_nothing(world):
    async with world() as it:
        deployment_id = await it.serving()
        it.plane.supervisor.history.forget(deployment_id)  # a slow start has had a round
        told = await it.get(HISTORY)
        assert (told["at"], told["stages"]) == ([], {})
        for seconds in ("59", "90000", "x"):
            await it.refused("GET", f"{HISTORY}?seconds={seconds}", 422)


ROW = {
    "request_id": "1",
    "model": "echo",
    "replica_id": "r1",
    "arrived_at": 1.0,
    "status": 200,
    "outcome": "finished",
    "seconds": 0.5,
    "stages": {"predict": 0.25},
    "request_bytes": 1,
    "response_bytes": 2000,
    "trace_id": "",
    "ended_in": "",
}
