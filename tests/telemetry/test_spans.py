"""What a caller says of its trace."""

import pytest

from headway.telemetry.spans import Origin, caller_of, origin_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{PARENT}-01".encode()


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        b"",
        b"00-abc-def-01",
        SAMPLED.upper(),
        SAMPLED.replace(b"00-", b"ff-", 1),
        f"00-{'0' * 32}-{PARENT}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        SAMPLED + b"-more",
        SAMPLED[:-1],
        SAMPLED + b"0",
        b"x" + SAMPLED,
    ],
)
def test_a_traceparent_that_says_nothing_begins_a_trace(traceparent):
    origin = origin_of(traceparent, b"a=1")
    assert origin is not None
    assert origin.parent_id is None
    assert origin.trace_id not in {TRACE, "0" * 32}


@pytest.mark.parametrize("flags", [b"01", b"03", b"ff"])
def test_a_caller_who_records_has_its_trace_go_on(flags):
    assert origin_of(SAMPLED[:-2] + flags, b"a=1") == Origin(TRACE, PARENT, "a=1")


@pytest.mark.parametrize("flags", [b"00", b"02", b"fe"])
def test_one_who_does_not_is_known_all_the_same(flags):
    assert origin_of(SAMPLED[:-2] + flags, None) is None
    assert caller_of(SAMPLED[:-2] + flags).trace_id == TRACE


@pytest.mark.parametrize("rest", [b"", b"-", b"-more"])
def test_a_later_version_may_say_more(rest):
    assert origin_of(b"cc" + SAMPLED[2:] + rest, None) == Origin(TRACE, PARENT)
