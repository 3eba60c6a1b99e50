import asyncio
import json

from pydantic import TypeAdapter

from fakes.control_plane import opened
from headway.api.schemas.resources import LiveState
from headway.api.views.live import Live

ECHO = "/v1/models/echo/deployments"


def state_of(event):
    kind, data, *rest = event.split("\n")
    assert (kind, rest) == ("event: state", ["", ""])
    return json.loads(data.removeprefix("data: "))


async def test_the_live_state_comes_at_once_and_again_when_it_has_changed(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        async with opened(it.app, "/v1/events") as (status, headers, events):
            assert (status, headers["cache-control"]) == (200, "no-store")
            assert headers["content-type"].startswith("text/event-stream")
            state = state_of(await anext(events))
            TypeAdapter(LiveState).validate_json(json.dumps(state))
            shown = await it.get(f"{ECHO}/production")
            [deployment] = state["deployments"]
            [replica] = deployment.pop("replicas")
            assert deployment == {**shown, "example_input": None}
            assert [replica] == (await it.get(f"{ECHO}/production/replicas"))["replicas"]
            assert state["models"] == (await it.get("/v1/models"))["models"]
            await it.api.patch(f"{ECHO}/production/settings", json={"max_replica": 7})
            state = state_of(await anext(events))
            assert state["deployments"][0]["settings"]["max_replica"] == 7


async def test_the_state_is_the_same_as_long_as_nothing_happens(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        everything = it.app.state.live._state
        assert everything() == everything()


async def test_however_many_follow_the_state_is_made_once_each_time():
    made = []

    def state():
        made.append(str(len(made)))
        return made[-1]

    live = Live(state, every=0.01)
    followers = [live.events() for _ in range(20)]
    for number in range(3):
        events = await asyncio.gather(*(anext(one) for one in followers))
        assert set(events) == {f"event: state\ndata: {number}\n\n"}
    await asyncio.gather(*(one.aclose() for one in followers))


async def test_one_that_leaves_takes_nothing_from_the_others():
    states = iter("abc")
    live = Live(lambda: next(states), every=0.01)
    staying, leaving = live.events(), live.events()
    await asyncio.gather(anext(staying), anext(leaving))
    waits = asyncio.create_task(anext(leaving))
    stays = asyncio.create_task(anext(staying))
    await asyncio.sleep(0)
    waits.cancel()
    assert "b" in await stays
    assert "c" in await anext(staying)


async def test_a_follower_hears_of_an_idle_stream_that_it_is_alive(monkeypatch):
    monkeypatch.setattr("headway.api.views.live._KEEP_ALIVE", 0.0)
    events = Live(lambda: "same", every=0.001).events()
    assert "same" in await anext(events)
    assert (await anext(events)).startswith(":")
