"""What who comes now is told of a deployment, and when nothing is said."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings, bounds_of
from headway.observed.saturation.hindrance import Code
from headway.observed.saturation.situation import SeenReplica, Situation
from headway.observed.saturation.verdict import Level, saturation

READY, STARTING, UNHEALTHY, DRAINING = (
    ReplicaState.READY,
    ReplicaState.STARTING,
    ReplicaState.UNHEALTHY,
    ReplicaState.DRAINING,
)


def ready(held=4, at_gate=0, count=1):
    return [SeenReplica(READY, 100.0, held, at_gate, 80.0)] * count


def seen(replicas=(), *, target=4, queued=0, changes=None, **more):
    settings = DeploymentSettings(concurrency_target=target, **(changes or {}))
    more = {
        "queued_for": 5.0 if queued else 0.0,
        "desired": sum(one.state.is_serving for one in replicas),
        **more,
    }
    return Situation(settings=settings, replicas=replicas, queued=queued, **more)


def told(situation):
    found = saturation(situation)
    return found and (found.code.value, found.level.value, found.text)


def test_full_slots_and_a_queue_at_the_most_replicas():
    found = saturation(seen(ready(), queued=7, seconds_in_slot=8.0))
    assert dataclasses.asdict(found) == {
        "code": Code.SLOTS_FULL,
        "level": Level.WAIT,
        "text": "all 4 slots are taken and max_replica 1 is reached",
        "advice": "raise concurrency_target or max_replica",
        "setting": "concurrency_target",
        "see": "settings",
        "wait_seconds": 16.0,
        "wait": "who comes now waits about 16 s",
    }


@pytest.mark.parametrize(
    "situation",
    [
        seen(ready(held=4)),  # full, and nobody waits
        seen(ready(held=3)),
        seen(ready(held=0, count=3), changes={"max_replica": 3}),
        seen(ready(), queued=3, queued_for=0.4, queue_share=0.4),  # a queue that may be over at once
        seen(ready(), queued=0, queue_share=0.9),
        seen([*ready(3), SeenReplica(STARTING, 3.0)], queued=1, queued_for=9.0),  # a slot is free for it
        seen([*ready(), SeenReplica(UNHEALTHY)]),
        seen(ready(held=2, at_gate=1)),  # one in predict, the next one ready for it: as it should be
        seen(ready(held=3, at_gate=2), seconds_in_slot=0.05),  # short waits at the gate
        seen(ready(), is_refused=False, lacks="every GPU is taken", lacks_gpu=True, desired=2),
        seen(ready(held=0), changes={"queue_limit": 0}),
        seen(ready(held=0), queued=1, gateways_ready=1),
        # just ready: the gateway is about to hear of it
        seen([SeenReplica(READY, 9.0, in_state=0.3)], queued=1, queued_for=9.0, gateways_ready=0),
        seen(ready(), queued=0, desired=1, lacks="every GPU is taken", lacks_gpu=True),
    ],
)
def test_nobody_is_alarmed_while_who_comes_is_served(situation):
    assert saturation(situation) is None


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (
            seen(is_deleting=True, in_flight=2),
            ("deleting", "refused", "it is being deleted: requests are refused; 2 still in flight"),
        ),
        (seen(is_active=False), ("deactivated", "refused", "it is switched off: requests are refused")),
        (
            seen(is_active=False, in_flight=1),
            ("deactivated", "refused", "it is switched off: requests are refused; 1 still in flight"),
        ),
        (
            seen(failure="no such package"),
            ("build_failed", "refused", "it could not be prepared: requests are refused"),
        ),
        (seen(preparing="resolving"), ("preparing", "note", "it is being prepared: resolving")),
        (seen(preparing="", queued=1), ("preparing", "wait", "it is being prepared")),
        (
            seen(preparing="is tried again within 2 s: no space left", is_held_up=True),
            ("preparation_held_up", "note", "it is being prepared: is tried again within 2 s: no space left"),
        ),
        (
            seen(ready(), is_gateway_there=False),
            ("gateway_away", "note", "no gateway is connected to control: what queues and runs is not known"),
        ),
    ],
)
def test_what_is_out_of_service_says_why(situation, expected):
    assert told(situation) == expected


GPU = {"lacks": "every GPU is taken", "lacks_hint": "lower max_replica", "lacks_gpu": True}


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (
            seen(desired=1, retry_in=4.0, failed_starts=1, **GPU),
            ("waits_for_gpu", "note", "waiting for 1 GPU: every GPU is taken; the next try is in 4 s"),
        ),
        (
            seen(desired=3, queued=2, failed_starts=3, retry_in=40.0, is_refused=True, **GPU),
            (
                "waits_for_gpu",
                "refused",
                "waiting for 3 GPUs: every GPU is taken; the next try is in 40 s, and requests are refused until then",
            ),
        ),
        (
            seen(desired=1, queued=2, lacks="its secrets cannot be laid out"),
            ("waits_for_room", "wait", "1 replica cannot be started: its secrets cannot be laid out"),
        ),
        (
            seen(desired=1, queued=1, is_after_another=True),
            (
                "waits_for_predecessor",
                "wait",
                "the deployment before it finishes what it holds, then this one starts",
            ),
        ),
        (
            seen(desired=1, failed_starts=3, retry_in=4.0, is_refused=True),
            (
                "starts_fail",
                "refused",
                "its last 3 starts failed; the next try is in 4 s, and requests are refused until then",
            ),
        ),
        (
            seen([SeenReplica(STARTING)], failed_starts=4),
            ("starts_fail", "note", "its last 4 starts failed; another one is under way"),
        ),
        (  # nobody asks for the replica any more that found no room
            seen(desired=0, lacks="every GPU is taken", lacks_gpu=True),
            (
                "scaled_to_zero",
                "note",
                "no replica runs; the next request starts one: how long that takes was not measured yet",
            ),
        ),
        (
            seen(failed_starts=1),
            ("starts_fail", "note", "its last start failed; the next request has it tried again"),
        ),
        (
            seen(desired=1, queued=1, failed_starts=1, retry_in=2.0),
            ("restarting", "wait", "its last start failed; the next try is in 2 s"),
        ),
        (
            seen(desired=1, queued=1, retry_in=2.0),
            ("restarting", "wait", "a replica has failed; the next try is in 2 s"),
        ),
        (
            seen([SeenReplica(STARTING, 12.0)], start_times=[29, 30, 31]),
            ("starting", "note", "starting: 12 s of about 30 s"),
        ),
        (
            seen([SeenReplica(STARTING, 12.0)], queued=1),
            ("starting", "wait", "starting for 12 s; how long a start takes was not measured yet"),
        ),
        (
            seen([SeenReplica(STARTING, 45.0)], start_times=[30]),
            (
                "starting",
                "note",
                "starting for 45 s, longer than the usual 30 s; it is given up after 30 min",
            ),
        ),
        (
            seen([SeenReplica(STARTING, 12.0), SeenReplica(STARTING, 2.0)], start_times=[30]),
            ("starting", "note", "2 replicas are starting, the first: 12 s of about 30 s"),
        ),
        (
            seen([SeenReplica(UNHEALTHY)], queued=1),
            ("unhealthy", "wait", "1 replica does not answer the health check"),
        ),
        (
            seen([SeenReplica(UNHEALTHY)] * 2),
            ("unhealthy", "note", "2 replicas do not answer the health check"),
        ),
        (seen(queued=1), ("waking", "wait", "no replica runs; one is about to be ordered")),
        (
            seen([SeenReplica(DRAINING, held=1)]),
            (
                "draining",
                "note",
                "its last replicas finish what they hold and go; the next request keeps one",
            ),
        ),
        (
            seen(),
            (
                "scaled_to_zero",
                "note",
                "no replica runs; the next request starts one: how long that takes was not measured yet",
            ),
        ),
        (
            seen(start_times=[30]),
            ("scaled_to_zero", "note", "no replica runs; the next request starts one"),
        ),
    ],
)
def test_without_a_replica_it_says_what_is_awaited(situation, expected):
    assert told(situation) == expected


FULL = {"queued": 3, "changes": {"max_replica": 4}}


@pytest.mark.parametrize(
    ("situation", "code", "text"),
    [
        (
            seen(ready(1), target=1, queued=1),
            "slots_full",
            "the only slot is taken and max_replica 1 is reached",
        ),
        (
            seen(ready(count=3), queued=1, changes={"max_replica": 3}),
            "slots_full",
            "all 12 slots of 3 replicas are taken and max_replica 3 is reached",
        ),
        (
            seen(ready(4, at_gate=3), queued=1),
            "gate_full",
            "all 4 slots are taken and max_replica 1 is reached; predict takes 1 at a time, and 3 wait at the gate",
        ),
        (
            seen(ready(4, at_gate=2, count=2), queued=1, places=2, changes={"max_replica": 2}),
            "gate_full",
            "all 8 slots of 2 replicas are taken and max_replica 2 is reached; "
            "predict takes 2 at a time on each replica, and 4 wait at the gate",
        ),
        (
            seen(ready(held=5, at_gate=4), target=8),
            "gate_full",
            "predict takes 1 at a time, and 4 wait at the gate, while 3 slots are free",
        ),
        (
            seen(ready(held=7, at_gate=6), target=8, seconds_in_slot=3.0),
            "gate_full",
            "predict takes 1 at a time, and 6 wait at the gate, while 1 slot is free",
        ),
        (
            seen(ready(), queued=1, abandoned=4),
            "abandoned",
            "all 4 slots are taken, all by work whose clients have left",
        ),
        (
            seen(ready(), queued=1, abandoned=2),
            "abandoned",
            "all 4 slots are taken, 2 of 4 by work whose clients have left",
        ),
        (
            seen([*ready(), SeenReplica(STARTING, 12.0)], start_times=[30], **FULL),
            "scaling_up",
            "all 4 slots are taken; 1 more replica is starting: 12 s of about 30 s",
        ),
        (
            seen([*ready(), *[SeenReplica(STARTING, 12.0)] * 2], **FULL),
            "scaling_up",
            "all 4 slots are taken; 2 more replicas are starting, the first for 12 s; "
            "how long a start takes was not measured yet",
        ),
        (
            seen(ready(), desired=2, decided_for=1.2, **FULL),
            "scaling_up",
            "all 4 slots are taken; 2 replicas are wanted (decided 1 s ago), 1 there",
        ),
        (
            seen(ready(), **FULL),
            "scaling_up",
            "all 4 slots are taken; another replica is ordered once the queue has not been empty for 1 s",
        ),
        (
            seen(ready(), desired=3, retry_in=9.0, **GPU, **FULL),
            "waits_for_gpu",
            "all 4 slots are taken; waiting for 2 GPUs: every GPU is taken; the next try is in 9 s",
        ),
        (
            seen(ready(), desired=2, retry_in=9.0, **FULL),
            "restarting",
            "all 4 slots are taken; a replica has failed; the next try is in 9 s",
        ),
        (
            seen([*ready(), SeenReplica(UNHEALTHY)], **FULL),
            "unhealthy",
            "all 4 slots are taken; 1 replica does not answer the health check",
        ),
        (
            seen(ready(0), queued=2, gateways_ready=0),
            "not_taken_up",
            "1 replica ready, and the gateway gives to 0",
        ),
    ],
)
def test_with_replicas_it_says_what_limits_them(situation, code, text):
    found = saturation(situation)
    assert (found.code, found.level, found.text) == (code, Level.WAIT, text)


def test_a_queue_that_is_mostly_there_is_told_of_though_it_was_empty_meanwhile():
    found = saturation(seen(ready(), queued=1, queued_for=0.1, queue_share=0.6))
    assert (found.code, found.level) == (Code.SLOTS_FULL, Level.WAIT)


def test_slots_below_the_places_in_predict_are_told_of():
    found = saturation(seen(ready(2), target=2, places=8, queued=1))
    assert found.advice == "raise concurrency_target to at least 8, the places in predict, or max_replica"


@pytest.mark.parametrize(
    ("situation", "text", "setting"),
    [
        (
            seen(ready(), queued=10, changes={"queue_limit": 10}),
            "the queue is full, 10 wait: requests are refused; all 4 slots are taken and max_replica 1 is reached",
            "concurrency_target",
        ),
        (
            seen(
                [SeenReplica(STARTING, 3.0)],
                queued=10,
                start_times=[9],
                changes={"queue_limit": 10, "min_replica": 1},
            ),
            "the queue is full, 10 wait: requests are refused; starting: 3 s of about 9 s",
            "queue_limit",
        ),
        (
            seen(ready(), changes={"queue_limit": 0}),
            "queue_limit is 0, so nothing may wait: requests are refused; "
            "all 4 slots are taken and max_replica 1 is reached",
            "concurrency_target",
        ),
    ],
)
def test_a_full_queue_is_told_first_and_at_once(situation, text, setting):
    found = saturation(dataclasses.replace(situation, queued_for=0.0))
    assert (found.code, found.level, found.text) == (Code.QUEUE_FULL, Level.REFUSED, text)
    assert (found.setting, found.wait_seconds, found.wait) == (setting, None, "")


@pytest.mark.parametrize(
    ("situation", "seconds", "words"),
    [
        (
            seen(ready(), queued=1),
            None,
            "how long who comes now waits is not known: nothing was measured yet",
        ),
        (seen(ready(), queued=1, seconds_in_slot=0.2), 0.1, "who comes now waits less than 1 s"),
        (
            seen(ready(6), queued=1, seconds_in_slot=6.0),
            4.0,
            "who comes now waits about 4 s",
        ),  # two too many go first
        (seen([SeenReplica(STARTING, 12.0)], start_times=[30]), 18.0, "who comes now waits about 18 s"),
        (seen([SeenReplica(STARTING, 12.0)]), None, ""),
        (seen([SeenReplica(STARTING, 45.0)], start_times=[30]), None, ""),
        (seen(start_times=[30]), 30.0, "who comes now waits about 30 s"),
        (seen([SeenReplica(DRAINING, held=1)]), 0.0, "who comes now waits less than 1 s"),
        (
            seen([*ready(), SeenReplica(UNHEALTHY)], seconds_in_slot=8.0, **FULL),
            8.0,
            "who comes now waits at most about 8 s",
        ),
        (seen(ready(0), queued=2, gateways_ready=0), None, ""),
        (seen(ready(7, at_gate=6), target=8, seconds_in_slot=3.5), 3.0, "who comes now waits about 3 s"),
        (
            seen(ready(), queued=99, seconds_in_slot=8.0, changes={"queue_timeout": 60.0}),
            200.0,
            "who comes now would wait about 3 min, and queue_timeout ends that after 60 s",
        ),
    ],
)
def test_the_wait_of_who_comes_now_is_told_or_why_not(situation, seconds, words):
    found = saturation(situation)
    assert (found.wait_seconds, found.wait) == (seconds, words)


def test_the_advice_is_about_a_setting_that_there_is():
    situations = (
        seen(),
        seen(ready(), queued=1),
        seen(desired=1, **GPU),
        seen(desired=1, is_after_another=True),
    )
    for situation in situations:
        assert bounds_of(saturation(situation).setting)


_REPLICAS = st.lists(
    st.builds(
        SeenReplica,
        st.sampled_from(ReplicaState),
        st.floats(0, 100),
        st.integers(0, 9),
        st.integers(0, 9),
        st.floats(0, 9),
    ),
    max_size=5,
)
_SITUATIONS = st.builds(
    Situation,
    settings=st.builds(
        DeploymentSettings,
        concurrency_target=st.integers(1, 8),
        max_replica=st.integers(1, 5),
        queue_limit=st.integers(0, 4),
    ),
    places=st.integers(1, 4),
    replicas=_REPLICAS,
    queued=st.integers(0, 6),
    queued_for=st.floats(0, 10),
    queue_share=st.floats(0, 1),
    in_flight=st.integers(0, 9),
    abandoned=st.integers(0, 9),
    seconds_in_slot=st.none() | st.floats(0, 100),
    start_times=st.lists(st.floats(0, 100), max_size=3),
    is_deleting=st.booleans(),
    is_active=st.booleans(),
    failure=st.sampled_from(["", "no such package"]),
    preparing=st.none() | st.just("resolving"),
    is_held_up=st.booleans(),
    is_gateway_there=st.booleans(),
    gateways_ready=st.none() | st.integers(0, 5),
    desired=st.integers(0, 6),
    failed_starts=st.integers(0, 5),
    retry_in=st.floats(0, 100),
    is_refused=st.booleans(),
    lacks=st.sampled_from(["", "every GPU is taken"]),
    lacks_gpu=st.booleans(),
    is_after_another=st.booleans(),
)


@given(_SITUATIONS)
def test_whatever_is_seen_one_sentence_says_it(situation):
    found = saturation(situation)
    free = any(
        one.state is READY and one.held < situation.settings.concurrency_target for one in situation.replicas
    )
    if found is None:
        assert any(one.state is READY for one in situation.replicas)
        return
    assert found.text
    assert "\n" not in found.text
    assert found.see in {"", "settings", "logs", "decisions"}
    assert found.wait_seconds is None or found.wait_seconds >= 0
    assert (found.level is Level.REFUSED) is (
        found.code in _REFUSING or (situation.is_refused and found.code in _HELD)
    )
    if free:
        assert found.code in _DESPITE_FREE


_REFUSING = {Code.DELETING, Code.DEACTIVATED, Code.BUILD_FAILED, Code.QUEUE_FULL}
_HELD = {Code.STARTS_FAIL, Code.WAITS_FOR_GPU, Code.WAITS_FOR_ROOM}
_DESPITE_FREE = {
    *(_REFUSING - {Code.QUEUE_FULL}),
    Code.PREPARING,
    Code.PREPARATION_HELD_UP,
    Code.GATEWAY_AWAY,
    Code.GATE_FULL,
    Code.NOT_TAKEN_UP,
}
