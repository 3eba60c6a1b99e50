"""Every answer says when it was made, once."""

import re
import time
from email.utils import parsedate_to_datetime
from unittest import mock

import pytest

from fakes.application import GET, Conversation
from headway.http import answers
from headway.http.answers import date_line, dated
from headway.http.heads import AnswerHead
from headway.http.relay import AnswerRelay

DATE = re.compile(rb"\r\ndate: ([^\r]+)\r\n", re.IGNORECASE)


def dates(client):
    return DATE.findall(client.transport.take())


def test_it_is_the_present_second_in_the_words_of_http():
    said = parsedate_to_datetime(date_line().decode().removeprefix("date: ").strip())
    assert abs(said.timestamp() - time.time()) < 2
    assert said.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (784111777.9, b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
        (784111778.0, b"date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
        (951782400, b"date: Tue, 29 Feb 2000 00:00:00 GMT\r\n"),
    ],
)
@pytest.mark.plain
def test_a_new_second_is_a_new_line(at, line):
    with mock.patch.object(answers, "time", return_value=at):
        assert date_line() == line


async def test_answers_in_one_piece_in_several_and_refusals_have_it():
    client = Conversation(answers_at_once=True)
    client.say(GET)
    assert len(dates(client)) == 1
    client = Conversation()
    client.say(GET)
    client.last.exchange.start(200)
    client.last.exchange.end()
    assert len(dates(client)) == 1
    client.say(b"this is no HTTP\r\n\r\n")
    assert len(dates(client)) == 1


@pytest.mark.parametrize("name", [b"date", b"Date", b"DATE"])
async def test_a_date_of_the_application_is_kept(name):
    own = name + b": Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    for lines in (own, b"a: b\r\n" + own):
        client = Conversation()
        client.say(GET)
        client.last.exchange.respond(200, lines)
        assert dates(client) == [b"Sun, 06 Nov 1994 08:49:37 GMT"]


def test_what_only_ends_like_it_is_not_one():
    for lines in (b"", b"last-date: x\r\n", b"a: date: x\r\n"):
        assert dated(lines) == date_line() + lines


@pytest.mark.parametrize("own", [b"", b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", b"DaTe: then\r\n"])
async def test_a_relayed_answer_has_its_own_or_ours(own):
    client = Conversation()
    client.say(GET)
    head = AnswerHead(200, b"HTTP/1.1 200 OK\r\n%scontent-length: 0\r\n\r\n" % own)
    AnswerRelay(client.last.exchange, head, b"x: y\r\n", b"").end()
    (said,) = dates(client)
    assert own in {b"", b"date: %s\r\n" % said, b"DaTe: %s\r\n" % said}
