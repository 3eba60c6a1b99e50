import dataclasses
import math

import pytest

from control.gateway_double import GatewayDouble
from fakes.archives import tar, truss_files
from fakes.cluster import until
from headway.control.operations import operations
from headway.core.settings import DeploymentSettings, bounds_of

ECHO = "/v1/models/echo/deployments"
PATHS = f"{ECHO}/production/settings", f"{ECHO}/production/autoscaling_settings"
FIELDS = [field.name for field in dataclasses.fields(DeploymentSettings)]


@pytest.mark.parametrize("path", PATHS)
async def test_some_settings_are_changed_and_the_others_stay(world, path):
    async with world() as it:
        deployment_id = await it.serving()
        answer = await it.api.patch(path, json={"max_replica": 4, "queue_timeout": 3})
        assert answer.status_code == 200
        changed = answer.json()
        assert changed.keys() == {"settings", "version", "warnings", "status", "message"}
        assert (changed["status"], changed["version"]) == ("ACCEPTED", 2)
        expected = DeploymentSettings(max_replica=4, queue_timeout=3)
        assert changed["settings"] == dataclasses.asdict(expected)
        assert it.desired_state.deployments[deployment_id].settings == expected
        again = (await it.api.patch(path, json={"max_replica": 4})).json()
        assert (again["status"], again["version"]) == ("UNCHANGED", 2)
        await it.gateway.table(lambda table: [one.settings for one in table.deployments] == [expected])


async def test_the_version_is_the_etag_and_if_match_refuses_what_was_not_seen(world):
    async with world() as it:
        await it.serving()
        read = await it.api.get(PATHS[0])
        assert (read.headers["etag"], read.json()["version"]) == ('"1"', 1)
        changed = await it.api.patch(PATHS[0], json={"max_replica": 2}, headers={"if-match": '"1"'})
        assert changed.headers["etag"] == '"2"'
        stale = await it.refused("PATCH", PATHS[0], 412, json={"max_replica": 3}, headers={"if-match": '"1"'})
        assert stale["code"] == "stale"
        assert "version 2, not 1" in stale["message"]
        for version, seen in enumerate(("*", '"3"', 'W/"4"', "5")):
            change = {"max_replica": 10 + version}
            answer = await it.api.patch(PATHS[0], json=change, headers={"if-match": seen})
            assert answer.status_code == 200, seen
        await it.refused("PATCH", PATHS[0], 422, json={"max_replica": 3}, headers={"if-match": "yesterday"})


async def test_a_target_below_the_predict_concurrency_is_warned_of(world):
    config = "model_name: echo\nruntime: {predict_concurrency: 4}"
    async with world() as it:
        await it.serving(content=tar(truss_files(config)))
        answer = (await it.api.patch(PATHS[0], json={"concurrency_target": 2})).json()
        [warning] = answer["warnings"]
        assert "concurrency_target 2 is below predict_concurrency 4" in warning
        assert (await it.get(PATHS[0]))["warnings"] == [warning]
        assert (await it.get(f"{ECHO}/production"))["warnings"] == [warning]
        assert (await it.api.patch(PATHS[0], json={"concurrency_target": 4})).json()["warnings"] == []


async def test_every_bound_of_every_setting_holds(world):
    async with world() as it:
        await it.serving()
        schema = (await it.get("/openapi.json"))["paths"][
            "/v1/models/{model}/deployments/{deployment}/settings"
        ]
        described = schema["patch"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        assert list(described) == FIELDS
        for name in FIELDS:
            bounds = bounds_of(name)
            limits = {"low": bounds.low, "high": bounds.high}
            assert described[name].get("minimum", -math.inf) == limits["low"]
            assert described[name].get("maximum", math.inf) == limits["high"]
            wrong = [None, "nothing", [], {"a": 1}]
            wrong += [limits["low"] - 1] if math.isfinite(limits["low"]) else []
            wrong += [limits["high"] + 1] if math.isfinite(limits["high"]) else []
            for value in wrong:
                error = await it.refused("PATCH", PATHS[0], 422, json={name: value})
                assert error["code"] == "invalid_setting"
                assert name in error["message"]
                assert error["hint"]
        assert (await it.get(PATHS[0]))["version"] == 1


async def test_what_is_no_change_of_settings_is_refused(world):
    async with world() as it:
        await it.serving()
        error = await it.refused("PATCH", PATHS[0], 422, json={"concurency_target": 2})
        assert error["hint"] == "did you mean concurrency_target?"
        error = await it.refused("PATCH", PATHS[0], 422, json={"min_replica": 2})
        assert error["hint"] == "raise max_replica or lower min_replica"
        for body in ([], 1, "x", None):
            await it.refused("PATCH", PATHS[0], 422, json=body)
        is_json = {"content-type": "application/json"}
        for content in (b"", b"{", b'{"queue_timeout": NaN}', b'{"queue_timeout": 1e999}'):
            await it.refused("PATCH", PATHS[0], 422, content=content, headers=is_json)
        for content in (b"\xff", b'{"queue_limit": ' + b"[" * 100_000):
            error = await it.refused("PATCH", PATHS[0], 400, content=content, headers=is_json)
            assert error["code"] == "bad_request"


async def test_a_preview_says_what_a_change_would_do_and_changes_nothing(world):
    config = "model_name: echo\nruntime: {predict_concurrency: 4}"
    async with world() as it:
        await it.serving(content=tar(truss_files(config)))
        change = {"min_replica": 3, "max_replica": 5, "concurrency_target": 2}
        preview = await it.post(f"{PATHS[0]}/preview", change, 200)
        assert {**preview["settings"], **change} == preview["settings"]
        assert (preview["needed"], preview["desired"], preview["capacity"]) == (3, 3, 6)
        assert preview["text"] == "3 replicas at the present load"
        assert "min_replica is 3" in preview["reason"]
        assert "below predict_concurrency 4" in preview["warnings"][0]
        unchanged = await it.get(PATHS[0])
        assert (unchanged["version"], unchanged["settings"]["min_replica"]) == (1, 0)
        await it.refused("POST", f"{PATHS[0]}/preview", 422, json={"min_replica": 9})


async def test_a_preview_tells_of_replicas_that_stay_for_the_delay(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 2, "max_replica": 2}')
        await it.until(lambda: len(it.replicas(deployment_id)) == 2)
        preview = await it.post(f"{PATHS[0]}/preview", {"min_replica": 0}, 200)
        assert (preview["present"], preview["needed"], preview["desired"]) == (2, 0, 2)
        assert preview["text"] == "0 replicas at the present load; 2 until scale_down_delay is over"


async def test_a_change_is_told_to_be_in_force_only_when_the_gateway_says_so(world, monkeypatch):
    async with world() as it:
        await it.serving()
        assert (await it.api.patch(PATHS[0], json={"max_replica": 2})).json()["message"] == "in force"
        monkeypatch.setattr(operations, "_IN_FORCE_WITHIN", 0.01)
        it.gateway.applies = False
        late = (await it.api.patch(PATHS[0], json={"max_replica": 3})).json()
        assert (late["status"], late["message"]) == ("ACCEPTED", "stored, the gateway does not answer")
        assert (await it.api.patch(PATHS[0], json={"max_replica": 3})).json()["message"] == "nothing changed"
        it.gateway.close()
        await until(lambda: not it.plane.supervisor.link.is_up)
        away = (await it.api.patch(PATHS[0], json={"max_replica": 4})).json()
        assert away["message"] == "stored, the gateway does not answer"


async def test_a_change_is_in_force_when_every_gateway_says_so(world, monkeypatch):
    monkeypatch.setattr(operations, "_IN_FORCE_WITHIN", 0.01)
    async with world() as it:
        await it.serving()
        silent = await GatewayDouble.dial(it.options.link_path, "g1", applies=False)
        await until(lambda: len(it.plane.supervisor.link._writers) == 2)
        told = (await it.api.patch(PATHS[0], json={"max_replica": 2})).json()
        assert told["message"] == "stored, the gateway does not answer"
        silent.close()
