"""Every example, served as its README says, in its own environment, with its own input."""

import base64
import ctypes.util
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

from system.s3 import s3_server
from system.serving import descendants, free_port, serving, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"
TIMEOUT = 120


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """One for all, so that what is installed once is shared."""
    return tmp_path_factory.mktemp("data")


def test_echo_answers_the_curl_line_that_serve_prints(data_dir):
    with serving(EXAMPLES / "echo", data_dir=data_dir) as served:
        answer = run_curl(served.printed())
        assert answer == {"text": "hello"}


def test_story_streams_text_and_events_and_speaks_openai(data_dir):
    with serving(EXAMPLES / "story", data_dir=data_dir) as served, httpx.Client(timeout=TIMEOUT) as client:
        with client.stream(
            "POST", served.model_url, json={"prompt": "The lighthouse", "words": 12}
        ) as answer:
            chunks = list(answer.iter_text())
        assert answer.status_code == 200
        assert len(chunks) > 3, "it comes word by word"
        assert "".join(chunks).startswith("The lighthouse")

        events = client.post(served.model_url, json={"prompt": "The lighthouse", "words": 12, "events": True})
        assert events.headers["content-type"].startswith("text/event-stream")
        assert events.text.count("data:") > 3

        chat = {"model": "story", "messages": [{"role": "user", "content": "The captain"}], "max_tokens": 10}
        url = served.model_url.replace("/predict", "/sync/v1/chat/completions")
        whole = client.post(url, json=chat).json()
        assert whole["choices"][0]["message"]["content"]
        streamed = client.post(url, json={**chat, "stream": True})
        assert streamed.text.rstrip().endswith("data: [DONE]")


@pytest.mark.timeout(300)
def test_digits_reads_from_s3_and_puts_an_annotated_picture_back(data_dir):
    with (
        s3_server() as s3,
        serving(EXAMPLES / "digits", environment=s3.environment, data_dir=data_dir) as served,
    ):
        answer = httpx.post(served.model_url, json={"image": "s3://digits/three.png"}, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text
        result = answer.json()
        assert result["label"] == 3
        assert len(result["probabilities"]) == 10
        assert {"pre", "gate", "predict", "post", "queue"} <= set(stages(answer))
        annotated = httpx.get(result["url"], timeout=TIMEOUT)
        original = s3.client.get_object(Bucket="digits", Key="three.png")["Body"].read()
        assert annotated.content != original
        assert Image.open(io.BytesIO(annotated.content)).format == "PNG"

        missing = httpx.post(served.model_url, json={"image": "s3://digits/none.png"}, timeout=TIMEOUT)
        assert 400 <= missing.status_code < 500, "the caller's mistake"
        assert (
            httpx.post(served.model_url, json={"image": "s3://digits/nine.png"}, timeout=TIMEOUT).status_code
            == 200
        )


@pytest.mark.skipif(
    ctypes.util.find_library("GL") is None and not os.environ.get("CI"),
    reason="libGL is missing: apt-get install libgl1",
)
@pytest.mark.timeout(300)
def test_receipts_reads_its_sample(data_dir):
    with serving(EXAMPLES / "receipts", data_dir=data_dir) as served:
        answer = run_curl(served.printed())
        text = " ".join(line["text"] for line in answer["lines"]).upper()
        assert "TOTAL" in text
        broken = httpx.post(
            served.model_url, json={"image": base64.b64encode(b"no picture").decode()}, timeout=TIMEOUT
        )
        assert 400 <= broken.status_code < 500, "the caller's mistake"


@pytest.mark.timeout(300)
def test_make_serve_serves_digits_and_its_printed_curl_line_works_as_it_stands(data_dir, tmp_path):
    output = tmp_path / "output"
    port, control_port = free_port(), free_port()
    command = [sys.executable, str(EXAMPLES / "digits" / "serve.py"), "--port", str(port)]
    command += ["--control-port", str(control_port), "--data-dir", str(data_dir)]
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "NO_COLOR": "1"},
            process_group=0,
        )
    try:
        wait_until(
            lambda: re.search("^curl .*\n", output.read_text(), re.MULTILINE), 120, "the line is printed"
        )
        assert run_curl(output.read_text())["label"] == 7
    finally:
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in {0, 130}
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], "nothing is left behind"


def run_curl(printed: str) -> dict:
    """Run the curl line in what was printed, as it stands, and return the JSON that it answers."""
    (line,) = [line for line in printed.splitlines() if line.startswith("curl ")]
    done = subprocess.run(
        shlex.split(line.replace("curl ", "curl --silent --fail-with-body ", 1)),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def stages(answer: httpx.Response) -> list[str]:
    return [entry.strip().partition(";")[0] for entry in answer.headers["server-timing"].split(",")]
