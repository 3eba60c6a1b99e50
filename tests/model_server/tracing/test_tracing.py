"""Spans of requests: which there are, whose they are, and how they reach a file and a collector."""

import asyncio
import json
from collections import Counter

import pytest

from fakes.collector import Collector
from fakes.served_model import ServedModel, until
from headway.model_server.pipeline import Pipeline
from headway.model_server.tracing import export as span_export
from headway.model_server.tracing.export import SpanQueue, exporters
from headway.model_server.tracing.pipeline import TracedPipeline, traced
from headway.model_server.tracing.spans import Origin, Span, origin_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{PARENT}-01".encode()


class Recorder(list):
    put = list.append


class Staged:
    def preprocess(self, inputs):
        return inputs

    async def predict(self, inputs):
        if inputs == "fail":
            raise KeyError(inputs)
        return inputs

    def postprocess(self, inputs):
        return inputs

    async def chat_completions(self, _inputs):
        async def words():
            yield "a"
            yield "b"

        return words()


def traced_model():
    recorder = Recorder()
    served = ServedModel(Staged())
    plain = served.pipeline
    served.pipeline = TracedPipeline(
        recorder, served.config, plain.loaded, plain._predict_threads, plain._hook_threads
    )
    return served, recorder


async def spans_of(body, path=b"/", *, headers=b""):
    """The spans of one request to Staged, by their names."""
    served, recorder = traced_model()
    path_and_headers = path + b" HTTP/1.1\r\n" + headers + b"x-rest:" if headers else path
    client = served.client(body, path_and_headers)
    await client.answer()
    await until(lambda: served.calls == set())
    return {span.name: span for span in recorder}


async def test_each_stage_is_a_span_inside_the_endpoints():
    spans = await spans_of(b'"x"')
    assert list(spans) == ["call-pre", "call-predict", "call-post", "predict-endpoint"]
    whole = spans.pop("predict-endpoint")
    assert whole.is_entry
    assert whole.origin.parent_id is None
    for span in spans.values():
        assert span.origin == Origin(whole.origin.trace_id, whole.span_id)
        assert whole.started_ns <= span.started_ns <= span.ended_ns <= whole.ended_ns


async def test_a_stream_is_a_span_of_its_own_until_its_end():
    spans = await spans_of(b'"x"', b"/chat_completions")
    assert list(spans) == [
        "call-chat-completions",
        "buffered-response-generator",
        "chat-completions-endpoint",
    ]
    assert not any(span.error for span in spans.values())


async def test_the_callers_trace_goes_on():
    spans = await spans_of(b'"x"', headers=b"traceparent: " + SAMPLED + b"\r\ntracestate: a=1\r\n")
    whole = spans["predict-endpoint"]
    assert whole.origin == Origin(TRACE, PARENT, "a=1")
    assert spans["call-pre"].origin == Origin(TRACE, whole.span_id, "a=1")


async def test_a_caller_who_records_nothing_gets_nothing_recorded():
    assert await spans_of(b'"x"', headers=b"traceparent: " + SAMPLED[:-1] + b"0\r\n") == {}


async def test_what_fails_says_so_without_the_text_of_the_models_error():
    spans = await spans_of(b'"fail"')
    assert spans["call-predict"].error == spans["predict-endpoint"].error == "KeyError"
    assert spans["predict-endpoint"].attributes["http.response.status_code"] == "500"
    bad = await spans_of(b"{")
    assert bad["predict-endpoint"].attributes["http.response.status_code"] == "400"
    assert bad["predict-endpoint"].error is None, "the client's mistake"


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        b"",
        b"00-abc-def-01",
        SAMPLED.upper(),
        SAMPLED.replace(b"00-", b"ff-", 1),
        f"00-{'0' * 32}-{PARENT}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
    ],
)
def test_a_traceparent_that_says_nothing_begins_a_trace(traceparent):
    origin = origin_of(traceparent, b"a=1")
    assert origin is not None
    assert origin.parent_id is None
    assert origin.trace_id not in {TRACE, "0" * 32}


def test_without_a_place_for_spans_the_pipeline_is_the_plain_one(caplog):
    assert traced({}) is Pipeline
    assert "no spans are recorded" in caplog.text
    assert exporters({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}) == []


def ended(name, origin, **how):
    span = Span(name, origin, **how)
    span.attributes["headway.request_id"] = "r1"
    span.end()
    return span


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_a_collector_gets_spans_as_otlp_in_json(path):
    whole = ended("predict-endpoint", Origin(TRACE, PARENT, "a=1"), is_entry=True)
    part = whole.child("call-predict")
    part.error = "KeyError"
    part.end()
    with Collector() as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url + path,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-team=a%20b, other=2",
            "OTEL_SERVICE_NAME": "mine",
        }
        spans = SpanQueue(exporters(variables))
        spans.put(part)
        spans.put(whole)
        spans.close()
    [(at, headers, content)] = collector.posts
    assert at == "/v1/traces"
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Team"] == "a b"
    [resource] = content["resourceSpans"]
    assert resource["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "mine"}}]
    [scope] = resource["scopeSpans"]
    first, second = scope["spans"]
    assert (first["traceId"], first["parentSpanId"], first["kind"]) == (TRACE, whole.span_id, 1)
    assert first["status"] == {"code": 2, "message": "KeyError"}
    assert (second["name"], second["parentSpanId"], second["kind"]) == ("predict-endpoint", PARENT, 2)
    assert (second["traceState"], second["status"]) == ("a=1", {"code": 0})
    assert second["startTimeUnixNano"] == str(whole.started_ns)
    assert second["endTimeUnixNano"] == str(whole.ended_ns)


def test_a_file_gets_a_line_for_each_span(tmp_path):
    whole = ended("predict-endpoint", Origin(TRACE, None), is_entry=True)
    part = whole.child("call-predict")
    part.end()
    spans = SpanQueue(exporters({"OTEL_TRACING_NDJSON_FILE": str(tmp_path / "spans")}))
    spans.put(whole)
    spans.put(part)
    spans.close()
    first, second = map(json.loads, (tmp_path / "spans").read_text().splitlines())
    assert (first["name"], first["parent_id"]) == ("predict-endpoint", None)
    assert first["context"]["trace_id"] == second["context"]["trace_id"] == f"0x{TRACE}"
    assert second["parent_id"] == f"0x{whole.span_id}"
    assert first["start_time"] <= first["end_time"]


def test_a_collector_that_fails_loses_spans_and_nothing_else(caplog):
    with Collector(status=500) as collector:
        spans = SpanQueue(exporters({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}))
        spans.put(ended("predict-endpoint", Origin(TRACE, None)))
        spans.close()
    assert len(collector.posts) == 1
    assert "1 spans could not be exported" in caplog.text


def test_what_comes_faster_than_it_can_go_is_dropped_and_told(caplog, monkeypatch):
    monkeypatch.setattr(span_export, "QUEUE_LIMIT", 2)
    exported = []

    class Exporter:
        def export(self, spans):
            exported.extend(spans)

    spans = SpanQueue([Exporter()])
    for _ in range(1000):
        spans.put(ended("predict-endpoint", Origin(TRACE, None)))
    spans.close()
    assert 2 <= len(exported) < 1000
    assert "spans were dropped" in caplog.text


async def test_requests_at_the_same_time_keep_their_spans_apart():
    served, recorder = traced_model()
    await asyncio.gather(*(served.client(b'"x"').answer() for _ in range(3)))
    await until(lambda: served.calls == set())
    wholes = {span.span_id: span for span in recorder if span.is_entry}
    assert len(wholes) == 3
    parts = [span for span in recorder if not span.is_entry]
    assert Counter(span.origin.parent_id for span in parts) == dict.fromkeys(wholes, 3)
    assert all(span.origin.trace_id == wholes[span.origin.parent_id].origin.trace_id for span in parts)
