import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.core.errors import UsageError
from headway.core.events import Expiry
from headway.core.waiting import Entry, WaitingQueue


def entry(name: str, arrived_at: float, deadline: float | None = None) -> Entry[str]:
    return Entry(name, int(arrived_at), arrived_at, deadline, is_timed=True)


def queue_of(*entries: Entry[str]) -> WaitingQueue[str]:
    queue: WaitingQueue[str] = WaitingQueue()
    for one in entries:
        queue.append(one)
    return queue


def names(queue: WaitingQueue[str]) -> list[str]:
    return [one.request for one in queue]


def test_the_first_in_is_the_first_out():
    queue = queue_of(entry("a", 1), entry("b", 2))
    assert [queue.pop().request, queue.pop().request] == ["a", "b"]
    with pytest.raises(KeyError):
        queue.pop()
    assert len(queue) == queue.size == 0


def test_what_comes_back_stands_where_its_arrival_puts_it():
    a, b, c, d = (entry(name, at) for at, name in enumerate("abcd"))
    queue = queue_of(b, d)
    queue.put_back(c)
    queue.put_back(a)
    assert names(queue) == ["a", "b", "c", "d"]
    assert len(queue) == 4
    assert [queue.pop().request for _ in range(4)] == ["a", "b", "c", "d"]


def test_what_comes_back_to_an_empty_queue_is_its_head():
    queue = queue_of()
    queue.put_back(entry("a", 1))
    assert queue.next_deadline(10.0) == 11.0
    assert queue.pop().request == "a"


def test_anything_can_leave_from_anywhere():
    a, b, c, d = (entry(name, at) for at, name in enumerate("abcd"))
    queue = queue_of(b, c, d)
    queue.put_back(a)
    queue.remove(a)
    queue.remove(c)
    assert names(queue) == ["b", "d"]


def test_the_next_deadline_is_that_of_whoever_still_waits():
    hurried = entry("hurried", 1, deadline=3.0)
    queue = queue_of(entry("a", 0), hurried, entry("b", 2, deadline=5.0))
    assert queue.next_deadline(10.0) == 3.0
    queue.remove(hurried)
    assert queue.next_deadline(10.0) == 5.0
    assert queue.next_deadline(4.0) == 4.0


def test_overdue_entries_leave_in_order_with_their_places_and_causes():
    queue = queue_of(entry("a", 0), entry("b", 1, deadline=100.0), entry("c", 2, deadline=9.0), entry("d", 3))
    assert queue.take_overdue(8.9, 10.0) == []
    overdue = queue.take_overdue(11.0, 10.0)
    assert [(one.entry.request, one.place, one.cause) for one in overdue] == [
        ("a", 1, Expiry.QUEUE_TIMEOUT),
        ("b", 2, Expiry.QUEUE_TIMEOUT),
        ("c", 3, Expiry.DEADLINE),
    ]
    assert names(queue) == ["d"]


def test_deadlines_of_those_who_left_are_forgotten():
    queue = queue_of()
    for number in range(10_000):
        queue.append(entry(str(number), number, deadline=1e6 + number))
        queue.pop()
    assert len(queue._deadlines) < 100


def test_deadlines_of_one_who_comes_back_again_and_again_are_kept_once():
    queue = queue_of(entry("a", 0, deadline=50.0))
    for _ in range(10_000):
        queue.put_back(queue.pop())
    assert len(queue._deadlines) < 100
    assert queue.next_deadline(1000.0) == 50.0


def test_deadlines_of_those_who_wait_survive_the_forgetting():
    waiting = [entry(f"waits {number}", number, deadline=2000.0 - number) for number in range(5)]
    queue = queue_of(*waiting, entry("no hurry", 5))
    for number in range(6, 300):
        passing = entry(str(number), number, deadline=5000.0)
        queue.append(passing)
        queue.remove(passing)
    assert queue.next_deadline(1e6) == 1996.0


def test_an_entry_that_waits_has_no_holder():
    with pytest.raises(UsageError, match="'a' holds no slot"):
        _ = entry("a", 0).holder


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(21, 40), unique=True), st.data())
def test_merged_queues_are_in_order_of_arrival(mine, moved, data):
    everything = [entry(str(at), at) for at in mine + moved]
    incoming = data.draw(st.sets(st.sampled_from(everything))) if everything else set()
    queue = queue_of(*sorted((one for one in everything if one not in incoming), key=lambda one: one.order))
    queue.merge(list(incoming))
    assert [int(name) for name in names(queue)] == sorted(mine + moved)


@pytest.mark.parametrize("leaves", [WaitingQueue.pop, lambda queue: queue.remove(next(iter(queue)))])
def test_an_empty_queue_keeps_nobody_who_had_a_deadline(leaves):
    class Someone:
        pass

    queue = queue_of(entry(Someone(), 1, deadline=100), entry(Someone(), 2, deadline=50))
    waiting = [weakref.ref(one.request) for one in queue]
    for _ in waiting:
        leaves(queue)
    gc.collect()
    assert [one() for one in waiting] == [None, None]
    assert queue.next_deadline(timeout=1000) is None
