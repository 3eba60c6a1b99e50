"""What a wheel is made of: `make test-compiled` builds one and runs it; here is what costs no compiler."""

import ast
import importlib.util
import tomllib
from pathlib import Path

import pytest

from headway import is_compiled

TOP = Path(__file__).parents[1]
HOOK = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "hooks"
]
MODULES = HOOK["custom"]["compiled"]


@pytest.fixture
def compiled():
    spec = importlib.util.spec_from_file_location(
        "compiled_for_test", TOP / "tools" / "build" / "compiled.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("module", MODULES)
def test_a_compiled_module_is_there_and_has_nothing_that_mypyc_refuses(module):
    tree = ast.parse((TOP / "src" / f"{module.replace('.', '/')}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert "asyncio.Protocol" not in [ast.unparse(base) for base in node.bases], node.name
            assert not any("slots=True" in ast.unparse(one) for one in node.decorator_list), node.name


def test_the_list_is_in_order_and_names_each_once():
    assert sorted(set(MODULES)) == MODULES


def test_a_checkout_runs_the_source():
    assert not list((TOP / "src").rglob("*.so"))
    assert is_compiled() == (importlib.util.find_spec("headway.core.dispatch").origin[-3:] == ".so")


def test_what_is_forbidden_is_not_compiled(compiled, monkeypatch):
    monkeypatch.setenv("HEADWAY_COMPILED", "no")
    build_data = {}
    compiled.add(TOP, MODULES, build_data)
    assert (build_data, compiled.dependencies()) == ({}, [])


def test_without_a_compiler_the_wheel_stays_plain_and_says_why(compiled, monkeypatch, capsys):
    monkeypatch.delenv("HEADWAY_COMPILED", raising=False)
    monkeypatch.setenv("CC", "no-such-compiler")
    build_data = {}
    compiled.add(TOP, MODULES, build_data)
    assert build_data == {}
    assert "a C compiler (no-such-compiler)" in capsys.readouterr().err


def test_what_is_demanded_and_cannot_be_had_is_an_error(compiled, monkeypatch):
    monkeypatch.setenv("HEADWAY_COMPILED", "yes")
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(compiled.CannotCompileError, match="no-such-compiler"):
        compiled.add(TOP, MODULES, {})
    assert any(one.startswith("mypy[mypyc]") for one in compiled.dependencies())


def test_a_wish_that_is_none_is_an_error(compiled, monkeypatch):
    monkeypatch.setenv("HEADWAY_COMPILED", "perhaps")
    with pytest.raises(compiled.CannotCompileError, match="yes, no or not set"):
        compiled.dependencies()
