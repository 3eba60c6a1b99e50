"""Takes a call through the model's methods: preprocess, the gate, predict, postprocess, send (DESIGN.md section 1).

Synchronous methods run on threads: `predict` and everything gated on as many as the gate lets in, the hooks around
it on others, the free methods on still others, so that none of them starves another (I5).
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from headway.core.stages import Stage
from headway.model_server import asgi, failures, generators
from headway.model_server.call import Call
from headway.model_server.content import decode_body
from headway.model_server.forks import end_if_copy
from headway.model_server.gate import PredictGate
from headway.model_server.payload import BadPayloadError, encode_binary, encode_json, is_binary
from headway.model_server.streams import BadChunkError, close_iterator
from headway.model_server.threads import ThreadPool
from headway.model_server.truss.loader import LoadedModel, model_traceback
from headway.model_server.truss.schema import parse_inputs
from headway.model_server.truss.signatures import Arguments, Hook, Kind, ModelDefinitionError
from headway.model_server.truss.truss_config import TrussConfig

_FREE_THREADS = 1000
"""More than a replica holds at once, as for the hooks; made when first needed."""
_JSON = b"content-type: application/json\r\n"
_BINARY = b"content-type: application/octet-stream\r\n"
_SENT = object()
"""Stands for a result that was sent while it was made."""
_log = logging.getLogger(__name__)


class Pipeline:
    """The methods of one loaded model, run for calls. Made on the event loop."""

    def __init__(
        self,
        config: TrussConfig,
        loaded: LoadedModel,
        predict_threads: ThreadPool,
        hook_threads: ThreadPool,
        gate: PredictGate | None = None,
    ) -> None:
        self._filename = config.model_class_filename
        self._gap = config.streaming_read_timeout
        self._gated = frozenset(config.headway.gated)
        self.loaded = loaded
        self.gate = gate or PredictGate(config.predict_concurrency)
        self._predict_threads = predict_threads
        self._hook_threads = hook_threads
        self._free_threads = ThreadPool("method", _FREE_THREADS)

    async def predict(self, call: Call) -> None:
        """Serve a predict request to its end; raises nothing but cancellation."""
        await self._serve(call, self._predict)

    async def run_method(self, name: str, call: Call) -> None:
        """The same for an endpoint that is one method of the model, say `chat_completions`."""
        await self._serve(call, functools.partial(self._run_method, name))

    async def _serve(self, call: Call, work: Callable[[Call], Awaitable[None]]) -> None:
        try:
            await decode_body(call)
            await work(call)
        except failures.RequestFailedError as failed:
            self._fail(call, failed)
        except Exception as error:  # noqa: BLE001 - a result that cannot be sent is anything
            self._log(error)
            self._fail(call, failures.unhandled(error))

    async def _predict(self, call: Call) -> None:
        hooks = self.loaded.hooks
        predict, postprocess = hooks.predict, hooks.postprocess
        if predict is None:
            raise failures.no_method("predict")
        inputs = _inputs(call, hooks.entry or predict, parses=predict.arguments is not Arguments.REQUEST)
        if hooks.preprocess is not None:
            inputs = await self._run(call, Stage.PREPROCESS, hooks.preprocess, inputs, self._hook_threads)
        result = await self._run_gated(call, predict, inputs, streams=postprocess is None)
        if postprocess is not None:
            result = await self._run(call, Stage.POSTPROCESS, postprocess, result, self._hook_threads)
            result = await self._send_if_live(call, result, self._hook_threads, native=False)
        _send(call, result)

    async def _run_method(self, name: str, call: Call) -> None:
        hook: Hook | None = getattr(self.loaded.hooks, name)
        if hook is None:
            raise failures.no_method(name)
        inputs = _inputs(call, hook, parses=hook.arguments is not Arguments.REQUEST)
        if name in self._gated:
            result = await self._run_gated(call, hook, inputs, streams=True)
        else:
            result = await self._run(call, Stage.PREDICT, hook, inputs, self._free_threads)
            result = await self._send_if_live(call, result, self._free_threads, native=True)
        _send(call, result)

    async def _run_gated(self, call: Call, hook: Hook, inputs: Any, *, streams: bool) -> Any:
        """The part under the gate: until the value is there, or all of a stream was made (I4)."""
        threads = self._predict_threads
        call.enter(Stage.GATE_WAIT)
        await self.gate.enter(call)
        try:
            result = await self._run(call, Stage.PREDICT, hook, inputs, threads)
            if streams:
                result = await self._send_if_live(call, result, threads, native=True)
            else:
                result = await self._refuse_if_live(result)
        finally:
            if call.left:
                await call.until_stopped()
            followed = self.gate.leave(call)
        if followed:
            await asyncio.sleep(0)  # the next one's predict begins before this one's answer is written
        return result

    async def _run(self, call: Call, stage: Stage, hook: Hook, inputs: Any, threads: ThreadPool) -> Any:
        """Run one method. Whatever it raises becomes the request's failure, unless its client has left."""
        if call.left:
            raise failures.client_left(hook.name)
        call.enter(stage)
        try:
            arguments = _arguments(call, hook, inputs)
            match hook.kind:
                case Kind.ASYNC:
                    return await hook.function(*arguments)
                case Kind.SYNC:
                    return await threads.run(hook.function, *arguments)
                case Kind.SYNC_GENERATOR | Kind.ASYNC_GENERATOR:
                    return hook.function(*arguments)  # none of its code has run yet
        except asyncio.CancelledError:
            if call.left:
                raise
            raise failures.model_error() from None
        except BaseException as error:  # SystemExit of a model ends its request, not the replica
            raise self._failure(error) from error
        finally:
            end_if_copy()

    async def _send_if_live(self, call: Call, result: Any, threads: ThreadPool, *, native: bool) -> Any:
        """Send what makes its own body, or collect it; anything else is handed back. Not native: from postprocess."""
        if generators.is_generator(result):
            if native and generators.wants_it_whole(call):
                return await self._collect(call, result, threads)
            await self._stream(call, result, threads, native=native)
            return _SENT
        if asgi.is_response(result) and asgi.sends_itself(result):
            await self._send_live(call, result, threads)
            return _SENT
        return result

    async def _send_live(self, call: Call, response: Any, threads: ThreadPool) -> None:
        try:
            await asgi.send_live(call, response, threads)
        except BaseException as error:
            is_ours = isinstance(error, Exception) and failures.chosen_by_model(error) is None
            if is_ours or call.is_departure(error):
                raise
            raise self._failure(error) from error

    async def _stream(self, call: Call, chunks: Any, threads: ThreadPool, *, native: bool) -> None:
        try:
            stream = await generators.send(call, chunks, threads, self._gap if native else None)
        except generators.BrokenStreamError as broken:
            error = broken.__cause__ or broken
            if not broken.stream.has_begun:
                raise self._failure(error) from error
            self._log(error)
            broken.stream.break_off()
        else:
            stream.end()

    def _failure(self, error: BaseException) -> failures.RequestFailedError:
        """The answer to what the model's code raised, which is told in the log."""
        self._log(error)
        return failures.unhandled(error) if isinstance(error, BadChunkError) else failures.of_model(error)

    async def _collect(self, call: Call, chunks: Any, threads: ThreadPool) -> str:
        try:
            return await generators.collect(call, chunks, threads)
        except BaseException as error:
            if call.is_departure(error):
                raise
            if not isinstance(error, Exception):
                raise self._failure(error) from error
            self._log(error)
            chosen = failures.chosen_by_model(error)
            raise chosen or failures.unhandled(error) from error

    async def _refuse_if_live(self, result: Any) -> Any:
        """Postprocess takes values only."""
        if not generators.is_generator(result) and not asgi.is_response(result):
            return result
        await close_iterator(result)
        self._log(
            ModelDefinitionError(
                "`postprocess` cannot follow a `predict` that returns a stream or a response",
                hint="do all of it in `predict`, or return a value",
            )
        )
        raise failures.model_error()

    def _fail(self, call: Call, failed: failures.RequestFailedError) -> None:
        if call.exchange.started:
            call.exchange.abort()
            return
        if call.left:
            call.exchange.wants_keep_alive = False
        if call.stage is not None:
            call.enter(Stage.SEND)  # the stage that failed took its time too
        failures.answer(call.exchange, failed, call.server_timing())

    def _log(self, error: BaseException) -> None:
        _log.error("Exception while running the model\n%s", model_traceback(error, self._filename))


def _inputs(call: Call, entry: Hook, *, parses: bool) -> Any:
    if not parses:
        return None
    try:
        return parse_inputs(call.body, call.exchange.header(b"content-type"), entry.input_model)
    except BadPayloadError as error:
        raise failures.bad_input(error.message) from error


def _arguments(call: Call, hook: Hook, inputs: Any) -> tuple[Any, ...]:
    match hook.arguments:
        case Arguments.INPUTS:
            return (inputs,)
        case Arguments.REQUEST:
            return (asgi.request_of(call),)
        case Arguments.INPUTS_AND_REQUEST:
            return (inputs, asgi.request_of(call))
        case Arguments.NONE:
            return ()


def _send(call: Call, result: Any) -> None:
    if result is _SENT or call.left:
        return
    call.enter(Stage.SEND)
    if asgi.is_response(result):
        asgi.send_plain(call, result)
    elif is_binary(call.exchange.header(b"content-type")):
        call.exchange.respond(200, _BINARY + call.server_timing(), encode_binary(result))
    else:
        call.exchange.respond(200, _JSON + call.server_timing(), *encode_json(result))
