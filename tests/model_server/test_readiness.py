import os

import pytest

from headway.core.wire import READY_DESCRIPTOR
from headway.model_server.readiness import Readiness


@pytest.fixture
def pipe():
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    yield ours, theirs
    for descriptor in (ours, theirs):
        try:
            os.close(descriptor)
        except OSError:
            continue


def heard(descriptor):
    try:
        return os.read(descriptor, 100)
    except BlockingIOError:
        return None


def test_it_is_said_once_and_what_the_model_starts_finds_no_trace_of_the_descriptor(pipe):
    ours, theirs = pipe
    os.set_inheritable(theirs, True)
    environment = {READY_DESCRIPTOR: str(theirs), "A": "b"}
    readiness = Readiness(environment)
    assert environment == {"A": "b"}
    assert not os.get_inheritable(theirs)
    assert heard(ours) is None
    readiness.say()
    readiness.say()
    assert len(heard(ours)) == 1
    assert heard(ours) == b"", "it is closed"


@pytest.mark.parametrize("number", [None, "", "nonsense", "-1", "99999", "9" * 30])
def test_without_a_descriptor_nothing_is_said(number):
    Readiness({} if number is None else {READY_DESCRIPTOR: number}).say()


def test_where_nobody_listens_any_more_nothing_happens(pipe):
    ours, theirs = pipe
    readiness = Readiness({READY_DESCRIPTOR: str(theirs)})
    os.close(ours)
    readiness.say()


def test_a_descriptor_that_the_model_has_closed_is_left_alone_and_so_is_the_file_that_has_its_number(
    pipe, tmp_path
):
    ours, theirs = pipe
    closed = Readiness({READY_DESCRIPTOR: str(theirs)})
    reused = Readiness({READY_DESCRIPTOR: str(theirs)})
    os.close(theirs)
    closed.say()
    with (tmp_path / "models").open("wb") as file:
        os.dup2(file.fileno(), theirs)
        reused.say()
        os.write(theirs, b"its own")
    assert (tmp_path / "models").read_bytes() == b"its own"
    assert heard(ours) == b""
