import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from headway.cli.log_lines import entry_printer, log_printer, readable
from headway.cli.tables import moment
from headway.telemetry.log_reader import LogReader

CASES = json.loads((Path(__file__).parents[1] / "telemetry" / "log_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda one: one["name"])
def test_an_entry_reads_as_in_the_console(case):
    reader = LogReader()
    entries = [*reader.read(case["lines"]), *reader.end()]
    shown = "\n".join(readable(one.to_json("echo-1")) for one in entries)
    assert shown.split("\n") == case["shown"]


def test_what_is_told_of_an_entry_cannot_command_the_terminal():
    output = io.StringIO()
    told = {"replica": "\x1b[2J", "level": "\x9b", "message": "a\x07\n\x1b]0;title\x07", "request_id": "\x00"}
    entry_printer(Console(file=output, width=200))(told)
    first, second, end = output.getvalue().split("\n")
    assert first.split() == ["\\x9b", "\\x1b[2J", "a\\x07", "request=\\x00"]
    assert (second, end) == ("    \\x1b]0;title\\x07", "")


def test_a_terminal_shows_levels_in_their_colours():
    output = io.StringIO()
    log_printer(
        Console(file=output, width=200, force_terminal=True, color_system="standard", no_color=False)
    )("echo-1", "2026-01-02T10:11:12.345Z ERROR [bold]no")
    assert "\x1b[31merror   \x1b[0m" in output.getvalue()
    assert output.getvalue().endswith(" [bold]no\n")


def test_what_is_not_in_the_terminals_encoding_is_written_in_numbers():
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    log_printer(Console(file=output, width=200))("echo-1", "é")
    output.seek(0)
    assert output.read().endswith("echo-1 \\xe9\n")


def test_a_process_of_headways_own_is_named_once():
    output = io.StringIO()
    log_printer(Console(file=output, width=200))(
        "control", "2026-01-02T10:11:12.345Z info control: replica ordered"
    )
    assert output.getvalue() == f"2026-01-02T10:11:12.345Z info     {'control':>12} replica ordered\n"


def test_an_instant_in_a_table_says_its_zone():
    assert moment("2026-01-02T10:11:12.345Z")[-6] in "+-"
