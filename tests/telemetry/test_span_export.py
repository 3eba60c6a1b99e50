"""How spans reach a file and a collector."""

import json

import pytest

from fakes.collector import Collector
from headway.telemetry import span_export
from headway.telemetry.span_export import SpanQueue, exporters
from headway.telemetry.spans import Origin, Span

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_an_address_that_is_no_url_is_none():
    assert exporters({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}) == []


def ended(name, origin, **how):
    span = Span(name, origin, **how)
    span.attributes |= {"headway.request_id": "r1", "http.response.status_code": 200}
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
    assert second["attributes"] == [
        {"key": "headway.request_id", "value": {"stringValue": "r1"}},
        {"key": "http.response.status_code", "value": {"intValue": "200"}},
    ]
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
    assert "1 span could not be exported" in caplog.text


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


@pytest.mark.parametrize(
    ("variables", "resource"),
    [
        ({}, {"service.name": "TrussServer"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "a=1, b%20c=d%2Ce,,=x"},
            {"service.name": "TrussServer", "a": "1", "b c": "d,e"},
        ),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=theirs,a=1"}, {"service.name": "theirs", "a": "1"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=theirs", "OTEL_SERVICE_NAME": "mine"},
            {"service.name": "mine"},
        ),
    ],
)
def test_what_spans_say_of_the_process_is_what_opentelemetrys_variables_say(tmp_path, variables, resource):
    with Collector() as collector:
        places = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_TRACING_NDJSON_FILE": str(tmp_path / "spans"),
        }
        spans = SpanQueue(exporters(places | variables))
        spans.put(ended("predict-endpoint", Origin(TRACE, None)))
        spans.close()
    [(_, _, content)] = collector.posts
    told = content["resourceSpans"][0]["resource"]["attributes"]
    assert {one["key"]: one["value"]["stringValue"] for one in told} == resource
    assert json.loads((tmp_path / "spans").read_text())["resource"]["attributes"] == resource
