"""Of a deployment that is gone nothing is kept, whatever happened to it and whatever is still told of it."""

from dataclasses import asdict

import pytest

from control.store.test_recent_requests import row
from fakes.archives import tar, truss_files
from fakes.control_plane import control_plane, opened
from fakes.garbage import mentioned_by
from headway.core.statistics import LoadIntegrals


@pytest.fixture
def world(tmp_path, monkeypatch):
    return control_plane(tmp_path, monkeypatch).running()


def tell_requests(it, deployment_id):
    it.gateway.tell(
        type="requests",
        rows=[row(1, deployment_id)],
        sampled_out={deployment_id: 3},
        ended={deployment_id: {"2xx": 4}},
    )


def tell_load(it, *deployment_ids):
    load = {**asdict(LoadIntegrals(1.0).load(1.0, 0, 0)), "abandoned": 0, "ready": 0, "held": {}}
    it.gateway.tell(type="load", at=1.0, deployments=dict.fromkeys(deployment_ids, load))


async def lived(it):
    """A deployment that has served, been looked at, and failed once, and was deleted then."""
    deployment_id = await it.serving("lived", tar(truss_files("model_name: lived")))
    answer = await it.api.patch(
        f"/v1/models/lived/deployments/{deployment_id}/settings", json={"min_replica": 1}
    )
    assert answer.status_code == 200
    await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
    tell_load(it, deployment_id)
    tell_requests(it, deployment_id)
    for path in ("", "/replicas", "/decisions", "/requests", "/history", "/advice"):
        await it.get(f"/v1/models/lived/deployments/{deployment_id}{path}")
    async with opened(it.app, f"/v1/models/lived/deployments/{deployment_id}/events") as (_, _, pieces):
        await anext(pieces)
    it.backend.exit("lived-1", code=1)
    await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
    assert mentioned_by(it.plane, deployment_id), "it would be found"
    assert (await it.api.delete("/v1/models/lived")).status_code == 202
    await it.drain(deployment_id)
    await it.until(lambda: deployment_id not in it.desired_state.deployments)
    return deployment_id


async def settled(it):
    """Every lasting task has had its turn: what was deleted is stored as such."""
    await it.plane.persistence.save()
    await it.gateway.received()
    await it.gateway.table(lambda table: not table.deployments)


async def test_nothing_that_is_known_of_a_deployment_outlives_it(world):
    async with world as it:
        deployment_id = await lived(it)
        tell_load(it)
        await settled(it)
        assert mentioned_by(it.plane, deployment_id) == []


async def test_what_a_gateway_still_tells_of_it_is_not_kept(world):
    async with world as it:
        deployment_id = await lived(it)
        tell_requests(it, deployment_id)
        tell_load(it, deployment_id)
        tell_load(it)
        await settled(it)
        assert mentioned_by(it.plane, deployment_id) == []
