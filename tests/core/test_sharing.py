import pytest

from headway.core.credentials import Denial
from headway.core.entry import AllowedOrigins
from headway.core.sharing import Sharing

NONE = Sharing(AllowedOrigins())
APP = Sharing(AllowedOrigins.of(["https://app.example"]))
ALL = Sharing(AllowedOrigins.of(["*"]))
ORIGIN = (b"origin", b"https://app.example")
ASKS = (b"access-control-request-method", b"POST")


def test_without_allowed_origins_nothing_is_told():
    assert not NONE
    assert NONE.lines([ORIGIN]) == []
    assert NONE.preflight(b"OPTIONS", [ORIGIN, ASKS]) is None


def test_answers_for_an_allowed_origin_name_it_and_what_it_may_read():
    told = dict(APP.lines([ORIGIN]))
    assert told[b"access-control-allow-origin"] == b"https://app.example"
    assert b"x-headway-request-id" in told[b"access-control-expose-headers"]
    assert told[b"vary"] == b"origin"
    assert b"access-control-allow-credentials" not in told
    assert dict(ALL.lines([ORIGIN]))[b"access-control-allow-origin"] == b"*"
    assert dict(ALL.lines([(b"origin", b"null")]))[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(
    "headers", [[], [(b"origin", b"https://evil.example")], [(b"origin", b"null")], [ORIGIN] * 2]
)
def test_others_are_told_that_it_depends_on_the_origin(headers):
    assert APP.lines(headers) == [(b"vary", b"origin")]


def test_a_preflight_is_an_options_request_of_a_page_that_says_what_it_will_send():
    for method, headers in (
        (b"POST", [ORIGIN, ASKS]),
        (b"OPTIONS", [ORIGIN]),
        (b"OPTIONS", [ASKS]),
        (b"OPTIONS", []),
    ):
        assert APP.preflight(method, headers) is None
    told = APP.preflight(b"OPTIONS", [ORIGIN, ASKS])
    assert dict(told) == {b"access-control-max-age": b"600", b"access-control-allow-methods": b"POST"}
    refused = APP.preflight(b"OPTIONS", [(b"origin", b"https://evil.example"), ASKS])
    assert isinstance(refused, Denial)
    assert (refused.status, refused.code) == (403, "foreign_page")


def test_what_it_asks_for_is_what_it_may_as_far_as_that_is_a_list_of_names():
    more = [
        (b"access-control-request-headers", b"x-a, authorization"),
        (b"access-control-request-private-network", b"true"),
    ]
    told = dict(ALL.preflight(b"OPTIONS", [ORIGIN, ASKS, *more]))
    assert told[b"access-control-allow-headers"] == b"x-a, authorization"
    assert told[b"access-control-allow-private-network"] == b"true"
    odd = [
        (b"access-control-request-headers", b"x-a;\x01"),
        (b"access-control-request-private-network", b"no"),
    ]
    assert dict(ALL.preflight(b"OPTIONS", [ORIGIN, (ASKS[0], b"PO ST"), *odd])) == {
        b"access-control-max-age": b"600"
    }
