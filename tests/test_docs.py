"""The documents say what the code does: tables equal their source, commands exist, links lead somewhere."""

import dataclasses
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from headway.cli.app import app
from headway.configuration import Configuration
from headway.core.settings import DeploymentSettings, bounds_of
from headway.planner.simulation.figures import figures
from headway.planner.simulation.report import Trial
from headway.planner.simulation.scenario_file import (
    RECORDS_KEYS,
    REPLICA_KEYS,
    STAGE_KEYS,
    TOP_KEYS,
    TRAFFIC_KEYS,
    read_scenario,
)
from headway.planner.simulation.simulate import simulate

TOP = Path(__file__).parents[1]
PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md"), *(TOP / "examples").rglob("*.md")])
VERBS = {
    name: command
    for verb, found in get_command(app).commands.items()
    for name, command in [
        (verb, found),
        *((f"{verb} {one}", command) for one, command in getattr(found, "commands", {}).items()),
    ]
}
"""Those of a family too, by both words."""


def text_of(name):
    return (TOP / name).read_text(encoding="utf-8")


def table_below(name, heading):
    """The body rows of the first table below a heading, as lists of cells."""
    section = text_of(name).split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def settings_rows():
    """What the operators' table has to say, in the settings' own words."""
    for field in dataclasses.fields(DeploymentSettings):
        bounds = bounds_of(field.name)
        accepts = " or ".join(bounds.choices) or (
            "true or false"
            if isinstance(field.default, bool)
            else f"{number(bounds.low)} to {number(bounds.high)}"
        )
        default = str(field.default).lower() if isinstance(field.default, bool) else number(field.default)
        yield [f"`{field.name}`", bounds.meaning, default, accepts, bounds.unit]


def number(value):
    return value if isinstance(value, str) else f"{value:,.12g}"


def test_the_operators_table_of_settings_equals_the_dataclass():
    assert table_below("docs/guide/operating.md", "Settings of a deployment") == list(settings_rows())


def test_the_operators_table_of_variables_names_every_field_of_the_configuration():
    rows = table_below("docs/guide/operating.md", "Headway's own configuration")
    names = [field.name for field in dataclasses.fields(Configuration)]
    assert [row[0] for row in rows] == [f"`HEADWAY_{name.upper()}`" for name in names]
    configuration = Configuration.load({"HOME": "/home/ada"})
    plain = {
        name: str(getattr(configuration, name)) for name in ("host", "port", "control_port", "log_level")
    }
    told = {name: row[2] for name, row in zip(names, rows, strict=True)}
    assert {name: told[name] for name in plain} == plain


def test_each_dependency_has_a_line_that_says_what_it_replaces():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    names = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]
    assert [
        name for name in names if f"\n| {name} | " not in text_of("docs/decisions/0001-dependencies.md")
    ] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb):
    result = CliRunner().invoke(app, [*verb.split(), "--help"])
    assert result.exit_code == 0
    assert " ".join(VERBS[verb].help.split()) in " ".join(result.stdout.split())


def test_the_top_help_lists_every_verb_and_each_verb_gives_an_example():
    text = CliRunner().invoke(app, ["--help"]).stdout
    top = [verb for verb in VERBS if " " not in verb]
    assert [verb for verb in top if not re.search(rf"^  {verb}  ", text, re.MULTILINE)] == []
    families = {verb.split()[0] for verb in VERBS if " " in verb}
    assert [
        verb for verb in VERBS.keys() - families if f"Example: headway {verb}" not in VERBS[verb].help
    ] == []


def test_the_guide_s_scenario_gives_the_result_that_it_shows():
    page = text_of("docs/guide/simulating.md")
    content = tomllib.loads(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    scenario = read_scenario(content, {}.__getitem__)
    trials = [Trial(one, simulate(scenario, one)) for one in scenario.variants]
    assert table_below("docs/guide/simulating.md", "What comes of it") == [
        [one.name, *one.texts] for one in figures(scenario, trials)
    ]


def test_the_guide_tells_every_key_of_a_scenario():
    told = " ".join(row[0] for row in table_below("docs/guide/simulating.md", "All that a scenario may say"))
    named = set(re.findall(r"\w+", told))
    assert {"kind", *(key for keys in TRAFFIC_KEYS.values() for key in keys)} <= named
    assert {*TOP_KEYS, *REPLICA_KEYS, *STAGE_KEYS, *RECORDS_KEYS} <= named


def commands():
    """Every line of a code block that calls headway or make, by its page."""
    for page in PAGES:
        for block in re.findall(r"```(?:\w*)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                if line.startswith(("headway ", "make ")):
                    yield f"{page.relative_to(TOP)}: {line}"


def test_the_documents_have_commands():
    assert len(list(commands())) > 5


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_in_a_document_exists(command):
    program, verb, *arguments = shlex.split(command.split(": ", 1)[1], comments=True)
    if verb == "--help":
        return
    if program == "make":
        assert re.search(rf"^{verb}:", text_of("Makefile"), re.MULTILINE)
        return
    if arguments and f"{verb} {arguments[0]}" in VERBS:
        verb = f"{verb} {arguments.pop(0)}"
    parameters = VERBS[verb].params
    options = {name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {one for one in arguments if one.startswith("-")} <= options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_nothing_in_a_document_is_left_to_fill_in(page):
    assert re.findall(r"\{[A-Z_]+\}", page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_links_in_the_repository_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
