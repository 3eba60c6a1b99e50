"""The dispatcher against a slow and obvious model, with the invariants held after every step."""

import itertools
import math
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from headway.core.dispatch import Dispatcher
from headway.core.events import (
    Abandoned,
    Dispatched,
    Drained,
    Expired,
    Finished,
    Lost,
    Overran,
    Queued,
    Refused,
    Returned,
    Stuck,
)
from headway.core.settings import DeploymentSettings

QUEUE_TIMEOUT = 40.0
REQUEST_TIMEOUT = 25.0
ABANDON_GRACE = 10.0


def settings_with(target: int, queue_limit: int) -> DeploymentSettings:
    return DeploymentSettings(
        concurrency_target=target,
        queue_limit=queue_limit,
        queue_timeout=QUEUE_TIMEOUT,
        request_timeout=REQUEST_TIMEOUT,
        abandon_grace=ABANDON_GRACE,
    )


targets = st.integers(1, 4)
limits = st.integers(0, 12)


@dataclass
class ModelRequest:
    number: int
    """Its name."""
    turn: int
    """Who came here first among those of one instant."""
    arrived_at: float
    deadline: float
    is_timed: bool
    replica: str | None = None
    since: float = math.nan
    abandoned: bool = False


@dataclass
class ModelReplica:
    foreign: int
    draining: bool = False
    suspended: bool = False
    all_abandoned_since: float | None = None
    told_stuck: bool = False


@dataclass
class Totals:
    arrivals: int = 0
    refused: int = 0
    finished: int = 0
    expired: int = 0
    left_queue: int = 0
    lost: int = 0
    moved_out: int = 0
    moved_in: int = 0


@dataclass
class Model:
    """All state in plain lists and dicts, everything else found by scanning."""

    requests: dict[int, ModelRequest] = field(default_factory=dict)
    replicas: dict[str, ModelReplica] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    queued_seconds: float = 0.0
    in_flight_seconds: float = 0.0
    nonempty_seconds: float = 0.0

    def queue(self) -> list[ModelRequest]:
        waiting = [request for request in self.requests.values() if request.replica is None]
        return sorted(waiting, key=lambda request: (request.arrived_at, request.turn))

    def on(self, replica: str) -> list[ModelRequest]:
        return [request for request in self.requests.values() if request.replica == replica]

    def held(self, replica: str) -> int:
        return self.replicas[replica].foreign + len(self.on(replica))

    def in_flight(self) -> int:
        return sum(self.held(replica) for replica in self.replicas)

    def held_by_staying_replicas(self) -> int:
        return sum(self.held(name) for name, replica in self.replicas.items() if not replica.draining)

    def abandoned(self) -> int:
        foreign = sum(replica.foreign for replica in self.replicas.values())
        return foreign + sum(request.abandoned for request in self.requests.values())

    def is_all_abandoned(self, name: str, target: int) -> bool:
        return self.held(name) >= target and all(request.abandoned for request in self.on(name))

    def free(self, target: int) -> list[str]:
        return [
            name
            for name, replica in self.replicas.items()
            if not replica.draining and not replica.suspended and self.held(name) < target
        ]

    def pass_time(self, elapsed: float) -> None:
        queued = len(self.queue())
        self.queued_seconds += elapsed * queued
        self.in_flight_seconds += elapsed * self.held_by_staying_replicas()
        self.nonempty_seconds += elapsed * (queued > 0)


class DispatcherMachine(RuleBasedStateMachine):
    """Time moves in quarters, so that sums of it are exact."""

    replicas = Bundle("replicas")

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.settings = settings_with(2, 8)
        self.dispatcher: Dispatcher[int] = Dispatcher(self.settings, self.now)
        self.model = Model()
        self.numbers = 0
        self.turns = itertools.count()
        self.replicas_made = 0

    # What happens.

    def tick(self, elapsed: float) -> None:
        self.stuck_replicas_are_watched_from_the_instant_they_have_no_slot_for_anybody()
        self.model.pass_time(elapsed)
        self.now += elapsed

    @rule(quarters=st.integers(1, 30))
    def time_passes(self, quarters):
        """As in a shell, no deadline is slept through: each is met when it is due."""
        until = self.now + quarters / 4
        while (due := self.dispatcher.deadlines.next()) is not None and due <= until:
            self.tick(max(0.0, due - self.now))
            events = self.dispatcher.expire(self.now)
            assert events, "expire(deadlines.next()) has something to do"
            self.follow(events)
        self.tick(until - self.now)

    @rule(quarters=st.integers(1, 100))
    def the_process_is_held_up(self, quarters):
        """Several deadlines are met late, together."""
        self.tick(quarters / 4)
        self.follow(self.dispatcher.expire(self.now))

    @rule(
        patience=st.none() | st.integers(-4, 60).map(lambda quarters: quarters / 4),
        is_timed=st.booleans(),
    )
    def arrive(self, patience, is_timed):
        self.numbers += 1
        number = self.numbers
        free, queued = self.model.free(self.settings.concurrency_target), len(self.model.queue())
        deadline = None if patience is None else self.now + patience
        events = self.dispatcher.submit(number, self.now, deadline=deadline, is_timed=is_timed)
        self.model.totals.arrivals += 1
        if not free and queued >= self.settings.queue_limit:
            assert events == [Refused(number, self.now, queued)]
            self.model.totals.refused += 1
            return
        self.model.requests[number] = ModelRequest(
            number, next(self.turns), self.now, math.inf if deadline is None else deadline, is_timed
        )
        if not free:
            assert events == [Queued(number, self.now, queued + 1)]
        self.follow(event for event in events if not isinstance(event, Queued))

    def some(self, data, *, queued: bool = False, in_flight: bool = False) -> int:
        numbers = [
            request.number
            for request in self.model.requests.values()
            if (queued and request.replica is None) or (in_flight and request.replica is not None)
        ]
        return data.draw(st.sampled_from(numbers))

    def any_in_flight(self) -> bool:
        return any(request.replica is not None for request in self.model.requests.values())

    @precondition(any_in_flight)
    @rule(data=st.data())
    def finish(self, data):
        number = self.some(data, in_flight=True)
        events = self.dispatcher.finish(number, self.now)
        assert isinstance(events[0], Finished)
        self.follow(events)
        assert number not in self.model.requests

    @precondition(any_in_flight)
    @rule(data=st.data())
    def give_back(self, data):
        number = self.some(data, in_flight=True)
        request = self.model.requests[number]
        self.model.replicas[request.replica].suspended = True
        events = self.dispatcher.give_back(number, self.now)
        assert isinstance(events[0], Finished if request.abandoned else Returned)
        self.follow(events)

    @precondition(lambda self: self.model.requests)
    @rule(data=st.data())
    def client_leaves(self, data):
        number = self.some(data, queued=True, in_flight=True)
        request = self.model.requests[number]
        events = self.dispatcher.abandon(number, self.now)
        assert events == ([] if request.abandoned else [Abandoned(number, self.now, request.replica)])
        self.follow(events)

    @rule(target=replicas, foreign=st.integers(0, 3))
    def add_replica(self, foreign):
        self.replicas_made += 1
        name = f"replica-{self.replicas_made}"
        self.model.replicas[name] = ModelReplica(foreign)
        self.follow(self.dispatcher.add_replica(name, self.now, held=foreign))
        return name

    @rule(replica=replicas, data=st.data())
    def foreign_requests_end(self, replica, data):
        foreign = self.model.replicas[replica].foreign
        count = data.draw(st.integers(0, foreign))
        self.model.replicas[replica].foreign -= count
        self.follow(self.dispatcher.release_foreign(replica, self.now, count))

    @rule(replica=replicas)
    def suspend(self, replica):
        self.model.replicas[replica].suspended = True
        self.dispatcher.suspend_replica(replica)

    @rule(replica=replicas)
    def resume(self, replica):
        self.model.replicas[replica].suspended = False
        self.follow(self.dispatcher.resume_replica(replica, self.now))

    @rule(replica=replicas)
    def drain(self, replica):
        self.model.replicas[replica].draining = True
        events = self.dispatcher.drain_replica(replica, self.now)
        assert events == ([Drained(replica, self.now)] if self.model.held(replica) == 0 else [])

    @rule(replica=replicas)
    def undrain(self, replica):
        self.model.replicas[replica].draining = False
        self.follow(self.dispatcher.undrain_replica(replica, self.now))

    @rule(target=replicas, replica=consumes(replicas), is_lost=st.booleans())
    def replica_dies(self, replica, is_lost):
        if not is_lost:
            return replica
        events = self.dispatcher.remove_replica(replica, self.now)
        assert {event.request for event in events} == {request.number for request in self.model.on(replica)}
        self.follow(events)
        del self.model.replicas[replica]
        return multiple()

    @rule(concurrency_target=targets, queue_limit=limits)
    def settings_change(self, concurrency_target, queue_limit):
        self.settings = settings_with(concurrency_target, queue_limit)
        self.follow(self.dispatcher.change_settings(self.settings, self.now))

    @precondition(lambda self: self.model.queue())
    @rule(data=st.data())
    def some_move_away_and_come_back(self, data):
        """To another dispatcher and back again, later, after others may have arrived."""
        numbers = [request.number for request in self.model.queue()]
        leaving = data.draw(st.sets(st.sampled_from(numbers)))
        entries = self.dispatcher.withdraw(lambda request: request in leaving, self.now)
        assert [entry.request for entry in entries] == [number for number in numbers if number in leaving]
        away = {entry.request: self.model.requests.pop(entry.request) for entry in entries}
        self.model.totals.moved_out += len(away)
        self.counts_agree()
        self.tick(0.25)
        self.follow(self.dispatcher.expire(self.now))
        self.arrive(None, is_timed=True)
        for request in away.values():
            request.turn = next(self.turns)
        self.model.requests.update(away)
        self.model.totals.moved_in += len(away)
        self.follow(self.dispatcher.adopt(entries, self.now))

    @rule()
    def load_is_read(self):
        """Now and then only: reading it brings the integrals up to date."""
        load, model = self.dispatcher.load(self.now), self.model
        assert (load.queued, load.in_flight) == (len(model.queue()), model.held_by_staying_replicas())
        assert (load.arrivals, load.finished) == (model.totals.arrivals, model.totals.finished)
        assert load.queued_seconds == model.queued_seconds
        assert load.in_flight_seconds == model.in_flight_seconds
        assert load.nonempty_seconds == model.nonempty_seconds

    # What follows.

    def follow(self, events) -> None:
        """Each event as it comes must be possible by the model, and changes it."""
        for event in events:
            getattr(self, f"on_{type(event).__name__.lower()}")(event)

    def on_dispatched(self, event: Dispatched):
        head = self.model.queue()[0]
        assert event.request == head.number, "I3: the head goes first"
        assert event.replica_id in self.model.free(self.settings.concurrency_target), "I1"
        held = self.model.held(event.replica_id)
        assert all(
            held <= self.model.held(name) for name in self.model.free(self.settings.concurrency_target)
        ), "the least loaded replica is chosen"
        assert (event.at, event.waited) == (self.now, self.now - head.arrived_at)
        head.replica, head.since = event.replica_id, self.now

    def on_returned(self, event: Returned):
        request = self.model.requests[event.request]
        assert event.replica_id == request.replica
        request.replica = None

    def on_finished(self, event: Finished):
        request = self.model.requests.pop(event.request)
        assert event == Finished(
            request.number, request.replica, self.now, self.now - request.since, request.abandoned
        )
        self.model.totals.finished += 1

    def on_lost(self, event: Lost):
        request = self.model.requests.pop(event.request)
        assert event == Lost(request.number, request.replica, self.now, request.abandoned)
        self.model.totals.lost += 1

    def on_abandoned(self, event: Abandoned):
        request = self.model.requests[event.request]
        request.abandoned = True
        if request.replica is None:
            del self.model.requests[event.request]
            self.model.totals.left_queue += 1

    def on_expired(self, event: Expired):
        request = self.model.requests.pop(event.request)
        assert request.replica is None
        assert min(request.deadline, request.arrived_at + QUEUE_TIMEOUT) <= self.now
        assert event.waited == self.now - request.arrived_at
        self.model.totals.expired += 1

    def on_overran(self, event: Overran):
        request = self.model.requests[event.request]
        assert request.is_timed
        assert not request.abandoned
        assert event == Overran(request.number, request.replica, self.now, self.now - request.since)
        assert event.held >= REQUEST_TIMEOUT
        request.abandoned = True

    def on_drained(self, event: Drained):
        assert self.model.replicas[event.replica_id].draining
        assert self.model.held(event.replica_id) == 0

    def on_stuck(self, event: Stuck):
        replica = self.model.replicas[event.replica_id]
        assert self.model.is_all_abandoned(event.replica_id, self.settings.concurrency_target)
        assert event.since + ABANDON_GRACE <= self.now
        assert replica.all_abandoned_since is not None
        assert event.since >= replica.all_abandoned_since
        assert replica.told_stuck or event.since == replica.all_abandoned_since
        replica.told_stuck = True

    # What holds after every step.

    @invariant()
    def counts_agree(self):
        model, dispatcher, totals = self.model, self.dispatcher, self.model.totals
        assert (dispatcher.queued, dispatcher.in_flight) == (len(model.queue()), model.in_flight())
        assert dispatcher.abandoned == model.abandoned(), "I6"
        assert dispatcher.held() == {name: model.held(name) for name in model.replicas}, "I6"
        foreign = sum(replica.foreign for replica in model.replicas.values())
        gone = totals.refused + totals.finished + totals.expired + totals.left_queue + totals.lost
        here = dispatcher.queued + dispatcher.in_flight - foreign
        assert totals.arrivals + totals.moved_in == here + gone + totals.moved_out

    @invariant()
    def no_slot_is_free_while_a_request_waits(self):
        free = self.model.free(self.settings.concurrency_target)
        assert not (free and self.model.queue()), "I2"

    @invariant()
    def places_are_in_order_of_arrival(self):
        queue = [(request.number, request.arrived_at) for request in self.model.queue()]
        assert self.dispatcher.waiting(len(queue) + 1) == queue, "I3"

    @invariant()
    def stuck_replicas_are_watched_from_the_instant_they_have_no_slot_for_anybody(self):
        for name, replica in self.model.replicas.items():
            if not self.model.is_all_abandoned(name, self.settings.concurrency_target):
                replica.all_abandoned_since, replica.told_stuck = None, False
            elif replica.all_abandoned_since is None:
                replica.all_abandoned_since = self.now

    @invariant()
    def the_next_deadline_is_the_next_thing_that_ends(self):
        ends = [min(one.deadline, one.arrived_at + QUEUE_TIMEOUT) for one in self.model.queue()]
        ends += [
            one.since + REQUEST_TIMEOUT
            for one in self.model.requests.values()
            if one.replica is not None and one.is_timed and not one.abandoned
        ]
        ends += [
            replica.all_abandoned_since + ABANDON_GRACE
            for replica in self.model.replicas.values()
            if replica.all_abandoned_since is not None and not replica.told_stuck
        ]
        due = self.dispatcher.deadlines.next()
        if any(replica.told_stuck for replica in self.model.replicas.values()):
            # A replica told stuck is watched afresh when something about it changes.
            assert min(ends, default=math.inf) >= (math.inf if due is None else due)
        else:
            assert min(ends, default=None) == due

    @invariant()
    def whoever_looks_when_told_to_is_never_late(self):
        due, at = self.dispatcher.deadlines.next(), self.dispatcher.deadlines.look_at
        assert at <= (math.inf if due is None else due)
        is_idle = not self.dispatcher.queued and not self.dispatcher.in_flight
        assert is_idle or at <= self.now + min(QUEUE_TIMEOUT, REQUEST_TIMEOUT, ABANDON_GRACE)

    def teardown(self):
        """Left alone with one good replica, everything ends."""
        self.load_is_read()
        for name in self.model.replicas:
            self.dispatcher.suspend_replica(name)
        for replica in self.model.replicas.values():
            replica.suspended = True
        self.follow(self.dispatcher.expire(self.now))
        self.add_replica(0)
        while self.any_in_flight():
            number = next(one.number for one in self.model.requests.values() if one.replica is not None)
            self.follow(self.dispatcher.finish(number, self.now))
        assert not self.model.requests
        assert self.dispatcher.queued == 0


TestDispatcher = DispatcherMachine.TestCase
