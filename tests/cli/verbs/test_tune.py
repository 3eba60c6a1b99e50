"""What tune refuses before it starts anything."""

import pytest
from typer.testing import CliRunner

from headway.cli.app import app
from headway.core.errors import HeadwayError
from headway.planner.errors import InvalidDurationError, InvalidGoalError


def run(*arguments):
    return CliRunner().invoke(app, ["tune", *map(str, arguments)])


@pytest.mark.parametrize(
    ("option", "value"),
    [("--slo", "p95=fast"), ("--objective", "speed"), ("--memory-limit", "much"), ("--budget", "ten")],
)
def test_a_goal_that_cannot_be_read_is_refused(tmp_path, option, value):
    result = run(tmp_path, option, value)
    assert isinstance(result.exception, InvalidGoalError | InvalidDurationError)
    assert result.exception.hint


def test_model_is_for_apply(tmp_path):
    result = run(tmp_path, "--model", "hello")
    assert result.exit_code == 2
    assert "--apply" in result.output


def test_a_folder_without_a_truss_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path / "data"))
    assert isinstance(run(tmp_path).exception, HeadwayError)


def test_help_teaches_little_s_law():
    assert "Little's law" in run("--help").output
