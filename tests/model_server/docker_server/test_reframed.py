"""Answers of a program that do not tell their length: what goes on is their body, in a framing of the replica's own."""

import pytest

from fakes.application import GET, Conversation
from headway.http.heads import AnswerHead
from headway.model_server.docker_server.reframed import relay

CHUNKED = b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nx-own: 1\r\ntrailer: x-late\r\n\r\n"
UNTOLD = b"HTTP/1.0 200 OK\r\nx-own: 1\r\n\r\n"


def passed_on(head, *pieces, ends=True, request=GET):
    client = Conversation()
    client.say(request)
    passing = relay(client.last.exchange, AnswerHead(int(head[9:12]), head), pieces[0])
    for piece in pieces[1:]:
        passing.pass_on(piece)
    if ends:
        passing.end()
    else:
        passing.break_off()
    return client.transport


@pytest.mark.parametrize(
    ("head", "pieces"),
    [
        (CHUNKED, [b"4\r\nbody\r\n0\r\n\r\n"]),
        (CHUNKED, [b"", b"4;x=y\r\nbo", b"dy\r", b"\n0;x-headway-not-accepted=1\r\n\r\n"]),
        (CHUNKED, [b"4\r\nbody\r\n0\r\nX-Headway-Not-Accepted: 1\r\nx-late: 2\r\n\r\n"]),
        (UNTOLD, [b"bo", b"dy"]),
        (UNTOLD, [b"", b"body", b""]),
    ],
)
async def test_a_body_goes_on_without_what_stood_between_its_pieces(head, pieces):
    transport = passed_on(head, *pieces)
    lines, _, body = transport.written.partition(b"\r\n\r\n")
    assert body in {b"4\r\nbody\r\n0\r\n\r\n", b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"}
    lines = lines.lower().split(b"\r\n")
    assert lines.count(b"transfer-encoding: chunked") == lines.count(b"x-own: 1") == 1
    assert sum(line.startswith(b"date:") for line in lines) == 1
    assert not transport.closed


@pytest.mark.parametrize(("head", "piece"), [(CHUNKED, b"4\r\nbody\r\n"), (UNTOLD, b"body")])
async def test_a_body_that_is_cut_has_no_last_chunk(head, piece):
    transport = passed_on(head, piece, ends=False)
    assert transport.written.endswith(b"4\r\nbody\r\n")
    assert transport.closed


@pytest.mark.parametrize("head", [CHUNKED, UNTOLD])
async def test_the_answer_to_head_has_no_body(head):
    transport = passed_on(head, b"", request=GET.replace(b"GET", b"HEAD"))
    assert transport.written.count(b"\r\n\r\n") == 1
    assert transport.written.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [b"204 Empty", b"304 Same"])
async def test_an_answer_without_a_body_has_none_though_it_tells_of_chunks(status):
    transport = passed_on(CHUNKED.replace(b"200 Fine", status), b"")
    assert transport.written.startswith(b"HTTP/1.1 " + status)
    assert transport.written.endswith(b"\r\n\r\n")
    assert b"transfer-encoding" not in transport.written.lower()
    assert not transport.closed


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_a_switch_of_protocols_that_tells_of_chunks_is_a_tunnel_all_the_same(version):
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n"
    head = CHUNKED.replace(b"200 Fine", b"101 Switching Protocols").replace(b"x-own", upgrade + b"x-own")
    request = GET.replace(b"1.1", version).replace(b"\r\n\r\n", b"\r\n" + upgrade + b"\r\n")
    transport = passed_on(head, b"\x81\x02hi", b"\x81\x02ho", request=request)
    assert transport.written.endswith(b"\r\n\r\n\x81\x02hi\x81\x02ho")
    assert b"transfer-encoding" not in transport.written.lower()
