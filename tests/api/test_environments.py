import dataclasses

from fakes.archives import tar, truss_files
from headway.api.schemas import resources

ECHO = "/v1/models/echo/deployments"
ENVIRONMENTS = "/v1/models/echo/environments"
PRODUCTION = ("echo", "production")


def variant(number):
    return tar(truss_files("model_name: echo", **{"data/n": str(number)}))


async def awake(it, number):
    """A deployment that serves production with a replica."""
    deployment_id = await it.serving(content=variant(number), settings='{"min_replica": 1}')
    await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
    return deployment_id


async def test_an_environment_is_made_shown_listed_and_deleted(world):
    async with world() as it:
        deployment_id = await it.serving()
        made = await it.post(ENVIRONMENTS, {"name": "staging"}, expected=201)
        assert made.keys() == {field.name for field in dataclasses.fields(resources.Environment)}
        assert (made["name"], made["model_id"]) == ("staging", "echo")
        assert made["current_deployment"] is made["candidate_deployment"] is None
        assert await it.get(f"{ENVIRONMENTS}/staging") == made
        listed = (await it.get(ENVIRONMENTS))["environments"]
        assert [one["name"] for one in listed] == ["production", "staging"]
        assert listed[0]["current_deployment"]["id"] == deployment_id
        await it.refused("POST", ENVIRONMENTS, 409, json={"name": "staging"})
        assert (await it.api.delete(f"{ENVIRONMENTS}/staging")).json() == {"success": True}
        await it.refused("GET", f"{ENVIRONMENTS}/staging", 404)
        await it.refused("DELETE", f"{ENVIRONMENTS}/staging", 404)
        assert (await it.refused("DELETE", f"{ENVIRONMENTS}/production", 409))["hint"] == "delete the model"


async def test_bodies_that_make_no_environment_are_refused(world):
    async with world() as it:
        await it.serving()
        for body in ({}, {"name": 1}, {"name": "x", "more": 1}, [], "x"):
            assert (await it.refused("POST", ENVIRONMENTS, 422, json=body))["code"] == "invalid_request"
        for name in ("", "-x", "a/b", "x" * 65, "é"):
            error = await it.refused("POST", ENVIRONMENTS, 422, json={"name": name})
            assert error["code"] == "invalid_name", name
        await it.refused(
            "POST", ENVIRONMENTS, 422, content=b"{", headers={"content-type": "application/json"}
        )


async def test_a_promoted_deployment_takes_over_when_it_is_ready_and_rolling_back_is_promoting(world):
    async with world() as it:
        old = await awake(it, 1)
        it.ready.clear()
        new = (await it.push(content=variant(2), environment=""))["id"]
        await it.until(lambda: it.desired_state.deployments[new].prepared)
        moving = await it.post(f"{ECHO}/{new}/promote")
        assert moving["current_deployment"]["id"] == old
        assert moving["candidate_deployment"]["id"] == new
        it.ready.set()
        await it.until(lambda: it.desired_state.points_at(PRODUCTION) == new)
        assert it.desired_state.deployments[old].is_retired
        await it.post(f"{ENVIRONMENTS}/production/promote", {"deployment_id": old})
        await it.until(lambda: it.desired_state.points_at(PRODUCTION) == old)
        assert not it.desired_state.deployments[old].is_retired
        assert it.desired_state.deployments[new].is_retired
        error = await it.refused(
            "POST", f"{ENVIRONMENTS}/production/promote", 404, json={"deployment_id": "x"}
        )
        assert new in error["hint"]
        await it.refused("POST", f"{ENVIRONMENTS}/-/promote", 422, json={"deployment_id": new})
        await it.refused("POST", f"{ECHO}/nothing/promote", 404)
        await it.post(f"{ENVIRONMENTS}/canary/promote", {"deployment_id": "production"})
        assert it.desired_state.points_at(("echo", "canary")) == old, (
            "an environment's name stands for what it has"
        )


async def test_a_new_version_that_does_not_start_leaves_the_old_one_serving_and_says_why(world):
    async with world() as it:
        old = await awake(it, 1)
        it.ready.clear()
        new = (await it.push(content=variant(2)))["id"]
        [replica] = await it.until(lambda: it.replicas(new))
        it.backend.exit(replica, code=3)
        await it.until(lambda: it.desired_state.environments[PRODUCTION].candidate_id is None)
        assert it.desired_state.points_at(PRODUCTION) == old
        shown = await it.get(f"{ECHO}/{new}")
        assert "exit code 3" in shown["reason"]
        assert (await it.get(f"{ECHO}/production"))["status"] == "ACTIVE"


async def test_deactivating_what_is_about_to_take_over_leaves_the_old_one(world):
    async with world() as it:
        old = await awake(it, 1)
        it.ready.clear()
        new = (await it.push(content=variant(2)))["id"]
        await it.until(lambda: it.replicas(new))
        await it.post(f"{ECHO}/{new}/deactivate")
        assert it.desired_state.environments[PRODUCTION].candidate_id is None
        assert it.desired_state.points_at(PRODUCTION) == old
        assert not it.desired_state.deployments[new].is_active


async def test_deleting_an_environment_gives_up_its_move_and_no_other_ones(world):
    async with world() as it:
        old = await awake(it, 1)
        await it.post(f"{ENVIRONMENTS}/staging/promote", {"deployment_id": old})
        it.ready.clear()
        new = (await it.push(content=variant(2)))["id"]
        await it.post(f"{ENVIRONMENTS}/staging/promote", {"deployment_id": new})
        await it.api.delete(f"{ENVIRONMENTS}/staging")
        assert it.desired_state.environments[PRODUCTION].candidate_id == new
        it.ready.set()
        await it.until(lambda: it.desired_state.points_at(PRODUCTION) == new)
