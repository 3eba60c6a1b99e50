"""Models that write into the replica's own sockets, or die: one answer for each request, told as what it is, and each
request executed once.
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from system.serving import wait_until

MODEL = """
    import os, socket, stat

    def connections():
        for descriptor in range(3, 200):
            try:
                if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    continue  # a copy of it would stay open
                one = socket.socket(fileno=os.dup(descriptor))
            except OSError:
                continue
            try:
                if one.family == socket.AF_UNIX and str(one.getsockname()).endswith("/http"):
                    one.getpeername()
                    yield one
            except OSError:
                pass
            finally:
                one.close()

    class Model:
        def __init__(self):
            self.runs = 0

        def predict(self, asked):
            self.runs += 1
            for one in connections():
                if "write" in asked:
                    one.send(asked["write"].encode("latin-1"))
                elif "shutdown" in asked:
                    one.shutdown(asked["shutdown"])
            return asked

        def completions(self, asked):
            return [os.getpid(), self.runs]
"""


@pytest.fixture(scope="module")
def model(strange):
    return strange.serve(
        MODEL, config="runtime: {predict_concurrency: 6}", concurrency_target=6, retry_on_crash=True
    )


@pytest.fixture(scope="module")
def mortal(strange):
    return strange.serve(MODEL, config="runtime: {predict_concurrency: 6}", concurrency_target=6)


def told(model):
    """The replica's process, and how often its predict has run."""
    return httpx.post(f"{model.url}/sync/v1/completions", json={}, timeout=20).json()


@pytest.mark.parametrize(
    "garbage",
    [
        "nonsense\r\n\r\n",
        "HTTP/1.1 1000 High\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_told_as_such_and_executed_once(model, garbage):
    process, runs = told(model)
    answer = model.predict({"write": garbage})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "bad_answer")
    assert told(model) == [process, runs + 1]
    wait_until(lambda: model.in_flight() == 0, 5, "the slot is free")


def test_a_model_that_shuts_its_connections_is_no_crash(model):
    process, runs = told(model)
    assert model.predict({"shutdown": 2}).status_code == 502
    wait_until(lambda: told(model) == [process, runs + 1], 5, "it was executed once, and the replica lives")
    wait_until(lambda: model.in_flight() == 0, 5, "the slot is free")


@pytest.mark.parametrize("is_stopped", [False, True], ids=["idle", "before it reads them"])
def test_six_requests_given_to_a_replica_that_is_killed_are_served_by_the_next_one_and_once(
    mortal, is_stopped
):
    with ThreadPoolExecutor(6) as clients:
        assert all(one.status_code == 200 for one in clients.map(mortal.predict, [{}] * 6))
        process, _ = told(mortal)
        if is_stopped:
            os.kill(process, signal.SIGSTOP)
        else:
            os.kill(process, signal.SIGKILL)
        asking = [clients.submit(mortal.predict, {"number": number}) for number in range(6)]
        if is_stopped:
            wait_until(lambda: mortal.in_flight() == 6, 5, "the replica was given them all")
            os.kill(process, signal.SIGKILL)
        answers = [one.result() for one in asking]
    assert [(one.status_code, one.json()) for one in answers] == [
        (200, {"number": number}) for number in range(6)
    ]
    after, runs = told(mortal)
    assert after != process
    assert runs == 6


def test_a_stream_whose_first_piece_is_too_late_is_an_error_and_keeps_its_slot_until_it_has_ended(strange):
    model = strange.serve(
        """
        import time

        class Model:
            def predict(self, asked):
                time.sleep(asked)
                yield "late"
        """,
        config="runtime: {streaming_read_timeout: 1}",
    )
    answer = model.predict(3.5)
    assert answer.status_code == 502
    assert "it was cut" in answer.text
    wait_until(lambda: model.in_flight() == 1, 1, "the work goes on")
    assert model.predict(0).text == "late"
    assert len(model.replicas()) == 1
