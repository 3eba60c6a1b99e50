"""What the API tells of how a deployment has fared."""

HISTORY = "/v1/models/echo/deployments/production/history"


async def test_requests_and_replicas_make_columns(world):
    async with world() as it:
        deployment_id = await it.serving()
        rows = [{**ROW, "deployment_id": deployment_id}]
        it.gateway.tell(type="requests", rows=rows, sampled_out={}, ended={deployment_id: {"2xx": 10}})
        await it.gateway.received()
        it.plane.supervisor.note_state(it.desired_state.deployments[deployment_id])
        told = await it.get(f"{HISTORY}?seconds=300")
        assert told["step"] == 5
        assert {len(told[name]) for name in ("at", "queued", "in_flight", "capacity", "ready")} == {1}
        assert told["statuses"] == {"2xx": [2.0], "4xx": [0.0], "5xx": [0.0], "none": [0.0]}
        assert told["stages"].keys() == {"total", "predict"}
        assert told["stages"]["predict"]["p95"][0] > 0.2
        [live] = (await it.get("/v1/models/echo/deployments"))["deployments"]
        assert (live["requests_per_second"], live["p95_seconds"], len(live["sparkline"])) == (0.0, None, 30)


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
        await it.serving()
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
    "response_bytes": 1,
    "trace_id": "",
}
