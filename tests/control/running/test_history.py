import pytest

from headway.control.running.history import LoadHistory


def load(
    at,
    queued=0,
    in_flight=0,
    queued_seconds=0.0,
    in_flight_seconds=0.0,
    held_seconds=0.0,
    finished=0,
    nonempty_seconds=0.0,
):
    return {
        "at": at,
        "queued": queued,
        "in_flight": in_flight,
        "queued_seconds": queued_seconds,
        "in_flight_seconds": in_flight_seconds,
        "held_seconds": held_seconds,
        "finished": finished,
        "nonempty_seconds": nonempty_seconds,
    }


class World:
    def __init__(self):
        self.now = 1000.0
        self.history = LoadHistory(lambda: self.now)

    def note(self, **loads):
        self.history.note_state("d1", loads, capacity=2, desired=1, ready=1)
        self.now += 1.0

    @property
    def point(self):
        return self.history.points("d1", 60)[1][-1]


def test_what_came_and_went_between_two_reports_counts():
    world = World()
    world.note(g0=load(5.0))
    world.note(g0=load(6.0, queued_seconds=3.0, in_flight_seconds=2.0))
    assert (world.point.queued, world.point.in_flight) == (3.0, 2.0)


def test_without_a_new_report_what_was_told_last_holds():
    world = World()
    for _ in range(3):
        world.note(g0=load(5.0, queued=4, in_flight=2), g1=load(9.0, queued=1))
    assert (world.point.queued, world.point.in_flight) == (5.0, 2.0)


def test_another_life_of_a_gateway_begins_anew():
    world = World()
    world.note(g0=load(5.0, queued_seconds=90.0, in_flight_seconds=90.0))
    world.note(g0=load(6.0, queued=2, in_flight=1, queued_seconds=2.0, in_flight_seconds=1.0))
    assert (world.point.queued, world.point.in_flight) == (2.0, 1.0)


def test_how_long_slots_are_held_is_told_over_all_gateways_and_their_lives():
    world = World()
    assert world.history.seconds_in_slot("d1") is None
    world.note(g0=load(5.0, held_seconds=30.0, finished=3), g1=load(5.0))
    assert world.history.seconds_in_slot("d1") == 10.0
    world.note(g0=load(6.0, held_seconds=38.0, finished=5), g1=load(6.0, held_seconds=2.0, finished=3))
    assert world.history.seconds_in_slot("d1") == 2.0, "that of the last minute"
    world.note(g0=load(1.0, held_seconds=5.0, finished=5), g1=load(7.0, held_seconds=2.0, finished=3))
    assert world.history.seconds_in_slot("d1") == 1.5, "a new life of a gateway counts from nothing"
    world.history.forget("d1")
    assert world.history.seconds_in_slot("d1") is None


def test_the_time_with_a_queue_is_that_of_the_gateway_that_had_one_longest():
    world = World()
    assert world.history.queue_share("d1") == 0.0
    for at in range(12):
        world.note(
            g0=load(float(at), nonempty_seconds=0.5 * at), g1=load(float(at), nonempty_seconds=0.2 * at)
        )
    assert world.history.queue_share("d1") == pytest.approx(0.5)


def test_requests_count_and_are_forgotten_with_their_deployment():
    world = World()
    row = {"deployment_id": "d1", "seconds": 0.5, "request_bytes": 3, "response_bytes": 9}
    rows = [row | {"stages": {"predict": 0.25, "send": 0.1}}, row | {"stages": {}}]
    world.history.note_requests(rows, {"d1": {"2xx": 7}, "d2": {}}, {"d1": {"lost": 2}})
    world.note()
    assert (world.point.ends, world.point.errors) == ({"2xx": 7}, {"lost": 2})
    assert world.point.stages.keys() == {"total", "first_byte", "predict", "send"}
    assert world.point.stages["first_byte"] == pytest.approx([0.4] * 4, rel=0.03)
    assert world.point.sizes["response_bytes"] == pytest.approx([9] * 4, rel=0.03)
    world.now += 60
    world.note()
    assert [(name, step, point.ends) for name, step, point in world.history.take_closed()] == [
        ("d1", 30, {"2xx": 7})
    ]
    world.history.forget("d1")
    assert world.history.points("d1", 60) == (5, [])
