"""What `make check` says of code that is too long, and of modules that import each other."""

import importlib.util
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def limits():
    pytest.importorskip("grimp")
    path = TOP / "tools" / "check" / "limits.py"
    spec = importlib.util.spec_from_file_location("limits_for_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package's modules by their names, each of which has a text."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, **modules):
        for module, text in {"__init__": "", **modules}.items():
            path = tmp_path / name / f"{module}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def lines(count, before=""):
    return before + "".join(
        f"{before and '    '}one_{number} = 1\n" for number in range(count - bool(before))
    )


def of_sizes(limits, folder, **listed):
    return list(limits.faults_of_sizes(limits.sizes_in(folder), listed))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (lines(300), None),
        (lines(301), "sized.one has 301 lines; modules have 300 at most"),
        (lines(250, "class Long:\n"), None),
        (lines(251, "class Long:\n"), "sized.one.Long has 251 lines; classes have 250 at most"),
        (lines(40, "def long():\n"), None),
        (lines(41, "def long():\n"), "sized.one.long has 41 lines; functions have 40 at most"),
        (lines(41, "async def long():\n"), "sized.one.long has 41 lines; functions have 40 at most"),
        ("@decorated\n" * 5 + lines(40, "def long():\n"), None),
    ],
)
def test_what_is_beyond_its_limit_is_told_with_its_name(limits, package, text, fault):
    assert of_sizes(limits, package("sized", one=text)) == [*filter(None, [fault])]


def test_what_is_within_another_thing_counts_too(limits, package):
    inner = lines(41, "def long():\n")
    body = "if True:\n    class Outer:\n" + "".join(f"        {line}\n" for line in inner.splitlines())
    assert of_sizes(limits, package("nested", one=body)) == [
        "nested.one.Outer.long has 41 lines; functions have 40 at most"
    ]


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        (350, None),
        (349, "listed.one has grown from 349 to 350 lines; modules have 300 at most"),
        (351, "listed.one has 350 lines now: list it with that, not 351"),
    ],
)
def test_an_exception_neither_grows_nor_is_listed_with_more_than_it_has(limits, package, listed, fault):
    folder = package("listed", one=lines(350))
    told = of_sizes(limits, folder, modules={"listed.one": {"lines": listed, "reason": "it is so"}})
    assert told == [*filter(None, [fault])]


def test_an_exception_that_is_none_any_more_leaves_the_list(limits, package):
    folder = package("left", one=lines(300))
    known = {"lines": 301, "reason": "it was so"}
    assert of_sizes(
        limits, folder, modules={"left.one": known, "left.two": known}, classes={"left.one": known}
    ) == [
        "left.one is within the limit of modules: take it out of the list",
        "left.two is none of the modules any more: take it out of the list",
        "left.one is none of the classes any more: take it out of the list",
    ]


def test_modules_that_import_each_other_are_a_circle_for_types_and_in_functions_too(limits, package):
    package(
        "round",
        one="from round import two",
        two="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from round.three import A\n",
        three="def late():\n    import round.one\n",
        four="from round import one\n",
    )
    circles = limits.circles_in("round")
    assert circles == {frozenset({"round.one", "round.two", "round.three"})}
    assert list(limits.faults_of_circles(circles, {})) == [
        "round.one - round.three - round.two is a circle of imports"
    ]


def test_without_a_circle_nothing_is_told(limits, package):
    package("straight", one="from straight import two", two="from straight.three import A\n", three="A = 1\n")
    assert limits.circles_in("straight") == set()


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ("abc", None),
        ("ab", "a - b is what a circle has shrunk to: list it so"),
        ("", "a - b - c is no circle any more: take it out of the list"),
        ("abcd", "a - b - c - d is a circle of imports"),
    ],
)
def test_a_listed_circle_may_only_shrink_and_leaves_the_list_with_its_end(limits, found, fault):
    circles = {frozenset(found)} - {frozenset()}
    told = list(
        limits.faults_of_circles(circles, {"circles": [{"modules": ["a", "b", "c"], "reason": "so"}]})
    )
    assert fault is None or fault in told
    assert bool(told) == (fault is not None)


def test_each_exception_says_why(limits):
    listed = {
        "functions": {"a.b": {"lines": 50, "reason": " "}, "a.c": {"lines": 50, "reason": "so"}},
        "circles": [{"modules": ["d", "c"]}],
    }
    assert list(limits.faults_of_reasons(listed)) == [
        "a.b is listed without a reason",
        "c - d is listed without a reason",
    ]
