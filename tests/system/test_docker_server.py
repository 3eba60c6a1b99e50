"""A Truss that brings its own server, on real processes: the program's start and end, and the proxy before it."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import websockets.sync.client

from system.contract.server import Replica
from system.serving import descendants, serving, wait_until

OWN_SERVER = Path(__file__).parent / "models" / "own_server"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(
        OWN_SERVER, "--name", "own", "--replicas", "2", data_dir=tmp_path_factory.mktemp("data")
    ) as running:
        yield running


def test_predict_goes_to_the_endpoint_with_its_query_headers_and_body_and_the_answer_comes_back(served):
    answer = httpx.post(f"{served.model_url}", content=b'{"a": 1}', headers={"x-mine": "yes"})

    assert answer.status_code == 200
    said = answer.json()
    assert (said["path"], said["body"], said["greeting"]) == ("/generate", '{"a": 1}', "hello")
    assert said["headers"]["x-mine"] == "yes"
    assert said["headers"]["x-headway-request-id"] == answer.headers["x-headway-request-id"]


def test_truss_paths_are_mapped_and_all_others_stay(served):
    assert passed(served, "v1/models/model") == {"ready": True}
    assert passed(served, "v1/models/other")["path"] == "/v1/models/other"
    assert passed(served, "v1/whatever?x=1&y=%20")["path"] == "/v1/whatever?x=1&y=%20"


def test_each_replica_has_its_own_port_though_config_yaml_has_only_one(served):
    ports = set()

    def both_answered() -> bool:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: httpx.post(f"{sync(served)}/slow", content=b"0.2"), range(4)))
        for answer in answers:
            one, *told = answer.json()["port"]
            assert told == [str(one)] * 2
            ports.add(one)
        return len(ports) == 2

    wait_until(both_answered, 10, "both replicas answered")
    assert 8000 not in ports


def test_a_body_of_unknown_length_and_its_answer_stream_at_the_same_time(served):
    large = b"a" * 100_000  # more than the gateway gathers before it sends

    async def converse() -> None:
        where = httpx.URL(sync(served))
        reader, writer = await asyncio.open_connection(where.host, where.port)
        head = f"POST {where.path}/stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode() + chunk(large))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await content(reader, len(large)) == large
        writer.write(chunk(b"second") + b"0\r\n\r\n")
        assert await content(reader, len(b"second")) == b"second"
        assert await reader.readexactly(5) == b"0\r\n\r\n"
        writer.close()

    asyncio.run(asyncio.wait_for(converse(), 10))


def test_megabytes_pass_both_ways_whole(served):
    size = 20 * 1024 * 1024
    assert httpx.post(f"{sync(served)}/size", content=bytes(size), timeout=30).json() == {"bytes": size}
    echoed = httpx.post(f"{sync(served)}/generate", content=b"a" * size, timeout=30).json()
    assert echoed["body"] == "a" * size


def test_an_answer_that_ends_with_its_connection_is_whole(served):
    assert httpx.get(f"{sync(served)}/until-close").text == "no length"


def test_a_client_that_leaves_a_stream_ends_the_programs_work_and_frees_the_slot(served):
    def body():
        yield b"for ever"

    with httpx.stream("POST", f"{sync(served)}/stream", content=body()) as answer:
        chunks = answer.iter_raw()
        next(chunks)
        wait_until(lambda: served.model()["in_flight"] == 1, 5, "the stream holds a slot")
    wait_until(lambda: served.model()["in_flight"] == 0, 5, "the slot is free")

    def one_was_left() -> bool:
        with ThreadPoolExecutor(2) as pool:  # which of the two replicas it was is not known
            return any(pool.map(lambda _: passed(served, "left")["left"], range(2)))

    wait_until(one_was_left, 10, "the program noticed")


def test_a_client_that_leaves_work_that_cannot_stop_keeps_its_slot_until_the_work_is_over(served, tmp_path):
    begun, end = tmp_path / "work.begun", tmp_path / "work.end"
    where, body = httpx.URL(sync(served)), str(tmp_path / "work")
    head = f"POST {where.path}/until-told HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection((where.host, where.port)) as client:
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_until(begun.exists, 30, "the work has begun")
    wait_until(lambda: "abandoned" in outcomes(served), 30, "it is known that the client left")
    assert served.model()["in_flight"] == 1
    end.touch()
    wait_until(lambda: served.model()["in_flight"] == 0, 30, "the slot is free")


def outcomes(served):
    return {one["outcome"] for one in served.ask("/requests?limit=1")["requests"]}


def test_a_websocket_reaches_the_predict_endpoint(served):
    url = served.model_url.replace("http", "ws").removesuffix("predict") + "websocket"
    with websockets.sync.client.connect(url, compression=None) as websocket:
        websocket.send("to and fro")
        assert websocket.recv(timeout=5) == "to and fro"
        wait_until(lambda: served.model()["in_flight"] == 1, 5, "the conversation holds a slot")
    wait_until(lambda: served.model()["in_flight"] == 0, 5, "the slot is free")


def test_a_program_that_ends_takes_its_replica_along_which_is_started_anew(served):
    before = {replica["generation"] for replica in served.model()["replicas"]}
    assert httpx.get(f"{sync(served)}/end", timeout=10).status_code == 502

    def anew() -> bool:
        replicas = served.model()["replicas"]
        return (
            len(replicas) == 2
            and {one["generation"] for one in replicas} != before
            and all(one["state"] == "ready" for one in replicas)
        )

    wait_until(anew, 20, "a new replica is ready")
    assert any("exit code 9" in one["last_exit"] for one in served.model()["replicas"])


def test_stopping_lets_requests_finish_passes_sigterm_on_and_leaves_nothing(tmp_path):
    with serving(OWN_SERVER, "--name", "own", data_dir=tmp_path) as running:
        answers: list[int] = []
        thread = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{sync(running)}/slow", content=b"1", timeout=20).status_code
            )
        )
        thread.start()
        wait_until(lambda: running.model()["in_flight"] == 1, 5, "a request is in flight")
        below = running.processes()
        assert sum("server.py --port" in command for command in below.values()) >= 2, (
            "the shell and its child"
        )
        running.process.send_signal(signal.SIGINT)
        running.process.wait(30)
        thread.join(5)
        (path,) = (tmp_path / "logs").glob("*/own-1.log")
        log = path.read_text()
    assert answers == [200]
    assert "server.py ends as it was asked to" in log
    assert not [one for one in below if Path(f"/proc/{one}").exists()]


def test_a_killed_replica_takes_the_program_and_its_children_along(served):
    replica, *_ = [pid for pid, command in served.processes().items() if "-m headway.model_server" in command]
    below = descendants(replica)
    assert len(below) >= 3, "the keeper, the shell and the server"
    os.kill(replica, signal.SIGKILL)
    wait_until(lambda: not any(alive(one) for one in below), 5, "nothing is left of it")


def test_a_command_that_does_not_say_its_port_gets_the_one_of_config_yaml(tmp_path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    truss = own_server(tmp_path, 'sh -c "exec python server.py is $(cat port)"', port)
    with serving(truss, "--name", "own", data_dir=tmp_path / "data") as running:
        assert passed(running, "anything")["port"] == port
        assert "only one replica can run on a machine" in running.printed()


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("no-such-program --port {port}", 70, "cannot start no-such-program: No such file or directory"),
        ("sh -c 'exit 3' --port {port}", 70, "ended by itself with exit code 3"),
        ("python server.py $(cat port)", 70, "does not say its port"),
    ],
)
def test_a_program_that_does_not_come_up_fails_the_start_and_says_why(tmp_path, command, code, said):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        replica = Replica(own_server(tmp_path, command.format(port=port), port), tmp_path, {})
        assert replica.exit_code() == code
        replica.stop()
    assert said in replica.log


def test_of_two_replicas_started_at_once_on_a_fixed_port_one_serves_and_one_says_why_not(tmp_path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = f"{sys.executable} server.py is {port}"
    replicas = [Replica(own_server(tmp_path / name, command, port), tmp_path, {}) for name in "ab"]
    try:
        wait_until(lambda: any(one.process.poll() is not None for one in replicas), 10, "one of them ended")
        other, refused = sorted(replicas, key=lambda one: one.process.poll() or 0)
        wait_until(lambda: other.status("/v1/models/model") == 200, 10, "the other serves")
        assert (other.process.poll(), refused.process.poll()) == (None, 70)
        assert "run one replica on this machine" in refused.log
    finally:
        for one in replicas:
            one.stop()


def test_a_program_that_ends_well_though_nobody_asked_it_to_is_a_failure(tmp_path):
    replica = Replica(own_server(tmp_path, f"{sys.executable} server.py --port 8000", 8000), tmp_path, {})
    wait_until(lambda: replica.status("/v1/models/model") == 200, 10, "it serves")
    [keeper] = descendants(replica.process.pid).keys() & children(replica.process.pid)
    os.kill(next(iter(children(keeper))), signal.SIGTERM)
    assert replica.exit_code() == 1
    replica.stop()
    assert "ended by itself with exit code 0" in replica.log


def own_server(directory: Path, command: str, port: int) -> Path:
    """A copy of the Truss with another command and port."""
    truss = directory / "copy"
    truss.mkdir(parents=True)
    (truss / "server.py").write_text((OWN_SERVER / "server.py").read_text())
    lines = (OWN_SERVER / "config.yaml").read_text().splitlines()
    changed = [f"  start_command: {json.dumps(command)}" if "start_command" in one else one for one in lines]
    (truss / "config.yaml").write_text(
        "\n".join(changed).replace("server_port: 8000", f"server_port: {port}")
    )
    (truss / "port").write_text(str(port))
    return truss


def children(process: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()}


def sync(served) -> str:
    return served.model_url.removesuffix("/predict") + "/sync"


def passed(served, path: str):
    answer = httpx.get(f"{sync(served)}/{path}", timeout=10)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


async def content(reader: asyncio.StreamReader, length: int) -> bytes:
    """So many bytes of a chunked answer, however they are cut: that depends on how they came in."""
    received = b""
    while len(received) < length:
        size = int(await reader.readuntil(b"\r\n"), 16)
        received += (await reader.readexactly(size + 2))[:-2]
    return received


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
