"""HTTP/1.1 itself, byte by byte: what clients of every kind may send and rely on."""

import json

import pytest

from system.contract.gated import answer, gated
from system.contract.server import IS_UPSTREAM
from system.contract.table import PREDICT

HEAD = f"POST {PREDICT} HTTP/1.1\r\nHost: contract\r\n".encode()


@pytest.fixture
def exchange(replicas):
    """Sends bytes on a new connection and returns the answer to them."""
    with gated(replicas["echo"]) as driven:

        def exchanged(*sent):
            connection = driven.keep(driven.replica.connect())
            connection.sendall(sent[0])
            for more in sent[1:]:
                connection.sendall(more)
            return answer(connection)

        yield exchanged


def test_a_chunked_body_is_put_together(exchange):
    body = b'3\r\n{"a\r\n5;note=1\r\n": 1}\r\n0\r\n\r\n'
    assert exchange(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", body).endswith(b'\r\n\r\n{"a": 1}')


def test_a_body_may_arrive_byte_by_byte(exchange):
    assert exchange(HEAD + b"Content-Length: 3\r\n\r\n", b"[", b"1", b"]").endswith(b"\r\n\r\n[1]")


def test_expect_100_continue_is_granted(replicas):
    with gated(replicas["echo"]) as driven:
        connection = driven.keep(driven.replica.connect())
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        granted = connection.recv(1024)
        assert granted.startswith(b"HTTP/1.1 100")
        connection.sendall(b"1")
        assert answer(connection).endswith(b"\r\n\r\n1")


def test_a_connection_serves_one_request_after_another(replicas):
    with gated(replicas["echo"]) as driven:
        connection = driven.keep(driven.replica.connect())
        for number in range(3):
            connection.sendall(HEAD + f"Content-Length: 1\r\n\r\n{number}".encode())
            assert answer(connection).endswith(f"\r\n\r\n{number}".encode())


def test_connection_close_is_obeyed(replicas):
    with gated(replicas["echo"]) as driven:
        connection = driven.keep(driven.replica.connect())
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\n1")
        assert b"connection: close" in answer(connection).lower()
        assert connection.recv(1) == b""


def test_http_1_0_gets_a_stream_that_ends_with_the_connection(replicas):
    with gated(replicas["outputs"]) as driven:
        connection = driven.keep(driven.replica.connect())
        content = json.dumps({"result": "stream"}).encode()
        connection.sendall(
            f"POST {PREDICT} HTTP/1.0\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
        )
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        assert received.endswith("\r\n\r\nabç".encode())
        assert b"transfer-encoding" not in received.lower()


def test_a_stream_ends_with_the_last_chunk(replicas):
    with gated(replicas["outputs"]) as driven:
        assert answer(driven.keep(driven.replica.begin({"result": "stream"}))).endswith(b"0\r\n\r\n")


def test_a_broken_stream_has_no_last_chunk_so_that_a_client_can_tell(replicas):
    with gated(replicas["outputs"]) as driven:
        received = answer(driven.keep(driven.replica.begin({"result": "broken stream"})))
        assert received.endswith(b"b\r\n0\r\n\r\n" if IS_UPSTREAM else b"b\r\n")


@pytest.mark.skipif(IS_UPSTREAM, reason="upstream ends it as if it were whole")
def test_http_1_0_is_reset_where_a_stream_breaks(replicas):
    with gated(replicas["outputs"]) as driven:
        connection = driven.keep(driven.replica.connect())
        content = json.dumps({"result": "broken stream"}).encode()
        connection.sendall(
            f"POST {PREDICT} HTTP/1.0\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
        )
        with pytest.raises(ConnectionResetError):
            answer(connection)


def test_two_lengths_that_differ_are_refused(exchange):
    assert exchange(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n12").startswith(b"HTTP/1.1 400")


def test_a_malformed_request_is_refused_and_closed(exchange):
    assert exchange(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_header_names_are_read_in_any_letters(exchange):
    assert exchange(
        HEAD + b"CONTENT-TYPE: APPLICATION/OCTET-STREAM\r\ncontent-LENGTH: 1\r\n\r\n\x01"
    ).endswith(b"\r\n\r\n\x01")
