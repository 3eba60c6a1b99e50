"""`headway requests export` against the real API; the records are put where gateways' records go."""

import os
import stat
import sys
import time

import pytest
import typer

from cli.running import Running, make_ready_at_once, run
from headway.cli import parquet
from headway.cli.exit_codes import FAILED, OK, UNAVAILABLE, USAGE
from headway.cli.verbs.export_requests import instant_of
from headway.control.store import stored_requests
from headway.control.store.failures import StoreError
from headway.observed.records import Outcome, RequestRecord
from headway.observed.request_table import COLUMNS, cells_of, read_csv

NOW = float(int(time.time()))


@pytest.fixture(scope="module")
def headway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("headway")
    truss = folder / "truss"
    (truss / "model").mkdir(parents=True)
    (truss / "config.yaml").write_text("model_name: echo", encoding="utf-8")
    (truss / "model" / "model.py").write_text(
        "class Model:\n    def predict(self, x):\n        return x\n", encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patched:
        make_ready_at_once(patched)
        patched.setattr(stored_requests, "_PAGE", 2)
        patched.setenv("XDG_CONFIG_HOME", str(folder))
        with Running(folder / "data") as running:
            patched.setenv("HEADWAY_CONTROL_URL", running.url)
            assert run("push", truss).exit_code == OK
            yield running


@pytest.fixture(scope="module")
def records(headway):
    """An hour, and an hour after it."""
    [deployment_id] = headway.plane.desired_state.deployments
    made = [
        RequestRecord(
            *(f"a-{place}", deployment_id, "echo", "echo-1", NOW - hours * 3600, 200, Outcome.FINISHED, 0.5),
            stages={"predict": 0.1 * place},
            request_bytes=place,
        )
        for place, hours in enumerate((5, 4, 3, 2, 1))
    ]
    rows = [one.as_row() for one in made]
    headway._loop.call_soon_threadsafe(headway.plane.supervisor.requests.record, rows, {})
    return made


def test_it_goes_to_standard_output_as_csv(records):
    result = run("requests", "export", "echo")
    assert result.exit_code == OK
    assert list(read_csv(result.stdout.splitlines())) == records


def test_a_time_can_be_asked_for(records):
    result = run("requests", "export", "echo", "--since", "210m", "--until", "1.5h")
    assert list(read_csv(result.stdout.splitlines())) == records[2:4]


def test_a_file_is_written_whole_and_nothing_is_left_beside_it(records, tmp_path):
    (tmp_path / "out.csv").write_text("of yesterday", encoding="utf-8")
    result = run("requests", "export", "echo", "--output", tmp_path / "out.csv")
    assert (result.exit_code, result.stdout) == (OK, "")
    assert "out.csv: 5 requests" in result.stderr
    assert list(read_csv((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())) == records
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.usefixtures("records")
def test_a_file_keeps_its_mode_and_a_new_one_gets_that_of_any_new_file(tmp_path):
    there, new, any_new = (tmp_path / name for name in ("there.csv", "new.csv", "any"))
    there.touch()
    before = os.umask(0o027)
    try:
        any_new.touch()
        there.chmod(0o604)
        for path in (there, new):
            assert run("requests", "export", "echo", "--output", path).exit_code == OK
    finally:
        assert os.umask(before) == 0o027
    assert stat.S_IMODE(there.stat().st_mode) == 0o604
    assert new.stat().st_mode == any_new.stat().st_mode


@pytest.mark.usefixtures("records")
def test_what_another_export_left_unfinished_is_neither_in_the_way_nor_removed(tmp_path):
    left = tmp_path / f".out.csv.{os.getpid()}.part"
    left.write_text("of another", encoding="utf-8")
    assert run("requests", "export", "echo", "--output", tmp_path / "out.csv").exit_code == OK
    assert left.read_text(encoding="utf-8") == "of another"
    assert {path.name for path in tmp_path.iterdir()} == {left.name, "out.csv"}


def test_a_parquet_file_has_the_same_columns_and_values(records, tmp_path, monkeypatch):
    read_table = pytest.importorskip("pyarrow.parquet").read_table
    monkeypatch.setattr(parquet, "_GROUP", 2)
    assert run("requests", "export", "echo", "-o", tmp_path / "out.parquet").exit_code == OK
    table = read_table(tmp_path / "out.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert [tuple(row.values()) for row in table.to_pylist()] == [cells_of(one) for one in records]


@pytest.mark.usefixtures("records")
def test_without_pyarrow_a_parquet_file_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("requests", "export", "echo", "--output", tmp_path / "out.parquet")
    assert result.exit_code == FAILED
    assert "pip install 'headway[parquet]'" in result.exception.hint


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_export_that_breaks_off_leaves_what_was_there(headway, tmp_path, monkeypatch, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    store = headway.plane.persistence.store
    read = store.requests

    def fail_later(asked, limit, after):
        if after is not None:
            raise StoreError("the disk is gone")
        return read(asked, limit, after)

    monkeypatch.setattr(store, "requests", fail_later)
    (tmp_path / name).write_text("of yesterday", encoding="utf-8")
    result = run("requests", "export", "echo", "--output", tmp_path / name)
    assert result.exit_code == UNAVAILABLE
    assert "broke off" in str(result.exception)
    assert (tmp_path / name).read_text(encoding="utf-8") == "of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("records")
def test_a_place_that_cannot_be_written_is_told(tmp_path):
    result = run("requests", "export", "echo", "--output", tmp_path / "nowhere" / "out.csv")
    assert result.exit_code == FAILED
    assert "No such file or directory" in str(result.exception)


@pytest.mark.usefixtures("headway")
def test_what_is_not_there_or_cannot_be_meant_is_refused(tmp_path):
    assert run("requests", "export", "nobody").exit_code == FAILED
    for wrong in (
        ["--since", "yesterday"],
        ["--since", ""],
        ["--until", ""],
        ["--since", "1h", "--until", "2h"],
        ["--since", "1h", "--until", "1h"],
        ["--output", tmp_path / "out.txt"],
    ):
        assert run("requests", "export", "echo", *wrong).exit_code == USAGE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("records")
def test_the_latest_are_listed_with_and_without_the_word():
    short = run("requests", "echo", "--limit", 2)
    assert short.exit_code == OK
    assert short.stdout == run("requests", "--limit", 2, "echo").stdout
    assert short.stdout == run("requests", "list", "echo", "--limit", 2).stdout
    assert [line.split()[0] for line in short.stdout.splitlines()] == ["request", "a-4", "a-3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 910.0), ("1.5h", -4400.0), ("2 d", -171_800.0), ("1970-01-01T00:10:00Z", 600.0)],
)
def test_instants_are_so_long_ago_or_a_time(text, expected):
    assert instant_of(text, 1000.0) == expected


@pytest.mark.parametrize("text", ["", "1w", "-1h", "soon", "2026-13-01"])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(typer.BadParameter, match="is no time"):
        instant_of(text, 1000.0)
