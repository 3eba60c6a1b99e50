"""What /metrics on the port for requests says after requests that are known one by one."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from system.serving import serving, wait_until

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MODEL = """
import logging
import threading


class Model:
    def preprocess(self, inputs):
        logging.info("preprocess on %s", threading.current_thread().name)
        return inputs

    async def predict(self, inputs):
        logging.info("predict")
        return inputs

    def postprocess(self, result):
        logging.getLogger("mine").warning("postprocess")
        return result
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def serve(tmp_path_factory, data):
    truss = tmp_path_factory.mktemp("trusses") / "logging"
    (truss / "model").mkdir(parents=True)
    (truss / "config.yaml").write_text("model_name: logging\n")
    (truss / "model" / "model.py").write_text(MODEL)
    with serving(truss, "--set", "concurrency_target=4", data_dir=data) as running:
        yield running


def scrape(serve):
    answer = httpx.get(f"{serve.url}/metrics", timeout=30)
    assert answer.status_code == 200
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("headway_")
    }


def test_counts_are_exact_after_known_requests(serve):
    with httpx.Client(timeout=30) as client:
        deployment = f"deployment={serve.model()['id']}", "model=logging"

        def ask(number):
            headers = {"traceparent": TRACEPARENT} if number % 2 else {}
            return client.post(serve.model_url, json={"n": number}, headers=headers).status_code

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(300))) == [200] * 300
        assert client.post(serve.model_url, content=b"no json").status_code == 400
        assert client.post(f"{serve.url}/models/other/predict", json={}).status_code == 404
        assert client.get(serve.model_url).status_code == 405

        seen = scrape(serve)
        requests = {key[1:]: value for key, value in seen.items() if key[0] == "headway_requests_total"}
        assert requests == {
            (*deployment, "outcome=finished", "status=200"): 300,
            (*deployment, "outcome=finished", "status=400"): 1,
            (*deployment, "outcome=refused", "status=405"): 1,
            ("deployment=", "model=", "outcome=refused", "status=404"): 1,
        }
        for name in ("queue", "request"):
            assert seen[f"headway_{name}_seconds_count", *deployment] == 301
        # Up to 500 a second there is a record of each, so the replica's stages are told of each that reached them.
        assert seen["headway_predict_seconds_count", *deployment] == 300
        assert seen["headway_gate_wait_seconds_count", *deployment] == 300
        assert seen["headway_records_sampled_out_total", *deployment] == 0
        assert [seen[f"headway_{name}", *deployment] for name in ("queued", "in_flight", "abandoned")] == [
            0
        ] * 3
        assert seen["headway_slots", *deployment] == seen["headway_slots_free", *deployment] == 4


def test_a_models_own_log_lines_carry_the_id_that_the_client_was_told(serve, data):
    answers = [httpx.post(serve.model_url, json=1, timeout=30) for _ in range(2)]

    def told(answer):
        text = "".join(path.read_text() for path in (data / "logs").rglob("*.log"))
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        request_id = answer.headers["x-headway-request-id"]
        return [line["message"].split()[0] for line in lines if line.get("request_id") == request_id]

    for answer in answers:
        wait_until(lambda one=answer: len(told(one)) == 3, 10, "every line is in the log")
        assert told(answer) == ["preprocess", "predict", "postprocess"]
