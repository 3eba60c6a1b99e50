"""A verb takes a dataclass, and its command line is as if each field were a parameter."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from headway.cli.grouped import grouped


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    dish: Annotated[str, typer.Argument(help="What to cook.")]
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 1
    extra: Annotated[list[str] | None, typer.Option(help="On top.")] = None


@pytest.fixture
def command():
    cooked = []

    def cook(order: Order, *, at: Annotated[str, typer.Option(help="When.")] = "noon") -> None:
        """Cook it."""
        cooked.append((order, at))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(grouped(cook))

    def run(*arguments):
        result = CliRunner().invoke(app, arguments)
        return result, cooked

    return run


def test_the_fields_come_from_the_command_line_beside_other_options(command):
    line = ("soup", "-n", "2", "--extra", "salt", "--extra", "pepper", "--at", "six")
    assert command(*line)[1] == [(Order(dish="soup", count=2, extra=["salt", "pepper"]), "six")]


def test_what_is_left_out_has_its_default(command):
    assert command("soup")[1] == [(Order(dish="soup"), "noon")]


def test_an_argument_without_default_is_required_and_a_wrong_value_refused(command):
    assert "Missing argument" in command()[0].stderr
    assert "valid integer" in command("soup", "-n", "many")[0].stderr


def test_help_shows_them_in_their_order(command):
    text = command("--help")[0].stdout
    told = ["Cook it.", "What to cook.", "--count", "How many.", "--extra", "On top.", "--at", "When."]
    assert sorted(told, key=text.index) == told
