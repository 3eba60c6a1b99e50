"""Where ended spans go: a file of JSON lines, or a collector over OTLP/HTTP in its JSON encoding.

A thread of its own writes and sends, in batches. Requests never wait for it: what it cannot keep up with is dropped.
"""

import atexit
import contextlib
import json
import logging
import queue
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from headway.observed.words import counted, verb
from headway.telemetry.spans import Span

EVERY = 0.5
"""Seconds from one export to the next."""
QUEUE_LIMIT = 16384
BATCH_LIMIT = 1024
_SEND_TIMEOUT = 5.0
_LAST_EXPORT_WITHIN = 5.0
_COMPLAIN_EVERY = 60.0
_SERVICE, _SCOPE = "TrussServer", "truss_server"
_TRACES_PATH = "/v1/traces"
_KIND_SERVER, _KIND_INTERNAL = 2, 1
_STATUS_UNSET, _STATUS_ERROR = 0, 2
_log = logging.getLogger(__name__)


class Exporter(Protocol):
    def export(self, spans: Sequence[Span]) -> None:
        """Write or send them. Raises OSError, HTTPException."""


def exporters(environment: Mapping[str, str], service: str = _SERVICE, scope: str = _SCOPE) -> list[Exporter]:
    """What the variables name, in OpenTelemetry's and Truss's words. `service` is its name where they say none,
    `scope` that of the code whose spans they are.
    """
    resource = _resource(environment, service)
    found: list[Exporter] = []
    if path := environment.get("OTEL_TRACING_NDJSON_FILE"):
        found.append(FileExporter(Path(path), resource))
    if endpoint := environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        if urlsplit(endpoint).scheme in {"http", "https"}:
            headers = _pairs(environment.get("OTEL_EXPORTER_OTLP_HEADERS", ""))
            found.append(CollectorExporter(endpoint, headers, resource, scope))
        else:
            _log.error("OTEL_EXPORTER_OTLP_ENDPOINT is %r: write a URL with http:// or https://", endpoint)
    return found


class SpanQueue:
    """Takes spans on any thread, and exports them on its own until the process ends."""

    def __init__(self, exporters: Sequence[Exporter]) -> None:
        self._exporters = exporters
        self._queue: queue.Queue[Span] = queue.Queue(QUEUE_LIMIT)
        self._dropped = 0
        self._complained_at = -_COMPLAIN_EVERY
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="spans", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def put(self, span: Span) -> None:
        try:
            self._queue.put_nowait(span)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Export what there is, for a few seconds at most."""
        atexit.unregister(self.close)
        self._stopping.set()
        self._thread.join(_LAST_EXPORT_WITHIN)

    def _work(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stopping.wait(EVERY)
            while batch := self._take():
                self._export(batch)

    def _take(self) -> list[Span]:
        batch: list[Span] = []
        with contextlib.suppress(queue.Empty):
            while len(batch) < BATCH_LIMIT:
                batch.append(self._queue.get_nowait())
        return batch

    def _export(self, batch: list[Span]) -> None:
        for exporter in self._exporters:
            try:
                exporter.export(batch)
            except (OSError, HTTPException) as error:
                self._complain(f"{counted(len(batch), 'span')} could not be exported: {error}")
        if self._dropped:
            self._complain(
                f"{counted(self._dropped, 'span')} {verb(self._dropped, 'were', 'was')} dropped: "
                "they came faster than they could go"
            )

    def _complain(self, text: str) -> None:
        if monotonic() - self._complained_at >= _COMPLAIN_EVERY:
            self._complained_at = monotonic()
            _log.warning("Tracing: %s", text)


class FileExporter:
    """Appends one JSON object a line, in the form of OpenTelemetry's own JSON for people."""

    def __init__(self, path: Path, resource: Mapping[str, str]) -> None:
        self._path = path
        self._resource = {"attributes": resource, "schema_url": ""}

    def export(self, spans: Sequence[Span]) -> None:
        lines = "".join([json.dumps(self._row(span)) + "\n" for span in spans])
        with self._path.open("ab", buffering=0) as file:
            file.write(lines.encode())  # in one piece, for several replicas may share the file

    def _row(self, span: Span) -> dict[str, Any]:
        parent = span.origin.parent_id
        status = {"status_code": "UNSET" if span.error is None else "ERROR"}
        return {
            "name": span.name,
            "context": {
                "trace_id": f"0x{span.origin.trace_id}",
                "span_id": f"0x{span.span_id}",
                "trace_state": f"[{span.origin.state}]",
            },
            "kind": "SpanKind.SERVER" if span.is_entry else "SpanKind.INTERNAL",
            "parent_id": parent and f"0x{parent}",
            "start_time": _instant(span.started_ns),
            "end_time": _instant(span.ended_ns),
            "status": status if span.error is None else {**status, "description": span.error},
            "attributes": span.attributes,
            "events": [],
            "links": [],
            "resource": self._resource,
        }


class CollectorExporter:
    """Posts to a collector. Its address may be given with the path for traces or, as is the standard, without."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, str], scope: str
    ) -> None:
        base = endpoint.rstrip("/")
        self._url = base if base.endswith(_TRACES_PATH) else base + _TRACES_PATH
        self._headers = {**headers, "Content-Type": "application/json"}
        self._resource = {"attributes": _attributes(resource)}
        self._scope = {"name": scope}

    def export(self, spans: Sequence[Span]) -> None:
        scope = {"scope": self._scope, "spans": [_otlp(span) for span in spans]}
        content = {"resourceSpans": [{"resource": self._resource, "scopeSpans": [scope]}]}
        body = json.dumps(content, separators=(",", ":")).encode()
        request = urllib.request.Request(self._url, body, self._headers)  # noqa: S310 - http, as was checked
        with urllib.request.urlopen(request, timeout=_SEND_TIMEOUT):  # noqa: S310 - the same
            pass


def _otlp(span: Span) -> dict[str, Any]:
    status = {"code": _STATUS_UNSET} if span.error is None else {"code": _STATUS_ERROR, "message": span.error}
    row: dict[str, Any] = {
        "traceId": span.origin.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": _KIND_SERVER if span.is_entry else _KIND_INTERNAL,
        "startTimeUnixNano": str(span.started_ns),
        "endTimeUnixNano": str(span.ended_ns),
        "attributes": _attributes(span.attributes),
        "status": status,
    }
    if span.origin.parent_id is not None:
        row["parentSpanId"] = span.origin.parent_id
    if span.origin.state:
        row["traceState"] = span.origin.state
    return row


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        # OTLP in JSON writes whole numbers as text too: they have 64 bits.
        {"key": key, "value": {"intValue" if isinstance(value, int) else "stringValue": str(value)}}
        for key, value in values.items()
    ]


def _instant(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _resource(environment: Mapping[str, str], service: str) -> dict[str, str]:
    """What all spans of this process say of it. A name of the service of its own counts more than one among others."""
    told = _pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    return {"service.name": service, **told} | (
        {"service.name": name} if (name := environment.get("OTEL_SERVICE_NAME")) else {}
    )


def _pairs(text: str) -> dict[str, str]:
    """`name=value,name=value`, percent-encoded."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs if name.strip()}
