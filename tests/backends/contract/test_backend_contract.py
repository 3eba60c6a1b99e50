"""What every backend does: the fake, and local child processes of a real root in each way to run them."""

import asyncio
import contextlib
import dataclasses
import itertools
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from backends.contract.fake import FakeBackend
from headway.backends.base import BackendError, ReplicaSpec, Unplaceable
from headway.backends.local import LocalBackend
from headway.core.isolation import Isolation
from headway.core.wire import READY_DESCRIPTOR
from headway.processes.child import Program
from headway.processes.root import Graces, Root

WAIT = "import time; time.sleep(600)"
SAY_READY = f"""
import os
for _ in range(int(os.environ["SAYS"])):
    try:
        os.write(int(os.environ[{READY_DESCRIPTOR!r}]), b"ready")
    except BrokenPipeError:
        pass
{WAIT}
"""


GENERATIONS = itertools.count(100)
MARK = "started-by-a-replica-of-the-contract"
STARTS_OTHERS = f"""
import subprocess
subprocess.Popen(["setsid", "sh", "-c", "sleep 600 # {MARK}"])
"""
DEAF = f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n{SAY_READY}"
ENDS = {
    "import sys; sys.exit(70)": (70, None),
    "import sys; sys.exit(0)": (0, None),
    "import os; os.abort()": (None, signal.SIGABRT),
    "import os; os.kill(os.getpid(), 9)": (None, signal.SIGKILL),
    "import ctypes; ctypes.string_at(0)": (None, signal.SIGSEGV),
}


def started_by_replicas():
    return [one for one in Path("/proc").glob("[0-9]*") if MARK in command_of(one)]


def command_of(process):
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


class TellingBackend(FakeBackend):
    """Its replicas say as often that they are ready as their variable SAYS has it."""

    async def start(self, spec):
        started = await super().start(spec)
        for _ in range(int(spec.environment.get("SAYS", 0))):
            asyncio.get_running_loop().call_soon(self.say_ready, spec.replica_id)
        return started


@contextlib.asynccontextmanager
async def fake_backend(_directory, gpus):
    yield TellingBackend(gpus=gpus)


@contextlib.asynccontextmanager
async def sandbox_backend(directory, gpus):
    async with local_backend(directory, gpus) as backend:
        yield SandboxingBackend(backend)


class SandboxingBackend:
    """Runs every replica in a sandbox."""

    def __init__(self, backend):
        self._backend = backend

    def __getattr__(self, name):
        return getattr(self._backend, name)

    async def start(self, spec):
        started = await self._backend.start(dataclasses.replace(spec, isolation=Isolation.SANDBOX))
        assert started.isolation is Isolation.SANDBOX
        return started


@contextlib.asynccontextmanager
async def local_backend(directory, gpus):
    """Root in this process, which plays control: it keeps a copy of control's end of the link."""
    link = asyncio.get_running_loop().create_future()

    def program(name):
        return Program(name, (sys.executable, "-c", WAIT), directory / f"{name}.log", os.environ)

    def control(descriptor):
        link.set_result(socket.socket(fileno=os.dup(descriptor)))
        return program("control")

    root = Root(program("gateway"), control, graces=Graces(drain=1.0, exit=1.0))
    running = asyncio.create_task(root.run())

    def command(spec, *_sockets):
        code = SAY_READY if "SAYS" in spec.environment else WAIT
        return [sys.executable, "-c", spec.environment.get("CODE", code)]

    backend = LocalBackend(directory, gpus=[str(number) for number in range(gpus)], command=command)
    await backend.connect(await link)
    try:
        yield backend
    finally:
        await backend.close()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture(params=[fake_backend, local_backend, sandbox_backend], ids=["fake", "local", "sandbox"])
def story(request, tmp_path):
    """Runs `tell(backend, exits)` with a backend that has `gpus`; `exits` is a queue of what it reports."""

    def run(tell, gpus=0):
        async def main():
            async with asyncio.timeout(20), request.param(tmp_path, gpus) as backend:
                exits = asyncio.Queue()
                backend.on_exit(exits.put_nowait)
                await tell(backend, exits)

        asyncio.run(main())

    return run


def spec(name, generation=None, **known):
    generation = next(GENERATIONS) if generation is None else generation
    known = {"log_path": known["directory"].with_name(f"{name}.log"), **known}
    return ReplicaSpec(name, generation, "d1", Path(sys.executable), **known)


@pytest.fixture
def make_spec(tmp_path):
    truss = tmp_path / "truss"
    truss.mkdir()
    return lambda name, *rest, **known: spec(name, *rest, directory=truss, **known)


def test_what_was_started_runs_until_it_is_stopped_and_its_exit_is_reported_once(story, make_spec):
    async def tell(backend, exits):
        started = await backend.start(make_spec("a", 7))
        assert (started.replica_id, started.generation, started.deployment_id) == ("a", 7, "d1")
        assert started.address != started.private_address
        assert await backend.running() == (started,)
        await backend.stop("a", grace=5.0)
        gone = await exits.get()
        assert (gone.replica_id, gone.generation, gone.signal) == ("a", 7, 15)
        assert await backend.running() == ()
        assert exits.empty()

    story(tell)


def test_a_new_life_under_the_same_id_has_its_own_addresses(story, make_spec):
    async def tell(backend, exits):
        first = await backend.start(make_spec("a", 1))
        await backend.stop("a", grace=5.0)
        await exits.get()
        second = await backend.start(make_spec("a", 2))
        assert second.address != first.address
        assert await backend.running() == (second,)

    story(tell)


def test_a_replica_that_says_that_it_is_ready_is_heard_once_in_its_life(story, make_spec):
    async def tell(backend, exits):
        said = asyncio.Queue()
        backend.on_ready(said.put_nowait)
        await backend.start(make_spec("silent", 5, environment={"SAYS": "0"}))
        first = await backend.start(make_spec("a", 7, environment={"SAYS": "100"}))
        assert await said.get() == first
        await backend.stop("a", grace=5.0)
        await exits.get()
        second = await backend.start(make_spec("a", 8, environment={"SAYS": "1"}))
        assert await said.get() == second
        assert said.empty()

    story(tell)


def test_stopping_what_does_not_run_is_fine(story):
    async def tell(backend, exits):
        await backend.stop("nobody", grace=5.0)
        assert exits.empty()

    story(tell)


def test_a_gpu_is_given_to_one_replica_at_a_time(story, make_spec):
    async def tell(backend, exits):
        first = await backend.start(make_spec("a", use_gpu=True))
        assert first.gpus == ("0",)
        with pytest.raises(Unplaceable, match="every GPU is taken"):
            await backend.start(make_spec("b", use_gpu=True))
        await backend.start(make_spec("c"))
        await backend.stop("a", grace=5.0)
        await exits.get()
        assert (await backend.start(make_spec("b", 2, use_gpu=True))).gpus == ("0",)

    story(tell, gpus=1)


def test_without_any_gpu_a_replica_that_asks_for_one_has_no_place(story, make_spec):
    async def tell(backend, exits):
        with pytest.raises(Unplaceable, match="this machine has none"):
            await backend.start(make_spec("a", use_gpu=True))
        assert await backend.running() == ()
        assert exits.empty()

    story(tell)


def test_an_exit_is_told_with_its_code_or_its_signal(story, make_spec):
    async def tell(backend, exits):
        for number, (code, expected) in enumerate(ENDS.items(), start=1):
            await backend.start(make_spec("a", number, environment={"CODE": code}))
            if hasattr(backend, "exit"):
                backend.exit("a", code=expected[0], signal=expected[1])
            gone = await exits.get()
            assert (gone.code, gone.signal) == expected

    story(tell)


def test_all_that_a_replica_started_ends_with_it_in_whatever_session(story, make_spec):
    async def tell(backend, exits):
        await backend.start(make_spec("a", environment={"CODE": STARTS_OTHERS}))
        if hasattr(backend, "exit"):
            backend.exit("a", code=0)
        assert (await exits.get()).code == 0
        assert not started_by_replicas()

    story(tell)


def test_a_replica_that_hears_no_signal_is_killed_after_its_grace(story, make_spec):
    async def tell(backend, exits):
        said = asyncio.Queue()
        backend.on_ready(said.put_nowait)
        await backend.start(make_spec("a", environment={"CODE": DEAF, "SAYS": "1"}))
        await said.get()
        await backend.stop("a", grace=0.5)
        if hasattr(backend, "exit"):
            return
        assert (await exits.get()).signal == signal.SIGKILL

    story(tell)


def test_a_local_replica_gets_its_variables_its_gpu_and_none_of_headways_own(
    tmp_path, monkeypatch, make_spec
):
    monkeypatch.setenv("HEADWAY_PORT", "1")
    monkeypatch.setenv("PYTHONPATH", "/of/headway")

    async def main():
        async with asyncio.timeout(20), local_backend(tmp_path, 2) as backend:
            exits = asyncio.Queue()
            backend.on_exit(exits.put_nowait)
            code = "import os; print(sorted(os.environ.items()))"
            await backend.start(make_spec("a", environment={"CODE": code, "X": "1"}, use_gpu=True))
            await backend.start(make_spec("b", 2, environment={"CODE": code}))
            assert {(await exits.get()).code, (await exits.get()).code} == {0}

    asyncio.run(main())
    first, second = ((tmp_path / f"{name}.log").read_text() for name in "ab")
    assert "('X', '1')" in first
    assert "('CUDA_VISIBLE_DEVICES', '0')" in first
    assert "('CUDA_VISIBLE_DEVICES', '')" in second
    assert "HEADWAY_PORT" not in first
    assert "/of/headway" not in first


def test_a_silent_root_is_an_error_with_a_reason(tmp_path):
    async def main():
        ours, theirs = socket.socketpair()
        theirs.close()
        backend = LocalBackend(tmp_path)
        with pytest.raises(BackendError, match="root does not tell what runs"):
            await backend.connect(ours)
        await backend.close()

    asyncio.run(main())


def test_a_sandbox_that_is_stopped_while_it_is_made_never_runs_and_one_that_cannot_be_made_is_told(
    tmp_path, make_spec
):
    async def main():
        async with asyncio.timeout(30), sandbox_backend(tmp_path, 0) as backend:
            exits = asyncio.Queue()
            backend.on_exit(exits.put_nowait)
            await backend.start(make_spec("warm", environment={"CODE": "pass"}))
            assert (await exits.get()).code == 0
            started = await backend.start(make_spec("a", environment={"CODE": WRITES}))
            await backend.stop("a", grace=5.0)
            assert await backend.running() == (started,)
            gone = await exits.get()
            assert (gone.replica_id, gone.signal) == ("a", signal.SIGTERM)
            spoilt = make_spec("b", cache=tmp_path / "truss" / "file")
            (tmp_path / "truss" / "file").touch()
            await backend.start(spoilt)
            gone = await exits.get()
            assert "what it is to find around it cannot be made" in gone.reason
            assert await backend.running() == ()

    asyncio.run(main())
    assert not (tmp_path / "a.log").exists()


WRITES = "print('it ran')"
