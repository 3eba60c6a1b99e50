"""Which pieces a sandbox is made of, on folders that stand for a machine."""

from pathlib import Path

import pytest

from headway.backends.isolation.layout import Kind, Layout, Piece, python_of


@pytest.fixture
def machine(tmp_path):
    for name in ("usr/bin", "opt/tools", "data/headway/environments/a", "home/ada"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "opt" / "link").symlink_to("tools")
    (tmp_path / "bin").symlink_to("usr/bin")
    return tmp_path


@pytest.fixture
def layout(machine):
    return Layout(machine)


@pytest.fixture
def kinds(layout, machine):
    """What is at which path, in the order in which it is put there."""
    return lambda: {str(path.relative_to(machine)): piece.kind for path, piece in layout.in_order()}


def test_it_begins_as_the_machine_with_its_links_as_links(kinds):
    assert kinds() == {
        "bin": Kind.LINK,
        "data": Kind.READ,
        "home": Kind.READ,
        "opt": Kind.READ,
        "usr": Kind.READ,
    }


def test_what_is_shown_in_something_hidden_comes_after_it_and_what_is_there_anyway_is_not_put_there_again(
    layout, kinds, machine
):
    layout.show(machine / "data" / "headway" / "environments" / "a")
    layout.show(machine / "usr" / "bin")
    layout.hide(machine / "data" / "headway")
    found = kinds()
    assert found["data/headway"] is Kind.EMPTY
    assert found["data/headway/environments/a"] is Kind.READ
    assert "usr/bin" not in found
    assert list(found).index("data/headway") < list(found).index("data/headway/environments/a")


def test_an_empty_place_has_nothing_to_hide(layout, kinds, machine):
    layout.put(machine / "home" / "ada", Kind.WRITE, machine / "elsewhere")
    (machine / "home" / "ada" / "state").mkdir()
    layout.hide(machine / "home" / "ada" / "state")
    assert "home/ada/state" not in kinds()


def test_a_folder_of_the_machine_that_gets_something_new_is_made_anew_with_the_same_in_it(
    layout, kinds, machine
):
    layout.put(machine / "opt" / "weights" / "deep", Kind.READ, machine / "data")
    assert {name: kind for name, kind in kinds().items() if name.startswith("opt")} == {
        "opt": Kind.FOLDER,
        "opt/link": Kind.LINK,
        "opt/tools": Kind.READ,
        "opt/weights/deep": Kind.READ,
    }


def test_links_on_the_way_to_what_is_shown_are_there_where_they_are_hidden_otherwise(layout, kinds, machine):
    shared, link = machine / "home" / "ada" / "shared", machine / "data" / "headway" / "link"
    shared.mkdir()
    link.symlink_to(shared)
    layout.hide(machine / "data" / "headway")
    layout.hide(machine / "home")
    layout.show(link)
    found = kinds()
    assert found["data/headway/link"] is Kind.LINK
    assert found["home/ada/shared"] is Kind.READ
    assert "bin" in found


def test_what_is_placed_elsewhere_is_a_link_unless_the_machine_has_something_there(layout, kinds, machine):
    layout.place(machine / "models" / "tiny", machine / "home" / "ada")
    layout.place(machine / "opt" / "tools", machine / "home" / "ada")
    found = kinds()
    assert found["models/tiny"] is Kind.ALIAS
    assert found["opt/tools"] is Kind.READ


def test_a_python_comes_with_its_own_folder_only_where_that_is_one(tmp_path):
    real = tmp_path / "pythons" / "3.12" / "bin" / "python3.12"
    real.parent.mkdir(parents=True)
    real.touch()
    environment = tmp_path / "venv" / "bin" / "python"
    environment.parent.mkdir(parents=True)
    environment.symlink_to(real)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert set(python_of(environment)) == {environment, real, tmp_path / "venv"}
    (tmp_path / "pythons" / "3.12" / "lib" / "python3.12").mkdir(parents=True)
    assert set(python_of(environment)) == {environment, tmp_path / "pythons" / "3.12", tmp_path / "venv"}
    assert Path("/") not in set(python_of(Path("/bin/sh")))


def test_a_file_is_hidden_by_one_that_nothing_is_in(layout, machine):
    (machine / "data" / "headway.db").write_text("secrets")
    layout.hide(machine / "data" / "headway.db")
    layout.hide(machine / "data" / "none.db")
    pieces = dict(layout.in_order())
    assert pieces[machine / "data" / "headway.db"] == Piece(Kind.NOTHING, Path("/dev/null"))
    assert machine / "data" / "none.db" not in pieces
    layout.hide(machine / "data")
    assert machine / "data" / "headway.db" not in dict(layout.in_order()), "it is not there anyway"
