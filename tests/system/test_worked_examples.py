"""The worked examples of the concurrency model, on real processes over real HTTP, judged by the instants at which
each stage of each request began and ended.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from system.serving import Serving, serving, wait_until

pytestmark = pytest.mark.alone

STAGES = Path(__file__).parent / "models" / "stages"
APART = 0.05  # between arrivals, so that their order is no accident


@dataclass(frozen=True, slots=True)
class Timed:
    """One request's stages as (began, ended), and what the answer's Server-Timing says, in ms."""

    stages: dict[str, tuple[float, float]]
    timing: dict[str, float]

    @property
    def began(self) -> float:
        return self.stages["preprocess"][0]

    @property
    def ended(self) -> float:
        return self.stages["postprocess"][1]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(
        STAGES, "--concurrency-target", "2", "--replicas", "1", data_dir=tmp_path_factory.mktemp("data")
    ) as running:
        yield running


def test_worked_example_1_two_are_sent_three_queue_in_order_and_the_head_goes_in_as_each_finishes(served):
    requests = [{"number": number, "preprocess": 0.4 + 0.1 * number} for number in range(5)]

    def three_queue() -> bool:
        model = served.model()
        return model["queued"] == 3 and model["in_flight"] == 2

    timed = send(served, requests, meanwhile=lambda: wait_until(three_queue, 2, "2 in flight and 3 queued"))

    assert [one.began for one in timed] == sorted(one.began for one in timed), "first in, first out"
    for instant in [one.began for one in timed]:
        assert sum(one.began <= instant < one.ended for one in timed) <= 2, "never more than the target"
    ends = sorted(one.ended for one in timed)
    for place, waiting in enumerate(timed[2:]):
        assert 0 <= waiting.began - ends[place] < 0.1, "the head goes in as soon as a slot is free"
    assert [one.timing["queue"] > 100 for one in timed] == [False, False, True, True, True]


def test_worked_example_1_with_max_replica_1_there_is_never_a_second_replica(served):
    send(served, [{"preprocess": 0.6} for _ in range(5)])

    model = served.model()
    assert model["settings"]["max_replica"] == 1
    assert len(model["replicas"]) == 1
    assert "replica=stages-2" not in served.printed()


def test_worked_example_2_preprocess_runs_at_once_predict_one_by_one_and_postprocess_overlaps(served):
    first, second = send(
        served,
        [
            {"preprocess": 0.2, "predict": 0.5, "postprocess": 1.2},
            {"preprocess": 0.2, "predict": 0.5, "postprocess": 0.3},
        ],
    )

    assert overlap(first.stages["preprocess"], second.stages["preprocess"]) > 0.1, "both preprocess at once"
    assert overlap(first.stages["predict"], second.stages["predict"]) == 0, "one in predict"
    assert 0 <= second.stages["predict"][0] - first.stages["predict"][1] < 0.1, (
        "the second enters when the first leaves"
    )
    assert second.timing["gate"] > 300, "and waited at the gate until then"
    assert first.stages["postprocess"][0] < second.stages["predict"][1], (
        "postprocess overlaps the other's predict"
    )
    assert overlap(first.stages["postprocess"], second.stages["postprocess"]) > 0.2, (
        "and the other's postprocess"
    )


def send(served: Serving, requests: list[dict[str, Any]], meanwhile: Any = None) -> list[Timed]:
    """Send the requests, a little apart, and return what is known of each, in their order."""

    async def one(client: httpx.AsyncClient, request: dict[str, Any], delay: float) -> Timed:
        await asyncio.sleep(delay)
        answer = await client.post(served.model_url, json=request)
        answer.raise_for_status()
        stages = {name: tuple(both) for name, both in answer.json()["stages"].items()}
        return Timed(stages, server_timing(answer))

    async def all_of_them() -> list[Timed]:
        async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one(client, request, APART * number))
                for number, request in enumerate(requests)
            ]
            if meanwhile is not None:
                await asyncio.to_thread(meanwhile)
        return [task.result() for task in tasks]

    return asyncio.run(all_of_them())


def server_timing(answer: httpx.Response) -> dict[str, float]:
    """Stage by stage, in ms."""
    entries = [entry.strip().split(";dur=") for entry in answer.headers["server-timing"].split(",")]
    return {name: float(duration) for name, duration in entries}


def overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
