"""Bad input of every kind, thrown at the whole product while good clients are served: each gets its clear error, and
nothing else notices.
"""

import contextlib
import gzip
import json
import re
import socket
import struct
import threading
import time
import zlib
from pathlib import Path

import pytest

from system.hostile import Traffic, Victim, hear, request, statuses
from system.serving import serving, wait_until

UNRULY = Path(__file__).parent / "models" / "unruly"
CONCURRENCY_TARGET = 8
BODY_LIMIT = 200_000
HEAD_TIMEOUT = 30.0

CHUNKED = b"transfer-encoding: chunked"
MSGPACK = b"content-type: application/octet-stream"
SYNC = b"/models/unruly/sync"
WEBSOCKET = (b"upgrade: websocket", b"connection: upgrade", b"sec-websocket-version: 13")
WEBSOCKET_KEY = b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="


def chunked(body: bytes, *lines: bytes, **parts: bytes) -> bytes:
    return request(body, CHUNKED, *lines, length=False, **parts)


def with_length(value: bytes) -> bytes:
    return request(b"{}", b"content-length: " + value, length=False)


def coded(value: bytes) -> bytes:
    return request(b"0\r\n\r\n", b"transfer-encoding: " + value, length=False)


def packed(body: bytes) -> bytes:
    return request(body, MSGPACK)


def opening(*lines: bytes) -> bytes:
    head = b"GET /models/unruly/websocket HTTP/1.1\r\nhost: localhost\r\n"
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


MALFORMED = {
    "nothing but zeros": bytes(1000),
    "every byte": bytes(range(256)),
    "a TLS hello": bytes.fromhex("16030100f4010000f00303") + bytes(100),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": request(version=b"HTTP/2.0"),
    "a method in small letters": request(method=b"post"),
    "an unknown method": request(method=b"FOO"),
    "an endless method": b"A" * 100_000,
    "no host": request(host=b""),
    "two hosts": request(b"{}", b"host: other"),
    "two lengths": request(b"{}", b"content-length: 3"),
    "the same length twice": request(b"{}", b"content-length: 2"),
    "a list of lengths": with_length(b"2, 2"),
    "a length below zero": with_length(b"-2"),
    "a length with a sign": with_length(b"+2"),
    "a hexadecimal length": with_length(b"0x2"),
    "a length beyond 64 bits": with_length(b"99999999999999999999999"),
    "an empty length": with_length(b""),
    "length, then chunks": request(b"0\r\n\r\n", CHUNKED),
    "chunks, then length": chunked(b"0\r\n\r\n", b"content-length: 5"),
    "gzip, then chunks": coded(b"gzip, chunked"),
    "chunks, then identity": coded(b"chunked, identity"),
    "another coding": coded(b"xchunked"),
    "a coding behind a control character": coded(b"\x0bchunked"),
    "a coding on a folded line": coded(b"\r\n chunked"),
    "a coding before a space": request(b"0\r\n\r\n", b"transfer-encoding : chunked", length=False),
    "chunks on HTTP/1.0": chunked(b"0\r\n\r\n", version=b"HTTP/1.0"),
    "a folded header": request(b"{}", b"a: b\r\n c"),
    "bare line feeds": request().replace(b"\r\n", b"\n"),
    "a bare carriage return": request(b"{}", b"a: b\rc: d"),
    "NUL in a header": request(b"{}", b"a: b\0c"),
    "a header without a colon": request(b"{}", b"abc"),
    "a header without a name": request(b"{}", b": c"),
    "a space in the target": request(target=b"/models/unruly /predict"),
    "a control character in the target": request(target=b"/models/\x01unruly/predict"),
    "a target beyond ASCII": request(target="/models/ünruly/predict".encode()),
    "a tunnel elsewhere": request(b"", method=b"CONNECT", target=b"other:443"),
    "a target of another kind": request(target=b"ftp://localhost/models/unruly/predict"),
    "a star that is no OPTIONS": request(target=b"*"),
    "a relative target": request(target=b"models/unruly/predict"),
    "a chunk's size that is none": chunked(b"2\r\n{}\r\nxyz\r\n"),
    "a chunk's size below zero": chunked(b"-1\r\n{}"),
    "a chunk's size beyond 64 bits": chunked(b"fffffffffffffffff\r\n{}"),
    "a chunk longer than it says": chunked(b"2\r\n{}X\r\n0\r\n\r\n"),
    "chunks with bare line feeds": chunked(b"2\n{}\n0\n\n"),
    "a length among the trailers": chunked(b"2\r\n{}\r\n0\r\ncontent-length: 9\r\n\r\n"),
}

# What is sent, the status, and what the answer says.
REFUSED = {
    "a header of 70 kB": (request(b"{}", b"a: " + b"b" * 70_000), 431, "head_too_large"),
    "300 headers": (request(b"{}", *[b"a: b"] * 300), 431, "head_too_large"),
    "a target of 70 kB": (request(target=b"/" + b"a" * 70_000), 431, "head_too_large"),
    "GET predict": (request(method=b"GET"), 405, "use POST"),
    "PUT predict": (request(method=b"PUT"), 405, "use POST"),
    "TRACE predict": (request(method=b"TRACE"), 405, "use POST"),
    "GET wake": (request(b"", method=b"GET", target=b"/models/unruly/wake"), 405, "use POST"),
    "POST to a WebSocket": (request(target=b"/models/unruly/websocket"), 405, "use GET"),
    "GET a WebSocket": (request(b"", method=b"GET", target=b"/models/unruly/websocket"), 426, "Upgrade"),
    "another host as a proxy": (request(target=b"http://other/models/unruly/predict"), 403, "foreign_page"),
    "another name": (request(host=b"host: evil.example\r\n"), 403, "foreign_page"),
    "a page of another site": (request(b"{}", b"origin: https://evil.example"), 403, "foreign_page"),
    "a page that hides its site": (request(b"{}", b"sec-fetch-site: cross-site"), 403, "foreign_page"),
    "two slashes at the end": (request(target=b"/models/unruly/predict//"), 404, "path_not_found"),
    "POST to a page": (request(target=b"/healthz"), 405, "use GET, HEAD"),
    "an unknown path": (request(target=b"/nothing"), 404, "POST /models/{model}/predict"),
    "an unknown model": (request(target=b"/models/unruli/predict"), 404, "did you mean unruly?"),
    "Truss's path to another": (request(target=b"/v1/models/x:predict"), 404, "known are unruly"),
    "an unknown environment": (request(target=b"/models/unruly/environments/x/predict"), 404, "production"),
    "an unknown deployment": (request(target=b"/models/unruly/deployments/x/predict"), 404, "known are"),
    "dots for a model": (request(target=b"/models/%2e%2e/predict"), 404, "model_not_found"),
    "NUL for a model": (request(target=b"/models/%00/predict"), 404, "model_not_found"),
    "a large body": (request(b"1" * (BODY_LIMIT + 1)), 413, "raise body_limit_bytes"),
    "a large length": (with_length(b"9999999999999999999"), 413, "raise body_limit_bytes"),
    "a large body announced": (
        request(b"", b"content-length: 300000", b"expect: 100-continue", length=False),
        413,
        "raise body_limit_bytes",
    ),
    "large chunks": (chunked((b"8000\r\n" + b"1" * 32768 + b"\r\n") * 8), 413, "raise body_limit_bytes"),
}
REFUSED |= {
    f"a deadline of {value.decode('latin-1')!r}": (
        request(b"{}", b"x-headway-deadline: " + value),
        400,
        "seconds from arrival",
    )
    for value in (b"soon", b"-1", b"nan", b"inf", b"1e999", b"", b"1, 2", b"\xff")
}
REFUSED |= {
    f"the private {path}": (request(b"", method=b"GET", target=SYNC + path.encode()), 404, "path_not_found")
    for path in (
        *("/hot-reload", "/HOT-RELOAD", "//hot-reload", "/./hot-reload", "/x/../hot-reload", "/%68ot-reload"),
        *("/metrics/", "/metrics?x", "/metrics#x", "/%6detrics", "/x/%2e%2e/metrics", "/x/..%2fmetrics"),
        *("/held", "/%2568eld", "/held%00", "/x%2f..%2fheld", "/x/..%5cheld", "/v1/../../../held"),
        *("/control", "/control/x", "/%63ontrol", "/%2e/control"),
    )
}

# What the replica answers, in Truss's words.
NOT_UNDERSTOOD = {
    "no JSON": (request(b"{"), 400, "Invalid JSON"),
    "an empty body": (request(b""), 400, "Invalid JSON"),
    "no UTF-8": (request(b'"\xff"'), 400, "utf-8"),
    "endless nesting": (request(b"[" * 90_000), 400, "Invalid JSON"),
    "a number of 5000 digits": (request(b"9" * 5000), 400, "Invalid JSON"),
    "a coding that is not understood": (request(b"{}", b"content-encoding: br"), 415, "br"),
    "no gzip": (request(b"{}", b"content-encoding: gzip"), 400, "gzip"),
    "a large body in a small one": (
        request(gzip.compress(bytes(100_000_000)), b"content-encoding: gzip"),
        413,
        f"{BODY_LIMIT:,}",
    ),
    "no msgpack": (packed(b"\xc1"), 400, "msgpack"),
    "half a msgpack": (packed(b"\x92\x01"), 400, "incomplete"),
    "two msgpacks": (packed(b"\x01\x01"), 400, "extra data"),
    "an empty msgpack": (packed(b""), 400, "incomplete"),
    "a msgpack that announces 4 GiB": (packed(b"\xdd\xff\xff\xff\xff"), 400, "exceeds"),
    "a msgpack nested endlessly": (packed(b"\x91" * 90_000), 400, "msgpack"),
    "text in msgpack that is none": (packed(b"\xa1\xff"), 400, "utf-8"),
    "an array of an unknown kind": (
        packed(b"\x83\xc4\x02nd\xc3\xc4\x04type\xa3zzz\xc4\x04data\xc4\x01x"),
        400,
        "zzz",
    ),
    "a path the model has not": (request(target=SYNC + b"/nothing"), 404, "Not Found"),
    "a method the model has not": (request(target=SYNC + b"/v1/chat/completions"), 404, "chat_completions"),
}
_IN_MODEL = "Internal Server Error (in model/chainlet)."
FAILURES = {
    "raise": _IN_MODEL,
    "KeyboardInterrupt": _IN_MODEL,
    "recurse": _IN_MODEL,
    "SystemExit": "Internal Server Error",
    "return a set": "Object of type set is not JSON serializable",
    "return an object": "Object of type object is not JSON serializable",
    "return a cycle": "Circular reference",
}


# What is rare and well meant.
SERVED = {
    "a proxy's target": request(b"{}", target=b"http://localhost/models/unruly/predict"),
    "HTTP/1.0 without a host": request(b"{}", version=b"HTTP/1.0", host=b""),
    "a slash at the end": request(b"{}", target=b"/models/unruly/predict/"),
    "gzip": request(gzip.compress(b"{}"), b"content-encoding: gzip"),
    "deflate": request(zlib.compress(b"{}"), b"content-encoding: deflate"),
    "HEAD of what the replica reads": request(b"", method=b"HEAD", target=SYNC + b"/v1/models/model"),
    "OPTIONS *": request(b"", method=b"OPTIONS", target=b"*"),
}


def commanded(**command: object) -> bytes:
    return request(json.dumps(command).encode())


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("data")
    options = ["--concurrency-target", str(CONCURRENCY_TARGET)]
    options += ["--set", f"body_limit_bytes={BODY_LIMIT}", "--set", "send_timeout=1"]
    with serving(UNRULY, *options, data_dir=data_dir) as serve:
        traffic = Traffic(serve)
        attacked = Victim(serve, data_dir, traffic)
        traffic.start()
        try:
            yield attacked
        finally:
            traffic.stop()


@pytest.fixture(scope="module")
def tedious(victim):
    """Clients that begin and say no more, from before the first test to the last."""
    beginnings = {
        "no head": b"POST",
        "half a head": b"POST /models/unruly/predict HTTP/1.1\r\nhost: t",
        "half a body": request(b"{}" + b" " * 100)[:-50],
        "half a chunk": chunked(b"64\r\n{}"),
    }
    with contextlib.ExitStack() as stack:
        connections = {name: stack.enter_context(victim.connect()) for name in beginnings}
        for name, beginning in beginnings.items():
            connections[name].sendall(beginning)
        yield time.monotonic(), connections


@pytest.fixture(autouse=True)
def undisturbed(victim, tedious):  # noqa: ARG001 - the tedious are there all the time
    """After each test good traffic goes on, no file is left open, and nothing was logged as an error."""
    if not victim.open_files:
        _open_every_connection_that_is_kept(victim)
        victim.settle()
        victim.count_open_files()
    yield
    victim.traffic.resume()
    victim.traffic.check()
    victim.check_open_files()
    victim.check_logs()


@pytest.fixture
def slots_come_back(victim):
    """After a test whose requests may have taken slots, none is taken and nobody queues."""
    yield
    victim.settle()


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_http_is_refused_and_the_connection_ends(victim, name):
    heard = victim.talk(MALFORMED[name])
    assert statuses(heard) == [400]
    assert b"malformed_request" in heard
    assert b"connection: close" in heard


@pytest.mark.parametrize("name", REFUSED)
def test_the_gateway_refuses_in_its_own_words(victim, name):
    sent, status, says = REFUSED[name]
    heard = victim.talk(sent)
    assert statuses(heard) == [status]
    error = json.loads(heard.partition(b"\r\n\r\n")[2])["error"]
    assert set(error) == {"code", "message", "hint"}
    assert says in " ".join(error.values())


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("name", SERVED)
def test_what_is_rare_and_well_meant_is_served(victim, name):
    heard = victim.talk(SERVED[name])
    assert statuses(heard) == [200]
    assert heard.lower().count(b"\r\ndate: ") == 1


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_the_replica_refuses_in_the_words_of_truss(victim, name):
    sent, status, says = NOT_UNDERSTOOD[name]
    heard = victim.talk(sent)
    assert statuses(heard) == [status]
    assert says.encode() in heard.partition(b"\r\n\r\n")[2]


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("path", [b"/v1/models/unruly:predict", SYNC + b"/v1/completions"])
def test_what_the_models_code_does_wrong_is_a_500(victim, failure, path):
    heard = victim.talk(request(json.dumps({"do": failure}).encode(), target=path))
    assert statuses(heard) == [500]
    assert FAILURES[failure].encode() in heard


@pytest.mark.usefixtures("slots_come_back")
def test_a_stream_that_raises_breaks_off_where_it_raised(victim):
    heard = victim.talk(commanded(do="stream", chunks=5, raise_at=2))
    assert statuses(heard) == [200]
    assert heard.endswith(b"\r\n\r\n" + b"1\r\n\0\r\n" * 2)


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("junk", [b"junk\r\n\r\n", b"{}{}{}", bytes(70_000)])
def test_junk_after_a_request_does_not_spoil_its_answer(victim, junk):
    sent = request(b'"first"').replace(b"connection: close\r\n", b"")
    heard = victim.talk(sent + junk)
    assert statuses(heard) == [200, 400]
    assert b'"first"HTTP/1.1 400' in heard


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize(
    "begun",
    [
        b"POST /models/unruly/predict HTTP/1.1\r\nhost: localhost\r\na: ",
        chunked(b"2\r\n{}\r\n0\r\na: "),
        chunked(b"2;"),
        chunked(b"0"),
    ],
    ids=["head", "trailer", "chunk extension", "chunk size"],
)
def test_what_has_no_end_is_cut_off(victim, begun):
    filler = (b"0" if begun.endswith(b"0") else b"a") * 32_768
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        victim.flood(begun, filler)


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("then", [b"", b"\xff" * 50], ids=["and nothing", "and junk"])
def test_a_websocket_to_a_model_that_has_none_is_closed_with_the_reason(victim, then):
    heard = victim.talk(opening(*WEBSOCKET, WEBSOCKET_KEY) + then, until=b"deployment.")
    assert statuses(heard) == [101]
    assert heard.endswith(b"\x03\xebWebSocket is not implemented on this deployment.")


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("lines", [(), (b"sec-websocket-key: x",)], ids=["no key", "a bad key"])
def test_a_websocket_that_opens_wrongly_is_told_why(victim, lines):
    heard = victim.talk(opening(*WEBSOCKET, *lines), until=b"Sec-WebSocket-Key header")
    assert statuses(heard) == [400]


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("path", ["", "/models/unruly/predict"], ids=["at once", "in the body"])
@pytest.mark.parametrize("manner", ["leave", "half-close", "reset"])
def test_clients_that_leave_before_their_request_is_whole(victim, path, manner):
    sent = request(b" " * 150_000, target=path.encode())[:-10] if path else b""
    for _ in range(5):
        connection = victim.connect()
        connection.sendall(sent)
        _leave(connection, manner)


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("manner", ["leave", "half-close", "reset"])
@pytest.mark.parametrize(
    "work",
    [
        {"preprocess": 60},
        {"predict": 60},
        {"do": "stream", "chunks": 1000, "pause": 0.1},
        {"do": "stream", "chunks": 1000, "size": 100_000},
    ],
    ids=["preprocess", "predict", "a slow stream", "a fast stream"],
)
def test_a_client_that_leaves_ends_its_work(victim, work, manner):
    connection = victim.connect()
    connection.sendall(commanded(**work))
    if "do" in work:
        assert connection.recv(100)
    else:
        time.sleep(0.1)
    _leave(connection, manner)


@pytest.mark.usefixtures("slots_come_back")
def test_plain_code_keeps_its_slot_until_it_ends(victim):
    body = json.dumps({"predict": 1.0}).encode()
    victim.traffic.pause()
    connection = victim.connect()
    connection.sendall(request(body, target=SYNC + b"/v1/completions"))
    wait_until(lambda: victim.serve.model()["in_flight"] == 1, 0.9, "the request is in flight")
    connection.close()
    wait_until(lambda: victim.serve.model()["abandoned"] == 1, 0.9, "abandoned")
    assert victim.serve.model()["in_flight"] == 1


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("manner", ["leave", "half-close", "reset"])
def test_all_who_predict_wait_at_the_gate_and_queue_leave_at_once(victim, manner):
    victim.traffic.pause()
    connections = [victim.connect() for _ in range(2 * CONCURRENCY_TARGET)]
    for connection in connections:
        connection.sendall(commanded(predict=60))
    wait_until(lambda: victim.serve.model()["queued"] == CONCURRENCY_TARGET, 5, "half of them queue")
    for connection in connections:
        _leave(connection, manner)


@pytest.mark.usefixtures("slots_come_back")
def test_one_who_reads_nothing_is_left(victim):
    with victim.connect() as connection:
        connection.sendall(commanded(do="stream", chunks=200, size=200_000))
        victim.traffic.check()
        victim.settle()


@pytest.mark.usefixtures("slots_come_back")
def test_hundreds_who_connect_and_say_nothing(victim):
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(victim.connect())
        victim.traffic.check()


@pytest.mark.usefixtures("slots_come_back")
@pytest.mark.parametrize("end", ["kill", "_exit"])
def test_a_replica_that_dies_fails_what_it_held_and_the_queue_is_served_after_its_restart(victim, end):
    victim.traffic.pause()
    answers: dict[int, bytes] = {}

    def ask(number: int, sent: bytes) -> None:
        answers[number] = victim.talk(sent)

    deadly = {"predict": 0.3, "do": end}
    held = [commanded(**deadly), *[commanded(predict=60)] * (CONCURRENCY_TARGET - 1)]
    threads = [
        threading.Thread(target=ask, args=(number, sent))
        for number, sent in enumerate([*held, *[commanded(number=1)] * 5])
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join(30)

    assert [statuses(answers[number]) for number in range(len(threads))] == [[502]] * len(held) + [[200]] * 5
    assert b"last seen in predict" in answers[0]
    told = (victim.data_dir / "logs" / "gateway.log").read_text()
    assert re.search(r"a replica ended with requests inside: .*in predict: \w+", told)
    ends = {"kill": "killed by signal 9", "_exit": "exit code 7"}
    assert ends[end] in victim.serve.model()["replicas"][0]["last_exit"]


@pytest.mark.usefixtures("slots_come_back")
def test_those_who_never_finished_what_they_began_were_told(victim, tedious):
    began, connections = tedious
    for name, connection in connections.items():
        connection.settimeout(max(1.0, began + HEAD_TIMEOUT + 5 - time.monotonic()))
        assert statuses(hear(connection)) == [408], name
    victim.traffic.check()


def _open_every_connection_that_is_kept(victim: Victim) -> None:
    """From the good clients, and to the replica."""
    victim.traffic.resume()
    victim.traffic.check()
    victim.traffic.pause()
    connections = [victim.connect() for _ in range(CONCURRENCY_TARGET)]
    for connection in connections:
        connection.sendall(commanded(predict=0.1))
    for connection in connections:
        assert statuses(hear(connection)) == [200]
        connection.close()


def _leave(connection: socket.socket, manner: str) -> None:
    """Go away politely, rudely, or only half."""
    if manner == "half-close":
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        with contextlib.suppress(ConnectionError):
            hear(connection)
    elif manner == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
