"""What a model starts: forks of every kind, pools, sessions of their own. The slot comes back when the work has ended,
nobody's connection hangs, no signal goes astray, and nothing is left when the replica is gone.
"""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import websockets.sync.client

from system.serving import descendants, wait_until

STARTS = ("fork", "spawn", "forkserver", "raw", "C", "session")
LIVES_ON = """
    import asyncio, ctypes, multiprocessing, os, signal, stat, subprocess, time
    from concurrent.futures import ProcessPoolExecutor

    def nap():
        time.sleep(600)

    def square(number):
        return number * number

    def context_process(method):
        process = multiprocessing.get_context(method).Process(target=nap, daemon=True)
        process.start()
        return process.pid

    def raw_fork():
        pid = os.fork()
        if pid == 0:
            nap()
        return pid

    def fork_in_c():
        pid = ctypes.CDLL(None).fork()
        if pid == 0:
            nap()
        return pid

    def in_session():
        shell = "trap '' TERM; setsid sleep 600 & echo $!; wait"
        outer = subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, start_new_session=True)
        return int(outer.stdout.readline())

    STARTS = {
        "fork": lambda: context_process("fork"),
        "spawn": lambda: context_process("spawn"),
        "forkserver": lambda: context_process("forkserver"),
        "raw": raw_fork,
        "C": fork_in_c,
        "session": in_session,
    }

    def in_pool(kind, method):
        context = multiprocessing.get_context(method)
        if kind == "executor":
            with ProcessPoolExecutor(2, context) as pool:
                return list(pool.map(square, range(4)))
        with context.Pool(2) as pool:
            return pool.map(square, range(4))

    def is_socket(descriptor):
        try:
            return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        except OSError:
            return False

    def of_child():
        ours, theirs = os.pipe()
        if os.fork() == 0:
            held = [n for n in range(500) if is_socket(n)]
            told = [held, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
                    signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.set_wakeup_fd(-1)]
            os.write(theirs, repr(told).encode())
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours) as told:
            return told.read()

    def ended_at_birth(number):
        # Whether children ended by it that were sent a signal as soon as they were forked.
        by = []
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                time.sleep(1)
                os._exit(0)
            os.kill(pid, number)
            by.append(os.waitpid(pid, 0)[1] != 0)
        return by

    def start_all(do):
        return [STARTS[one]() for one in do.get("starts", ())]
"""

SYNC = (
    LIVES_ON
    + """
    class Model:
        def predict(self, do):
            if "pool" in do:
                return in_pool(do["pool"], do["method"])
            if "child" in do:
                return of_child()
            if "birth" in do:
                return ended_at_birth(do["birth"])
            pids = start_all(do)
            time.sleep(do.get("seconds", 0))
            return self.stream() if "stream" in do else [os.getpid(), *pids]

        def stream(self):
            yield "begun"
            time.sleep(600)
"""
)

ASYNC = (
    LIVES_ON
    + """
    class Model:
        async def predict(self, do):
            if "child" in do:
                return of_child()
            if "birth" in do:
                return ended_at_birth(do["birth"])
            pids = start_all(do)
            await asyncio.sleep(do.get("seconds", 0))
            return [os.getpid(), *pids]
"""
)

COMES_BACK = """
    import asyncio, ctypes, os

    # PyDLL keeps the interpreter's lock: else another thread's copy of it, which nobody has there, stops the child.
    FORKS = {"raw": os.fork, "C": lambda: ctypes.PyDLL(None).fork()}

    class Model:
        def __init__(self):
            self.seen = os.open("steps", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC)

        async def predict(self, do):
            if do["fork"] is None:
                return await self.step()
            FORKS[do["fork"]]()
            if do["waits"]:
                await asyncio.sleep(0.1)
            return os.getpid()

        async def step(self):
            while not os.path.exists("enough"):
                os.write(self.seen, f"{os.getpid()}\\n".encode())
                await asyncio.sleep(0)
            return sorted({int(one) for one in os.pread(self.seen, 10_000_000, 0).split()})

        def chat_completions(self, do):
            FORKS[do["fork"]]()
            return os.getpid()

        def embeddings(self, _):
            open("enough", "w").close()

        def completions(self, do):
            for number in range(3):
                FORKS[do["fork"]]()
                yield f"{number} "
"""

SOCKET = (
    LIVES_ON
    + """
    class Model:
        async def websocket(self, websocket):
            async for text in websocket.iter_text():
                await websocket.send_text(str(STARTS[text]()))
"""
)


@pytest.fixture(scope="module")
def sync(strange):
    return strange.serve(SYNC, config="runtime:\n  streaming_read_timeout: 2\n")


@pytest.fixture(scope="module")
def asynchronous(strange):
    return strange.serve(ASYNC)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def replica_of(model) -> int:
    return model.predict({}).json()[0]


@pytest.mark.parametrize("kind", ["sync", "asynchronous"])
def test_a_client_that_leaves_frees_its_slot_when_the_work_has_ended_though_helpers_live_on(request, kind):
    model = request.getfixturevalue(kind)
    replica = replica_of(model)
    model.predict({"starts": ["forkserver"]})  # its server is started once, which takes a second
    model.leave({"starts": STARTS, "seconds": 1.0}, after=0.7)
    wait_until(lambda: model.in_flight() == 0, 10, "the slot is free")
    assert replica_of(model) == replica


@pytest.mark.parametrize("kind", ["sync", "asynchronous"])
def test_signals_to_forked_children_end_them_and_do_not_reach_the_replica(request, kind):
    model = request.getfixturevalue(kind)
    replica, *children, in_c = model.predict({"starts": ["fork", "raw", "raw", "C"]}).json()
    time.sleep(0.3)  # the children go on to where they sleep
    for child, number in zip(children, (signal.SIGTERM, signal.SIGTERM, signal.SIGINT), strict=True):
        os.kill(child, number)
    os.kill(in_c, signal.SIGTERM)
    wait_until(lambda: not any(map(is_alive, children)), 5, "the children have ended")
    for _ in range(5):
        assert replica_of(model) == replica
        time.sleep(0.1)
    assert model.replicas()[0]["state"] == "ready"


@pytest.mark.parametrize("kind", ["sync", "asynchronous"])
def test_a_forked_child_has_no_socket_of_the_replica_and_no_signal_handler(request, kind):
    told = request.getfixturevalue(kind).predict({"child": True}).json()
    assert told == "[[], True, True, -1]"


@pytest.mark.parametrize("kind", ["sync", "asynchronous"])
def test_a_signal_ends_a_forked_child_however_early_it_comes(request, kind):
    model = request.getfixturevalue(kind)
    replica = replica_of(model)
    for number in (signal.SIGTERM, signal.SIGINT):
        assert model.predict({"birth": number}, timeout=60).json() == [True] * 20
    assert replica_of(model) == replica


def test_a_child_that_comes_back_from_the_models_code_is_no_second_replica(strange):
    model = strange.serve(COMES_BACK, config="runtime:\n  predict_concurrency: 4\n")

    def said(fork, path="predict", *, waits=False):
        return httpx.post(f"{model.url}/{path}", json={"fork": fork, "waits": waits}, timeout=10).text

    with ThreadPoolExecutor() as pool:
        stepping = pool.submit(model.predict, {"fork": None})
        wait_until(lambda: model.in_flight() == 1, 5, "another call steps meanwhile")
        replica = said("raw")
        assert [said("raw") for _ in range(5)] == [replica] * 5
        assert said("raw", waits=True) == replica
        assert said("C") == replica
        for fork in ("raw", "C"):
            assert said(fork, "sync/v1/chat/completions") == replica
            assert said(fork, "sync/v1/completions") == "0 1 2 "
        said(None, "sync/v1/embeddings")
        assert stepping.result().json() == [int(replica)]
    wait_until(lambda: not descendants(int(replica)), 5, "all children have ended")
    assert "came back from the model's code" in model.log()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("pool", ["executor", "pool"])
def test_pools_of_every_start_method_work(sync, pool, method):
    assert sync.predict({"pool": pool, "method": method}).json() == [0, 1, 4, 9]


def test_a_stream_that_is_cut_ends_for_its_client_though_a_helper_lives_on(strange):
    model = strange.serve(SYNC, config="runtime:\n  streaming_read_timeout: 1\n")
    begun = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        model.predict({"starts": ["raw"], "stream": True})
    assert time.monotonic() - begun < 15


def test_a_websocket_closes_and_frees_its_slot_though_a_helper_lives_on(strange):
    model = strange.serve(SOCKET)
    url = model.url.replace("http", "ws") + "/websocket"
    with websockets.sync.client.connect(url, compression=None, close_timeout=5) as websocket:
        websocket.send("raw")
        assert is_alive(int(websocket.recv(timeout=10)))
        begun = time.monotonic()
    assert time.monotonic() - begun < 4
    assert websocket.close_code == 1000
    wait_until(lambda: model.in_flight() == 0, 10, "the slot is free")


def test_a_push_takes_over_from_a_replica_whose_helpers_live_on_and_nothing_of_it_is_left(strange):
    model = strange.serve(SYNC)
    replica, *helpers = model.predict({"starts": ["fork", "session"]}).json()
    model.leave({"starts": ["raw"], "seconds": 1.0}, after=0.5)
    below = [replica, *descendants(replica)]
    model.push_again(SYNC + "\n    MORE = 1\n")
    wait_until(lambda: not any(map(is_alive, [*below, *helpers])), 30, "nothing is left of the old one")
    assert model.predict({}).status_code == 200


def test_nothing_that_a_model_has_started_outlives_the_crash_of_its_replica(sync):
    replica, *helpers = sync.predict({"starts": STARTS}).json()
    below = [*helpers, *descendants(replica)]
    assert all(map(is_alive, below))
    os.kill(replica, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, below)), 5, "all of it is gone")
    assert replica_of(sync) != replica
