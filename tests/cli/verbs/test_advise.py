"""How advice is laid out; what is advised is the API's business."""

from headway.cli.verbs.advise import _outlook

BEFORE = {"wait_p50": 0.0996, "wait_p95": 2.0, "latency_p95": 0.99999, "replica_hours": 0.5}


def test_figures_that_read_the_same_are_not_shown_as_a_change():
    after = {"wait_p50": 0.09961, "wait_p95": 1.0, "latency_p95": 1.0001, "replica_hours": None}
    _, *told = (line.split("p50")[-1].split("p95")[-1].strip() for line in _outlook(BEFORE, after))
    assert told == [
        "99.6 ms, and stays so",
        "2 s -> 1 s",
        "1 s, and stays so",
        "replica-hours              0.5 -> -",
    ]


def test_nothing_is_told_where_nothing_was_simulated():
    assert _outlook(None, BEFORE) == []
