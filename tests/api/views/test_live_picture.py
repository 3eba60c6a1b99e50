import json

from pydantic import TypeAdapter

from api.test_history import ROW
from fakes.control_plane import opened
from headway.api.schemas.traffic import Picture

ECHO = "/v1/models/echo/deployments/production"


async def test_the_picture_has_the_queue_in_order_and_each_replicas_slots(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1, "concurrency_target": 3}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        [replica_id] = it.replicas(deployment_id)
        load = {"at": 1.0, "queued": 2, "in_flight": 1, "queued_seconds": 1, "in_flight_seconds": 1}
        load |= {"nonempty_seconds": 1, "arrivals": 3, "finished": 0, "ready": 1, "abandoned": 0}
        load |= {"held": {replica_id: 1}, "waiting": [["q2", 0.2], ["q1", 0.9]]}
        it.gateway.tell(type="load", at=1.0, deployments={deployment_id: load})
        await it.gateway.received()
        async with opened(it.app, f"{ECHO}/events") as (status, headers, events):
            assert (status, headers["cache-control"]) == (200, "no-store")
            kind, data, *_ = (await anext(events)).split("\n")
            assert kind == "event: picture"
            picture = json.loads(data.removeprefix("data: "))
            TypeAdapter(Picture).validate_json(json.dumps(picture))
            assert picture["deployment"] == {**(await it.get(ECHO)), "example_input": None}
            assert picture["queue"]["count"] == 2
            assert [one["request_id"] for one in picture["queue"]["shown"]] == ["q1", "q2"]
            [replica] = picture["replicas"]
            assert (replica["id"], replica["slots"], replica["held"]) == (replica_id, 3, 1)
            assert (replica["lanes"], replica["requests"]) == (None, [])
            assert it.app.state.pictures._lanes._followers == {deployment_id: 1}
        assert it.app.state.pictures._lanes._followers == {}
        assert it.app.state.pictures._live == {}


async def test_one_request_is_found_by_its_id(world):
    async with world() as it:
        deployment_id = await it.serving()
        rows = [{**ROW, "deployment_id": deployment_id, "request_id": name} for name in ("a", "b")]
        it.gateway.tell(type="requests", rows=rows, sampled_out={}, ended={})
        await it.gateway.received()
        told = await it.get(f"{ECHO}/requests/b")
        assert told == {**rows[1], "ended_at": 1.5, "first_byte": None}
        error = await it.refused("GET", f"{ECHO}/requests/c", 404)
        assert "no record of a request 'c'" in error["message"]
