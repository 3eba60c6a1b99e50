"""The replica's routes: Truss's own on the public address, and what only Headway may ask on the private one."""

import json
import logging
from collections.abc import Awaitable, Callable, Collection
from time import monotonic
from typing import Any, Protocol

from headway.core.stages import Stage
from headway.core.wire import HELD_PATH, MODELS_PATH, PREDICT_PATH, WEBSOCKET_PATH
from headway.http.exchange import Exchange
from headway.http.receivers import SILENT, Receiver
from headway.model_server import failures
from headway.model_server.call import Call
from headway.model_server.logs import Lines
from headway.model_server.model_list import model_list
from headway.model_server.replica import ServedModel

Work = Callable[[Call], Awaitable[None]]
_JSON = b"content-type: application/json\r\n"
_MODELS = b"/v1/models/"
_READING = (b"GET", b"HEAD")
_METHODS = {
    b"/v1/chat/completions": "chat_completions",
    b"/v1/completions": "completions",
    b"/v1/embeddings": "embeddings",
    b"/v1/messages": "messages",
    b"/v1/responses": "responses",
}
_log = logging.getLogger(__name__)


class PublicRoutes:
    """The application of the public server: called once for each request."""

    def __init__(self, replica: ServedModel) -> None:
        self._replica = replica
        self._posts: dict[bytes, Work] = {
            PREDICT_PATH: self._predict,
            b"/invocations": self._predict,
            b"/hot-reload": self._hot_reload,
        }
        for path, name in _METHODS.items():
            self._posts[path] = self._method(name)
        self._gets: dict[bytes, Work] = {
            b"/": self._alive,
            b"/ping": self._loaded,
            b"/metrics": self._metrics_moved,
            b"/metrics/": self._metrics,
            b"/openapi.json": self._openapi,
            MODELS_PATH: self._models,
        }

    def __call__(self, exchange: Exchange) -> Receiver:
        path = exchange.target.partition(b"?")[0]
        work = self._posts.get(path) if exchange.method == b"POST" else None
        if work is None:
            if path == WEBSOCKET_PATH and exchange.is_upgrade:
                from headway.model_server.websocket import WebSocketCall

                return WebSocketCall(exchange, self._replica)
            work = self._rarer(exchange.method, path)
        return Call(exchange, work, self._replica.calls, cancels=self._replica.cancels)

    def _rarer(self, method: bytes, path: bytes) -> Work:
        if path not in self._gets:
            path = path.removesuffix(b"/")  # it means nothing there
        posts, gets = self._posts.get(path), self._gets.get(path)
        if path.startswith(_MODELS) and b"/" not in path[len(_MODELS) :].removesuffix(
            b"/loaded"
        ).removesuffix(b"/schema"):
            name = path[len(_MODELS) :]
            if name.endswith((b":predict", b":predict_binary")):
                posts = self._predict
            if name.endswith(b"/loaded"):
                gets = self._loaded
            else:
                gets = self._schema if name.endswith(b"/schema") else self._ready
        if method == b"POST" and posts is not None:
            return posts
        if method in _READING and gets is not None:
            return gets
        if posts is None and gets is None:
            return _options if path == b"*" else _not_found
        allowed = (*(_READING if gets is not None else ()), *((b"POST",) if posts is not None else ()))
        return _not_allowed(b", ".join(allowed))

    async def _predict(self, call: Call) -> None:
        await self._serve(call, lambda pipeline: pipeline.predict(call))

    def _method(self, name: str) -> Work:
        async def work(call: Call) -> None:
            await self._serve(call, lambda pipeline: pipeline.run_method(name, call))

        return work

    async def _serve(self, call: Call, run: Callable[[Any], Awaitable[None]]) -> None:
        pipeline = self._replica.pipeline
        if pipeline is None:
            failures.answer(call.exchange, failures.not_ready())
        else:
            await run(pipeline)

    async def _alive(self, call: Call) -> None:
        call.exchange.respond(200, _JSON, b"true")

    async def _loaded(self, call: Call) -> None:
        self._answer_state(call, good=self._replica.pipeline is not None)

    async def _ready(self, call: Call) -> None:
        self._answer_state(call, good=await self._replica.is_healthy())

    def _answer_state(self, call: Call, *, good: bool) -> None:
        if good:
            Lines.start_is_over = True
            call.exchange.respond(200, _JSON, b"{}")
        else:
            failures.answer(call.exchange, failures.not_ready())

    async def _models(self, call: Call) -> None:
        call.exchange.respond(200, _JSON, model_list(call.exchange, self._replica.config))

    async def _schema(self, call: Call) -> None:
        from headway.model_server.truss.schema import describe

        pipeline = self._replica.pipeline
        if pipeline is None:
            failures.answer(call.exchange, failures.not_ready())
            return
        described = describe(pipeline.loaded.hooks)
        if described is None:
            failures.answer(call.exchange, failures.no_schema())
        else:
            call.exchange.respond(200, _JSON, json.dumps(described, separators=(",", ":")).encode())

    async def _hot_reload(self, call: Call) -> None:
        try:
            self._replica.hot_reload()
        except Exception as error:  # noqa: BLE001 - the new code may raise anything
            _log.exception("Hot reload failed")
            body = json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
            call.exchange.respond(422, _JSON, body)
        else:
            call.exchange.respond(200, _JSON, b'{"msg":"Hot reload complete"}')

    async def _metrics_moved(self, call: Call) -> None:
        call.exchange.respond(307, b"location: /metrics/\r\n")

    async def _metrics(self, call: Call) -> None:
        from headway.model_server.metrics import of_model

        call.exchange.respond(200, b"content-type: text/plain; version=0.0.4; charset=utf-8\r\n", of_model())

    async def _openapi(self, call: Call) -> None:
        paths: dict[str, Any] = {path.decode(): {"post": {}} for path in self._posts} | {
            path.decode(): {"get": {}} for path in self._gets
        }
        page = {"openapi": "3.1.0", "info": {"title": "Headway model server", "version": "1"}, "paths": paths}
        call.exchange.respond(200, _JSON, json.dumps(page).encode())


class Held(Protocol):
    """A request that the replica holds; without a stage it is none of the gateway's."""

    @property
    def identity(self) -> str: ...
    @property
    def stage(self) -> Stage | None: ...
    @property
    def since(self) -> float: ...
    @property
    def left(self) -> bool: ...


class PrivateRoutes:
    """The application of the private server, which the gateway never passes anybody on to."""

    def __init__(self, calls: Collection[Held]) -> None:
        self._calls = calls

    def __call__(self, exchange: Exchange) -> Receiver:
        if exchange.target == HELD_PATH and exchange.method in _READING:
            exchange.respond(200, _JSON, json.dumps(held(self._calls, monotonic())).encode())
        else:
            failures.answer_framework(exchange, 404, "Not Found")
        return SILENT


def held(calls: Collection[Held], now: float) -> list[dict[str, Any]]:
    """What the replica holds: each request's id, stage, seconds in that stage, and whether its client left."""
    return [
        {
            "id": call.identity,
            "stage": call.stage.words,
            "since": round(now - call.since, 4),
            "abandoned": call.left,
        }
        for call in calls
        if call.stage is not None
    ]


async def _options(call: Call) -> None:
    call.exchange.respond(200, b"allow: GET, HEAD, POST, OPTIONS\r\n")


async def _not_found(call: Call) -> None:
    failures.answer_framework(call.exchange, 404, "Not Found")


def _not_allowed(allowed: bytes) -> Work:
    async def work(call: Call) -> None:
        failures.answer_framework(call.exchange, 405, "Method Not Allowed", b"allow: %s\r\n" % allowed)

    return work
