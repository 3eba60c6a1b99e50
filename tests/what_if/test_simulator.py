"""The processes that simulate: what goes in and comes out, and how they end."""

import os
import sys

import orjson
import pytest

from headway.core.errors import HeadwayError
from headway.what_if.simulator import SimulationError, SimulationTimeoutError, Simulator
from headway.what_if.worker import answer

VARIANT = {"name": "present", "settings": {"min_replica": 1}, "predict_concurrency": 1, "initial_replicas": 1}
QUESTION = {
    "since": 1000.0,
    "until": 1060.0,
    "start_seconds": [1.0],
    "slo": None,
    "knows_predict": True,
    "variants": [VARIANT],
}


def page(count, outcome="finished", stages=None):
    stages = {"queue": 0.0, "predict": 0.5} if stages is None else stages
    return orjson.dumps([(1000.0 + number, outcome, 0.5, stages) for number in range(count)])


def test_pages_of_records_and_a_question_make_trials():
    told = answer([page(20), page(10), orjson.dumps(QUESTION)])
    [trial] = told["trials"]
    assert trial["requests"] == 30
    assert trial["curves"]["at"][0] == 1000.0
    assert abs(told["recorded"]["predict"]["p50"] / 0.5 - 1) < 0.01
    assert told["recorded"]["wait"]["p99"] == 0.0


async def ask(simulator, records=None):
    async with simulator.place():
        return await simulator.answer(records or [page(1)], QUESTION)


async def test_what_is_wrong_with_the_question_comes_back_as_an_error():
    with pytest.raises(HeadwayError, match="how long predict takes") as raised:
        await ask(Simulator(), [page(20, "refused", {})])
    assert raised.value.code == "invalid_scenario"


async def test_a_process_that_takes_too_long_is_ended_and_the_next_one_has_its_turn(tmp_path):
    told = tmp_path / "process"
    program = (
        f"import os, pathlib, time; pathlib.Path({str(told)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    simulator = Simulator((sys.executable, "-S", "-c", program), 1.0)
    for _ in range(2):
        with pytest.raises(SimulationTimeoutError):
            await ask(simulator)
        with pytest.raises(ProcessLookupError):
            os.kill(int(told.read_text()), 0)
        told.unlink()


async def test_a_process_that_fails_is_a_defect_that_the_log_tells_of(caplog):
    with pytest.raises(SimulationError):
        await ask(Simulator((sys.executable, "-c", "raise SystemExit('it broke')")))
    assert "it broke" in caplog.text
