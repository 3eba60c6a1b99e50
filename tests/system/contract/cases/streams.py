"""Generators and streaming responses: what is sent, when it is collected, and how a broken one ends."""

import json

from system.contract.table import (
    BINARY,
    Answer,
    Case,
    Like,
    binary,
    crashed,
    error_headers,
    fails,
    ok,
    stream,
)

COLLECT = {"Accept": "application/json"}
FIRST = "upstream has sent the head of a 200 by then, and the error is nowhere but in its log"
LATER = "upstream ends the body as if it were whole, so that no client can tell"


def _case(name: str, result: str, answer: Answer, **more) -> Case:
    return Case(name=name, truss="outputs", body=json.dumps({"result": result}), answer=answer, **more)


NATIVE = [
    _case("a generator's text is streamed as octets", "stream", stream("abç")),
    _case("bytes too", "byte stream", stream(b"\x00\xff")),
    _case("text and bytes may mix", "mixed stream", stream("ab")),
    _case("an async generator", "async stream", stream("ab")),
    _case("an empty generator is an empty 200", "empty stream", stream("")),
    _case("4 MiB arrive whole", "long stream", stream(b"x" * 65536 * 64)),
    _case(
        "a first chunk that is neither text nor bytes is an unhandled error",
        "numbers",
        fails(500, Like("Unhandled exception: BadChunkError: .*"), 500),
        upstream=Answer(200, b"", cut=True),
        because=FIRST,
    ),
    _case(
        "an exception before the first chunk is an error like any other",
        "broken at once",
        crashed(),
        upstream=stream(""),
        because=FIRST,
    ),
    _case(
        "an HTTPException before the first chunk has its status, detail and headers",
        "refusing at once",
        fails(409, "conflict", 600, retry_after="5"),
        upstream=stream(""),
        because=FIRST,
    ),
    _case(
        "an exception later cuts the connection behind what was given",
        "broken stream",
        Answer(200, "ab", cut=True),
        upstream=stream("ab"),
        because=LATER,
    ),
    _case(
        "of an async generator likewise",
        "broken async stream",
        Answer(200, "a", cut=True),
        upstream=stream("a"),
        because=LATER,
    ),
    _case(
        "an HTTPException inside a stream likewise",
        "refusing stream",
        Answer(200, "a", cut=True),
        upstream=stream("a"),
        because=LATER,
    ),
    _case(
        "a gap longer than streaming_read_timeout cuts the connection",
        "pausing stream",
        Answer(200, "before", cut=True),
    ),
]

COLLECTED = [
    _case(
        "Accept exactly application/json collects the text in one JSON string",
        "stream",
        ok(r'"ab\u00e7"'),
        headers=COLLECT,
    ),
    _case("an async generator is collected too", "async stream", ok('"ab"'), headers=COLLECT),
    _case("an empty generator is an empty string", "empty stream", ok('""'), headers=COLLECT),
    _case(
        "a character split between chunks is put together",
        "split character",
        ok(r'"\u00e9"'),
        headers=COLLECT,
    ),
    _case("collected chunks that are no text become text", "numbers", ok('"12"'), headers=COLLECT),
    _case(
        "an exception while collecting is a 500 that shows its text",
        "broken stream",
        fails(500, "Unhandled exception: ValueError: broken", 500),
        headers=COLLECT,
    ),
    _case(
        "an HTTPException while collecting keeps its status",
        "refusing stream",
        fails(409, "conflict", 600),
        headers=COLLECT,
    ),
    _case(
        "streaming_read_timeout does not apply to collecting",
        "pausing stream",
        ok('"beforeafter"'),
        headers=COLLECT,
    ),
    _case(
        "collected bytes that are no UTF-8 are an unhandled error",
        "cut text",
        fails(500, Like("Unhandled exception: UnicodeDecodeError: .*"), 500),
        headers=COLLECT,
    ),
    Case(
        name="collected for a msgpack request the text is packed",
        truss="outputs",
        body=b"\x81\xa6result\xa6stream",
        headers=BINARY | COLLECT,
        answer=binary("abç"),
    ),
    _case(
        "Accept with anything beside application/json streams",
        "stream",
        stream("abç"),
        headers={"Accept": "application/json, */*"},
    ),
    _case("Accept */* streams", "stream", stream("abç"), headers={"Accept": "*/*"}),
    _case(
        "OpenAI's client gets a stream although it accepts JSON",
        "stream",
        stream("abç"),
        headers=COLLECT | {"User-Agent": "OpenAI/Python 1.61.0"},
    ),
    _case(
        "a streaming response is never collected",
        "event stream",
        ok("data: 1\n\ndata: 2\n\n", "text/event-stream; charset=utf-8"),
        headers=COLLECT,
    ),
]

RESPONSES = [
    _case(
        "server-sent events by StreamingResponse",
        "event stream",
        ok("data: 1\n\ndata: 2\n\n", "text/event-stream; charset=utf-8"),
    ),
    _case(
        "its status and headers are kept",
        "partial content",
        Answer(206, "part", {"x-part": "1", "x-baseten-error-code": None}),
    ),
    _case(
        "one of 300 or more gets the error headers",
        "failed stream response",
        Answer(410, "gone", error_headers(700)),
    ),
    _case("one that breaks cuts the connection", "broken stream response", Answer(200, "a", cut=True)),
    _case(
        "a Response that sends its own body",
        "event source",
        ok("data: 1\r\n\r\ndata: 2\r\n\r\n", "text/event-stream"),
    ),
]

CASES = NATIVE + COLLECTED + RESPONSES
