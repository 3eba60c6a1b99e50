"""A real replica with `runtime.enable_tracing_data`: its spans reach a real collector and a file."""

import json
import time

from fakes.collector import Collector
from system.contract.server import Replica

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_replica_that_traces_tells_a_collector_and_a_file_while_it_runs_and_the_rest_when_it_ends(tmp_path):
    truss = tmp_path / "truss"
    (truss / "model").mkdir(parents=True)
    (truss / "config.yaml").write_text("runtime: {enable_tracing_data: true}")
    (truss / "model" / "model.py").write_text(
        "class Model:\n"
        "    def preprocess(self, inputs):\n        return inputs\n"
        "    def predict(self, inputs):\n        return inputs\n"
    )
    with Collector() as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_TRACING_NDJSON_FILE": str(tmp_path / "spans"),
        }
        replica = Replica(truss, tmp_path, variables).loaded()
        try:
            assert replica.post({}, headers={"traceparent": TRACEPARENT}).status_code == 200
            end = time.monotonic() + 5
            while not collector.posts and time.monotonic() < end:
                time.sleep(0.02)
            assert collector.posts, "spans come while the replica runs"
            assert replica.post({}).status_code == 200
        finally:
            replica.stop()
        collected = [span for _, _, content in collector.posts for span in spans_in(content)]
    names = [span["name"] for span in collected]
    assert names == ["call-pre", "call-predict", "predict-endpoint"] * 2
    assert [span["traceId"] for span in collected[:3]] == [TRACEPARENT[3:35]] * 3
    assert collected[2]["parentSpanId"] == TRACEPARENT[36:52]
    assert collected[3]["traceId"] == collected[5]["traceId"] != TRACEPARENT[3:35]
    written = [json.loads(line) for line in (tmp_path / "spans").read_text().splitlines()]
    assert [row["name"] for row in written] == names


def spans_in(content):
    return [
        span
        for resource in content["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
