"""Clients of HTTP/1.0, like ApacheBench: no Host need be named, and the connection is kept where they ask for it."""

import pytest

from fakes.application import Conversation
from headway.http.heads import AnswerHead
from headway.http.relay import AnswerRelay

GET = b"GET / HTTP/1.0\r\n\r\n"
KEPT = b"GET / HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n"


async def test_without_a_host_it_is_served_and_whoever_is_asked_next_is_told_one():
    client = Conversation(answers_at_once=True)
    client.say(GET)
    assert list(client.last.exchange.headers) == [(b"host", b"localhost")]
    assert client.heard() == b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n/"
    assert client.transport.closed


async def test_the_connection_is_kept_where_that_is_asked_for_and_the_answer_says_so():
    client = Conversation(answers_at_once=True)
    for _ in range(3):  # a head that has come before is no other
        client.say(KEPT)
        assert client.heard() == b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\n/"
    assert not client.transport.closed
    client.say(GET)
    assert b"connection: close" in client.heard()
    assert client.transport.closed


async def test_a_body_of_unknown_length_ends_with_the_connection():
    client = Conversation()
    client.say(KEPT)
    client.last.exchange.start(200)
    client.last.exchange.write(b"ab")
    client.last.exchange.end()
    assert client.heard() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab"
    assert client.transport.closed


async def test_a_body_of_known_length_in_pieces_does_not():
    client = Conversation()
    client.say(KEPT)
    client.last.exchange.start(200, b"", 2)
    client.last.exchange.write(b"ab")
    client.last.exchange.end()
    assert client.heard() == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nab"
    assert not client.transport.closed


@pytest.mark.parametrize(
    ("framing", "body", "connection", "heard"),
    [
        (b"content-length: 2\r\n", b"ab", b"keep-alive", b"ab"),
        (b"transfer-encoding: chunked\r\n", b"2\r\nab\r\n0\r\n\r\n", b"close", b"ab"),
        (b"", b"ab", b"close", b"ab"),
    ],
)
async def test_a_relayed_answer_keeps_the_connection_where_its_end_can_be_told(
    framing, body, connection, heard
):
    client = Conversation()
    client.say(KEPT)
    head = AnswerHead(200, b"HTTP/1.1 200 OK\r\n%s\r\n" % framing)
    relay = AnswerRelay(client.last.exchange, head, b"", b"")
    relay.pass_on(body)
    relay.end()
    lines, _, said = client.heard().partition(b"\r\n\r\n")
    assert said == heard
    assert lines.lower().count(b"connection:") == 1
    assert lines.endswith(b"connection: " + connection)
    assert client.transport.closed is (connection == b"close")


async def test_requests_sent_ahead_are_answered_in_order():
    client = Conversation(answers_at_once=True)
    client.say(KEPT + KEPT.replace(b"/ ", b"/b ") + GET)
    answers = client.heard().split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [one.rpartition(b"\r\n\r\n")[2] for one in answers] == [b"/", b"/b", b"/"]
    assert client.transport.closed
