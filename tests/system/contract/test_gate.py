"""Predict concurrency: who enters predict, in which order, and when the place is given back."""

import socket

import pytest

from system.contract.gated import answer, gated
from system.contract.server import IS_UPSTREAM, until

STREAMS = ["stream", "thread-stream", "response"]


@pytest.fixture
def gate(replicas):
    with gated(replicas["gate"]) as driven:
        yield driven


def test_one_request_predicts_while_the_next_one_has_already_preprocessed(gate):
    first = gate.predicting("value order 1")
    second = gate.waiting("value order 2")
    assert not gate.happened("predicting value order 2")
    gate.release("value order 1")
    assert b'"value order 1"' in answer(first)
    gate.wait_for("predicting value order 2")
    gate.release("value order 2")
    assert b'"value order 2"' in answer(second)


def test_requests_enter_predict_in_the_order_in_which_they_came_to_the_gate(gate):
    names = [f"value fifo {number}" for number in range(6)]
    connections = [gate.predicting(names[0]), *(gate.waiting(name) for name in names[1:])]
    gate.release(*reversed(names))
    for connection in connections:
        assert b"200 OK" in answer(connection)
    entered = [event for event in gate.story() if event.startswith("predicting value fifo")]
    assert entered == [f"predicting {name}" for name in names]


def test_an_exception_gives_the_place_back(gate):
    assert b"500" in answer(gate.begin("raise now"))
    assert gate.answers_next_predict("value after an exception")


def test_a_streaming_response_that_breaks_gives_the_place_back(gate):
    """Upstream's place waits for the garbage collector."""
    answer(gate.begin("broken-response once"))
    gate.wait_for("stopped broken-response once")
    if IS_UPSTREAM:
        assert not gate.answers_next_predict("value after a broken response")
        gate.collect_garbage()
    assert gate.answers_next_predict("value after a broken response at last")


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_holds_its_place_until_its_producer_has_ended(gate, kind):
    gate.predicting(f"{kind} held")
    gate.waiting(f"value behind {kind}")
    assert not gate.happened(f"predicting value behind {kind}")
    gate.release(f"{kind} held")
    gate.wait_for(f"stopped {kind} held", f"predicting value behind {kind}")
    gate.release(f"value behind {kind}")


def test_a_collected_stream_holds_its_place_until_it_is_collected(gate):
    collected = gate.begin("collected whole", Accept="application/json")
    gate.wait_for("predicting collected whole")
    gate.waiting("value behind collected")
    assert not gate.happened("predicting value behind collected")
    gate.release("collected whole")
    assert b'"first last"' in answer(collected)
    gate.wait_for("predicting value behind collected")
    gate.release("value behind collected")


def test_a_response_that_sends_its_own_body_holds_its_place_until_it_is_sent(gate):
    """Upstream lets it go when predict returns: such streams are not limited at all there."""
    streaming = gate.predicting("event-source held")
    gate.waiting("value behind event-source")
    if IS_UPSTREAM:
        gate.wait_for("predicting value behind event-source")
    else:
        assert not gate.happened("predicting value behind event-source")
    gate.release("event-source held")
    assert answer(streaming).endswith(b"0\r\n\r\n")
    gate.wait_for("predicting value behind event-source")
    gate.release("value behind event-source")


def test_each_chunk_is_sent_before_the_next_one_is_made(gate):
    streaming = gate.predicting("stream by parts")
    received = b""
    while b"first " not in received:
        received += streaming.recv(65536)
    assert not gate.happened("stopped stream by parts")
    gate.release("stream by parts")
    assert b"last" in answer(streaming, received)


def test_other_endpoints_pass_the_gate_by(gate):
    gate.predicting("value gating")
    chats = [gate.begin(f"value chat {number}", "/v1/chat/completions") for number in range(3)]
    gate.wait_for(*(f"chatting value chat {number}" for number in range(3)))
    gate.release(*(f"value chat {number}" for number in range(3)), "value gating")
    for chat in chats:
        assert b"200 OK" in answer(chat)


def test_health_routes_answer_while_the_gate_is_full(gate):
    gate.predicting("value busy")
    assert [
        gate.replica.status(path) for path in ("/", "/ping", "/v1/models/model", "/v1/models/model/loaded")
    ] == [200] * 4
    gate.release("value busy")


def test_predict_concurrency_2_lets_two_in_and_no_third(replicas):
    with gated(replicas["gate-of-two"]) as gate:
        gate.predicting("value one")
        gate.predicting("value two")
        gate.waiting("value three")
        assert not gate.happened("predicting value three")
        gate.release("value two")
        gate.wait_for("predicting value three")
        gate.release("value one", "value three")


def test_postprocess_of_one_overlaps_predict_of_the_next(replicas):
    """Each postprocess waits until the other request is in predict: only overlapping stages let both through."""
    replica = replicas["meeting-stages"]
    with gated(replica) as driven:
        first, second = driven.keep(replica.begin("first")), driven.keep(replica.begin("second"))
        assert b'"met"' in answer(first)
        assert b'"alone"' in answer(second)


def test_as_many_plain_predicts_run_at_once_as_predict_concurrency_says(replicas):
    """Upstream runs every plain function of a replica on the same 40 threads."""
    replica = replicas["crowd"]
    with gated(replica) as driven:
        connections = [driven.keep(replica.begin({"meet": 45})) for _ in range(45)]
        statuses = {answer(connection).split()[1] for connection in connections}
    assert statuses == ({b"500"} if IS_UPSTREAM else {b"200"})


def test_plain_preprocess_never_takes_the_threads_of_predict_or_of_liveness(replicas):
    """Upstream's 40 threads are taken by 60 slow preprocesses; liveness waits behind them too."""
    replica = replicas["crowd"]
    with gated(replica) as driven:
        slow = [driven.keep(replica.begin({"hold": True})) for _ in range(60)]
        until(lambda: replica.post(None, "/v1/embeddings").json() >= (40 if IS_UPSTREAM else 60))
        quick, alive = driven.keep(replica.begin({})), driven.keep(replica.connect())
        alive.sendall(b"GET / HTTP/1.1\r\nHost: contract\r\n\r\n")
        for connection in (quick, alive):
            if IS_UPSTREAM:
                assert_silent(connection)
            else:
                assert b"200 OK" in answer(connection)
        assert replica.post(None, "/v1/completions").status_code == 200
        for connection in slow:
            assert b"200 OK" in answer(connection)


def assert_silent(connection: socket.socket) -> None:
    connection.settimeout(0.5)
    with pytest.raises(TimeoutError):
        connection.recv(1)
