"""A client that leaves: its work ends, and the place in predict is given back once the work has really stopped."""

import pytest

from system.contract.gated import answer, gated
from system.contract.server import IS_UPSTREAM


@pytest.fixture
def gate(replicas):
    with gated(replicas["gate"]) as driven:
        yield driven


def test_one_who_leaves_while_waiting_for_the_gate_never_predicts(gate):
    holding = gate.predicting("value holding")
    gate.waiting("value leaver").close()
    after = gate.waiting("value after the leaver")
    gate.release("value holding", "value after the leaver")
    assert b"200 OK" in answer(holding)
    assert b"200 OK" in answer(after)
    assert not gate.happened("predicting value leaver")


def test_one_who_half_closes_while_waiting_for_the_gate_never_predicts(gate):
    holding = gate.predicting("value holding half")
    gate.waiting("value half leaver").shutdown(1)
    after = gate.waiting("value after the half leaver")
    gate.release("value holding half", "value after the half leaver")
    assert b"200 OK" in answer(holding)
    assert b"200 OK" in answer(after)
    assert not gate.happened("predicting value half leaver")


@pytest.mark.parametrize("kind", ["value", "stream", "thread-stream", "response", "event-source"])
def test_async_work_and_generators_are_ended_when_the_client_leaves(gate, kind):
    """Upstream lets values and streams run to their end; the place of a streaming response waits for the collector."""
    name = f"{kind} abandoned"
    connection = gate.predicting(name)
    if kind != "value":
        connection.recv(1)
    connection.close()
    if not IS_UPSTREAM:
        gate.wait_for(f"stopped {name}")
        assert gate.answers_next_predict(f"value after {kind}")
        return
    if kind != "event-source":
        assert not gate.answers_next_predict(f"value after {kind}")
    gate.release(name)
    gate.wait_for(f"stopped {name}")
    if kind == "response":
        assert not gate.answers_next_predict("value before collecting")
        gate.collect_garbage()
    assert gate.answers_next_predict(f"value at last after {kind}")


def test_plain_code_runs_to_its_end_and_keeps_the_place_until_then(replicas):
    with gated(replicas["plain-gate"]) as gate:
        gate.predicting("value plain").close()
        gate.waiting("value behind plain")
        assert not gate.happened("predicting value behind plain")
        gate.release("value plain")
        gate.wait_for("stopped value plain", "predicting value behind plain")
        gate.release("value behind plain")
        gate.wait_for("stopped value behind plain")


def test_on_disconnect_finish_lets_a_stream_run_to_its_end(replicas):
    with gated(replicas["gate-that-finishes"]) as gate:
        connection = gate.predicting("stream finishing")
        connection.recv(1)
        connection.close()
        gate.waiting("value behind the finishing")
        assert not gate.happened("predicting value behind the finishing")
        gate.release("stream finishing")
        gate.wait_for("stopped stream finishing", "predicting value behind the finishing")
        gate.release("value behind the finishing")


def test_one_who_leaves_inside_the_body_is_forgotten(gate):
    connection = gate.keep(gate.replica.connect())
    connection.sendall(
        b"POST /v1/models/model:predict HTTP/1.1\r\nHost: contract\r\nContent-Length: 100\r\n\r\n{"
    )
    connection.close()
    assert gate.answers_next_predict("value after half a body")


def test_async_code_can_ask_whether_the_client_is_there(replicas):
    replica = replicas["watching"]
    with gated(replica) as gate:
        connection = gate.keep(replica.begin("ask"))
        gate.wait_for("asked")
        connection.close()
        gate.wait_for("gone")


def test_plain_code_can_watch_the_client_leave(replicas):
    replica = replicas["watching"]
    with gated(replica) as gate:
        connection = gate.keep(replica.begin("watch", "/v1/chat/completions"))
        gate.wait_for("watching")
        connection.close()
        gate.wait_for("seen leaving")


def test_watching_a_client_that_stays_sees_nothing(replicas):
    assert replicas["watching"].post("stay", "/v1/responses").json() is False
