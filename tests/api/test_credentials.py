import dataclasses
import hashlib
import stat

import pytest

from fakes.control_plane import control_plane

KEYS = "/v1/api_keys"
SECRETS = "/v1/secrets"


def bearer(key):
    return {"authorization": f"Bearer {key}"}


async def test_a_key_is_shown_once_and_kept_as_a_digest(world, tmp_path):
    async with world() as it:
        made = await it.post(KEYS, {"name": "ci"}, expected=201)
        assert made.keys() == {"prefix", "name", "scopes", "created_at", "api_key"}
        assert made["api_key"].startswith(made["prefix"])
        assert made["scopes"] == ["inference", "manage"]
        listed = (await it.api.get(KEYS, headers=bearer(made["api_key"]))).json()
        del made["api_key"], listed["api_keys"][0]["created_at"], made["created_at"]
        assert listed == {"api_keys": [made]}
    for file in (tmp_path / "state").iterdir():
        assert made["prefix"].encode() + b"_" not in file.read_bytes()


async def test_from_the_first_key_on_every_call_needs_one_that_may_manage(world):
    async with world() as it:
        await it.get("/v1/models")
        manage = (await it.post(KEYS, {"scopes": ["manage"]}, expected=201))["api_key"]
        answer = await it.api.post(KEYS, json={"scopes": ["inference"]}, headers=bearer(manage))
        inference = answer.json()["api_key"]
        for header, status, code in [
            ({}, 401, "key_missing"),
            ({"authorization": manage}, 401, "key_missing"),
            ({"authorization": "Bearer "}, 401, "key_missing"),
            (bearer(manage + "0"), 401, "key_unknown"),
            (bearer("\xff"), 401, "key_unknown"),
            (bearer(inference), 403, "scope_missing"),
        ]:
            raw = {name: value.encode("latin-1") for name, value in header.items()}
            for path in ("/v1/models", "/metrics"):
                assert (await it.refused("GET", path, status, headers=raw))["code"] == code
            for path in (f"{SECRETS}", f"{KEYS}", "/v1/nothing"):
                await it.refused("POST", path, status, content=b"{ is not read", headers=raw)
        answer = await it.api.get("/v1/models")
        assert answer.headers["www-authenticate"] == "Bearer"
        for name in ("x-api-key", "api-key"):
            assert (await it.api.get("/v1/models", headers={name: manage})).status_code == 200
            await it.refused("GET", "/v1/models", 403, headers={name: inference})
        await it.refused("GET", f"/v1/models?api_key={manage}&access_token={manage}", 401)
        for scheme in ("Bearer", "bearer", "Api-Key", "API-KEY"):
            answer = await it.api.get("/v1/models", headers={"authorization": f"{scheme} {manage}"})
            assert answer.status_code == 200, scheme
        for path in ("/healthz", "/openapi.json", "/docs"):
            assert (await it.api.get(path)).status_code == 200
        digest = hashlib.sha256(inference.encode()).hexdigest()
        table = await it.gateway.table(lambda table: digest in table.keys)
        assert table.keys[digest] == ("inference",)


async def test_a_key_for_metrics_reads_metrics_and_nothing_else(world):
    async with world() as it:
        manage = bearer((await it.post(KEYS, {"scopes": ["manage"]}, expected=201))["api_key"])
        answer = await it.api.post(KEYS, json={"scopes": ["metrics"]}, headers=manage)
        metrics = bearer(answer.json()["api_key"])
        assert answer.json()["scopes"] == ["metrics"]
        for headers in (manage, metrics):
            assert (await it.api.get("/metrics", headers=headers)).status_code == 200
        for path in ("/v1/models", "/v1/events", KEYS, "/v1/metrics"):
            error = await it.refused("GET", path, 403, headers=metrics)
            assert error["code"] == "scope_missing"


async def test_the_first_key_must_be_able_to_manage(world):
    async with world() as it:
        error = await it.refused("POST", KEYS, 409, json={"scopes": ["inference"]})
        assert "manage" in error["hint"]
        assert await it.get(KEYS) == {"api_keys": []}
        for body in ({"scopes": []}, {"scopes": ["root"]}, {"name": "x" * 129}, {"nam": "x"}, {"name": "\0"}):
            await it.refused("POST", KEYS, 422, json=body)


@pytest.mark.parametrize("is_exposed", [False, True])
async def test_the_last_key_that_may_manage_goes_last_and_never_where_others_reach(
    tmp_path, monkeypatch, is_exposed
):
    it = control_plane(tmp_path, monkeypatch)
    async with it.running():
        first = await it.post(KEYS, {}, expected=201)
    it.options = dataclasses.replace(it.options, is_exposed=is_exposed)
    async with it.running():
        it.api.headers.update(bearer(first["api_key"]))
        second = await it.post(KEYS, {"scopes": ["inference"]}, expected=201)
        await it.refused("DELETE", f"{KEYS}/{first['prefix']}", 409)
        error = await it.refused("DELETE", f"{KEYS}/{first['prefix'][:-1]}", 404)
        assert first["prefix"] in error["hint"]
        assert (await it.api.delete(f"{KEYS}/{second['prefix']}")).status_code == 200
        last = await it.api.delete(f"{KEYS}/{first['prefix']}")
        assert last.status_code == (409 if is_exposed else 200)


async def test_a_key_that_was_deleted_is_unknown_at_once_and_after_a_restart(tmp_path, monkeypatch):
    it = control_plane(tmp_path, monkeypatch)
    async with it.running():
        keys = []
        for _ in range(2):
            headers = bearer(keys[0]["api_key"]) if keys else {}
            keys.append((await it.api.post(KEYS, json={}, headers=headers)).json())
        kept, gone = keys
        it.api.headers.update(bearer(kept["api_key"]))
        await it.api.delete(f"{KEYS}/{gone['prefix']}")
        await it.refused("GET", KEYS, 401, headers=bearer(gone["api_key"]))
    async with it.running():
        await it.refused("GET", KEYS, 401)
        await it.refused("GET", KEYS, 401, headers=bearer(gone["api_key"]))
        assert (await it.api.get(KEYS, headers=bearer(kept["api_key"]))).status_code == 200


async def test_a_secret_is_a_file_for_this_user_alone_and_is_never_shown(world, tmp_path):
    path = tmp_path / "secrets" / "hf_token"
    async with world() as it:
        for value in ("first", "sécond\n"):
            answer = await it.api.post(SECRETS, json={"name": "hf_token", "value": value})
            assert answer.status_code == 200
            assert answer.json().keys() == {"name", "created_at"}
            assert path.read_text(encoding="utf-8") == value
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [one.name for one in path.parent.iterdir()] == ["hf_token"]
        listed = await it.get(SECRETS)
        assert [one["name"] for one in listed["secrets"]] == ["hf_token"]
        assert "cond" not in str(listed)
        assert (await it.refused("DELETE", f"{SECRETS}/hf_tokn", 404))["hint"] == "did you mean hf_token?"
        assert (await it.api.delete(f"{SECRETS}/hf_token")).json() == {"success": True}
        assert list(path.parent.iterdir()) == []
        for name in ("", "../x", "a/b", ".hidden", "x" * 129, "a\n"):
            error = await it.refused("POST", SECRETS, 422, json={"name": name, "value": "x"})
            assert error["code"] == "invalid_secret", name
        for body in ({"name": "a"}, {"name": "a", "value": 1}, {"name": "a", "value": "\0"}):
            await it.refused("POST", SECRETS, 422, json=body)


async def test_an_invalid_body_is_refused_without_saying_its_value(world):
    async with world() as it:
        answer = await it.api.post(SECRETS, json={"name": "a", "value": ["hunter2"]})
        assert answer.status_code == 422
        assert "hunter2" not in answer.text


async def test_secrets_of_somebody_elses_folder_are_not_changed_here(world, tmp_path):
    async with world(secrets_dir=tmp_path / "theirs") as it:
        for method, path, body in [
            ("GET", SECRETS, None),
            ("POST", SECRETS, {"name": "a", "value": "b"}),
            ("DELETE", f"{SECRETS}/a", None),
        ]:
            assert (await it.refused(method, path, 409, json=body))["code"] == "refused"
