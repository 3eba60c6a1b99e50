"""A model behind the real pipeline and the real HTTP connection, on a fake transport."""

import asyncio
import dataclasses
from pathlib import Path

from fakes.application import post
from fakes.transport import FakeTransport
from headway.http.limits import Limits
from headway.http.server import ServerConnection
from headway.model_server.call import Call, HeldCalls
from headway.model_server.pipeline import Pipeline
from headway.model_server.threads import ThreadPool
from headway.model_server.truss.loader import LoadedModel
from headway.model_server.truss.signatures import inspect_model
from headway.model_server.truss.truss_config import parse_config


class ServedModel:
    """Runs a model object's requests. `predicting` is how many hold a place in the gate."""

    def __init__(self, model, *, concurrency=1, config="", cancels=True, gap=None):
        self.config = parse_config(
            f"runtime: {{predict_concurrency: {concurrency}}}\n{config}", Path("/nowhere")
        )
        if gap is not None:
            self.config = dataclasses.replace(self.config, streaming_read_timeout=gap)
        loaded = LoadedModel(model, inspect_model(model))
        self.pipeline = Pipeline(
            self.config, loaded, ThreadPool("predict", concurrency), ThreadPool("hook", 8)
        )
        self.calls = HeldCalls()
        self._cancels = cancels

    @property
    def predicting(self):
        return self.pipeline.gate.statistics().inside

    def client(self, body=b"null", path=b"/", headers=b"host: h\r\n"):
        """A client that has sent its request."""
        return Client(
            lambda exchange: Call(exchange, self._work, self.calls, cancels=self._cancels),
            body,
            path,
            headers,
        )

    async def _work(self, call):
        if call.exchange.target == b"/":
            await self.pipeline.predict(call)
        else:
            await self.pipeline.run_method(call.exchange.target.decode().strip("/"), call)


class Client:
    def __init__(self, application, body, path, headers=b"host: h\r\n"):
        self.transport = FakeTransport()
        self.connection = ServerConnection(application, Limits(), set())
        self.connection.connection_made(self.transport)
        self.connection.data_received(post(body, path, headers))

    @property
    def heard(self):
        return self.transport.written

    def half_close(self):
        assert self.connection.eof_received()

    def vanish(self):
        self.transport.closed = True
        self.connection.connection_lost(None)

    async def answer(self):
        """Waits until the answer is whole, and gives it."""
        await until(lambda: is_whole(self.heard))
        return self.heard


def is_whole(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length: "):
            return len(body) == int(line[16:])
    return body.endswith(b"0\r\n\r\n")


async def until(holds):
    """Turns the loop until the condition holds; the story's own limit ends one that never does."""
    while not holds():  # noqa: ASYNC110 - what it waits for is seen from outside only
        await asyncio.sleep(0)
