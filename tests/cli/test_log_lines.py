import io
import json

import pytest
from rich.console import Console

from headway.cli.log_lines import log_printer, readable
from headway.cli.tables import moment


def test_a_replicas_line_shows_time_level_message_and_traceback():
    record = {
        "asctime": "2026-01-02T10:11:12.345Z",
        "levelname": "ERROR",
        "message": "no",
        "exc_info": "Trace\n  x",
    }
    assert readable(json.dumps(record)) == "2026-01-02T10:11:12.345Z error no\nTrace\n  x"
    assert readable(json.dumps(record | {"exc_info": None})) == "2026-01-02T10:11:12.345Z error no"


@pytest.mark.parametrize(
    "line", ["hello", '{"a": 1}', "{broken", '{"asctime": 5, "levelname": 1}', "{}", '{"a":' + "[" * 100_000]
)
def test_what_a_model_prints_stays_as_it_is(line):
    assert readable(line) == line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;4mbold", "red and bold"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J\x9b2J\x00\x7f", "\\x1b[2J\\x9b2J\\x00\\x7f"),
        ("over\rwritten", "over\\x0dwritten"),
        (
            json.dumps({"asctime": "at", "levelname": "INFO", "message": "\ud800 \u202egnol"}),
            "at info \\ud800 \\u202egnol",
        ),
        ("[bold]ünchanged 模型 👩‍🔬", "[bold]ünchanged 模型 👩‍🔬"),
    ],
)
def test_what_a_model_prints_cannot_command_the_terminal(line, shown):
    output = io.StringIO()
    log_printer(Console(file=output, width=200))("echo-1", line)
    assert output.getvalue() == f"{'echo-1':>12} {shown}\n"


def test_an_instant_in_a_table_says_its_zone():
    assert moment("2026-01-02T10:11:12.345Z")[-6] in "+-"
