"""headway requests against a small server that notes what it is asked for."""

import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from rich.console import Console

from cli.running import run
from headway.cli.exit_codes import OK, USAGE
from headway.cli.verbs import requests as module

ID = "5f2e91c30000002a"
FINISHED = {
    "request_id": ID,
    "arrived_at": 1767268800.0,
    "ended_at": 1767268800.0305,
    "status": 200,
    "outcome": "finished",
    "replica_id": "echo-1",
    "seconds": 0.0305,
    "first_byte": 0.0304,
    "ended_in": "",
    "stages": {"queue": 0.01, "preprocess": 0.0004, "predict": 0.02, "send": 0.0001},
}
OVERRAN = {
    **FINISHED,
    "request_id": ID[:-1] + "0",
    "status": 504,
    "outcome": "overran",
    "seconds": 1200.0004,
    "first_byte": None,
    "ended_in": "gate_wait",
    "stages": {"queue": 0.0},
}
REFUSED = {**OVERRAN, "status": 429, "outcome": "refused", "ended_in": "", "stages": {}, "replica_id": ""}
TIMES = {"seconds": {"p50": 0.0305, "p90": 1.0, "p95": 2.0, "p99": 1200.0004}}
LISTED = {
    "requests": [FINISHED, OVERRAN, REFUSED],
    "matched": 1010,
    "kept": 9000,
    "times": TIMES,
    "sampled_out": 7000,
}
NOTHING = {"requests": [], "matched": 0, "kept": 9000, "times": {}, "sampled_out": 0}


class Control(BaseHTTPRequestHandler):
    def do_GET(self):
        path, _, query = self.path.partition("?")
        assert path == "/v1/models/echo/deployments/production/requests"
        asked = parse_qs(query)
        content = {**(NOTHING if asked.get("id") else LISTED), "asked": asked}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Control) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def asked(url, *arguments):
    result = run("requests", "echo", "--url", url, "--json", *arguments)
    assert result.exit_code == OK, result.output
    return json.loads(result.stdout)["asked"]


def test_a_file_gets_the_milliseconds_of_each_stage(url):
    result = run("requests", "echo", "--url", url)
    header, finished, overran, _ = result.stdout.splitlines()
    assert header.split()[:4] == ["request", "ended", "status", "outcome"]
    assert finished.split()[3:] == ["200", "finished", "echo-1", "10.0", "0.4", "20.0", "0.1", "30.4", "30.5"]
    assert overran.split()[3:] == ["504", "overran", "gate", "wait", "echo-1", "0.0", "1200000.4"]
    assert "1,010 of 9,000 kept requests fit; total ms p50 30.5, p90 1000.0" in result.stderr
    assert "of 7,000 other requests there is no record" in result.stderr


def test_filters_have_the_words_of_the_api(url):
    assert asked(url) == {"limit": ["20"]}
    many = [
        "--status",
        "5xx",
        "--status",
        "none",
        "--outcome",
        "lost",
        "--outcome",
        "overran",
        "--replica",
        "echo-1",
    ]
    more = ["--stage", "gate_wait", "--slower-than", "1.5", "--sort-by", "first_byte", "--limit", 5]
    assert asked(url, *many, *more) == {
        "status": ["5xx", "none"],
        "outcome": ["lost", "overran"],
        "replica": ["echo-1"],
        "stage": ["gate_wait"],
        "slower_than": ["1.5"],
        "sort_by": ["first_byte"],
        "limit": ["5"],
    }
    times = asked(url, "--since", "10m", "--until", "2126-01-31T12:00+00:00")
    assert float(times["since"][0]) == pytest.approx(time.time() - 600, abs=60)
    assert float(times["until"][0]) == 4925534400.0


def test_what_is_no_filter_is_told_before_anything_is_asked():
    for option, value in [
        ("--outcome", "failed"),
        ("--stage", "lunch"),
        ("--sort-by", "size"),
        ("--since", "soon"),
    ]:
        result = run("requests", "echo", "--url", "http://127.0.0.1:9", option, value)
        assert result.exit_code == USAGE
        assert value in result.stderr


def test_where_nothing_fits_that_is_said(url):
    result = run("requests", "echo", "--url", url, "--id", "x")
    assert result.stdout == ""
    assert "none of 9,000 kept requests fits" in result.stderr


@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_gets_whole_ids_in_lines_that_fit(monkeypatch, url, width):
    out = io.StringIO()
    monkeypatch.setattr(module, "console", lambda: Console(file=out, width=width))
    monkeypatch.setattr(module, "show", lambda made: Console(file=out, width=width).print(made))
    assert run("requests", "echo", "--url", url).exit_code == OK
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines if line.startswith(ID[:8])] == [
        ID,
        ID[:-1] + "0",
        ID[:-1] + "0",
    ]
    if width == 80:
        [_, finished, overran, refused] = lines
        assert finished.split()[-5:] == ["200", "finished", "30.5", "predict", "20.0"]
        assert overran.split()[-5:] == ["overran", "1200000.4", "in", "gate", "wait"]
        assert refused.split()[-3:] == ["429", "refused", "1200000.4"]
