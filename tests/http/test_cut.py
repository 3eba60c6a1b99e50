"""An answer that is cut while its work goes on: the client hears the end at once, the connection closes later."""

import pytest

from fakes.application import GET, Conversation


@pytest.mark.parametrize("length", [None, 9])
async def test_a_cut_is_told_and_counts_as_the_clients_leaving(length):
    client = Conversation()
    client.say(GET)
    exchange = client.last.exchange
    exchange.start(200, b"", length)
    exchange.write(b"part")
    exchange.cut()
    if length is None:
        assert client.transport.written.endswith(b"part\r\n!\r\n\r\n"), "no client takes that for a chunk"
    assert client.transport.has_written_eof is (length is not None)
    assert not client.transport.closed
    assert exchange.left
    assert not client.last.is_left  # who cuts knows it
    client.connection.connection_lost(None)
    assert not client.last.is_left
    exchange.close()
    assert client.transport.closed


async def test_requests_sent_ahead_of_a_cut_are_dropped():
    client = Conversation()
    client.say(GET + GET)
    client.last.exchange.cut()
    client.last.exchange.close()
    assert len(client.requests) == 1


async def test_an_answer_that_said_that_its_connection_ends_ends_it_though_the_body_came_whole_meanwhile():
    client = Conversation()
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nha")
    exchange = client.last.exchange
    exchange.start(200)
    client.say(b"lf")
    exchange.end()
    assert b"connection: close" in client.transport.written
    assert client.transport.closed
