import pytest

from headway.control.packages.entries import PreparationError
from headway.control.packages.interpreters import Interpreter, choose
from headway.control.packages.requirements import read_requirements
from headway.model_server.truss.truss_config import parse_config


def requirements(tmp_path, config="", **files):
    for name, text in files.items():
        (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return read_requirements(parse_config(config, tmp_path), tmp_path)


def test_an_included_file_decides_too(tmp_path):
    config = "requirements_file: requirements.txt"
    files = {"requirements__txt": "-r more.txt\nsix\n"}
    first = requirements(tmp_path, config, **files, more__txt="idna==3.9")
    second = requirements(tmp_path, config, **files, more__txt="idna==3.10")
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("six==1.17.0", False),
        ("-e ./pkg", True),
        ("./wheels/own-1.0-py3-none-any.whl", True),
        ("wheels/own-1.0-py3-none-any.whl", True),
        ("own @ file:///srv/own.whl", True),
        ("own @ https://example.com/own.whl", False),
        ("git+https://example.com/own.git", False),
        ("--extra-index-url https://example.com/simple", False),
    ],
)
def test_only_requirements_that_name_files_tie_an_environment_to_its_truss(tmp_path, line, local):
    assert requirements(tmp_path, f'requirements: ["{line}"]').use_local_files is local


def test_a_lock_file_needs_its_project_file(tmp_path):
    with pytest.raises(PreparationError, match=r"cannot read pyproject\.toml"):
        requirements(tmp_path, "requirements_file: uv.lock", uv__lock="version = 1")


def test_a_project_with_sources_in_the_truss_is_tied_to_it(tmp_path):
    config = "requirements_file: pyproject.toml"
    assert not requirements(tmp_path, config, pyproject__toml='[project]\nname = "a"').use_local_files
    text = '[tool.uv.sources]\nown = { path = "libs/own" }'
    assert requirements(tmp_path, config, pyproject__toml=text).use_local_files


@pytest.mark.parametrize(
    ("wanted", "here", "chosen"),
    [
        (12, ["3.11.2", "3.12.1"], "3.12.1"),
        (9, ["3.9.18", "3.12.1", "3.11.2"], "3.11.2"),
        (13, ["3.11.2", "3.12.1"], "3.12.1"),
        (13, ["3.14.0", "3.12.1"], "3.12.1"),
    ],
)
def test_the_nearest_interpreter_from_3_11_on_is_chosen(tmp_path, wanted, here, chosen):
    assert choose(wanted, [Interpreter(tmp_path / one, one) for one in here]).version == chosen
