"""The disk through the API: what takes how much, pruning, and pushes that are refused for want of room."""

from fakes.archives import tar, truss_files
from headway.control.disk.pruning import PruneBounds

ECHO = "/v1/models/echo/deployments"


async def test_the_disk_is_shown_with_what_needs_it(world):
    async with world() as it:
        deployment_id = await it.serving()
        shown = await it.get("/v1/disk")
        assert shown["total_bytes"] > shown["free_bytes"] > 0
        assert shown["min_free_bytes"] == 1024**3
        [snapshot] = [one for one in shown["entries"] if one["what"] == "snapshots"]
        assert snapshot["used_by"] == [f"echo: {deployment_id}"]
        assert snapshot["size_bytes"] > 0
        assert snapshot["last_used_at"]
        assert {"what": "logs", "name": deployment_id}.items() <= next(
            one for one in shown["entries"] if one["what"] == "logs"
        ).items()


async def test_pruning_says_what_goes_and_a_dry_run_leaves_it(world):
    async with world(prune_bounds=PruneBounds(0, 0)) as it:
        left = it.data_dir / "downloads" / "half"
        left.mkdir(parents=True)
        for query, stays in ({"dry_run": True}, True), ({}, False):
            answer = await it.api.post("/v1/disk/prune", params=query)
            assert answer.status_code == 200
            body = answer.json()
            assert body["dry_run"] is stays
            assert [one["name"] for one in body["removed"]] == ["half"]
            assert left.exists() is stays
        assert (await it.api.post("/v1/disk/prune")).json()["removed"] == []


async def test_a_push_without_room_is_refused_with_the_numbers_before_it_is_read(world):
    async with world(min_free=10**18) as it:
        assert (await it.refused("GET", "/v1/disk/room", 507))["code"] == "no_room"
        for path in (ECHO, "/v1/models"):
            error = await it.refused("POST", path, 507, content=tar(truss_files()))
            assert error["code"] == "no_room"
            assert "1,000,000,000,000,000,000 must stay free" in error["message"]
            assert "headway prune" in error["hint"]
        assert await it.get("/v1/models") == {"models": []}
        assert not (it.data_dir / "uploads").exists()
