"""The help of every verb reads well on a terminal of 80 columns, and teaches by an example."""

import pytest
import typer.main
from typer.testing import CliRunner

from headway.cli.app import app

GROUPS = {
    name: command.commands
    for name, command in typer.main.get_command(app).commands.items()
    if hasattr(command, "commands")
}
VERBS = [[name] for name in typer.main.get_command(app).commands if name not in GROUPS] + [
    [group, name] for group, commands in GROUPS.items() for name in commands
]


def help_of(*verb):
    result = CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_verb_has_an_example_that_begins_with_it_and_fits_into_80_columns(verb):
    told = help_of(*verb)
    assert f"Example: headway {' '.join(verb)}" in told
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    "group", [(), *((name,) for name in GROUPS)], ids=lambda group: " ".join(group) or "headway"
)
def test_no_verb_is_described_by_half_a_sentence(group):
    told = help_of(*group)
    assert max(map(len, told.splitlines())) <= 80
    assert "..." not in told.replace("[ARGS]...", "")
