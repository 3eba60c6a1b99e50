"""Spans of requests: which there are, and whose they are."""

import asyncio
from collections import Counter

from fakes.served_model import ServedModel, until
from headway.model_server.pipeline import Pipeline
from headway.model_server.tracing.pipeline import TracedPipeline, traced
from headway.telemetry.spans import Origin

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
    assert whole.attributes["http.response.status_code"] == 200
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
    assert spans["predict-endpoint"].attributes["http.response.status_code"] == 500
    bad = await spans_of(b"{")
    assert bad["predict-endpoint"].attributes["http.response.status_code"] == 400
    assert bad["predict-endpoint"].error is None, "the client's mistake"


def test_without_a_place_for_spans_the_pipeline_is_the_plain_one(caplog):
    assert traced({}) is Pipeline
    assert "no spans are recorded" in caplog.text


async def test_requests_at_the_same_time_keep_their_spans_apart():
    served, recorder = traced_model()
    await asyncio.gather(*(served.client(b'"x"').answer() for _ in range(3)))
    await until(lambda: served.calls == set())
    wholes = {span.span_id: span for span in recorder if span.is_entry}
    assert len(wholes) == 3
    parts = [span for span in recorder if not span.is_entry]
    assert Counter(span.origin.parent_id for span in parts) == dict.fromkeys(wholes, 3)
    assert all(span.origin.trace_id == wholes[span.origin.parent_id].origin.trace_id for span in parts)
