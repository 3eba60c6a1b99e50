"""Who changed what, as the store tells it."""

import pytest

from fakes.archives import truss_files
from fakes.control_plane import control_plane
from headway.control.credentials.authors import Author, asked_with, author
from headway.control.desired.state import Environment
from headway.control.operations.journal import Journal
from headway.control.operations.operations import Push
from headway.control.store.rows import KeyRow
from headway.control.store.store import Store
from headway.core.settings import DeploymentSettings

CI = KeyRow("hw_ci", "digest", "ci", ("manage",), 1.0)
NAMELESS = KeyRow("hw_1234", "digest", "", ("manage",), 1.0)


@pytest.fixture
def truss(tmp_path):
    """Writes a Truss anew; each number is another one."""

    def write(number=0):
        top = tmp_path / f"truss{number}"
        for name, text in truss_files("model_name: echo", **{"data/n": str(number)}).items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text, encoding="utf-8")
        return top

    return write


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Another life of the same control plane, each time."""
    return lambda: control_plane(tmp_path, monkeypatch).running()


async def told(it, deployment_id=None):
    """What is stored, the oldest first."""
    await it.plane.persistence.save()
    rows = await it.plane.persistence.call(it.plane.persistence.store.changes, "echo", deployment_id)
    return [row for _, row in reversed(rows)]


def brief(rows):
    return [(row.author, row.kind, row.field, row.before, row.after) for row in rows]


def test_who_asks_is_the_key_by_its_name_and_headway_itself_where_nobody_does():
    assert author() == Author("Headway")
    with asked_with(CI):
        assert author() == Author("ci", "hw_ci")
        with asked_with(None):
            assert author() == Author("no key")
        assert author() == Author("ci", "hw_ci")
    with asked_with(NAMELESS):
        assert author() == Author("hw_1234", "hw_1234")
    assert author() == Author("Headway")


async def test_a_push_that_takes_over_is_told_with_its_end_and_its_settings(make, truss):
    async with make() as it:
        operations = it.plane.operations
        with asked_with(CI):
            old = (await operations.push(truss(), Push(settings={"min_replica": 1}))).deployment_id
        await it.until(lambda: it.plane.supervisor.replicas.ready(old))
        with asked_with(None):
            new = (await operations.push(truss(1), Push(settings={"max_replica": 3}))).deployment_id
        await it.until(lambda: it.desired_state.points_at(("echo", "production")) == new)
        assert brief(await told(it)) == [
            ("ci", "push", "production", None, old),
            ("no key", "push", "production", old, new),
            ("no key", "setting", "max_replica", 1, 3),
            ("Headway", "takeover", "production", old, new),
        ]
        assert {row.deployment_id for row in await told(it, new)} == {new}
        assert [row.key_prefix for row in await told(it, old)] == ["hw_ci"]


async def test_each_setting_that_changes_is_a_row_and_what_stays_is_none(make, truss):
    async with make() as it:
        operations = it.plane.operations
        deployment_id = (await operations.push(truss(), Push())).deployment_id
        changes = {"queue_timeout": 5.5, "rollout": "replace", "retry_on_crash": True, "max_replica": 1}
        await operations.change_settings("echo", deployment_id, changes)
        await operations.change_settings("echo", deployment_id, changes)
        default = DeploymentSettings()
        assert brief(await told(it))[1:] == [
            ("Headway", "setting", name, getattr(default, name), changes[name])
            for name in ("queue_timeout", "retry_on_crash", "rollout")
        ]
        await operations.push(truss(), Push(settings={"max_replica": 2}))
        assert [row[1:] for row in brief(await told(it))[-2:]] == [
            ("push", "production", deployment_id, deployment_id),
            ("setting", "max_replica", 1, 2),
        ]


async def test_to_go_back_to_an_older_deployment_is_a_rollback(make, truss):
    async with make() as it:
        operations = it.plane.operations
        old = (await operations.push(truss(), Push())).deployment_id
        new = (await operations.push(truss(1), Push(environment=None))).deployment_id
        for deployment_id in (new, old):
            with asked_with(CI):
                await operations.promote("echo", "production", deployment_id)
            await it.until(
                lambda wanted=deployment_id: it.desired_state.points_at(("echo", "production")) == wanted
            )
        assert brief(await told(it))[2:] == [
            ("ci", "promotion", "production", old, new),
            ("Headway", "takeover", "production", old, new),
            ("ci", "rollback", "production", new, old),
            ("Headway", "takeover", "production", new, old),
        ]


async def test_what_is_given_up_is_told_with_its_reason_and_by_whom(make, truss):
    async with make() as it:
        operations = it.plane.operations
        old = (await operations.push(truss(), Push())).deployment_id
        it.may_prepare.clear()
        new = (await operations.push(truss(1), Push())).deployment_id
        with asked_with(CI):
            await operations.deactivate("echo", new)
        third = (await operations.push(truss(2), Push())).deployment_id
        fourth = (await operations.push(truss(3), Push())).deployment_id
        rows = [row for row in await told(it) if row.kind in {"given_up", "deactivation"}]
        assert brief(rows) == [
            ("ci", "given_up", "production", new, old),
            ("ci", "deactivation", "is_active", True, False),
            ("Headway", "given_up", "production", third, old),
        ]
        assert [row.reason for row in rows if row.reason] == [
            "it was called off",
            f"{fourth} was to take the place instead",
        ]
        await operations.deactivate("echo", new)
        await operations.activate("echo", new)
        assert brief(await told(it, new))[-1] == ("Headway", "activation", "is_active", False, True)
        assert [row.kind for row in await told(it, new)].count("deactivation") == 1


async def test_why_a_start_failed_is_the_reason_that_a_move_was_given_up(make, truss):
    async with make() as it:
        operations = it.plane.operations
        await operations.push(truss(), Push())
        await it.until(lambda: it.prepared)
        it.preparation_fails = RuntimeError("no such package")
        await operations.push(truss(1), Push())
        await it.until(lambda: not list(it.desired_state.rollouts()))
        last = (await told(it))[-1]
        assert (last.author, last.kind) == ("Headway", "given_up")
        assert "no such package" in last.reason


async def test_environments_and_deletions_are_told_once(make, truss):
    async with make() as it:
        operations = it.plane.operations
        kept = (await operations.push(truss(), Push())).deployment_id
        gone = (await operations.push(truss(1), Push(environment=None))).deployment_id
        await operations.create_environment("echo", "staging")
        await operations.promote("echo", "staging", kept)
        with asked_with(CI):
            await operations.deletions.environment("echo", "staging")
            for _ in range(2):
                await operations.deletions.deployment("echo", gone)
        await operations.deletions.finish()
        assert gone not in it.desired_state.deployments
        assert brief(await told(it))[2:] == [
            ("Headway", "environment_creation", "staging", None, None),
            ("Headway", "promotion", "staging", None, kept),
            ("ci", "environment_deletion", "staging", kept, None),
            ("ci", "deletion", "", None, None),
        ]
        assert [row.kind for row in await told(it, gone)] == ["push", "deletion"], (
            "they outlive the deployment"
        )


async def test_the_history_outlives_control_and_goes_with_the_model(make, truss):
    async with make() as it:
        operations = it.plane.operations
        deployment_id = (await operations.push(truss(), Push())).deployment_id
        await operations.change_settings("echo", deployment_id, {"max_replica": 2})
        before = await told(it)
    async with make() as it:
        assert await told(it) == before
        assert len(before) == 2
        operations = it.plane.operations
        await operations.deletions.model("echo")
        assert [row.kind for row in await told(it)][-1] == "model_deletion"
        await it.until(lambda: "echo" not in it.desired_state.models)
        assert await told(it) == []
        await operations.push(truss(), Push())
        assert [row.kind for row in await told(it)] == ["push"]


async def test_a_model_that_was_to_go_and_is_wanted_again_has_only_what_is_new(make, truss):
    async with make() as it:
        operations = it.plane.operations
        push = Push(settings={"min_replica": 1})
        deployment_id = (await operations.push(truss(), push)).deployment_id
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        await operations.deletions.model("echo")
        await operations.push(truss(), push)
        assert [row.kind for row in await told(it)] == ["push"]


async def test_what_could_not_be_stored_is_stored_later(make, truss, monkeypatch):
    async with make() as it:
        operations = it.plane.operations
        deployment_id = (await operations.push(truss(), Push())).deployment_id
        with monkeypatch.context() as broken:
            broken.setattr(Store, "add_changes", _fail)
            with pytest.raises(OSError, match="full"):
                await operations.change_settings("echo", deployment_id, {"max_replica": 2})
        await operations.change_settings("echo", deployment_id, {"max_replica": 3})
        assert [row[3:] for row in brief(await told(it))[1:]] == [(1, 2), (2, 3)]


def _fail(*_arguments, **_options):
    raise OSError("the disk is full")


def test_a_reason_that_no_database_takes_as_it_is_can_be_stored_and_is_not_endless():
    rows = []
    environment = Environment("echo", "production", "old", candidate_id="new")
    Journal(rows.append).rollout_ended(environment, "half \ud83d, none \0, and more" + "x" * 10_000)
    [row] = rows
    assert row.reason.startswith("half \\ud83d, none \\x00, and more")
    assert len(row.reason) <= 2001
    assert (row.kind, row.before, row.after) == ("given_up", "new", "old")
