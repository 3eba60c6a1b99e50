"""headway simulate: a scenario from a file, from options, or from both."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from cli.running import run
from headway.cli.exit_codes import FAILED, INTERRUPTED, OK, USAGE
from headway.observed.request_table import InvalidRecordsError
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation import simulate as simulation

OPTIONS = ("--rate", "4", "--predict", "200ms", "--duration", "1m")
FILE = """
duration = "1m"
seed = 3
[traffic]
kind = "bursts"
rate = 1
peak = 9
every = "20s"
lasts = "5s"
[service]
predict = "200ms"
[settings]
max_replica = 3
[[try]]
name = "narrow"
[[try]]
concurrency_target = 4
"""
RECORDS = """\
request_id,deployment_id,model,replica_id,arrived_at,status,outcome,seconds,queue_seconds,cold_start_seconds,\
preprocess_seconds,gate_wait_seconds,predict_seconds,postprocess_seconds,send_seconds,request_bytes,response_bytes,\
trace_id
a,d,m,x,1000.0,200,finished,0.5,0.1,,0.1,,0.25,0.05,0.0,10,20,
b,d,m,x,1001.0,503,refused,0.001,,,,,,,,10,20,
c,d,m,x,1002.0,200,finished,2.5,,,0.1,,2.35,0.05,0.0,10,20,
"""


@pytest.fixture
def scenario(tmp_path):
    file = tmp_path / "scenario.toml"
    file.write_text(FILE, encoding="utf-8")
    return file


@pytest.fixture
def records(tmp_path):
    file = tmp_path / "requests.csv"
    file.write_text(RECORDS, encoding="utf-8")
    return file


def told(*arguments):
    result = run("simulate", *arguments, "--json")
    assert result.exit_code == OK, result.output
    return json.loads(result.stdout)


def names(content):
    return [one["name"] for one in content["variants"]]


def test_a_file_says_it_all(scenario):
    content = told(scenario)
    assert (content["duration"], content["seed"]) == (60.0, 3)
    assert names(content) == ["narrow", "concurrency_target=4"]
    assert [one["settings"]["max_replica"] for one in content["variants"]] == [3, 3]
    assert len({one["requests"] for one in content["variants"]}) == 1


def test_options_say_it_all():
    content = told(*OPTIONS, "--set", "max_replica=2", "--try", "predict_concurrency=2 scale_down_delay=5m")
    assert names(content) == ["predict_concurrency=2 scale_down_delay=5m"]
    (variant,) = content["variants"]
    assert variant["predict_concurrency"] == 2
    assert (variant["settings"]["max_replica"], variant["settings"]["scale_down_delay"]) == (2, 300.0)
    assert 150 < variant["requests"] < 350


def test_options_win_over_the_file(scenario):
    content = told(scenario, "--seed", "4", "--set", "max_replica=5", "--try", "min_replica=1", "--slo", "1s")
    assert (content["seed"], content["slo"], names(content)) == (4, 1.0, ["min_replica=1"])
    assert content["variants"][0]["settings"]["max_replica"] == 5
    assert told(scenario, "--peak", "30")["variants"][0]["requests"] > 150


def test_another_kind_of_traffic_leaves_what_only_the_former_knew(scenario):
    assert told(scenario, "--traffic", "steady", "--rate", "2")["variants"][0]["requests"] == 120


def test_spread_durations_can_be_said_in_an_option():
    stages = told(*OPTIONS, "--predict", "p50=200ms,p95=1s", "--set", "max_replica=9")["variants"][0][
        "stages"
    ]
    assert stages["predict"]["p50"] == pytest.approx(0.2, rel=0.2)
    assert stages["predict"]["p95"] > 0.6


def test_a_plain_number_is_one_of_seconds_and_zero_is_a_duration():
    in_text = told(*OPTIONS, "--predict", "200ms", "--start", "1s", "--slo", "500ms")
    plain = ("--predict", "0.2", "--preprocess", "0", "--postprocess", "0s", "--start", "1", "--slo", "0.5")
    assert told("--rate", "4", "--duration", "60", *plain) == in_text
    assert told(*OPTIONS, "--start", "0") == told(*OPTIONS)
    assert told(*OPTIONS, "--predict", "p50=0.2,p95=1") == told(*OPTIONS, "--predict", "p50=200ms,p95=1s")


def test_a_percentile_that_is_said_twice_is_refused():
    result = run("simulate", *OPTIONS, "--predict", "p50=1s,p50=2s,p95=3s")
    assert result.exit_code == USAGE
    assert "twice" in result.stderr


def test_records_are_replayed(records):
    content = told("--records", records, "--set", "min_replica=1")
    assert content["duration"] == 4.5
    assert content["variants"][0]["requests"] == 3
    assert content["variants"][0]["stages"]["predict"]["p99"] == pytest.approx(2.35, rel=0.01)


def test_records_that_excel_saved_are_read(records):
    as_they_were = told("--records", records)
    records.write_text(RECORDS, encoding="utf-8-sig")
    assert told("--records", records) == as_they_were


def test_records_that_are_no_text_are_told_as_such(records):
    records.write_bytes(b"PAR1\x15\x04\xff\xfe" * 100)
    error = run("simulate", "--records", records).exception
    assert isinstance(error, InvalidRecordsError)
    assert f"{records} is no text" in error.message
    assert "FILE.csv" in error.hint


def test_records_take_the_place_of_the_file_s_traffic_and_service_times(scenario, records):
    content = told(scenario, "--records", records)
    assert [one["requests"] for one in content["variants"]] == [3, 3]
    assert content["variants"][1]["stages"]["predict"]["p99"] == pytest.approx(2.35, rel=0.01)


def test_records_give_the_service_times_of_other_traffic(records):
    content = told("--traffic", "steady", "--rate", "1", "--records", records, "--duration", "30s")
    assert content["variants"][0]["requests"] == 30
    assert content["variants"][0]["stages"]["predict"]["p99"] == pytest.approx(2.35, rel=0.01)


def test_records_that_would_have_no_part_are_refused(records):
    assert run("simulate", "--traffic", "steady", *OPTIONS, "--records", records).exit_code == USAGE


@pytest.mark.parametrize(("rate", "kind"), [("--rate", "poisson"), ("--peak", "bursts")])
def test_a_rate_has_no_part_in_a_replay(records, rate, kind):
    result = run("simulate", "--records", records, rate, "40")
    assert result.exit_code == USAGE
    assert f"add --traffic {kind}" in " ".join(re.sub("[│╭╮╯╰─]", "", result.stderr).split())


def test_a_file_names_records_from_where_it_lies(scenario, records):
    text = f"duration = 10\n[traffic]\nkind = 'recorded'\nrecords = '{records.name}'\n"
    scenario.write_text(text, encoding="utf-8")
    assert told(scenario)["variants"][0]["requests"] == 3


def test_the_table_has_a_row_for_each_variant_and_the_speed_is_told_apart(scenario):
    result = run("simulate", scenario)
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["variant", "requests", "failed"]
    assert [line.split()[0] for line in lines[1:]] == ["narrow", "concurrency_target=4"]
    assert "of CPU" in result.stderr


def test_what_cannot_be_meant_is_warned_of_and_tried(scenario):
    result = run("simulate", scenario, "--try", "predict_concurrency=2", "--json")
    assert "predict_concurrency=2: concurrency_target 1 is below" in " ".join(result.stderr.split())
    assert names(json.loads(result.stdout)) == ["predict_concurrency=2"]


def test_decisions_are_shown_with_their_reasons(scenario):
    assert "wake 1: " in run("simulate", scenario, "--decisions").stdout
    assert "wake 1: " not in run("simulate", scenario).stdout


def test_a_variant_s_name_is_no_markup(scenario):
    shown = run("simulate", scenario, "--try", "name=[/x]", "--decisions")
    assert shown.exit_code == OK, shown.exception
    assert [line.split()[0] for line in shown.stdout.splitlines() if "[/x]" in line] == ["[/x]", "[/x]"]


@pytest.fixture
def looks(tmp_path, monkeypatch):
    """What the console's build makes of the page's curves."""
    for name in ("page.css", "page.js"):
        (tmp_path / name).write_text(f"/* {name} */", encoding="utf-8")
    monkeypatch.setattr("headway.cli.verbs.simulate._LOOKS", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("looks")
def test_the_page_is_written(scenario, tmp_path):
    assert run("simulate", scenario, "--html", tmp_path / "page.html").exit_code == OK
    assert "narrow" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_that_could_not_be_written_is_refused_before_anything_runs(scenario, tmp_path):
    result = run("simulate", scenario, "--html", tmp_path / "none" / "page.html")
    assert result.exit_code == USAGE
    assert result.stdout == ""


def test_without_what_draws_the_curves_no_page_is_begun(scenario, tmp_path, looks):
    (looks / "page.js").unlink()
    result = run("simulate", scenario, "--html", tmp_path / "page.html")
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.exception.hint == "make console builds it"


@pytest.mark.usefixtures("looks")
def test_a_page_that_cannot_be_written_is_told_after_the_table(scenario, tmp_path):
    page = tmp_path / f"{'long' * 100}.html"
    result = run("simulate", scenario, "--html", page)
    assert result.exit_code == FAILED
    assert "narrow" in result.stdout
    assert str(result.exception) == f"cannot write {page}: File name too long"


def test_the_same_scenario_gives_the_same_result(scenario):
    assert told(scenario) == told(scenario)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[traffic]\nkind = 'possion'", "traffic.kind is 'possion'"),
        ("[traffic", "is no TOML"),
        ("\x00", "is no TOML"),
        (f"seed = {'9' * 5000}", "is no TOML"),
        ("duration = 1\n[traffic]\nkind='recorded'\nrecords='none.csv'", "none.csv cannot be read"),
        ("duration = 1\n[traffic]\nkind='recorded'\nrecords='scenario.toml'", "there is no column"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(scenario, text, words):
    scenario.write_text(text, encoding="utf-8")
    result = run("simulate", scenario)
    assert result.exit_code == FAILED
    assert isinstance(result.exception, InvalidScenarioError | InvalidRecordsError)
    assert words in str(result.exception)


def test_without_a_scenario_the_first_missing_thing_is_told():
    assert "traffic.kind is missing" in str(run("simulate", "--seed", 2).exception)
    assert "service.predict is missing" in str(run("simulate", "--rate", "3").exception)
    assert "is no setting" in str(run("simulate", *OPTIONS, "--try", "nonsense").exception)
    assert "try 1.nonsense is unknown" in str(run("simulate", *OPTIONS, "--try", "nonsense=1").exception)


def test_a_quotation_without_an_end_is_told():
    result = run("simulate", *OPTIONS, "--try", "name='abc")
    assert result.exit_code == USAGE
    assert "is no variant: no closing quotation" in str(result.exception)


def test_what_was_done_before_ctrl_c_is_shown(scenario, monkeypatch):
    run_one = simulation.simulate

    def interrupted(scenario, variant, **options):
        if variant.name != "narrow":
            raise KeyboardInterrupt
        return run_one(scenario, variant, **options)

    monkeypatch.setattr(simulation, "simulate", interrupted)
    result = run("simulate", scenario)
    assert result.exit_code == INTERRUPTED
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["variant", "narrow"]
    assert "1 of 2 variants" in result.stderr


@contextmanager
def at_a_terminal(*arguments):
    """The command as a person would run it: its process, and the rest of what the terminal shows up to some text."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "headway", "simulate", *arguments]
    size = {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | size, start_new_session=True
    ) as process:
        os.close(theirs)

        def shown(until=None):
            seen = b""
            with suppress(OSError):  # which is a terminal's end
                while until is None or until not in seen.decode(errors="ignore"):
                    seen += os.read(ours, 4096)
            return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())

        yield process, shown
    os.close(ours)


def test_at_a_terminal_a_bar_for_each_variant_moves_until_ctrl_c():
    long = ("--duration", "10d", "--try", "max_replica=9", "--try", "max_replica=8")
    with at_a_terminal(*OPTIONS, *long) as (process, shown):
        assert "max_replica=9" in shown(until="max_replica=8")
        shown(until=":00:00.0")  # of simulated time
        process.send_signal(signal.SIGINT)
        assert "0 of 2 variants done" in shown()
    assert process.returncode == INTERRUPTED


def test_at_a_narrow_terminal_the_table_has_a_column_for_each_variant(scenario):
    with at_a_terminal(scenario) as (process, shown):
        rows = [line.split() for line in shown().splitlines()]
    assert process.returncode == OK
    assert ["narrow", "concurrency_target=4"] in rows
    assert ["decisions", *(str(one["decisions"]) for one in told(scenario)["variants"])] in rows


def test_at_a_terminal_a_variant_s_name_is_no_markup_either(scenario):
    with at_a_terminal(scenario, "--try", "name=[/x]") as (process, shown):
        rows = [line.split() for line in shown().splitlines()]
    assert process.returncode == OK
    assert ["[/x]"] in rows
