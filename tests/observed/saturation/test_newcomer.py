"""How long who comes now waits for a slot: each number can be followed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.saturation.newcomer import Pace, wait_for_slot


@pytest.mark.parametrize(
    ("ahead", "slots", "held", "coming", "wait"),
    [
        (0, 4, 8.0, [], 2.0),  # four slots, each held 8 s: one frees every 2 s
        (7, 4, 8.0, [], 16.0),
        (0, 0, None, [(18.0, 4)], 18.0),  # a start is awaited, and its slots are enough
        (3, 0, None, [(18.0, 4)], 18.0),
        (4, 0, 8.0, [(18.0, 4)], 20.0),  # one too many: one of the four frees 2 s later
        (9, 4, 8.0, [(6.0, 4)], 9.0),  # three free until then, four come, the last three at one a second
        (1, 4, 8.0, [(60.0, 4)], 4.0),  # it has long been served when the replica comes
        (
            5,
            0,
            8.0,
            [(30.0, 2), (10.0, 2)],
            26.0,
        ),  # two at 10 s, then one every 4 s: the sixth is the fourth of them
        (0, 4, 0.0, [], 0.0),
        (0, 4, 0.0, [(5.0, 4)], 0.0),
    ],
)
def test_the_wait_can_be_followed_by_hand(ahead, slots, held, coming, wait):
    assert wait_for_slot(ahead, slots, held, coming) == pytest.approx(wait)


@pytest.mark.parametrize(
    ("ahead", "slots", "held", "coming"),
    [
        (0, 4, None, []),  # nothing has finished
        (0, 0, 8.0, []),  # nothing is there, nothing comes
        (4, 0, None, [(18.0, 4)]),  # it needs a second turn of slots of which nothing is known
        (9, 4, None, [(6.0, 4)]),
    ],
)
def test_what_was_not_measured_is_not_guessed(ahead, slots, held, coming):
    assert wait_for_slot(ahead, slots, held, coming) is None


_COMING = st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50)), max_size=4)


@given(st.integers(0, 500), st.integers(1, 50), st.floats(0.001, 100), _COMING)
def test_more_before_it_never_shortens_the_wait_and_help_never_lengthens_it(ahead, slots, held, coming):
    wait = wait_for_slot(ahead, slots, held, coming)
    slack = 1e-6 * (1 + wait)
    assert 0 <= wait <= wait_for_slot(ahead + 1, slots, held, coming) + slack
    assert wait <= (ahead + 1) * held / slots + slack
    assert wait_for_slot(ahead, slots, held, [*coming, (0.0, 3)]) <= wait + slack
    assert wait_for_slot(ahead, slots + 1, held, coming) <= wait + slack
    assert wait_for_slot(ahead, slots, held, [(at + 1, more) for at, more in coming]) >= wait - slack


@given(st.integers(0, 60), st.integers(1, 8), st.floats(0.1, 10), st.floats(0, 30), st.integers(1, 8))
def test_it_says_what_a_queue_served_one_by_one_comes_to(ahead, slots, held, at, more):
    """Slots free one by one at an even pace, and the replica's come at once."""
    waiting, now, each = ahead + 1, 0.0, held / slots
    while now + each < at:
        now, waiting = now + each, waiting - 1
        if not waiting:
            break
    if waiting:
        fresh = min(waiting, more)
        waiting, now = waiting - fresh, at
        now += waiting * held / (slots + more)
    assert wait_for_slot(ahead, slots, held, [(at, more)]) == pytest.approx(now, abs=each + 1e-6)


def test_the_pace_is_that_of_the_last_minute():
    pace = Pace()
    assert pace.seconds_in_slot(0.0) is None
    pace.add(100.0, 10, 0, 0.0)
    assert pace.seconds_in_slot(0.0) == 10.0, "all that is known"
    pace.add(0.0, 0, 0, 30.0)
    assert pace.seconds_in_slot(30.0) == 10.0, "nothing has finished lately"
    pace.add(40.0, 20, 0, 60.0)
    assert pace.seconds_in_slot(60.0) == pytest.approx(2.0)
    for second in range(61, 200):
        pace.add(1.0, 1, 1, float(second))
    assert pace.seconds_in_slot(199.0) == pytest.approx(1.0)


def test_what_is_in_flight_and_does_not_end_takes_longer_than_what_came_before():
    pace = Pace()
    pace.add(0.0, 0, 4, 0.0)
    assert pace.seconds_in_slot(50.0) is None, "nothing has finished yet"
    pace.add(1.0, 10, 0, 60.0)
    for second in range(70, 90):
        pace.add(0.0, 0, 4, float(second))
    assert pace.seconds_in_slot(89.0) == 19.0
    pace.add(20.0, 1, 3, 90.0)
    assert pace.seconds_in_slot(90.0) == pytest.approx(20.5 / 6), (
        "of the ten half count, which came evenly till 60.0"
    )
    pace.add(0.0, 0, 0, 200.0)
    assert pace.seconds_in_slot(300.0) == pytest.approx(21.0 / 11), "nothing runs"


def test_the_part_of_the_time_with_a_queue_is_that_of_the_last_ten_seconds():
    pace = Pace()
    assert pace.queue_share(0.0) == 0.0
    pace.note_queue(500.0, 0.0)
    assert pace.queue_share(0.0) == 0.0, "what was before is not of now"
    for second in range(1, 11):
        pace.note_queue(0.6, float(second))
    assert pace.queue_share(10.0) == pytest.approx(0.6)
    for second in range(11, 16):
        pace.note_queue(0.0, float(second))
    assert pace.queue_share(15.0) == pytest.approx(0.3)
    for second in range(16, 40):
        pace.note_queue(1.01, float(second))
    assert pace.queue_share(39.0) == 1.0
