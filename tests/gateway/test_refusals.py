"""The gateway's own answers: status, code, words, and when to come again."""

import json

from headway.core.events import Expired, Expiry, Overran
from headway.gateway import refusals


def test_an_answer_is_an_error_object_and_says_when_to_come_again():
    refusal = refusals.queue_full(7, 3)
    content = json.loads(refusal.body())
    assert content == {
        "error": {"code": "queue_full", "message": "7 requests wait already", "hint": refusal.hint}
    }
    assert refusal.headers() == b"content-type: application/json\r\nretry-after: 3\r\n"
    assert refusals.queue_full(1, 3).message == "1 request waits already"
    assert refusals.body_too_large(1).message == "a body has at most 1 byte"
    assert b"retry-after" not in refusals.body_too_large(5).headers()


def test_a_wait_that_ended_says_how_long_where_and_why():
    for cause, bound in (
        (Expiry.DEADLINE, "its x-headway-deadline"),
        (Expiry.QUEUE_TIMEOUT, "queue_timeout"),
    ):
        refusal = refusals.waited_too_long(Expired("a", 10.0, 4.5, 3, cause))
        assert refusal.status == 504
        assert refusal.message == f"waited 4.5 s, longer than {bound}, and stood at place 3"


def test_an_overrun_says_where_it_was_last_seen():
    message = refusals.ran_too_long(Overran("a", "r1", 10.0, 6.0), "postprocess").message
    assert message == "ran 6.0 s on r1, longer than request_timeout; last seen in postprocess"


def test_the_unknown_is_named_with_what_there_is():
    assert refusals.unknown("model", "digts", ["digits", "story"]).hint == "did you mean digits?"
    assert refusals.unknown("model", "x", ["digits", "story"]).hint == "known are digits, story"
    assert refusals.unknown("model", "x", []).hint == "there are none"
