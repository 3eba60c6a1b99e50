"""The gateway's part in its callers' traces: a span for a request as a whole, and in it those of its waits. What the
replica records is then part of that.

Only requests whose `traceparent` asks for it are recorded, and only where the environment says where spans go. Their
heads are never known from before, since each goes on with a span's id of its own; all others cost nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from headway.http.exchange import Exchange
from headway.observed.records import Outcome
from headway.telemetry.spans import Span, caller_of, origin_at

_PARENT = b"traceparent"
_SERVICE, _SCOPE = "headway-gateway", "headway"
_FIRST_ERROR = 500


class Sink(Protocol):
    def put(self, span: Span) -> None: ...


class Tracer:
    """Begins the spans of requests; `sink` gets them when they have ended."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    @classmethod
    def told(cls, environment: Mapping[str, str]) -> "Tracer | None":
        """The one that OpenTelemetry's variables ask for, None where they name no place for spans."""
        from headway.telemetry.span_export import SpanQueue, exporters  # few gateways need it

        found = exporters(environment, _SERVICE, _SCOPE)
        return cls(SpanQueue(found)) if found else None

    def begin(self, exchange: Exchange) -> "RequestTrace | None":
        """Record the request if its caller does, and name our span as the parent of what follows."""
        caller = caller_of(exchange.header(_PARENT))
        if caller is None or not caller.records:
            return None
        span = Span("gateway", origin_at(caller, exchange.header(b"tracestate")), is_entry=True)
        span.attributes["http.request.method"] = exchange.method.decode()
        parent = f"00-{caller.trace_id}-{span.span_id}-{caller.flags:02x}".encode()
        others = [header for header in exchange.headers if header[0] != _PARENT]
        exchange.headers = [*others, (_PARENT, parent)]
        return RequestTrace(span, self._sink)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a request waited. Instants are by the monotonic clock; `queue_seconds` are without the cold start."""

    submitted_at: float
    dispatched_at: float | None
    """None: it never got a slot."""
    queue_seconds: float
    is_cold: bool


class RequestTrace:
    """The spans of one request."""

    __slots__ = ("_sink", "_span")

    def __init__(self, span: Span, sink: Sink) -> None:
        self._span = span
        self._sink = sink

    def end(
        self, request_id: str, about: Mapping[str, str], outcome: Outcome, status: int, waits: Waits | None
    ) -> None:
        """The request is over; no status where its client left before it was told one, no waits where it had none.
        `about` is said of each span.
        """
        span, now = self._span, monotonic()
        span.attributes.update(about, **{"headway.request_id": request_id})
        if status:
            span.attributes["http.response.status_code"] = status
        if outcome is not Outcome.FINISHED:
            span.error = outcome.value
        elif status >= _FIRST_ERROR:
            span.error = str(status)
        span.end()
        if waits is not None:
            self._tell_waits(waits, about, now)
        self._sink.put(span)

    def _tell_waits(self, waits: Waits, about: Mapping[str, str], now: float) -> None:
        """First for a first replica, where there was none; then for a slot."""
        end = now if waits.dispatched_at is None else waits.dispatched_at
        begin = waits.submitted_at
        if waits.is_cold:
            ready = now if waits.dispatched_at is None else end - waits.queue_seconds
            self._put("cold-start", about, now - begin, now - ready)
            begin = ready
        self._put("queue", about, now - begin, now - end)

    def _put(self, name: str, about: Mapping[str, str], began: float, ended: float) -> None:
        """A part that began and ended so many seconds before the end of the whole."""
        whole, part = self._span, self._span.child(name)
        part.started_ns = max(whole.started_ns, whole.ended_ns - round(began * 1e9))
        part.ended_ns = max(part.started_ns, min(whole.ended_ns, whole.ended_ns - round(ended * 1e9)))
        part.attributes.update(about)
        self._sink.put(part)
