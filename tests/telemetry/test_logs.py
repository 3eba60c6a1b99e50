import json
import logging
import re
import time

import pytest

from headway.telemetry.logs import configure_logging


@pytest.fixture
def own_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("own_logging")
def test_json_lines_carry_the_extra_fields_and_the_exception(capsys):
    configure_logging("control", as_json=True)
    error = ValueError("no")
    logging.getLogger("headway").error("it %s", "broke", extra={"replica": "echo-1"}, exc_info=error)
    record = json.loads(capsys.readouterr().err)
    assert record["message"] == "it broke"
    assert (record["process"], record["level"], record["replica"]) == ("control", "error", "echo-1")
    assert "ValueError: no" in record["exception"]


@pytest.mark.usefixtures("own_logging")
def test_plain_lines_are_for_people(capsys):
    configure_logging("root")
    logging.getLogger("headway").info("replica ordered", extra={"replica": "echo-1"})
    assert capsys.readouterr().err.endswith(" info root: replica ordered replica=echo-1\n")


@pytest.mark.usefixtures("own_logging", "in_tokyo")
@pytest.mark.parametrize("as_json", [True, False])
def test_times_carry_date_and_zone_wherever_the_process_believes_to_be(capsys, monkeypatch, as_json):
    configure_logging("gateway", as_json=as_json)
    monkeypatch.setattr(time, "time", lambda: 1_767_348_672.345)
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_348_672_345_000_000)
    logging.getLogger("headway").info("here")
    assert re.findall(r"2026-01-02T10:11:12\.34[45]Z", capsys.readouterr().err)
