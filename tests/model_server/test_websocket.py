"""A WebSocket's end: when the model hears of it, and when the connection, and with it the slot, is given back."""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from fakes.served_model import until
from fakes.transport import FakeTransport
from headway.http.limits import Limits
from headway.http.server import ServerConnection
from headway.model_server import websocket as websocket_module
from headway.model_server.call import HeldCalls
from headway.model_server.truss.signatures import inspect_model
from headway.model_server.truss.truss_config import parse_config
from headway.model_server.websocket import WebSocketCall


class Outlasts:
    """A model that has work left when it hears that its client is gone."""

    def __init__(self):
        self.story = []
        self.reads = asyncio.Event()
        self.ends = asyncio.Event()

    async def websocket(self, websocket: WebSocket):
        await self.reads.wait()
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect as gone:
            self.story.append(gone.code)
        try:
            await self.ends.wait()
        finally:
            self.story.append("ended")


class Conversation:
    """A client that has shaken hands with the model."""

    def __init__(self, model, tmp_path, config=""):
        replica = SimpleNamespace(
            calls=HeldCalls(),
            leaving=set(),
            config=parse_config(config, tmp_path),
            pipeline=SimpleNamespace(loaded=SimpleNamespace(hooks=inspect_model(model))),
        )
        self.held = replica.calls
        self.transport = FakeTransport()
        self.connection = ServerConnection(lambda exchange: WebSocketCall(exchange, replica), Limits(), set())
        self.connection.connection_made(self.transport)
        self.client = ClientProtocol(parse_uri("ws://h/v1/websocket"))

    async def begin(self):
        self.client.send_request(self.client.connect())
        self.say()
        await until(lambda: self.transport.written)
        self.hear()
        return self

    def say(self):
        self.connection.data_received(b"".join(self.client.data_to_send()))

    def hear(self):
        self.client.receive_data(self.transport.take())

    @property
    def is_over(self):
        return self.transport.closed or self.transport.has_written_eof


async def test_the_connection_stays_until_the_model_has_ended_though_its_client_said_goodbye(tmp_path):
    model = Outlasts()
    conversation = await Conversation(model, tmp_path).begin()
    model.reads.set()
    conversation.client.send_close(1000)
    conversation.say()
    await until(lambda: model.story == [1000])
    conversation.hear()
    assert conversation.client.close_rcvd.code == 1000
    assert not conversation.is_over
    assert len(conversation.held) == 1
    model.ends.set()
    await until(lambda: conversation.transport.closed)
    assert model.story == [1000, "ended"]
    assert conversation.held == set()


@pytest.mark.parametrize("config", ["runtime: {transport: {kind: websocket, ping_interval_seconds: 0.01}}"])
async def test_a_model_that_stays_when_its_client_has_fallen_silent_is_cancelled_after_a_grace(
    tmp_path, monkeypatch, config
):
    monkeypatch.setattr(websocket_module, "CLOSE_TIMEOUT", 0.01)
    monkeypatch.setattr(websocket_module, "PING_TIMEOUT", 0.01)
    model = Outlasts()
    model.reads.set()
    conversation = await Conversation(model, tmp_path, config).begin()
    await until(lambda: conversation.transport.closed)
    assert model.story == [1006, "ended"]


@pytest.mark.parametrize("error", [ValueError(), asyncio.CancelledError(), SystemExit(3)])
async def test_a_model_that_raises_closes_with_an_error_whatever_it_is(tmp_path, error):
    class Raises:
        async def websocket(self, _: WebSocket):
            raise error

    conversation = await Conversation(Raises(), tmp_path).begin()
    assert conversation.client.close_rcvd.code == 1011


async def test_messages_without_content_are_held_back_too(tmp_path):
    model = Outlasts()
    conversation = await Conversation(model, tmp_path).begin()
    for _ in range(20):
        for _ in range(1000):
            conversation.client.send_text(b"")
        conversation.say()
    assert not conversation.transport.is_reading
    model.reads.set()
    await until(lambda: conversation.transport.is_reading)
    model.ends.set()
    conversation.client.send_close(1000)
    conversation.say()
    await until(lambda: conversation.transport.closed)
