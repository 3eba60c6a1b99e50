"""The pipeline with a span for each part of a request. A replica that does not trace never runs this file's code."""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from headway.core.stages import Stage
from headway.model_server.call import Call
from headway.model_server.gate import PredictGate
from headway.model_server.pipeline import Pipeline
from headway.model_server.threads import ThreadPool
from headway.model_server.truss.loader import LoadedModel
from headway.model_server.truss.signatures import Hook
from headway.model_server.truss.truss_config import TrussConfig
from headway.telemetry.span_export import SpanQueue, exporters
from headway.telemetry.spans import Span, origin_of

_SECTIONS = {"preprocess": "call-pre", "postprocess": "call-post"}
_current: ContextVar[Span] = ContextVar("current_span")
_log = logging.getLogger(__name__)


class Sink(Protocol):
    def put(self, span: Span) -> None: ...


class MakePipeline(Protocol):
    def __call__(
        self,
        config: TrussConfig,
        loaded: LoadedModel,
        predict_threads: ThreadPool,
        hook_threads: ThreadPool,
        gate: PredictGate | None,
    ) -> Pipeline: ...


def traced(environment: Mapping[str, str]) -> MakePipeline:
    """What makes the pipeline of a replica that is to trace: a plain one, if nothing says where spans go."""
    found = exporters(environment)
    if not found:
        _log.warning(
            "runtime.enable_tracing_data is set, but neither OTEL_EXPORTER_OTLP_ENDPOINT nor "
            "OTEL_TRACING_NDJSON_FILE: no spans are recorded"
        )
        return Pipeline
    return functools.partial(TracedPipeline, SpanQueue(found))


class TracedPipeline(Pipeline):
    """Puts each ended span into `sink`."""

    def __init__(
        self,
        sink: Sink,
        config: TrussConfig,
        loaded: LoadedModel,
        predict_threads: ThreadPool,
        hook_threads: ThreadPool,
        gate: PredictGate | None = None,
    ) -> None:
        super().__init__(config, loaded, predict_threads, hook_threads, gate)
        self._sink = sink

    async def predict(self, call: Call) -> None:
        await self._trace("predict-endpoint", call, super().predict)

    async def run_method(self, name: str, call: Call) -> None:
        run = functools.partial(super().run_method, name)
        await self._trace(f"{_dashed(name)}-endpoint", call, run)

    async def _trace(self, name: str, call: Call, run: Callable[[Call], Awaitable[None]]) -> None:
        origin = origin_of(call.exchange.header(b"traceparent"), call.exchange.header(b"tracestate"))
        if origin is None:
            await run(call)
            return
        with self._lasting(Span(name, origin, is_entry=True)) as span:
            span.attributes["headway.request_id"] = call.identity
            _current.set(span)  # for this request's task, and no other
            try:
                await run(call)
            finally:
                if call.exchange.status:
                    span.attributes["http.response.status_code"] = call.exchange.status

    async def _run(self, call: Call, stage: Stage, hook: Hook, inputs: Any, threads: ThreadPool) -> Any:
        with self._section(_SECTIONS.get(hook.name) or f"call-{_dashed(hook.name)}"):
            return await super()._run(call, stage, hook, inputs, threads)

    async def _stream(self, call: Call, chunks: Any, threads: ThreadPool, *, native: bool) -> None:
        with self._section("buffered-response-generator"):
            await super()._stream(call, chunks, threads, native=native)

    def _log(self, error: BaseException) -> None:
        if (span := _current.get(None)) is not None:
            span.error = type(error).__name__
        super()._log(error)

    @contextmanager
    def _section(self, name: str) -> Iterator[None]:
        parent = _current.get(None)
        if parent is None:
            yield
            return
        with self._lasting(parent.child(name)):
            yield

    @contextmanager
    def _lasting(self, span: Span) -> Iterator[Span]:
        try:
            yield span
        except BaseException as error:
            span.error = type(error.__cause__ or error).__name__
            raise
        finally:
            span.end()
            self._sink.put(span)


def _dashed(name: str) -> str:
    return name.replace("_", "-")
