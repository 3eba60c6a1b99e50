"""Subprotocols of a WebSocket: the client offers some, the model selects one, and a model that does not is served as
on Truss.
"""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from fakes.served_model import until
from fakes.transport import FakeTransport
from headway.http.limits import Limits
from headway.http.server import ServerConnection
from headway.model_server import websocket as websocket_module
from headway.model_server.call import HeldCalls
from headway.model_server.truss.signatures import inspect_model
from headway.model_server.truss.truss_config import parse_config
from headway.model_server.websocket import WebSocketCall

REQUEST = (
    b"GET /v1/websocket HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s\r\n"
)
OFFERS = b"sec-websocket-protocol: v1, chat\r\n"


class Selects:
    def __init__(self, subprotocol=None, headers=None):
        self.selected, self.headers = subprotocol, headers
        self.offered = None

    async def websocket(self, websocket: WebSocket):
        self.offered = websocket.scope["subprotocols"]
        await asyncio.sleep(0)
        await websocket.accept(subprotocol=self.selected, headers=self.headers)
        await websocket.accept()
        await websocket.send_text("hello")


class Unmodified:
    """As it is written for Truss, which has accepted before."""

    def __init__(self):
        self.goes_on, self.story = asyncio.Event(), []

    async def websocket(self, websocket: WebSocket):
        self.story.append("begun")
        await self.goes_on.wait()
        try:
            await websocket.receive_text()
        except WebSocketDisconnect as gone:
            self.story.append(gone.code)


class Leaves:
    async def websocket(self, websocket: WebSocket):
        await websocket.close(4001, "no")


def asked(model, tmp_path, lines=OFFERS):
    """The transport and the connection of a client that has asked."""
    replica = SimpleNamespace(
        calls=HeldCalls(),
        leaving=set(),
        config=parse_config("", tmp_path),
        pipeline=SimpleNamespace(loaded=SimpleNamespace(hooks=inspect_model(model))),
    )
    connection = ServerConnection(lambda exchange: WebSocketCall(exchange, replica), Limits(), set())
    connection.connection_made(FakeTransport())
    connection.data_received(REQUEST % lines)
    return connection.transport, connection


async def head_of(transport):
    await until(lambda: b"\r\n\r\n" in transport.written)
    head = transport.written.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    return head[0].split(b" ")[1], [
        line for line in head if line.startswith((b"sec-websocket-protocol", b"x-a"))
    ]


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Selects("chat"), [b"sec-websocket-protocol: chat"]),
        (Selects("v1", [(b"x-a", b"b")]), [b"x-a: b", b"sec-websocket-protocol: v1"]),
        (Selects(), []),
    ],
)
async def test_the_answer_names_what_the_model_selects(tmp_path, model, told):
    transport, _ = asked(model, tmp_path)
    assert await head_of(transport) == (b"101", told)
    assert model.offered == ["v1", "chat"]
    await until(lambda: b"hello" in transport.written)


async def test_offers_may_stand_in_several_headers(tmp_path):
    model = Selects("b")
    transport, _ = asked(model, tmp_path, b"sec-websocket-protocol: a\r\nsec-websocket-protocol: b\r\n")
    assert await head_of(transport) == (b"101", [b"sec-websocket-protocol: b"])


async def test_a_model_that_selects_where_nothing_is_offered_is_served_without(tmp_path):
    transport, _ = asked(Selects("chat"), tmp_path, b"")
    assert await head_of(transport) == (b"101", [])
    await until(lambda: b"hello" in transport.written)


@pytest.mark.parametrize("model", [Selects("other"), Selects("chat", [(b"x-a", b"b\r\nx-c: d")])])
async def test_what_cannot_be_answered_is_an_error_of_the_model(tmp_path, caplog, model):
    transport, _ = asked(model, tmp_path)
    assert await head_of(transport) == (b"101", [])
    await until(lambda: b"\x03\xf3" in transport.written)
    assert "Exception in websocket" in caplog.text
    assert b"x-c" not in transport.written


async def test_without_offers_the_client_is_accepted_before_the_model_runs(tmp_path):
    model = Unmodified()
    transport, _ = asked(model, tmp_path, b"")
    assert await head_of(transport) == (b"101", [])
    await until(lambda: model.story == ["begun"])


async def test_a_model_that_does_not_select_is_accepted_when_it_reads_and_in_time_anyway(
    tmp_path, monkeypatch
):
    model = Unmodified()
    transport, _ = asked(model, tmp_path)
    await until(lambda: model.story)
    assert not transport.written
    model.goes_on.set()
    assert await head_of(transport) == (b"101", [])
    monkeypatch.setattr(websocket_module, "ACCEPT_WITHIN", 0.01)
    transport, _ = asked(Unmodified(), tmp_path)
    assert await head_of(transport) == (b"101", [])


async def test_a_model_that_closes_at_once_says_so_by_its_own_code(tmp_path):
    transport, _ = asked(Leaves(), tmp_path)
    assert await head_of(transport) == (b"101", [])
    assert b"\x0f\xa1no" in transport.written


async def test_a_client_that_leaves_before_it_was_accepted_is_told_to_the_model(tmp_path):
    model = Unmodified()
    transport, connection = asked(model, tmp_path)
    await until(lambda: model.story)
    assert connection.eof_received()
    model.goes_on.set()
    await until(lambda: model.story == ["begun", 1006])
    await until(lambda: transport.closed)
    assert not transport.written
