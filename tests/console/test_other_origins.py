"""Pages of other origins in a real browser: one that the configuration names is served by both ports, another gets
nothing at all, whatever it tries; and a key lets in whoever has it.
"""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from system.lasting import Headway
from system.serving import share_environments, wait_until

MODELS = Path(__file__).parent / "models"
PREDICT = "/models/counts/predict"
TRIES = """
async ({gateway, control, headers}) => {
  const url = gateway + "/models/counts/predict";
  const json = async (answer) => (await answer).json();
  const spoken = (protocols) => new Promise((resolve, reject) => {
    const socket = new WebSocket(gateway.replace("http", "ws") + "/models/echoes/websocket", protocols);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = (message) => resolve([message.data, socket.protocol]);
    socket.onerror = reject;
  });
  const posted = () => new Promise((resolve) => {
    const frame = Object.assign(document.createElement("iframe"), {name: "target"});
    document.body.appendChild(frame);
    const form = document.body.appendChild(document.createElement("form"));
    Object.assign(form, {method: "POST", action: url, enctype: "text/plain", target: "target"});
    const field = Object.assign(document.createElement("input"), {name: '{"a":"', value: '"}'});  // a body that is JSON
    form.appendChild(field);
    frame.onload = () => resolve("posted");
    form.submit();
  });
  const tries = {
    blind: async () => (await fetch(url, {method: "POST", mode: "no-cors", body: "{}"})).type,
    form: posted,
    image: () => new Promise((resolve) => {
      const image = new Image();
      image.onload = image.onerror = () => resolve("asked");
      image.src = gateway + "/models/counts/sync/v1/models/model";
    }),
    predict: () => json(fetch(url, {method: "POST", headers: {...headers, "content-type": "application/json"},
      body: "{}"})),
    refusal: () => json(fetch(gateway + "/models/nobody/predict", {method: "POST", headers, body: "{}"})),
    models: async () => (await json(fetch(control + "/v1/models", {headers}))).models.length,
    metrics: async () => (await (await fetch(gateway + "/metrics", {headers})).text()).length > 0,
    socket: () => spoken([]),
  };
  const told = {};
  for (const [name, attempt] of Object.entries(tries)) {
    const late = new Promise((resolve) => setTimeout(() => resolve("late"), 5000));
    try { told[name] = await Promise.race([attempt(), late]); } catch { told[name] = "failed"; }
  }
  return told;
}
"""


CONVERSES = """
([url, key]) => new Promise((resolve) => {
  const socket = new WebSocket(url, ["headway", "headway.key." + key]);
  socket.onopen = () => socket.send("hello");
  socket.onmessage = (message) => {
    socket.onclose = () => { window.endedAt = Date.now(); };
    resolve([message.data, socket.protocol]);
  };
  socket.onerror = () => resolve(null);
})
"""
READING = ("predict", "refusal", "models", "metrics", "socket")


class Blank(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><title>elsewhere</title>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def elsewhere():
    """A site: by its address it is another port of this machine, by its name another site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def headway(tmp_path_factory, elsewhere):
    """It allows the site by its address; by its name it is foreign."""
    directory = tmp_path_factory.mktemp("up")
    share_environments(directory / "data")
    headway = Headway(directory)
    headway.environment["HEADWAY_ALLOWED_ORIGINS"] = f"https://app.example, http://127.0.0.1:{elsewhere}"
    with headway.up():
        pushes = [
            headway.start("push", MODELS / model, stdout=subprocess.DEVNULL) for model in ("counts", "echoes")
        ]
        assert [push.wait(120) for push in pushes] == [0, 0]
        yield headway


def tried(browser, headway, origin, **headers):
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(origin)
        ports = {name: f"http://127.0.0.1:{port}" for name, port in places(headway).items()}
        return page.evaluate(TRIES, {**ports, "headers": headers})
    finally:
        context.close()


def places(headway):
    return {"gateway": headway.port, "control": headway.control_port}


def runs(headway, **headers):
    answer = httpx.post(f"http://127.0.0.1:{headway.port}{PREDICT}", json={}, headers=headers, timeout=60)
    return answer.json()["runs"]


def test_a_page_of_an_origin_that_is_not_allowed_runs_and_reads_nothing(browser, headway, elsewhere):
    before = runs(headway)
    told = tried(browser, headway, f"http://localhost:{elsewhere}")
    assert {told[name] for name in READING} == {"failed"}
    assert (told["blind"], told["form"]) == ("opaque", "posted"), "any page can send; but what comes of it?"
    assert runs(headway) == before + 1


def test_a_page_of_an_allowed_origin_is_served_by_both_ports(browser, headway, elsewhere):
    before = runs(headway)
    told = tried(browser, headway, f"http://127.0.0.1:{elsewhere}")
    assert told["predict"] == {"runs": before + 3}, "the blind one and the form ran too"
    assert told["refusal"]["error"]["code"] == "model_not_found"
    assert (told["models"], told["metrics"], told["socket"]) == (2, True, ["hello", ""])


def test_with_keys_a_page_needs_one_whatever_its_origin(browser, headway, elsewhere):
    key = headway.environment["HEADWAY_API_KEY"] = headway.run("keys", "create", "--quiet").strip()
    url = f"http://127.0.0.1:{headway.port}{PREDICT}"
    wait_until(lambda: httpx.post(url, json={}).status_code == 401, 10, "the gateway asks for keys")
    before = runs(headway, authorization=f"Bearer {key}")
    keyless = tried(browser, headway, f"http://127.0.0.1:{elsewhere}")
    assert keyless["predict"]["error"]["code"] == "key_missing"
    assert keyless["socket"] == "failed"
    told = tried(browser, headway, f"http://127.0.0.1:{elsewhere}", authorization=f"Bearer {key}")
    assert told["predict"] == {"runs": before + 1}
    assert told["models"] == 2


def test_a_browsers_websocket_shows_its_key_as_a_subprotocol_and_ends_with_it(browser, headway, elsewhere):
    key = headway.run("keys", "create", "--quiet", "--scope", "inference").strip()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{elsewhere}")
    url = f"ws://127.0.0.1:{headway.port}/models/echoes/websocket"
    wait_until(
        lambda: page.evaluate(CONVERSES, [url, key]) == ["hello", "headway"], 10, "the key is in force"
    )
    headway.run("keys", "delete", key.rpartition("_")[0], "--yes")
    page.wait_for_function("window.endedAt", timeout=10_000)
    context.close()
