"""The history of changes, as the API tells it."""

import asyncio

from fakes.archives import tar, truss_files

MODEL = "/v1/models/echo"
SETTINGS = f"{MODEL}/deployments/production/settings"


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def another(number):
    return tar(truss_files("model_name: echo", n=str(number)))


async def told(it, path=f"{MODEL}/changes", **query):
    answer = await it.api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["changes"]


async def test_a_change_says_who_made_it_when_and_of_what(world):
    async with world() as it:
        deployment_id = await it.serving()
        before = await it.get(f"{MODEL}/deployments/production")
        await it.api.patch(SETTINGS, json={"max_replica": 4, "queue_timeout": 3})
        second, first, push = await told(it)
        assert {**first, "id": 0, "at": ""} == {
            "id": 0,
            "at": "",
            "by": "no key",
            "key_prefix": None,
            "kind": "setting",
            "deployment_id": deployment_id,
            "field": "max_replica",
            "before": 1,
            "after": 4,
            "reason": "",
        }
        assert (second["field"], second["before"], second["after"]) == ("queue_timeout", 1200.0, 3.0)
        assert (push["kind"], push["field"], push["before"]) == ("push", "production", None)
        assert push["after"] == deployment_id
        assert second["id"] > first["id"] > push["id"]
        assert first["at"] >= push["at"] >= before["created_at"]


async def test_who_is_the_key_by_its_name_and_never_its_secret(world):
    async with world() as it:
        await it.serving()
        ci = (await it.post("/v1/api_keys", {"name": "ci"}, expected=201))["api_key"]
        answer = await it.api.post("/v1/api_keys", json={"scopes": ["manage"]}, headers=bearer(ci))
        nameless = answer.json()["api_key"]
        for number, key in enumerate((ci, nameless)):
            changed = await it.api.patch(SETTINGS, json={"max_replica": 2 + number}, headers=bearer(key))
            assert changed.status_code == 200
        await it.refused("GET", f"{MODEL}/changes", 401)
        answer = await it.api.get(f"{MODEL}/changes", headers=bearer(ci))
        newest, middle, oldest = answer.json()["changes"]
        assert (newest["by"], newest["key_prefix"]) == (nameless[:11], nameless[:11])
        assert (middle["by"], middle["key_prefix"]) == ("ci", ci[:11])
        assert (oldest["by"], oldest["key_prefix"]) == ("no key", None)
        assert ci not in answer.text
        assert nameless not in answer.text
        await it.api.delete(f"/v1/api_keys/{ci[:11]}", headers=bearer(nameless))
        answer = await it.api.get(f"{MODEL}/changes", headers=bearer(nameless))
        assert answer.json()["changes"][1]["by"] == "ci", "it stays told when its key is gone"


async def test_requests_at_once_are_told_of_their_own_keys(world):
    async with world() as it:
        await it.serving()
        root = bearer((await it.post("/v1/api_keys", {"name": "root"}, expected=201))["api_key"])
        keys = {}
        for name in ("a", "b", "c"):
            made = await it.api.post("/v1/api_keys", json={"name": name}, headers=root)
            keys[name] = made.json()["api_key"]
        fields = {"a": "queue_limit", "b": "max_replica", "c": "backlog_drain"}
        await asyncio.gather(
            *(
                it.api.patch(SETTINGS, json={fields[name]: 7 + turn}, headers=bearer(keys[name]))
                for turn in range(5)
                for name in fields
            )
        )
        answer = (await it.api.get(f"{MODEL}/changes", headers=root)).json()["changes"]
        settings = [one for one in answer if one["kind"] == "setting"]
        assert len(settings) == 15
        assert all(fields[one["by"]] == one["field"] for one in settings)


async def test_they_come_page_by_page_of_a_model_or_one_deployment(world):
    async with world() as it:
        old = await it.serving()
        new = await it.serving(content=another(1))
        for number in range(3):
            await it.api.patch(SETTINGS, json={"max_replica": 2 + number})
        everything = await told(it)
        assert [one["after"] for one in everything[:3]] == [4, 3, 2]
        page = await told(it, limit=2)
        assert page == everything[:2]
        assert await told(it, older_than=page[-1]["id"]) == everything[2:]
        of_new = await told(it, f"{MODEL}/deployments/{new}/changes")
        assert of_new == [one for one in everything if one["deployment_id"] == new]
        assert await told(it, f"{MODEL}/deployments/production/changes") == of_new
        assert [one["kind"] for one in await told(it, f"{MODEL}/deployments/{old}/changes")] == ["push"]


async def test_what_is_not_there_has_no_history_and_odd_pages_are_refused(world):
    async with world() as it:
        await it.serving()
        await it.refused("GET", "/v1/models/ecco/changes", 404)
        await it.refused("GET", f"{MODEL}/deployments/nothing/changes", 404)
        for query in ("limit=0", "limit=1001", "older_than=-1", "older_than=x"):
            await it.refused("GET", f"{MODEL}/changes?{query}", 422)
