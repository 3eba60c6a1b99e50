import json

import pytest

from headway.cli.log_lines import readable


def test_a_replicas_line_shows_time_level_message_and_traceback():
    record = {
        "asctime": "2026-01-02 10:11:12.345",
        "levelname": "ERROR",
        "message": "no",
        "exc_info": "Trace\n  x",
    }
    assert readable(json.dumps(record)) == "10:11:12 error no\nTrace\n  x"
    assert readable(json.dumps(record | {"exc_info": None})) == "10:11:12 error no"


@pytest.mark.parametrize("line", ["hello", '{"a": 1}', "{broken", '{"asctime": 5, "levelname": 1}', "{}"])
def test_what_a_model_prints_stays_as_it_is(line):
    assert readable(line) == line
