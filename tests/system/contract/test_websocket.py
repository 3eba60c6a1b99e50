"""The model's websocket: messages, and the code and reason with which it closes."""

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from system.contract.server import IS_UPSTREAM
from system.contract.table import MODEL_ERROR

CLOSES = {
    "close": (4321, "enough"),
    "raise": (1011, MODEL_ERROR),
    "refuse": (1011, MODEL_ERROR),
    "nothing": (1000, ""),
}


@pytest.fixture
def dial(replicas):
    def dialled(truss="websocket", query="", **more):
        port = replicas[truss].port
        return connect(f"ws://127.0.0.1:{port}/v1/websocket{query}", open_timeout=5, close_timeout=5, **more)

    return dialled


def test_text_bytes_and_json_go_both_ways(dial):
    with dial() as websocket:
        websocket.send("echo")
        assert websocket.recv(5) == "text"
        assert websocket.recv(5) == b"\x00\xff"
        websocket.send(b"\x01")
        assert websocket.recv(5) == '{"got":true}'


def test_messages_are_answered_until_the_client_closes(dial):
    with dial() as websocket:
        websocket.send("iterate")
        for word in ("a", "b"):
            websocket.send(word)
            assert websocket.recv(5) == word.upper()


@pytest.mark.parametrize("message", CLOSES)
def test_the_connection_closes_with_code_and_reason(dial, message):
    with dial() as websocket:
        websocket.send(message)
        with pytest.raises(ConnectionClosed):
            websocket.recv(5)
        assert (websocket.close_code, websocket.close_reason) == CLOSES[message]


def test_the_model_sees_headers_and_query(dial):
    with dial(query="?a=1", additional_headers={"X-Tag": "t"}) as websocket:
        websocket.send("headers")
        assert websocket.recv(5) == '["t",{"a":"1"}]'


def test_a_message_of_20_mb_arrives(dial):
    with dial() as websocket:
        websocket.send("size")
        websocket.send("x" * 20_000_000)
        assert websocket.recv(10) == "20000000"


def test_two_connections_are_served_at_once(dial):
    with dial() as first, dial() as second:
        for websocket in (first, second):
            websocket.send("iterate")
        for websocket in (second, first):
            websocket.send("a")
            assert websocket.recv(5) == "A"


def test_a_model_without_websocket_accepts_and_closes_with_1003(dial):
    with dial("echo") as websocket:
        with pytest.raises(ConnectionClosed):
            websocket.recv(5)
        assert websocket.close_code == 1003
        assert websocket.close_reason == "WebSocket is not implemented on this deployment."


def test_predict_on_a_websocket_model_is_no_server_error(replicas):
    """Upstream fails on an assertion of its own."""
    response = replicas["websocket"].post({})
    if IS_UPSTREAM:
        assert (response.status_code, response.json()) == (
            500,
            {"error": "Unhandled exception: AssertionError: `predict` must only be called if model has it."},
        )
    else:
        assert response.status_code == 404
        assert response.json() == {"error": "`predict` must only be called if model has it."}
        assert response.headers["x-baseten-error-code"] == "700"


def test_a_plain_request_to_the_websocket_path_is_not_found(replicas):
    assert replicas["websocket"].http.get("/v1/websocket").status_code == 404


def test_the_handshake_of_a_model_that_still_loads_is_refused_with_503(replicas, tmp_path):
    with replicas.starting("waiting-websocket", RELEASE_FILE=str(tmp_path / "go")) as replica:
        replica.listening()
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{replica.port}/v1/websocket"):
            pass
        (tmp_path / "go").touch()
        assert refused.value.response.status_code == 503
        replica.loaded()
