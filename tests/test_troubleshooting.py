"""The page on troubleshooting has a line for every state and every error code that stands in the source."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from headway.api import errors
from headway.api.schemas.resources import Status
from headway.cli import exit_codes
from headway.core import wire
from headway.core.events import Expiry
from headway.core.lifecycle import ReplicaState
from headway.observed.saturation.hindrance import Code

TOP = Path(__file__).parents[1]
SOURCE = TOP / "src" / "headway"
PAGE = (TOP / "docs/guide/troubleshooting.md").read_text(encoding="utf-8")
PLACES = {"Refusal": 1, "BadRequest": 1, "Denial": 1, "answer": 1, "too_slow": 0, "unknown": 0}
"""What words an error for somebody outside, and which of its arguments is the code."""


def told(heading):
    """What the first column of the table below a heading names."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}


HEADINGS = ("What the gateway answers", "What a replica answers", "What control answers", "What commands say")
CODES = {code for heading in HEADINGS for code in told(heading)}


def trees():
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def codes_in(tree):
    """Each code that a module states, as text, or what stands in a code's place and is none."""
    names = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and [ast.unparse(one) for one in line.targets] == ["code"]:
                    yield line.value.value
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in PLACES and not ast.unparse(node.func).startswith(("self.", "failures.")):
                yield from codes_of_call(node, called, names)


def codes_of_call(node, called, names):
    arguments = [
        one
        for argument in node.args
        for one in (argument.value.elts if isinstance(argument, ast.Starred) else [argument])
    ]
    if len(arguments) <= PLACES[called]:
        return
    stated = arguments[PLACES[called]]
    match stated:
        case ast.Constant(value=str(code)):
            yield f"{code}_not_found" if called == "unknown" else code
        case ast.Name(id=name) if name in names:
            yield names[name]
        case _:
            yield stated


PASSED_ON = {
    "code",  # an HTTPException's, from a table of its own; and what too_slow was given
    "denial.code",
    "error.code",
    "told.code",
    "BrokenBodyError.code",
    "expired.cause.value",
    "question",  # what the simulator's process is asked: no error
    "f'{kind}_not_found'",  # unknown's, whose callers say the kind
}
"""Codes that are stated elsewhere."""


def stated():
    for name, tree in trees():
        for code in codes_in(tree):
            yield name, code


def test_every_code_that_the_source_states_has_a_line():
    codes = {code for _, code in stated() if isinstance(code, str)}
    codes |= {*errors._STATUSES, *errors._CODES.values(), *(one.value for one in Expiry)}
    assert len(codes) > 80
    assert sorted(codes - CODES) == []


def test_no_code_is_stated_in_a_way_that_is_not_seen_here():
    unread = {ast.unparse(code) for _, code in stated() if not isinstance(code, str)}
    assert unread - PASSED_ON == set()


def test_the_page_names_no_code_that_the_source_does_not_have():
    texts = {
        node.value
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    made = {f"{kind}_not_found" for kind in ("model", "deployment", "environment")}
    assert sorted(CODES - texts - made) == []


def test_everything_that_keeps_requests_waiting_has_a_line():
    assert told("Why requests wait") == {one.value for one in Code}


def test_every_state_of_a_deployment_and_of_a_replica_has_a_line():
    assert told("States of a deployment") == set(get_args(Status))
    assert told("States of a replica") == {one.value for one in ReplicaState}


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("Exit codes", {value for name, value in vars(exit_codes).items() if name.isupper()}),
        ("Exit codes of replicas", {value for name, value in vars(wire).items() if name.startswith("EXIT_")}),
    ],
)
def test_every_exit_code_has_a_line(heading, codes):
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| (\d+) \|", section, re.MULTILINE)) == {str(one) for one in codes}
