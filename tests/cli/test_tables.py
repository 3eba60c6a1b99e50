"""What tables do where there is little room."""

import io

from rich.console import Console

from headway.cli.tables import table

ID = "c77801290bc02a29ba3b1f97fdba4b71"


def drawn(width, columns, rows):
    out = Console(file=io.StringIO(), width=width)
    out.print(table(columns, rows))
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def test_names_and_ids_stay_whole_and_sentences_get_narrow():
    lines = drawn(60, ("name", "size", "why"), [(ID, "1 MB", "it is not used any more " * 4)])
    assert max(map(len, lines)) <= 60
    assert lines[1].startswith(f"{ID}  1 MB  it is")
    assert sum(line.count("used") for line in lines) == 4


def test_nothing_is_cut_where_even_names_have_no_room():
    long = "an-environment-with-a-long-name-in-the-middle-of-europe"
    lines = drawn(30, ("name", "why"), [(long, "it is there")])
    assert max(map(len, lines)) <= 30
    assert long in "".join(line.split("  ")[0].strip() for line in lines[1:])


def test_nothing_is_an_empty_cell_and_markup_is_text():
    assert drawn(80, ("a", "b"), [(None, "[red]x")])[1].split() == ["[red]x"]
