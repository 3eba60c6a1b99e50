"""What is refused before anybody knows whom it is for: the answer carries what every answer of the gateway carries, as
far as the head was read.
"""

import contextlib
import re
import time

import pytest

from fakes.client import read_answer
from fakes.cluster import cluster, predict
from headway.core.entry import AllowedOrigins
from headway.gateway.admission import Admission
from headway.http.limits import Limits

APP = "https://app.example"
OURS = b"origin: %s\r\nx-request-id: mine\r\n" % APP.encode()
LIMITS = Limits(sweep=0.02, head_timeout=0.1, body_timeout=0.1)
DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")

WHOLE_HEADS = {
    "two hosts": (b"GET / HTTP/1.1\r\nhost: h\r\nhost: i\r\n" + OURS + b"\r\n", 400),
    "two lengths": (
        *(b"POST / HTTP/1.1\r\nhost: h\r\n" + OURS + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
    ),
    "a folded header": (b"GET / HTTP/1.1\r\nhost: h\r\n" + OURS + b"y: z\r\nx: a\r\n b\r\n\r\n", 400),
    "a large head": (
        *(b"GET / HTTP/1.1\r\nhost: h\r\n" + OURS + b"y: z\r\nx: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ),
    "many headers": (b"GET / HTTP/1.1\r\nhost: h\r\n" + OURS + b"a: b\r\n" * 300 + b"\r\n", 431),
    "a head without an end": (b"GET / HTTP/1.1\r\nhost: h\r\n" + OURS + b"y: z\r\nx: ", 408),
    "a broken body": (
        predict(headers=OURS).replace(b"content-length: 2", b"transfer-encoding: chunked"),
        400,
    ),
    "a body without an end": (predict(headers=OURS)[:-1], 408),
    "a large body": (predict(headers=OURS).replace(b"length: 2", b"length: 999999999999"), 413),
    "a broken body at the door": (
        predict(headers=OURS, target=b"/v1/chat/completions").replace(
            b"content-length: 2", b"transfer-encoding: chunked"
        ),
        400,
    ),
    "a body at the door without an end": (predict(headers=OURS, target=b"/v1/chat/completions")[:-1], 408),
}


@pytest.fixture
def impatient(tmp_path):
    """`async with impatient() as one`: a gateway without patience, which knows a page."""

    @contextlib.asynccontextmanager
    async def running():
        async with cluster(tmp_path, Admission(AllowedOrigins.of([APP])), LIMITS) as one:
            one.apply()
            yield one

    return running


def is_whole(answer, status):
    assert answer.status == status
    assert answer.error.keys() == {"code", "message", "hint"}
    assert DATE.fullmatch(answer.headers["date"])
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-headway-request-id"])


@pytest.mark.parametrize("name", WHOLE_HEADS)
async def test_its_sender_and_his_page_can_read_it(impatient, name):
    async with impatient() as one:
        said, status = WHOLE_HEADS[name]
        answer = await one.asks(said)
        is_whole(answer, status)
        assert answer.headers["connection"] == "close"
        assert answer.headers["x-request-id"] == "mine"
        assert answer.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00", b"G=T / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"GE"]
)
@pytest.mark.parametrize("before", [b"", predict(headers=OURS, target=b"/models/nobody/predict")])
async def test_what_is_no_request_has_an_id_of_ours_alone(impatient, garbage, before):
    async with impatient() as one:
        client = await one.sends(before + garbage)
        heard = await client.reader.read()
        assert heard.count(b"HTTP/1.1 4") == (2 if before else 1)
        answer = read_answer(b"HTTP/1.1 4" + heard.rpartition(b"HTTP/1.1 4")[2])
        is_whole(answer, 408 if garbage == b"GE" else 400)
        assert answer.headers["x-request-id"] == answer.headers["x-headway-request-id"]
        assert "access-control-allow-origin" not in answer.headers


async def test_no_two_have_the_same_id_and_a_foreign_page_reads_none(impatient):
    async with impatient() as one:
        said = WHOLE_HEADS["two hosts"][0].replace(APP.encode(), b"https://evil.example")
        answers = [await one.asks(said) for _ in range(3)]
        assert len({answer.headers["x-headway-request-id"] for answer in answers}) == 3
        assert not any("access-control-allow-origin" in answer.headers for answer in answers)


async def test_a_request_that_breaks_off_keeps_the_id_that_its_record_has(impatient):
    async with impatient() as one:
        answer = await one.asks(predict(headers=OURS)[:-1])
        one.gateway.recorder.fold(time.monotonic())
        [record], _ = one.gateway.recorder.take_rows(10)
        assert record["request_id"] == answer.headers["x-headway-request-id"]
