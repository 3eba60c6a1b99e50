"""Replicas come and go with the load, on real processes over real HTTP."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from system.serving import Serving, serving, wait_until

pytestmark = pytest.mark.alone

STAGES = Path(__file__).parent / "models" / "stages"


def test_worked_example_1_a_second_replica_is_ordered_within_2_s_and_takes_the_head_of_the_queue(tmp_path):
    options = ("--concurrency-target", "2", "--set", "max_replica=2")
    with serving(STAGES, *options, data_dir=tmp_path) as served:
        asyncio.run(_five_long_requests(served))


async def _five_long_requests(served: Serving) -> None:
    def numbers() -> tuple[int, int, int]:
        model = served.model()
        return model["in_flight"], model["queued"], len(model["replicas"])

    async with httpx.AsyncClient(timeout=60) as client, asyncio.TaskGroup() as group:
        began = time.monotonic()
        requests = [
            group.create_task(client.post(served.model_url, json={"preprocess": 8.0})) for _ in range(4)
        ]
        await asyncio.to_thread(wait_until, lambda: numbers()[:2] == (2, 2), 1.0, "2 in flight and 2 queued")
        requests.append(group.create_task(client.post(served.model_url, json={})))
        await asyncio.to_thread(wait_until, lambda: numbers()[:2] == (2, 3), 1.0, "2 in flight and 3 queued")
        await asyncio.to_thread(wait_until, lambda: numbers()[2] == 2, 3.0, "a second replica is ordered")
        assert time.monotonic() - began < 2.5, "within 2 s, as seen from outside"
        await asyncio.to_thread(
            wait_until, lambda: numbers()[:2] == (4, 1), 6.0, "the second replica has taken from the queue"
        )
        assert not any(request.done() for request in requests), "though nothing has finished yet"
    assert [request.result().status_code for request in requests] == [200] * 5
    (decision,) = [one for one in served.ask("/decisions")["decisions"] if one["desired"] == 2]
    assert decision["reason"]


def test_replicas_follow_the_load_from_1_to_4_and_back_to_0_and_a_request_wakes_them(tmp_path):
    window = (
        "--set",
        "autoscaling_window=10",
        "--set",
        "scale_down_delay=2",
        "--set",
        "max_scale_down_rate=100",
    )
    options = ("--concurrency-target", "1", "--set", "min_replica=0", "--set", "max_replica=4", *window)
    with serving(STAGES, *options, data_dir=tmp_path, is_awake=False) as served:
        assert served.model()["replicas"] == []
        statuses = asyncio.run(_load_until_four_are_ready(served))
        assert set(statuses) == {200}
        wait_until(lambda: served.model()["replicas"] == [], 40.0, "nothing runs once nothing is asked for")
        answer = httpx.post(served.model_url, json={}, timeout=30)
        assert answer.status_code == 200
        assert float(answer.headers["x-headway-cold-start"]) > 0


async def _load_until_four_are_ready(served: Serving) -> list[int]:
    statuses: list[int] = []
    is_over = asyncio.Event()

    async def client_of(client: httpx.AsyncClient) -> None:
        while not is_over.is_set():
            answer = await client.post(served.model_url, json={"preprocess": 0.2})
            statuses.append(answer.status_code)

    def ready() -> int:
        return served.model()["ready_replicas"]

    async with httpx.AsyncClient(timeout=60) as client, asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(client_of(client))
        await asyncio.to_thread(wait_until, lambda: ready() == 4, 30.0, "four replicas are ready")
        is_over.set()
    return statuses
