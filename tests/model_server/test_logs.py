"""What a model logs inside a request carries the request's id, on whatever thread it runs."""

import asyncio
import io
import json
import logging
import time

import pytest

from fakes.served_model import ServedModel
from headway.model_server.logs import Lines

log = logging.getLogger("model")


@pytest.fixture
def own_logging():
    """Reads the lines that were logged since it was last called."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(Lines(as_json=True))
    log.addHandler(handler)
    log.setLevel(logging.INFO)

    def read():
        lines = output.getvalue().splitlines()
        output.seek(0)
        output.truncate()
        return [json.loads(line) for line in lines]

    yield read
    log.removeHandler(handler)


class Threaded:
    def preprocess(self, inputs):
        log.info("preprocess")
        return inputs

    def predict(self, inputs):
        log.info("predict")
        return inputs

    def postprocess(self, result):
        log.info("postprocess")
        return result


class Streaming:
    def predict(self, _inputs):
        for number in range(2):
            log.info("chunk %d", number)
            yield str(number)


class Asynchronous:
    async def predict(self, inputs):
        await asyncio.gather(self._part("one"), self._part("two"))
        return inputs

    async def _part(self, name):
        log.info(name)


async def logged_by(model, read, header):
    served = ServedModel(model)
    head = b"POST / HTTP/1.1\r\nhost: h\r\n%scontent-length: 4\r\n\r\n" % header
    client = served.client(b"null")
    await client.answer()
    read()  # the first request came without an id
    client.transport.take()
    client.connection.data_received(head + b"null")
    await client.answer()
    return read()


@pytest.mark.parametrize(
    "model", [Threaded(), Streaming(), Asynchronous()], ids=lambda one: type(one).__name__
)
async def test_every_line_of_a_model_carries_the_gateways_id(model, own_logging):
    lines = await logged_by(model, own_logging, b"x-headway-request-id: abc1\r\n")
    assert len(lines) >= 2
    assert {line["request_id"] for line in lines} == {"abc1"}


async def test_the_id_in_trusss_own_header_comes_first(own_logging):
    header = b"x-headway-request-id: abc1\r\nx-baseten-request-id: b1\r\n"
    lines = await logged_by(Threaded(), own_logging, header)
    assert {(line["request_id"], line["headway_request_id"]) for line in lines} == {("b1", "abc1")}


async def test_the_clients_own_id_stands_beside_the_gateways(own_logging):
    lines = await logged_by(
        Threaded(), own_logging, b"x-headway-request-id: abc1\r\nx-request-id: theirs\r\n"
    )
    assert {(line["request_id"], line["client_request_id"]) for line in lines} == {("abc1", "theirs")}


def test_a_line_outside_any_request_carries_none(own_logging):
    log.info("outside")
    (line,) = own_logging()
    assert "request_id" not in line


@pytest.fixture
def in_tokyo(monkeypatch):
    """As a model's `environment_variables` may say, or its own code with `time.tzset`."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_times_carry_date_and_zone_wherever_the_model_believes_to_be():
    record = log.makeRecord("model", logging.INFO, "", 0, "here", (), None)
    record.created, record.msecs = 1_767_348_672.345, 345.0
    assert json.loads(Lines(as_json=True).format(record))["asctime"] == "2026-01-02T10:11:12.345Z"
    assert Lines(as_json=False).format(record) == "2026-01-02T10:11:12.345Z INFO here"
