"""Why who comes now waits, as the API tells it wherever it shows a deployment."""

import json
import re

from pydantic import TypeAdapter

from fakes.archives import tar, truss_files
from fakes.control_plane import opened
from headway.api.schemas.resources import LiveState
from headway.api.views.resources import ResourceViews
from headway.core.stages import Stage
from headway.telemetry.stage_board import board_path, open_board

ECHO = "/v1/models/echo/deployments/production"


async def saturation(it):
    """The same wherever it is told, but for the time that passes between."""
    told = (await it.get(ECHO))["saturation"]
    state = json.loads(ResourceViews(it.plane).everything())
    TypeAdapter(LiveState).validate_json(json.dumps(state))
    [live] = [one["saturation"] for one in state["deployments"]]
    [of_model] = [one["saturation"] for one in state["models"]]
    async with opened(it.app, f"{ECHO}/events") as (_, _, events):
        picture = json.loads((await anext(events)).split("\n")[1].removeprefix("data: "))
    for other in (live, of_model, picture["deployment"]["saturation"]):
        assert (other and other["code"]) == (told and told["code"])
    return told


async def report(it, deployment_id, **more):
    """The gateway tells of the deployment's load; with one report the queue has lasted since long ago."""
    load = {"at": 1.0, "queued": 0, "in_flight": 0, "queued_seconds": 0.0, "in_flight_seconds": 0.0}
    load |= {
        "nonempty_seconds": 0.0,
        "held_seconds": 0.0,
        "arrivals": 0,
        "finished": 0,
        "ready": 1,
        "abandoned": 0,
        "held": {},
    }
    it.gateway.tell(type="load", at=1.0, deployments={deployment_id: {**load, **more}})
    await it.gateway.received()


async def one_ready(it, **settings):
    deployment_id = await it.serving(settings=json.dumps({"min_replica": 1, **settings}))
    await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
    [replica_id] = it.replicas(deployment_id)
    return deployment_id, replica_id


async def test_full_slots_and_a_queue_are_told_with_what_to_do(world):
    async with world() as it:
        deployment_id, replica_id = await one_ready(it, concurrency_target=4)
        assert await saturation(it) is None
        held = {"held": {replica_id: 4}, "in_flight": 4}
        await report(it, deployment_id, **held)
        assert await saturation(it) is None, "full, and nobody waits"
        await report(it, deployment_id, at=2.0, queued=3, finished=2, held_seconds=16.0, arrivals=9, **held)
        it.plane.supervisor.note_state(it.desired_state.deployments[deployment_id])
        assert await saturation(it) == {
            "code": "slots_full",
            "level": "wait",
            "text": "all 4 slots are taken and max_replica 1 is reached",
            "advice": "raise concurrency_target or max_replica",
            "setting": "concurrency_target",
            "see": "settings",
            "wait_seconds": 8.0,
            "wait": "who comes now waits about 8 s",
        }
        await report(it, deployment_id, at=3.0, queued=3, in_flight=4, held={replica_id: 3})
        assert await saturation(it) is None


async def test_what_waits_at_the_gates_is_seen_without_asking_replicas(world, tmp_path):
    async with world() as it:
        it.place_sockets(tmp_path)
        deployment_id, replica_id = await one_ready(it, concurrency_target=8)
        [replica] = it.plane.supervisor.replicas.of(deployment_id)
        board = open_board(board_path(replica.running.private_address))
        for stage in (Stage.PREDICT, *[Stage.GATE_WAIT] * 5):
            board.enter(board.take("r"), stage)
        await report(it, deployment_id, held={replica_id: 6}, in_flight=6)
        told = await saturation(it)
        assert (told["code"], told["setting"]) == ("gate_full", "predict_concurrency")
        assert told["text"] == "predict takes 1 at a time, and 5 wait at the gate, while 2 slots are free"


async def test_a_start_is_told_by_how_long_starts_took(world):
    async with world() as it:
        it.ready.clear()
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.replicas(deployment_id))
        told = await saturation(it)
        assert (told["code"], told["level"], told["wait_seconds"]) == ("starting", "note", None)
        assert re.fullmatch(r"starting for .*; how long a start takes was not measured yet", told["text"])
        [replica] = it.plane.supervisor.replicas.of(deployment_id)
        replica.ordered_at -= 12.0
        it.plane.supervisor.replicas.past.note_start(deployment_id, 90.0)
        told = await saturation(it)
        assert re.fullmatch(r"starting: [1-5]\d s of about 90 s", told["text"])
        assert 30.0 < told["wait_seconds"] <= 78.0


async def test_a_gpu_is_waited_for_by_name(world):
    truss = tar(truss_files("model_name: echo\nresources:\n  accelerator: T4\n"))
    async with world() as it:
        it.backend.gpus = 1
        deployment_id = await it.serving(content=truss, settings='{"min_replica": 2, "max_replica": 2}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        await it.until(lambda: it.plane.supervisor.replicas.unplaced)
        assert await saturation(it) is None, "the other one has a slot free"
        await report(it, deployment_id, queued=1, in_flight=1, held={it.replicas(deployment_id)[0]: 1})
        told = await saturation(it)
        assert told["code"] == "waits_for_gpu"
        assert told["text"].startswith("the only slot is taken; waiting for 1 GPU: every GPU is taken")
        it.backend.gpus = 2
        it.plane.supervisor._reconciler(deployment_id).retry_at = 0.0
        it.plane.supervisor.wake()
        await it.until(lambda: len(it.replicas(deployment_id)) == 2)
        assert not it.plane.supervisor.replicas.unplaced


async def test_a_disk_that_takes_no_replica_is_told_as_such(world, monkeypatch):
    async with world() as it:

        async def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(it.backend, "start", full)
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: deployment_id in it.plane.supervisor.replicas.unplaced)
        told = await saturation(it)
        assert (told["code"], told["see"]) == ("waits_for_room", "logs")
        assert "the disk does not take it: [Errno 28] No space left on device" in told["text"]


async def test_what_rests_is_switched_off_or_is_prepared_says_so(world):
    async with world() as it:
        it.may_prepare.clear()
        await it.push()
        await it.until(lambda: it.prepared)
        assert (await saturation(it))["code"] == "preparing"
        it.may_prepare.set()
        await it.until(lambda: next(iter(it.desired_state.deployments.values())).prepared)
        assert (await saturation(it))["code"] == "scaled_to_zero"
        await it.post(f"{ECHO}/deactivate")
        told = await saturation(it)
        assert (told["code"], told["level"], told["see"]) == ("deactivated", "refused", None)


async def test_a_build_that_failed_refuses(world):
    async with world() as it:
        it.preparation_fails = ValueError("no such package")
        await it.push()
        await it.until(lambda: next(iter(it.desired_state.deployments.values())).failure)
        assert (await saturation(it))["code"] == "build_failed"


async def test_without_a_gateway_nothing_is_claimed(world):
    async with world() as it:
        deployment_id, _ = await one_ready(it)
        it.gateway.close()
        await it.until(lambda: not it.plane.supervisor.link.is_up or it.plane.supervisor.wake())
        assert (await saturation(it))["code"] == "gateway_away"
        assert it.replicas(deployment_id)
