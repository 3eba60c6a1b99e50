"""Everything that can die or change does so under steady load: what clients see of it is counted to the last request.

`HEADWAY_CYCLES` sets how often; `make soak` does it as often as the promises say.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from system.load import Load
from system.serving import Serving, archive_of, serving, wait_until

pytestmark = pytest.mark.alone

HOLDS = Path(__file__).parent / "models" / "holds"
CYCLES = int(os.environ.get("HEADWAY_CYCLES", "0"))
TARGET = 4
CLIENTS = 12


@pytest.fixture(scope="module", params=["none", "sandbox"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(
        HOLDS,
        *("--concurrency-target", str(TARGET), "--replicas", "2"),
        environment={
            "HEADWAY_RUN_DIR": str(tmp_path_factory.mktemp("run")),
            "HEADWAY_ISOLATION": request.param,
        },
        data_dir=tmp_path_factory.mktemp("data"),
    ) as running:
        yield running


def kill(served: Serving, words: str) -> int:
    (pid,) = [pid for pid, command in served.processes().items() if words in command]
    os.kill(pid, signal.SIGKILL)
    return pid


def replicas(served: Serving, *states: str) -> dict[str, Any] | None:
    """The replicas by id when control answers and all are in one of `states`."""
    try:
        found = {one["id"]: one for one in served.model()["replicas"]}
    except (httpx.HTTPError, ValueError):
        return None
    return found if all(one["state"] in states for one in found.values()) else None


def until_ready(served: Serving, count: int) -> dict[str, Any]:
    def are_ready() -> dict[str, Any] | None:
        found = replicas(served, "ready")
        return found if found is not None and len(found) == count else None

    return wait_until(are_ready, 30, f"{count} replicas are ready and no other is there")


def change(served: Serving, **settings: float) -> None:
    answer = httpx.patch(f"{served.deployment_url}/settings", json=settings, timeout=10)
    assert answer.status_code == 200, answer.text


def test_a_full_restart_of_control_and_gateways_table_changes_nothing_for_clients(served):
    before = until_ready(served, 2)
    assert {one["isolation"] for one in before.values()} == {served.environment["HEADWAY_ISOLATION"]}
    with Load(served.model_url, {}, CLIENTS) as load:
        for _ in range(CYCLES or 3):
            kill(served, "headway.api")
            wait_until(lambda: replicas(served) is None, 5, "control is away")
            after = until_ready(served, 2)
            generations = {name: one["generation"] for name, one in after.items()}
            assert generations == {name: one["generation"] for name, one in before.items()}
    assert load.account.answered.keys() == {200}, load.account
    assert load.account.is_balanced
    assert not load.account.broken


def test_a_killed_gateway_is_healed_within_a_second_and_no_replica_is_given_too_much(served):
    """What replicas hold for the dead gateway still counts: the model itself tells how much it ever held."""
    until_ready(served, 2)
    url = served.model_url
    with Load(url, {"seconds": 0.4}, CLIENTS) as load:
        for _ in range(min(CYCLES or 3, 20)):
            wait_until(lambda: served.model()["in_flight"] == 2 * TARGET, 10, "every slot is taken")
            kill(served, "headway.gateway")
            killed_at = time.monotonic()
            assert httpx.get(f"{served.url}/healthz", timeout=5).status_code == 200
            assert time.monotonic() - killed_at < 1.0, "a new connection waited, and not for long"
    assert load.account.answered.keys() == {200}, load.account
    most = [httpx.post(url, json={"seconds": 0}, timeout=10).json()["most"] for _ in range(20)]
    assert max(most) <= TARGET
    assert load.account.is_balanced
    assert load.account.broken.total() <= min(CYCLES or 3, 20) * CLIENTS, (
        "only what the dead gateway had open"
    )
    assert len(until_ready(served, 2)) == 2


def test_a_killed_replica_loses_only_what_it_held_and_everything_queued_is_served(served):
    until_ready(served, 2)
    with Load(served.model_url, {"seconds": 2.0}, CLIENTS) as load:
        wait_until(lambda: served.model()["in_flight"] == 2 * TARGET, 10, "every slot is taken")
        time.sleep(1.2)  # the gateway asks where long requests are every half second
        kill(served, "--replica-id holds-1")
        until_ready(served, 2)
    assert load.account.is_balanced
    assert not load.account.broken
    assert load.account.answered.keys() <= {200, 502}, load.account
    assert 1 <= load.account.answered[502] <= TARGET
    assert all("predict" in text and "holds-1" in text for text in load.account.refusals), (
        load.account.refusals
    )


def test_cycles_of_scaling_settings_promotions_and_kills_lose_only_what_killed_replicas_held(
    served, tmp_path
):
    until_ready(served, 2)
    change(served, autoscaling_window=10, scale_down_delay=0, max_scale_down_rate=100)
    cycles, chance = CYCLES or 3, random.Random(7)  # noqa: S311
    ids = [served.model()["id"], _push_variant(served, tmp_path)]
    wait_until(lambda: served.model()["id"] == ids[1], 60, "the second version serves")
    with Load(served.model_url, {}, CLIENTS) as load:
        for number in range(cycles):
            change(served, min_replica=3, max_replica=3)
            until_ready(served, 3)
            change(served, concurrency_target=chance.randint(TARGET, 2 * TARGET))
            change(served, min_replica=1, max_replica=1)
            until_ready(served, 1)
            change(served, concurrency_target=TARGET)
            _promote(served, ids[number % 2])
            wait_until(lambda wanted=ids[number % 2]: served.model()["id"] == wanted, 60, "it serves")
            change(served, min_replica=2, max_replica=2)
            victim = min(until_ready(served, 2))
            kill(served, f"--replica-id {victim} ")
            until_ready(served, 2)
    account = load.account
    assert account.is_balanced
    assert not account.broken
    assert account.answered.keys() <= {200, 502}, account
    assert account.answered[502] <= cycles * TARGET, "no more than what the killed replicas held"
    assert account.answered[200] > 100 * cycles


def _push_variant(served: Serving, folder: Path) -> str:
    """Deploy a second version of the same model; its id."""
    truss = folder / "truss"
    shutil.copytree(HOLDS, truss)
    (truss / "packages").mkdir()
    (truss / "packages" / "variant.py").write_text("")
    answer = httpx.post(
        f"{served.control_url}/v1/models/holds/deployments",
        content=archive_of(truss),
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def _promote(served: Serving, deployment_id: str) -> None:
    answer = httpx.post(
        f"{served.control_url}/v1/models/holds/environments/production/promote",
        json={"deployment_id": deployment_id},
        timeout=10,
    )
    assert answer.status_code == 202, answer.text


def test_a_full_stop_leaves_nothing_behind(served):
    below = served.processes()
    assert len(below) >= 4
    served.process.send_signal(signal.SIGINT)
    served.process.wait(60)
    assert served.process.returncode == 0
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]
    run_directory = served.environment["HEADWAY_RUN_DIR"]
    assert list(Path(run_directory).iterdir()) == []
