"""Heads that came before: requests and answers that begin with them are what a parser would have made of them."""

import pytest

from fakes.application import GET, Conversation, post
from headway.http.known_heads import KnownHeads


async def test_a_head_that_came_before_makes_the_same_request_with_the_body_that_follows_it():
    client = Conversation(answers_at_once=True)
    for body in (b"one", b"two", b"\r\n\r"):
        client.say(post(body, b"/a?b=1"))
        request = client.last
        assert (request.exchange.method, request.exchange.target) == (b"POST", b"/a?b=1")
        assert (request.exchange.length, request.body, request.is_complete) == (3, body, True)
        assert list(request.exchange.headers) == [(b"host", b"h"), (b"content-length", b"3")]
        assert client.heard().endswith(b"/a?b=1")
    assert client.requests[1].exchange.known is client.requests[2].exchange.known is not None


async def test_what_an_application_is_given_of_a_known_head_cannot_be_changed():
    client = Conversation(answers_at_once=True)
    client.say(GET)
    client.say(GET)
    assert isinstance(client.last.exchange.headers, tuple)


async def test_a_known_head_may_come_in_pieces_or_before_another_request():
    client = Conversation()
    whole = post(b"body")
    for cut in range(1, len(whole) + 1):
        client.say(whole[:cut])
        if cut < len(whole):
            client.say(whole[cut:])
        assert (client.last.body, client.last.is_complete) == (b"body", True)
        client.last.exchange.respond(200)
    client.answers_at_once = True
    client.say(whole + whole)
    client.say(whole + GET[:-2])
    client.say(GET[-2:])
    assert client.last.exchange.method == b"GET"
    assert len(client.requests) == len(whole) + 2 + 2
    assert client.heard().count(b"HTTP/1.1 200 OK\r\n") == len(client.requests)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\nhost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx",
        b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ],
    ids=["close", "1.0", "upgrade", "expect", "chunked"],
)
async def test_only_plain_requests_become_known(request_bytes):
    client = Conversation()
    client.say(request_bytes)
    assert len(client.requests) == 1
    assert not client.connection._known_heads


async def test_a_refused_head_does_not_become_known():
    client = Conversation()
    client.say(b"GET / HTTP/1.1\r\nhost: h\r\nhost: i\r\n\r\n")
    assert client.heard().startswith(b"HTTP/1.1 400")
    assert not client.connection._known_heads


def test_known_heads_are_bounded_in_number_and_size():
    known = KnownHeads[int]()
    for number in range(5000):
        known.learn(b"%d\r\n\r\n" % number, number)
    assert 0 < len(known) <= 1024
    assert known[b"4999\r\n\r\n"] == 4999
    known.learn(b"x" * 5000 + b"\r\n\r\n", 0)
    assert max(len(raw) for raw in known) < 100


@pytest.mark.parametrize("raw", [b"GET", b"a: b\n\r\n\r\n", b""])
def test_what_may_end_elsewhere_does_not_become_known(raw):
    known = KnownHeads[int]()
    known.learn(raw, 1)
    assert not known
