import asyncio
import re
import sys
import threading
from pathlib import Path

import pytest

from headway.control.desired.state import Deployment, DesiredState, Prepared
from headway.control.operations import preparations as preparations_module
from headway.control.operations.preparations import Places, Preparations, example_input
from headway.control.packages.entries import PreparationError
from headway.control.packages.preparation import PreparedModel
from headway.model_server.truss.truss_config import parse_config


class Story:
    """Preparations whose outcome the test says; `done` are the ids in their order."""

    def __init__(self, directory):
        self.desired_state, self.done, self.finished = DesiredState(), [], asyncio.Queue()
        self.places = Places(directory)
        self.preparations = Preparations(self.desired_state, self.places, self.finished.put_nowait)
        self.outcomes = {}

    def prepare(self, source, *, progress, **_):
        progress(f"working on {source}\n")
        outcome = self.outcomes[source.name]
        if isinstance(outcome, Exception):
            raise outcome
        return PreparedModel(parse_config(outcome, source), source, Path(sys.executable), {}, ("careful",))

    def add(self, name, outcome):
        self.outcomes[name] = outcome
        self.desired_state.put(Deployment(name, "echo", source=Path("/snapshots") / name))
        self.preparations.order(name)

    def log(self, name):
        return self.places.build_log(name).read_text(encoding="utf-8")


@pytest.fixture
def tell(tmp_path, monkeypatch):
    async def run(story):
        world = Story(tmp_path)
        monkeypatch.setattr(preparations_module, "prepare", world.prepare)
        world.running = asyncio.create_task(world.preparations.run())
        try:
            await story(world)
        finally:
            world.running.cancel()
            await asyncio.wait([world.running])

    return run


async def test_trusses_are_prepared_one_after_another_in_the_order_of_their_coming(tell):
    async def story(world):
        for name in ("a", "b"):
            world.add(name, "runtime: {predict_concurrency: 3}")
        world.preparations.order("a")
        assert world.preparations.progress("a").line == "waits for its turn"
        assert [await world.finished.get() for _ in range(2)] == ["a", "b"]
        assert world.finished.empty(), "ordered twice, done once"
        prepared = world.desired_state.deployments["b"].prepared
        assert (prepared.predict_concurrency, prepared.warnings) == (3, ("careful",))
        assert world.preparations.progress("b") is None
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z working on /snapshots/a\n", world.log("a")
        )

    await tell(story)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PreparationError("no such package", hint="look"), "no such package (look)"),
        (RuntimeError("a bug"), "preparing it broke: RuntimeError('a bug')"),
    ],
)
async def test_one_that_fails_says_why_and_keeps_nobody_else_from_being_prepared(tell, error, reason):
    async def story(world):
        world.add("a", error)
        world.add("b", "")
        await world.finished.get()
        await world.finished.get()
        assert world.desired_state.deployments["a"].failure == reason
        assert str(error) in world.log("a")
        assert world.desired_state.deployments["b"].prepared

    await tell(story)


async def test_what_changes_while_it_is_prepared_stays_changed(tell):
    async def story(world):
        world.add("a", "")
        world.add("b", "")
        changed = Deployment("a", "echo", version=5, is_active=False, source=Path("/snapshots/a"))
        world.desired_state.put(changed)
        world.desired_state.remove_deployment("b")
        await world.finished.get()
        await world.finished.get()
        now = world.desired_state.deployments["a"]
        assert (now.version, now.is_active) == (5, False)
        assert now.prepared
        assert list(world.desired_state.deployments) == ["a"]

    await tell(story)


async def test_one_that_is_under_way_when_control_ends_is_ended_and_put_nowhere(tell, monkeypatch, caplog):
    begun, ended = threading.Event(), threading.Event()
    monkeypatch.setattr(preparations_module.commands, "end_all", ended.set)

    async def story(world):
        def prepare(*_, **__):
            begun.set()
            assert ended.wait(10), "nobody ended it"
            raise PreparationError("killed")

        monkeypatch.setattr(preparations_module, "prepare", prepare)
        world.add("a", "")
        await asyncio.to_thread(begun.wait, 10)
        world.running.cancel()
        await asyncio.wait([world.running])
        assert ended.is_set()
        assert world.desired_state.deployments["a"].failure == "", "the next control prepares it"
        assert world.log("a").endswith("Z given up, for Headway ends\n")
        assert not caplog.records, "nothing is wrong with the model"

    await tell(story)


async def test_the_build_log_is_bounded_while_the_build_goes_on(tell, monkeypatch):
    monkeypatch.setattr(preparations_module, "_LOG_LIMIT_BYTES", 64 * 1024)
    kept = []

    async def story(world):
        def floods(source, *, progress, **_):
            for _ in range(200):
                progress("x" * 1024)
                kept.append(world.places.build_log("a").stat().st_blocks * 512)
            return PreparedModel(parse_config("", source), source, Path(sys.executable), {}, ())

        monkeypatch.setattr(preparations_module, "prepare", floods)
        world.add("a", "")
        await world.finished.get()
        assert 0 < max(kept) <= 3 * 64 * 1024

    await tell(story)


@pytest.mark.parametrize(
    ("example", "shown"),
    [
        ("{a: [1, x]}", {"a": [1, "x"]}),
        ("2024-01-02", "2024-01-02"),
        ("{1: x}", {"1": "x"}),
        (".nan", None),
        ("&a [*a]", None),
    ],
)
def test_an_example_is_what_json_can_say_or_none(tmp_path, example, shown):
    """The store and every answer hold it: one that cannot be written would keep all else from being written."""
    (tmp_path / "examples.yaml").write_text(f"- input: {example}", encoding="utf-8")
    model = PreparedModel(parse_config("", tmp_path), tmp_path, Path(sys.executable), {}, ())
    assert example_input(model) == shown


def test_what_is_prepared_survives_as_json(tmp_path):
    prepared = Prepared(Path(sys.executable), tmp_path, {"A": "b"}, 3, warnings=("w",), example=[1])
    assert Prepared.from_json(prepared.to_json()) == prepared
    assert prepared.is_intact
    gone = Prepared(Path(sys.executable), tmp_path, {"PYTHONPATH": "/nowhere:/x"})
    assert not gone.is_intact
