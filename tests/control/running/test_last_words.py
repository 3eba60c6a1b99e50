"""What is told of a replica's end, from logs as replicas write them."""

import json

import pytest

from headway.control.running.last_words import last_words

BEGINS = {"levelname": "INFO", "message": "Replica echo-1 listens on /run/1.http"}
TRACEBACK = "Traceback (most recent call last):\n  File 'model.py', line 3, in load\n    boom()\n"


def failed(error, **more):
    message = f"Exception while loading model: the model failed to load: {error}\n{TRACEBACK}{error}\n"
    return {"levelname": "ERROR", "message": message, **more}


@pytest.fixture
def log(tmp_path):
    def write(*lines):
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path = tmp_path / "echo-1.log"
        path.write_text("".join(f"{one}\n" for one in texts), encoding="utf-8")
        return path

    return write


def test_the_exception_that_kept_a_model_from_loading_is_told(log):
    secret = "SecretNotFound: secret 'token' has no value; set TRUSS_SECRET_token"
    assert last_words(log(BEGINS, "a line of the model's", failed(secret))) == secret
    assert last_words(log(BEGINS, failed("ValueError: boom"), "a thread prints on")) == "ValueError: boom"


def test_an_exception_of_several_lines_is_told_as_one(log):
    assert last_words(log(BEGINS, failed("RuntimeError: no kernel\n\n  try another"))) == (
        "RuntimeError: no kernel try another"
    )


def test_an_exception_without_a_text_has_its_name(log):
    assert last_words(log(BEGINS, failed("KeyError: "))) == "KeyError:"


def test_plain_logs_say_it_too(log):
    lines = [
        "2026-01-01 00:00:00 ERROR Exception while loading model: the model failed to load: OSError: no file"
    ]
    assert last_words(log(*lines, *TRACEBACK.splitlines(), "OSError: no file")) == "OSError: no file"


def test_a_program_that_ends_with_a_traceback_of_its_own_is_quoted(log):
    front = {"levelname": "INFO", "message": "Replica echo-1 stands before the Truss's own server"}
    ended = {"levelname": "ERROR", "message": "The server of the Truss ended by itself with exit code 1"}
    lines = [
        *TRACEBACK.splitlines(),
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
    ]
    assert last_words(log(front, *lines, ended)).startswith("torch.cuda.OutOfMemoryError: CUDA out of memory")


def test_a_former_life_is_not_quoted(log):
    assert last_words(log(BEGINS, failed("ValueError: old"), BEGINS, "killed in silence")) == ""


@pytest.mark.parametrize("lines", [[], ["{", "{}", "[1]", "null"], ["no", "words"], ['{"levelname": 1}']])
def test_of_a_log_that_says_nothing_nothing_is_told(log, tmp_path, lines):
    assert last_words(log(*lines)) == ""
    assert last_words(tmp_path / "missing.log") == ""


def test_a_long_exception_is_cut(log):
    assert len(last_words(log(BEGINS, failed("ValueError: " + "x" * 10_000)))) < 500
