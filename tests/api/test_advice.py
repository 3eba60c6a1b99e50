"""What the API advises about a deployment's settings."""

import time

from api.test_history import ROW
from fakes.archives import tar, truss_files

ADVICE = "/v1/models/echo/deployments/production/advice"


async def report_a_queue(it, deployment_id):
    """For a second three requests have queued, and one was in flight."""
    load = {"queued": 3, "in_flight": 1, "held": {}, "ready": 1, "abandoned": 0}
    for at in (1.0, 2.0):
        load |= {"at": at, "queued_seconds": 3 * at, "in_flight_seconds": at, "nonempty_seconds": at}
        load |= {"arrivals": 30, "finished": 26, "held_seconds": 26.0}
        it.gateway.tell(type="load", at=at, deployments={deployment_id: load})
        await it.gateway.received()
        it.plane.supervisor.note_state(it.desired_state.deployments[deployment_id])


async def test_traffic_that_queues_before_an_idle_gate_is_advised_of_with_its_arithmetic(world):
    async with world() as it:
        deployment_id = await it.serving()
        row = {
            **ROW,
            "deployment_id": deployment_id,
            "arrived_at": time.time(),
            "stages": {"preprocess": 0.3, "predict": 0.2},
        }
        await report_a_queue(it, deployment_id)
        it.gateway.tell(type="requests", rows=[row] * 25, sampled_out={}, ended={})
        await it.gateway.received()
        told = await it.get(f"{ADVICE}?seconds=600")
        assert (told["seconds"], told["requests"], told["note"]) == (600, 25, "")
        [advice] = told["advice"]
        assert (advice["code"], advice["change"]) == ("gate_idle", {"concurrency_target": 3})
        assert any("= 2.5, so 3" in line for line in advice["arithmetic"])
        assert (advice["before"], advice["after"], told["simulation"]) == (None, None, "")


async def test_of_too_little_traffic_it_says_so_and_what_needs_none_is_said(world):
    config = "model_name: echo\nruntime: {predict_concurrency: 4}"
    async with world() as it:
        await it.serving(content=tar(truss_files(config)), settings='{"concurrency_target": 2}')
        told = await it.get(ADVICE)
        assert [one["code"] for one in told["advice"]] == ["target_below_predict"]
        assert told["note"] == "0 requests finished in that time; from 20 on there is more to say"
        await it.refused("GET", f"{ADVICE}?seconds=5", 422)


async def test_advice_has_a_simulated_before_and_after_when_asked(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1, "max_replica": 1}')
        await report_a_queue(it, deployment_id)
        stages = {"preprocess": 0.3, "predict": 0.2}
        rows = [
            {
                **ROW,
                "deployment_id": deployment_id,
                "arrived_at": time.time() - number * 0.3,
                "seconds": 0.5,
                "stages": stages,
            }
            for number in range(60)
        ]
        it.gateway.tell(type="requests", rows=rows, sampled_out={}, ended={})
        await it.gateway.received()
        told = await it.get(f"{ADVICE}?simulate=true")
        [advice] = told["advice"]
        assert advice["code"] == "gate_idle"
        before, after = advice["before"], advice["after"]
        assert before["wait_p95"] > 2 > after["wait_p95"], "one slot for a load of 1.7 requests"
        assert before["latency_p95"] > after["latency_p95"] >= 0.5
        assert before["replica_hours"] > 0
        assert told["simulation"].startswith("Simulated on 60 requests.")


async def test_advice_comes_without_a_simulation_that_is_not_possible(world):
    config = "model_name: echo\nruntime: {predict_concurrency: 4}"
    async with world() as it:
        await it.serving(content=tar(truss_files(config)), settings='{"concurrency_target": 2}')
        told = await it.get(f"{ADVICE}?simulate=true")
        assert [(one["code"], one["after"]) for one in told["advice"]] == [("target_below_predict", None)]
        assert told["simulation"].startswith("Not simulated: 0 finished requests")
