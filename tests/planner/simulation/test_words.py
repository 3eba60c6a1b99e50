"""Durations and scenarios in words."""

import pytest

from headway.observed.records import Outcome, RequestRecord
from headway.planner.simulation.scenario_file import read_scenario
from headway.planner.simulation.words import clock, described, span, spoken

RECORDS = [
    RequestRecord("r", "d", "m", "x", at, 200, Outcome.FINISHED, 1.0, {"predict": 0.5}) for at in (5.0, 6.0)
]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0"),
        (0.00012, "0.12 ms"),
        (0.2, "200 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (1.238, "1.24 s"),
        (99.96, "100 s"),
        (999.4, "999 s"),
        (1200, "1,200 s"),
    ],
)
def test_a_duration_has_three_digits(seconds, words):
    assert spoken(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (90, "90 s"),
        (600, "10 min"),
        (5400, "90 min"),
        (3600, "1 h"),
        (172_800, "2 d"),
        (0.5, "500 ms"),
        (3983.7, "66.4 min"),
        (0, "0"),
    ],
)
def test_a_span_is_in_whole_units(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00:00.0"), (59.96, "0:01:00.0"), (754.54, "0:12:34.5"), (90_000, "25:00:00.0")],
)
def test_simulated_time_is_a_clock_s(seconds, words):
    assert clock(seconds) == words


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        ({"kind": "steady", "rate": 2}, "steadily 2 requests/s"),
        ({"kind": "poisson", "rate": 2}, "2 requests/s at random (Poisson)"),
        (
            {"kind": "bursts", "rate": 2, "peak": 9},
            "2 requests/s at random, and 9/s for 30 s every 10 min",
        ),
        ({"kind": "day", "rate": 2}, "0.4 to 3.6 requests/s at random, as a day goes"),
        ({"kind": "day", "rate": 2, "day": "1h"}, "0.4 to 3.6 requests/s at random, as a day of 1 h goes"),
        ({"kind": "recorded", "records": "x"}, "2 requests at recorded instants"),
    ],
)
def test_every_kind_of_traffic_has_its_words(traffic, words):
    content = {"duration": "10m", "traffic": traffic, "service": {"predict": 0.2}}
    told = dict(described(read_scenario(content, lambda _: RECORDS)))
    assert told == {
        "Traffic": f"{words}, for 10 min",
        "A request": "predict 200 ms",
        "A replica": "starts at once",
        "Seed": "1",
    }


def test_recorded_requests_take_what_they_took():
    told = dict(
        described(read_scenario({"traffic": {"kind": "recorded", "records": "x"}}, lambda _: RECORDS))
    )
    assert told["Traffic"] == "2 recorded requests, as they came, for 2 s"
    assert told["A request"] == "takes what it took"


def test_replicas_and_the_objective_are_told():
    content = {
        "duration": 60,
        "slo": "500ms",
        "traffic": {"kind": "steady", "rate": 1},
        "service": {"from": "x"},
        "replica": {"start": {"p50": 5, "p95": 9}, "start_failures": 0.1, "crash_every": "2h", "parallel": 4},
    }
    told = dict(described(read_scenario(content, lambda _: RECORDS)))
    assert told["A request"] == "takes what one of 2 recorded ones took"
    assert told["A replica"] == (
        "starts in 5 s (p95 9 s), 10% of the starts fail, crashes every 2 h on average, "
        "4 predicts run at full speed beside each other"
    )
    assert told["Objective"] == "an answer within 500 ms"
