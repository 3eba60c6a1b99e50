"""A server of the model's own that writes whatever bytes it is told to: each is one answer that the client understands,
or a clear error, or breaks off so that the client can tell; the slot comes back, and nobody else notices.
"""

import socket
from urllib.parse import urlsplit

import pytest

from system.hostile import hear, request, statuses

PROGRAM = """
    import os, socket, threading, time

    def serve(one):
        with one:
            heard = b""
            while b"\\r\\n\\r\\n" not in heard:
                heard += one.recv(65536)
            head, _, body = heard.partition(b"\\r\\n\\r\\n")
            if head.startswith(b"GET /health"):
                one.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")
                return
            lines = dict(line.split(b": ", 1) for line in head.lower().split(b"\\r\\n")[1:])
            while len(body) < int(lines.get(b"content-length", 0)):
                body += one.recv(65536)
            for piece in (body or bytes.fromhex(lines.get(b"x-say", b"").decode())).split(b"|"):
                if piece == b"RESET":
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1] + 7 * [0]))
                    return
                one.sendall(piece)
                time.sleep(0.01)

    listening = socket.create_server(("127.0.0.1", int(os.environ["HEADWAY_SERVER_PORT"])))
    while True:
        threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""
CONFIG = """
    docker_server:
      start_command: python model/model.py $HEADWAY_SERVER_PORT
      server_port: 8000
      predict_endpoint: /say
      readiness_endpoint: /health
      liveness_endpoint: /health
"""
OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"content-length: 4\r\n\r\nbody"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def program(strange):
    return strange.serve(PROGRAM, config=CONFIG)


@pytest.fixture(autouse=True)
def the_only_slot_comes_back(program):
    yield
    with connect(program) as client:
        client.sendall(asking(program, WHOLE))
        assert hear(client).endswith(b"\r\n\r\nbody")


def connect(program):
    address = urlsplit(program.url)
    return socket.create_connection((address.hostname, address.port), timeout=20)


def asking(program, said, *, method=b"POST", close=True):
    if method == b"POST":
        asked = request(said, target=urlsplit(program.predict_url).path.encode())
    else:
        target = urlsplit(f"{program.url}/sync/any").path.encode()
        asked = request(b"", b"x-say: " + said.hex().encode(), method=method, target=target, length=False)
    return asked if close else asked.replace(b"connection: close\r\n", b"")


def said(program, answer, **more):
    """What the client hears, the connection's end included, of a program that answers so."""
    with connect(program) as client:
        client.sendall(asking(program, answer, **more))
        return hear(client)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n|" + WHOLE,
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + WHOLE,
        WHOLE + b"excess",
        WHOLE + b"|excess",
        WHOLE + b"\r\n",
        WHOLE + WHOLE,
        OK + b"\r\nbody",
        CHUNKED + b"4\r\nbody\r\n|0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nbody",
        b"HTT|P/1.1 200 OK\r\ncont|ent-length: 4\r\n\r|\nbo|dy",
        CHUNKED + b"4;x=y\r\nbody\r\n0\r\nx-headway-not-accepted: 1\r\nx-late: 1\r\n\r\n",
    ],
)
def test_answers_that_are_whole_are_passed_on_and_no_byte_more(program, answer):
    heard = said(program, answer)
    assert statuses(heard) == [200]
    assert heard.partition(b"\r\n\r\n")[2] in {b"body", b"4\r\nbody\r\n0\r\n\r\n"}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", 502),
        (b"HTTP/1.1 200 O", 502),
        (OK + b"x: y\r\n", 502),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 502),
        (b"nonsense\r\n\r\n", 500),
        (b"HTTP/2 200\r\n\r\n", 500),
        (b"HTTP/1.1 99 Low\r\n\r\n", 500),
        (b"HTTP/1.1 600 High\r\ncontent-length: 0\r\n\r\n", 500),
        (b"HTTP/1.1 1000 High\r\ncontent-length: 0\r\n\r\n", 500),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", 500),
        (OK + b"content-length: -4\r\n\r\nbody", 500),
        (OK + b"content-length: 4\r\ncontent-length: 4\r\n\r\nbody", 500),
        (OK + b"content-length: 4\r\ncontent-length: 5\r\n\r\nbody", 500),
        (OK + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 500),
        (OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 500),
        (OK + b"x: a\r\n folded\r\ncontent-length: 0\r\n\r\n", 500),
        (OK + b"x: a\ny: b\r\ncontent-length: 0\r\n\r\n", 500),
        (OK + b"x: a\0b\r\ncontent-length: 0\r\n\r\n", 500),
        (OK + b"x" * 1_000_000, 500),
        (CHUNKED + b"zz\r\n", 500),
        (CHUNKED + b"0\r\n\r\n" + WHOLE, 500),
    ],
)
def test_what_is_no_answer_is_a_clear_error(program, answer, status):
    heard = said(program, answer)
    assert statuses(heard)[0] == status
    assert b"The model's server" in heard


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"content-length: 40\r\n\r\nbody",
        CHUNKED + b"4\r\nbo",
        OK + b"\r\nbody|RESET",
        b"HTTP/1.0 200 OK\r\n\r\nbo|RESET",
        CHUNKED + b"4\r\nbody\r\n",
        CHUNKED + b"4\r\nbody\r\n|3\r\nbody\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nbody\r\n|-1\r\n",
        CHUNKED + b"4\r\nbody\r\n|zz\r\n",
    ],
)
def test_an_answer_that_is_cut_in_its_body_breaks_off_so_that_the_client_can_tell(program, answer):
    heard = said(program, answer, close=False)
    assert statuses(heard) == [200]
    assert b"bo" in heard
    assert b"content-length: 40\r\n" in heard or b"transfer-encoding: chunked\r\n" in heard
    assert not heard.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody",
        b"HTTP/1.1 204 No Content\r\n\r\n" + WHOLE,
        b"HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n|body",
    ],
)
def test_an_answer_without_a_body_has_none_and_its_connection_goes_on(program, answer):
    with connect(program) as client:
        client.sendall(asking(program, answer, close=False))
        assert statuses(hear(client, until=b"\r\n\r\n")) in ([204], [304])
        client.sendall(asking(program, WHOLE))
        heard = hear(client)
    assert statuses(heard) == [200]
    assert heard.endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(
    "answer", [WHOLE, CHUNKED + b"4\r\nbody\r\n0\r\n\r\n", OK + b"\r\nbody", WHOLE + WHOLE]
)
def test_the_answer_to_head_has_no_body_and_its_connection_goes_on(program, answer):
    with connect(program) as client:
        client.sendall(asking(program, answer, method=b"HEAD", close=False))
        assert statuses(hear(client, until=b"\r\n\r\n")) == [200]
        client.sendall(asking(program, WHOLE))
        heard = hear(client)
    assert statuses(heard) == [200]
    assert heard.endswith(b"\r\n\r\nbody")


def test_headers_of_one_connection_and_of_headway_end_at_the_replica(program):
    heard = said(
        program,
        OK + b"Connection: x-hop, content-length, close\r\nx-hop: 1\r\nkeep-alive: 1\r\nupgrade: x\r\n"
        b"X-Headway-Not-Accepted: 1\r\nx-kept: 1\r\ncontent-length: 4\r\n\r\nbody",
    )
    names = [line.partition(b":")[0].lower() for line in heard.split(b"\r\n")]
    assert not {b"x-hop", b"keep-alive", b"upgrade", b"x-headway-not-accepted"} & set(names)
    assert {b"x-kept", b"content-length"} <= set(names)
