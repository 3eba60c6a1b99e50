"""What happened on real processes happens again in the simulator: replica counts are equal, waits as long."""

import asyncio
import random
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from headway.core.settings import DeploymentSettings
from headway.observed.records import RequestRecord
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.durations import Constant
from headway.planner.simulation.recorded import replayed
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.simulate import simulate
from system.serving import serving, wait_until

pytestmark = pytest.mark.alone

STAGES = Path(__file__).parent / "models" / "stages"
NUMBERS = {"concurrency_target": 2, "min_replica": 1, "max_replica": 3, "autoscaling_window": 10}
TIMES = {"preprocess": 0.1, "predict": 0.15, "postprocess": 0.05}
"""One replica does 1 / 0.15 s = 6.7 requests a second."""
PHASES = ((3, 4.0), (8, 18.0), (2, 8.0))
"""Seconds, and requests a second: one replica is enough, then three are just enough, then they catch up."""


def test_a_recorded_run_replayed_has_the_same_replicas_and_waits():
    options = [part for name, value in NUMBERS.items() for part in ("--set", f"{name}={value}")]
    with serving(STAGES, *options) as served:
        sent = asyncio.run(send(served.model_url))
        rows = wait_until(
            lambda: len(found := served.ask("/requests?limit=10000")["requests"]) == sent and found,
            5.0,
            "every request is recorded",
        )
        told = served.ask("/decisions")["decisions"]
    decisions = sorted((instant(one["at"]), one["desired"]) for one in told)
    records = [RequestRecord.from_row(one) for one in rows]
    assert {one.status for one in records} == {200}
    since, until = decisions[0][0], max(one.arrived_at for one in records)

    variant = Variant("as it was", DeploymentSettings(**NUMBERS))
    life = ReplicaLife(Constant(start_seconds(records, decisions)))
    measures = simulate(Scenario(replayed(records, since), [variant], until - since + 1, life), variant)

    assert measures.most_present == len({one.replica_id for one in records}) == 3
    assert measures.decisions[-1].desired == decisions[-1][1]

    simulated = [(one.at + since, one.desired) for one in measures.decisions]
    assert replica_seconds(simulated, until) == pytest.approx(replica_seconds(decisions, until), rel=0.05)
    waits = sorted(one.stages["queue"] + one.stages.get("cold_start", 0.0) for one in records)
    for share, simulated in zip((0.5, 0.95), measures.stages["wait"].quantiles([0.5, 0.95]), strict=True):
        real = waits[int(share * len(waits))]
        assert simulated == pytest.approx(real, rel=0.1, abs=0.02)


async def send(url):
    """At random instants, whatever becomes of those before. Returns how many."""
    chance, count = random.Random(7), 0  # noqa: S311
    async with httpx.AsyncClient(timeout=60) as client, asyncio.TaskGroup() as group:
        for seconds, rate in PHASES:
            end = asyncio.get_running_loop().time() + seconds
            while (now := asyncio.get_running_loop().time()) < end:
                group.create_task(client.post(url, json=TIMES))
                count += 1
                await asyncio.sleep(min(end - now, chance.expovariate(rate)))
    return count


def replica_seconds(decisions, until):
    """That were ordered."""
    ends = [*(at for at, _ in decisions[1:]), until]
    return sum(number * (end - at) for (at, number), end in zip(decisions, ends, strict=True))


def start_seconds(records, decisions):
    """From the decision for it to its first request, of the second replica."""
    begun: dict[str, float] = {}
    for one in records:
        at = one.arrived_at + one.stages["queue"]
        begun[one.replica_id] = min(at, begun.get(one.replica_id, at))
    decided = min(at for at, number in decisions if number >= 2)
    return sorted(begun.values())[1] - decided


def instant(text):
    return datetime.fromisoformat(text).timestamp()
