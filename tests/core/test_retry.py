from hypothesis import given
from hypothesis import strategies as st

from headway.core.dispatch import Dispatcher
from headway.core.events import Refused
from headway.core.retry import RetryAdvice
from headway.core.settings import DeploymentSettings

MIDDLE = 0.5


class Story:
    """A deployment with a queue of two, whose replica `a` is there if not told otherwise."""

    def __init__(self, *, target=1, replicas=1):
        settings = DeploymentSettings(queue_limit=2, concurrency_target=target)
        self.dispatcher = Dispatcher(settings, 0.0)
        self.advice = RetryAdvice()
        self.slots = target * replicas
        self.names = iter(range(10**9))
        for number in range(replicas):
            self.dispatcher.add_replica(f"r{number}", 0.0)

    def comes(self, now):
        """One request arrives; what it is told when it is refused."""
        name = next(self.names)
        (event,) = self.dispatcher.submit(name, now)
        return self.told(now) if isinstance(event, Refused) else name

    def told(self, now, chance=MIDDLE):
        return self.advice.seconds(self.dispatcher.load(now), self.slots, chance)

    def fills(self, now):
        """As many arrive as there is room for."""
        return [self.comes(now) for _ in range(self.slots + 2)]

    def works_off(self, names, now, seconds):
        """Each holds its slot for so long; the instant after the last."""
        for begin in range(0, len(names), self.slots):
            now += seconds
            for name in names[begin : begin + self.slots]:
                self.dispatcher.finish(name, now)
        return now


def test_who_is_refused_is_told_when_one_place_is_free_and_not_when_the_queue_is_empty():
    story = Story()
    end = story.works_off(story.fills(0.0), 0.0, 8.0)
    story.fills(end)
    assert [story.comes(end) for _ in range(3)] == [8, 8, 8]


def test_the_more_slots_the_sooner_a_place_is_free():
    story = Story(target=4, replicas=2)
    end = story.works_off(story.fills(0.0), 0.0, 80.0)
    story.fills(end)
    assert story.comes(end) == 10


def test_idle_time_before_a_batch_does_not_make_the_wait_longer():
    story = Story()
    for second in range(600):
        story.advice.record(story.dispatcher.load(float(second)))
    names = [*story.fills(600.0)]
    story.works_off(names[:1], 600.0, 0.7)
    story.comes(600.7)
    assert story.comes(600.7) == 1


def test_what_still_runs_says_nothing_yet():
    story = Story(target=10)
    names = story.fills(0.0)
    story.works_off(names[:1], 0.0, 20.0)
    story.comes(20.0)
    assert story.comes(20.0) == 2


def test_what_was_measured_long_ago_holds_until_something_else_is_measured():
    story = Story()
    end = story.works_off(story.fills(0.0), 0.0, 5.0)
    story.advice.record(story.dispatcher.load(end))
    story.advice.record(story.dispatcher.load(end + 500.0))
    (first, *others) = story.fills(end + 1000.0)
    assert story.comes(end + 1000.0) == 5
    story.works_off([first], end + 1000.0, 9.0)
    story.comes(end + 1009.0)
    assert story.comes(end + 1009.0) == 9
    assert len(others) == 2


def test_before_anything_was_measured_the_guess_doubles_from_one_second_to_thirty():
    story = Story()
    story.fills(0.0)
    assert [story.comes(0.0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_request_that_was_taken_begins_the_guesses_anew():
    story = Story()
    story.fills(0.0)
    assert [story.comes(0.0) for _ in range(3)] == [1, 2, 4]
    story.dispatcher.abandon(2, 1.0)  # who queued leaves: there is a place
    story.comes(1.0)
    assert [story.comes(1.0) for _ in range(2)] == [1, 2]


def test_the_first_request_of_all_may_be_refused():
    story = Story()
    story.dispatcher.change_settings(DeploymentSettings(queue_limit=0), 0.0)
    story.dispatcher.drain_replica("r0", 0.0)
    assert [story.comes(0.0) for _ in range(2)] == [1, 2]


def test_without_a_replica_nothing_that_was_measured_counts():
    story = Story()
    end = story.works_off(story.fills(0.0), 0.0, 100.0)
    story.fills(end)
    story.slots = 0
    assert [story.comes(end) for _ in range(2)] == [1, 2]


@given(
    seconds=st.floats(0.001, 3600),
    target=st.integers(1, 50),
    replicas=st.integers(1, 5),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_what_is_told_lies_within_a_quarter_of_the_mean_time_for_one_place(seconds, target, replicas, chance):
    story = Story(target=target, replicas=replicas)
    end = story.works_off(story.fills(0.0), 0.0, seconds)
    story.fills(end)
    exact = seconds / story.slots
    told = story.told(end, chance)
    assert isinstance(told, int)
    assert told >= 1
    assert told == 1 or exact * 0.75 - 0.51 <= told <= exact * 1.25 + 0.51


def test_readings_do_not_grow_with_the_number_of_refused():
    story = Story()
    story.fills(0.0)
    for number in range(5000):
        story.told(number / 1000)
    assert len(story.advice._held._readings) < 100
