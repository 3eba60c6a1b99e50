import dataclasses
import json
import time

import pytest

from fakes.archives import tar, truss_files
from headway.api.schemas import resources, traffic
from headway.control.packages.entries import PreparationError
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load

ECHO = "/v1/models/echo/deployments"


def variant(number, **settings):
    """Another Truss of the same model."""
    options = f"{{headway: {json.dumps(settings)}}}"
    return tar(truss_files(f"model_name: echo\nmodel_metadata: {options}", **{"data/n": str(number)}))


def names(kind):
    return {field.name for field in dataclasses.fields(kind)}


async def test_a_pushed_model_is_prepared_started_and_shown_whole(world):
    async with world() as it:
        it.may_prepare.clear()
        pushed = await it.push(settings='{"min_replica": 1}', name="first")
        assert pushed.keys() == names(resources.Deployment)
        assert pushed["status"] == "BUILDING"
        assert pushed["preparation"].keys() == {"began_at", "line"}
        assert (pushed["name"], pushed["model_id"], pushed["model_name"]) == ("first", "echo", "echo")
        assert pushed["environments"] == ["production"]
        assert pushed["is_production"]
        assert pushed["settings"] == dataclasses.asdict(DeploymentSettings(min_replica=1))
        assert pushed["autoscaling_settings"].items() <= pushed["settings"].items()
        it.may_prepare.set()
        await it.until(lambda: it.plane.supervisor.replicas.ready(pushed["id"]))
        shown = await it.get(f"{ECHO}/{pushed['id']}")
        assert shown["status"] == "ACTIVE"
        assert shown["preparation"] is None
        assert (shown["predict_concurrency"], shown["concurrency_target"]) == (1, 1)
        counts = ("active_replica_count", "ready_replicas", "present_replicas", "desired_replicas")
        assert [shown[name] for name in counts] == [1, 1, 1, 1]
        assert shown["desired_reason"]
        assert await it.get(f"{ECHO}/production") == shown
        assert await it.get(ECHO) == {"deployments": [shown]}
        [replica] = (await it.get(f"{ECHO}/production/replicas"))["replicas"]
        assert replica.keys() == names(resources.Replica)
        assert (replica["id"], replica["state"], replica["restarts"]) == ("echo-1", "ready", 0)


async def test_models_sum_up_what_their_deployments_do(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        load = Load(time.monotonic(), 3, 1, 1.0, 1.0, 1.0, arrivals=9, finished=5)
        loads = {deployment_id: {**dataclasses.asdict(load), "abandoned": 0, "held": {"echo-1": 1}}}
        it.gateway.tell(type="load", deployments=loads)
        await it.until(lambda: it.plane.supervisor.link.held("echo-1"))
        model = await it.get("/v1/models/echo")
        assert model.keys() == names(resources.Model)
        assert await it.get("/v1/models") == {"models": [model]}
        assert (model["id"], model["production_deployment_id"]) == ("echo", deployment_id)
        assert (model["status"], model["environments"]) == ("ACTIVE", ["production"])
        assert [model[name] for name in ("queued", "in_flight", "ready_replicas")] == [3, 1, 1]


async def test_what_does_not_exist_is_answered_with_the_nearest_that_does(world):
    async with world() as it:
        deployment_id = await it.serving()
        for path, near in [
            ("/v1/models/ecko", "echo"),
            ("/v1/models/ecko/deployments", "echo"),
            (f"/v1/models/ecko/deployments/{deployment_id}", "echo"),
            (f"{ECHO}/{deployment_id[:-1]}", deployment_id),
            (f"{ECHO}/prodiction", "production"),
            (f"{ECHO}/prodiction/settings", "production"),
            (f"{ECHO}/prodiction/replicas", "production"),
            (f"{ECHO}/prodiction/decisions", "production"),
            (f"{ECHO}/prodiction/logs", "production"),
            ("/v1/models/echo/environments/prodiction", "production"),
        ]:
            error = await it.refused("GET", path, 404)
            assert error["code"] == "not_found"
            assert error["hint"] == f"did you mean {near}?", path
        assert (await it.refused("GET", "/v1/nothing", 404))["code"] == "not_found"
        assert (await it.refused("PUT", "/v1/models", 405))["code"] == "method_not_allowed"
        for path, allowed in [
            ("/v1/models", "GET, HEAD, POST"),
            (f"{ECHO}/x/settings", "GET, HEAD, PATCH"),
            ("/healthz", "GET, HEAD"),
        ]:
            assert (await it.api.put(path)).headers["allow"] == allowed


async def test_the_same_contents_pushed_twice_are_one_deployment(world):
    async with world() as it:
        first = await it.push(settings='{"max_replica": 3}')
        again = await it.push(
            content=tar(truss_files(), folder="other/"), settings='{"max_replica": 4}', name="n"
        )
        assert again["id"] == first["id"]
        assert (again["settings"]["max_replica"], again["settings_version"]) == (4, 2)
        assert again["name"] == "n"
        assert len(it.desired_state.deployments) == 1
        other = await it.push(content=variant(1))
        assert other["id"] != first["id"]


async def test_a_model_gets_its_name_from_its_config_unless_the_path_has_one(world):
    async with world() as it:
        for name, files, folder in [
            ("echo", truss_files(), ""),
            ("from.folder_1", truss_files(""), "from.folder_1/"),
        ]:
            answer = await it.api.post("/v1/models", content=tar(files, folder=folder))
            assert (answer.status_code, answer.json()["model_id"]) == (202, name)
        nameless = await it.refused("POST", "/v1/models", 422, content=tar(truss_files("")))
        assert nameless["code"] == "invalid_name"
        assert (await it.push("given"))["model_id"] == "given"


async def test_what_cannot_be_pushed_changes_nothing(world):
    async with world() as it:
        for query, code in [
            ({"settings": '{"queue_limt": 1}'}, "invalid_setting"),
            ({"settings": '{"concurrency_target": 0}'}, "invalid_setting"),
            ({"settings": "[1]"}, "invalid_setting"),
            ({"settings": "{"}, "invalid_setting"),
            ({"settings": "[" * 20_000}, "invalid_setting"),
            ({"environment": "no/name"}, "invalid_name"),
            ({"name": "x" * 129}, "invalid_request"),
            ({"name": "a\0"}, "invalid_request"),
        ]:
            error = await it.refused("POST", ECHO, 422, content=tar(truss_files()), params=query)
            assert error["code"] == code, query
        error = await it.refused("POST", "/v1/models/-x/deployments", 422, content=tar(truss_files()))
        assert error["code"] == "invalid_name"
        assert await it.get("/v1/models") == {"models": []}
        assert it.desired_state.deployments == {}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (truss_files("runtime: {predict_concurrency: none}"), "predict_concurrency"),
        (truss_files("a: [1"), "YAML"),
        (truss_files("a: " + "[" * 5000), "config.yaml"),
        (truss_files("model_metadata: {headway: {queue_limt: 1}}"), "queue_limit"),
        (truss_files("model_metadata: {headway: {queue_limit: -1}}"), "queue_limit"),
        (truss_files(model="class Modle: ..."), "no class Model"),
        (truss_files(model="def :"), "model/model.py:1"),
        (truss_files(model="x = " + "-" * 100_000 + "1"), "nested"),
    ],
)
async def test_a_truss_that_cannot_be_served_is_refused_with_the_place(world, files, says):
    async with world() as it:
        error = await it.refused("POST", ECHO, 422, content=tar(files))
        assert error["code"] in {"invalid_truss", "invalid_setting"}
        assert says in f"{error['message']} {error['hint']}"
        assert await it.get("/v1/models") == {"models": []}


async def test_a_later_push_inherits_the_settings_and_what_its_config_says_anew(world):
    async with world() as it:
        await it.serving(content=variant(1, queue_limit=5, min_replica=1), settings='{"max_replica": 8}')
        await it.api.patch(f"{ECHO}/production/settings", json={"queue_limit": 6, "queue_timeout": 9})
        same = await it.push(content=variant(2, queue_limit=5, min_replica=1))
        names = ("queue_limit", "queue_timeout", "max_replica", "min_replica")
        assert [same["settings"][name] for name in names] == [6, 9, 8, 1]
        said = await it.push(content=variant(3, queue_limit=7, min_replica=1), settings='{"max_replica": 9}')
        assert [said["settings"][name] for name in names] == [7, 9, 9, 1]
        await it.until(lambda: it.desired_state.points_at(("echo", "production")) == said["id"])
        elsewhere = await it.push(content=variant(4), environment="staging")
        assert elsewhere["settings"]["queue_limit"] == 10_000, "it follows nobody"
        alone = await it.push(content=variant(5), environment="")
        assert alone["settings"]["queue_limit"] == 7, "what serves production"
        assert alone["environments"] == []


async def test_the_target_follows_the_predict_concurrency_until_somebody_chooses_one(world):
    def wide(places):
        return tar(truss_files(f"model_name: echo\nruntime: {{predict_concurrency: {places}}}"))

    async with world() as it:
        it.preparation_fails = PreparationError("no network")
        assert (await it.push(content=wide(4)))["concurrency_target"] == 4
        assert (await it.push(content=wide(8)))["concurrency_target"] == 8, (
            "though the first was never prepared"
        )
        it.preparation_fails = None
        await it.serving(content=wide(6))
        await it.api.patch(f"{ECHO}/production/settings", json={"concurrency_target": 3})
        chosen = await it.push(content=wide(2))
        assert chosen["concurrency_target"] == 3


async def test_a_preparation_that_fails_is_told_and_tried_again_when_asked(world):
    async with world() as it:
        it.preparation_fails = PreparationError("no such package: nope", hint="see requirements")
        deployment_id = (await it.push())["id"]
        await it.until(lambda: it.desired_state.deployments[deployment_id].failure)
        shown = await it.get(f"{ECHO}/production")
        assert shown["status"] == "BUILD_FAILED"
        assert shown["reason"] == "no such package: nope (see requirements)"
        table = await it.gateway.table(lambda table: table.deployments and table.deployments[0].reason)
        assert (table.deployments[0].state.value, table.deployments[0].reason) == ("failed", shown["reason"])
        it.preparation_fails = None
        assert (await it.post(f"{ECHO}/{deployment_id}/activate"))["status"] != "BUILD_FAILED"
        await it.until(lambda: it.desired_state.deployments[deployment_id].prepared)
        assert (await it.get(f"{ECHO}/production"))["status"] == "SCALED_TO_ZERO"


async def test_deactivated_it_refuses_and_activated_it_serves_again(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        assert (await it.post(f"{ECHO}/production/deactivate"))["status"] == "INACTIVE"
        error = await it.refused("POST", f"{ECHO}/production/wake", 409)
        assert error["hint"] == "activate it"
        await it.drain(deployment_id)
        assert (await it.get(f"{ECHO}/production"))["status"] == "INACTIVE"
        assert (await it.post(f"{ECHO}/production/activate"))["status"] != "INACTIVE"
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))


async def test_waking_starts_one_replica_of_what_has_none(world):
    async with world() as it:
        deployment_id = await it.serving()
        assert (await it.get(f"{ECHO}/production"))["status"] == "SCALED_TO_ZERO"
        it.ready.clear()
        await it.post(f"{ECHO}/production/wake")
        await it.until(lambda: it.replicas(deployment_id))
        assert (await it.get(f"{ECHO}/production"))["status"] == "DEPLOYING"
        it.ready.set()
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        decisions = (await it.get(f"{ECHO}/production/decisions"))["decisions"]
        assert decisions[0].keys() == names(traffic.Decision)
        assert [one["desired"] for one in decisions] == [1, 0]
        assert decisions[0]["inputs"]
        assert len((await it.get(f"{ECHO}/production/decisions?limit=1"))["decisions"]) == 1
        for limit in (0, 1001, "x"):
            await it.refused("GET", f"{ECHO}/production/decisions?limit={limit}", 422)


async def test_a_crashed_replica_shows_why(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        it.backend.exit("echo-1", signal=9)
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        shown = await it.get(f"{ECHO}/production")
        assert shown["reason"] == "killed by signal 9"
        [replica] = (await it.get(f"{ECHO}/production/replicas"))["replicas"]
        assert (replica["restarts"], replica["last_exit"]) == (1, "killed by signal 9")


async def test_what_an_environment_uses_cannot_be_deleted_and_the_rest_is_drained_first(world):
    async with world() as it:
        old = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(old))
        error = await it.refused("DELETE", f"{ECHO}/{old}", 409)
        assert error["code"] == "refused"
        assert "production" in error["message"]
        new = await it.serving(content=variant(2))
        gone = await it.api.delete(f"{ECHO}/{old}")
        assert (gone.status_code, gone.json()["status"]) == (202, "DELETING")
        assert (await it.refused("POST", f"{ECHO}/{old}/activate", 409))["hint"] == "push it again"
        await it.refused("POST", f"{ECHO}/{old}/promote", 409)
        assert [one["id"] for one in (await it.get(ECHO))["deployments"]] == [old, new]
        await it.drain(old)
        await it.until(lambda: old not in it.desired_state.deployments)
        await it.plane.persistence.save()
        stored = await it.plane.persistence.call(it.plane.persistence.store.load)
        assert [row.deployment_id for row in stored.deployments] == [new]


async def test_pushed_again_while_it_is_deleted_it_stays(world):
    async with world() as it:
        await it.serving()
        old = (await it.push(content=variant(2), environment=""))["id"]
        await it.api.delete(f"{ECHO}/{old}")
        again = await it.push(content=variant(2), environment="")
        assert again["id"] == old
        assert again["status"] in {"BUILDING", "SCALED_TO_ZERO", "DEPLOYING"}
        await it.until(lambda: it.desired_state.deployments[old].prepared)
        assert it.desired_state.deployments[old].is_active


async def test_a_deleted_model_goes_with_everything_and_its_name_is_free_again(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        await it.post("/v1/models/echo/environments", {"name": "staging"}, expected=201)
        answer = await it.api.delete("/v1/models/echo")
        assert (answer.status_code, answer.json()) == (202, {"success": True})
        await it.drain(deployment_id)
        await it.until(lambda: not it.desired_state.models)
        await it.refused("GET", "/v1/models/echo", 404)
        await it.plane.persistence.save()
        stored = await it.plane.persistence.call(it.plane.persistence.store.load)
        assert (stored.models, stored.deployments, stored.environments) == ((), (), ())
        await it.serving()


async def test_a_model_can_be_deleted_while_its_environment_is_about_to_move(world):
    async with world() as it:
        old = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(old))
        it.ready.clear()
        new = (await it.push(content=variant(2)))["id"]
        await it.until(lambda: it.replicas(new))
        await it.api.delete("/v1/models/echo")
        await it.drain(old)
        await it.until(lambda: not it.desired_state.models)
        assert it.backend.replicas == {}
