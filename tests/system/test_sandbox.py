"""Models in sandboxes: they find what Truss's image has, and nothing of Headway's or of each other."""

from pathlib import Path

import httpx
import pytest

from system.lasting import Headway
from system.serving import serving, share_environments, wait_until

LOOKS = """
import os, subprocess
from pathlib import Path

class Model:
    def predict(self, command):
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
        return {"out": done.stdout, "error": done.stderr, "code": done.returncode}
"""
CONFIG = """
model_name: looks
secrets: {{mine: null, unset: null}}
build_commands:
- sed -i s/bundled/built/ /packages/bundled.py
- echo downloaded > ~/.cache/by-build && truss-transfer-cli && echo $(pwd) > /app/data/built-in
external_data:
- {{url: "file://{files}/weights.bin", local_data_path: inner.bin}}
weights:
- {{source: "hf://ada/tiny@main", mount_location: /models/tiny}}
- {{source: "file://{files}/weights.bin", mount_location: /opt/weights/deep}}
model_metadata: {{headway: {{isolation: sandbox}}}}
"""


@pytest.fixture(scope="module")
def truss(tmp_path_factory):
    directory = tmp_path_factory.mktemp("looks") / "looks"
    for name in ("model", "data", "packages"):
        (directory / name).mkdir(parents=True)
    files = tmp_path_factory.mktemp("files")
    (files / "weights.bin").write_text("weights")
    (directory / "config.yaml").write_text(CONFIG.format(files=files))
    (directory / "model" / "model.py").write_text(LOOKS)
    (directory / "data" / "x.txt").write_text("of the truss")
    (directory / "packages" / "bundled.py").write_text("name = 'bundled'\n")
    return directory


@pytest.fixture(scope="module")
def served(truss, tmp_path_factory):
    secrets = tmp_path_factory.mktemp("secrets")
    for name in ("mine", "other"):
        (secrets / name).write_text(f"value of {name}")
    hub = tmp_path_factory.mktemp("hub")
    blob = hub / "blobs" / "1"
    blob.parent.mkdir()
    blob.write_text("tiny")
    (hub / "ada" / "tiny").mkdir(parents=True)
    (hub / "ada" / "tiny" / "model.safetensors").symlink_to("../../blobs/1")
    options = ("--secrets-dir", str(secrets), "--model-cache-dir", str(hub))
    with serving(truss, *options, data_dir=tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def shell(served):
    """Runs a shell's command in the model's process: what it prints."""

    def run(command, code=0):
        answer = httpx.post(served.model_url, json=command, timeout=30)
        assert answer.status_code == 200, answer.text
        done = answer.json()
        assert done["code"] == code, done
        return done["out"].strip()

    return run


def test_a_model_finds_its_files_where_truss_has_them(shell):
    assert shell("pwd") == "/app"
    assert shell("cat /app/data/x.txt") == "of the truss"
    assert shell("cat /packages/bundled.py") == "name = 'built'"
    assert shell("echo x > /packages/new && cat /packages/new /app/data/built-in") == "x\n/app"


def test_what_a_truss_names_beside_its_files_is_where_it_says(shell):
    assert shell("cat /app/data/inner.bin /opt/weights/deep/weights.bin") == "weightsweights"
    assert shell("cat /models/tiny/model.safetensors") == "tiny"
    assert shell("cat ~/.cache/by-build") == "downloaded"
    assert shell("truss-transfer-cli && echo in place") == "in place"
    assert shell("ls /opt | head -1"), "what the machine has there is there too"


def test_what_a_model_downloads_outlives_its_replica_and_all_else_that_it_writes_does_not(shell, served):
    shell("echo big > ~/.cache/model.bin; echo x > ~/x; echo x > /app/y")
    [before] = served.model()["replicas"]
    httpx.post(served.model_url, json="kill -9 $PPID", timeout=30)
    wait_until(lambda: is_another(served, before), 30, "another replica is ready")
    assert shell("cat ~/.cache/model.bin; ls ~ /app") == "big\n" + shell("ls ~ /app")
    assert shell("ls ~/x /app/y", code=2) == ""
    worlds = data_dir_of(served) / "worlds"
    wait_until(lambda: len([*worlds.iterdir()]) == 1, 10, "what the first one wrote is gone")


def is_another(served, before):
    replicas = served.model()["replicas"]
    return replicas and replicas[0]["generation"] != before["generation"] and replicas[0]["state"] == "ready"


def data_dir_of(served):
    return Path(served.process.args[served.process.args.index("--data-dir") + 1])


def test_what_a_model_writes_is_its_own_and_its_files_stay_as_they_are(shell):
    assert shell("echo changed > data/x.txt && echo new > data/new && cat /app/data/x.txt") == "changed"
    assert shell(
        "echo 1 > ~/a && echo 2 > /tmp/b && echo 3 > /dev/shm/c && cat ~/a /tmp/b /dev/shm/c | tr -d '\\n'"
    )
    assert not (Path.home() / "a").exists()
    assert not Path("/tmp/b").exists()
    assert not Path("/dev/shm/c").exists()


def test_the_machine_around_it_can_only_be_read(shell):
    assert shell("touch /usr/x /etc/x /x 2>&1 | grep -c 'Read-only file system'") == "3"


def test_only_the_declared_secrets_that_have_a_value_are_files(shell):
    assert shell("ls -A /secrets; cat /secrets/mine") == "mine\nvalue of mine"


def test_neither_headways_files_nor_processes_are_seen(shell, served):
    data_dir = data_dir_of(served)
    assert shell(f"ls -A {data_dir}").split() == ["environments", "path"]
    assert len(shell(f"ls {data_dir}/environments").split()) == 1
    assert "headway.api" not in shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert shell("grep CapEff /proc/self/status").endswith("\t0000000000000000")
    assert shell("ls /run/headway").split() == ["held", "held.stages", "http"]


SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({})

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.answer({"key": sys.argv[1], "at": os.getcwd(), "data": open("/app/data/x.txt").read()})

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
OWN_SERVER = """
model_name: looks
secrets: {mine: null}
docker_server:
  start_command: sh -c "truss-transfer-cli && exec python /app/server.py $(cat /secrets/mine)"
  server_port: 8000
  predict_endpoint: /predict
  readiness_endpoint: /
  liveness_endpoint: /
model_metadata: {headway: {isolation: sandbox}}
"""


@pytest.mark.timeout(300)
def test_two_models_see_nothing_of_each_other_and_a_server_of_ones_own_starts_as_in_its_image(tmp_path):
    """The one is a model class, the other a server whose start command is written for Truss's image."""
    headway = Headway(tmp_path)
    share_environments(tmp_path / "data")
    for name, config, files in (
        ("looks", CONFIG_OF_LOOKS, {"model/model.py": LOOKS}),
        ("own-server", OWN_SERVER, {"server.py": SERVER}),
    ):
        for place, text in {"config.yaml": config, "data/x.txt": f"of {name}", **files}.items():
            (tmp_path / name / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / place).write_text(text)
    with headway.up():
        url = f"http://127.0.0.1:{headway.control_port}/v1/secrets"
        httpx.post(url, json={"name": "mine", "value": "secret-of-the-server"}, timeout=60).raise_for_status()
        headway.run("push", tmp_path / "own-server", "--name", "own-server")
        headway.run("push", tmp_path / "looks", "--name", "looks")

        def asked(model, content):
            answer = httpx.post(
                f"http://127.0.0.1:{headway.port}/models/{model}/predict", json=content, timeout=60
            )
            assert answer.status_code == 200, answer.text
            return answer.json()

        server = asked("own-server", {})
        assert server == {"key": "secret-of-the-server", "at": "/app", "data": "of own-server"}
        seen = asked("looks", WHAT_IS_SEEN.format(top=tmp_path))["out"]
        assert "of looks" in seen
        assert "secret-of-the-server" not in seen
        assert "of own-server" not in seen
        assert "server.py" not in seen
        assert seen.rsplit("sockets:", 1)[1].split() == ["/run/headway/held", "/run/headway/http"]

        httpx.post(url, json={"name": "later", "value": "set while it runs"}, timeout=60).raise_for_status()
        assert (
            asked("looks", "cat /secrets/later; stat -c %a /secrets/later")["out"] == "set while it runs400\n"
        )


CONFIG_OF_LOOKS = """
model_name: looks
secrets: {later: null}
model_metadata: {headway: {isolation: sandbox}}
"""
WHAT_IS_SEEN = """
cat /app/data/x.txt; ls -lR /secrets; ls /proc; cat /proc/[0-9]*/cmdline; env
grep -r secret-of-the {top} 2>/dev/null; find {top} -name x.txt -exec cat {{}} +
echo; echo sockets:; find /run /tmp {top} -type s | sort
"""
