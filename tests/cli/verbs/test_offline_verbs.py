"""init, check and what needs no running Headway."""

import json
import subprocess
import sys

import pytest
import yaml
from typer.testing import CliRunner

from headway import __version__, cli
from headway.cli.app import app
from headway.cli.exit_codes import FAILED, OK, UNAVAILABLE, USAGE


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def main(monkeypatch, *arguments):
    """What the installed command does: its exit code."""
    monkeypatch.setattr(sys, "argv", ["headway", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or OK


@pytest.fixture
def truss(tmp_path):
    def write(config="", model="class Model:\n    def predict(self, inputs):\n        return inputs\n"):
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
        (tmp_path / "model" / "model.py").write_text(model, encoding="utf-8")
        return tmp_path

    return write


def findings(truss_directory):
    result = run("check", truss_directory, "--json")
    content = json.loads(result.stdout)
    assert result.exit_code == (OK if content["servable"] else FAILED)
    told = [one for one in content["findings"] if one["level"] != "note"]
    return [f"{one['level']} {one['message']}" for one in told]


def test_python_m_headway_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "headway", "--version"], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == f"headway {__version__}"


def test_starting_the_command_loads_nothing_heavy():
    heavy = (
        "httpx",
        "rich.console",
        "yaml",
        "uv",
        "asyncio",
        "headway.configuration",
        "headway.control.packages.preparation",
    )
    code = f"import sys, headway.cli.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_init_writes_a_truss_that_check_finds_nothing_in(tmp_path):
    folder = tmp_path / "hello"
    assert run("init", folder, "--name", 'true "7"').exit_code == OK
    assert yaml.safe_load((folder / "config.yaml").read_bytes())["model_name"] == 'true "7"'
    [renamed] = findings(folder)
    assert "choose one with --name" in renamed
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    assert "Predict concurrency:" in text
    assert "Concurrency target:" in text


def test_the_model_that_init_writes_answers(tmp_path):
    run("init", tmp_path / "hello")
    names = {}
    exec((tmp_path / "hello/model/model.py").read_text(encoding="utf-8"), names)  # noqa: S102  # written above
    model = names["Model"](config={})
    model.load()
    assert model.postprocess(model.predict(model.preprocess({"name": "Ada"}))) == {"text": "Hello, Ada!"}


def test_init_overwrites_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "config.yaml").write_text("mine", encoding="utf-8")
    assert main(monkeypatch, "init", tmp_path) == FAILED
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "model").exists()
    error = capsys.readouterr().err
    assert "is there already" in error
    assert "Traceback" not in error


def test_check_looks_at_the_current_folder_where_none_is_named(truss, monkeypatch):
    monkeypatch.chdir(truss("model_class_name: Other"))
    assert "there is no class Other" in run("check").stdout


def test_check_tells_the_two_numbers_and_that_one_could_never_be_reached(truss):
    top = truss("runtime: {predict_concurrency: 4}\nmodel_metadata: {headway: {concurrency_target: 2}}")
    result = run("check", top)
    assert result.exit_code == OK
    assert "concurrency target 2, predict concurrency 4" in result.stdout
    assert any("below predict_concurrency" in one for one in findings(top))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("runtime: {predict_concurrency: 0}", "predict_concurrency"),
        ("model_metadata: {headway: {concurency_target: 2}}", "concurency_target"),
        ("model_metadata: {headway: {queue_limit: -1}}", "queue_limit is -1"),
        ("a: [", "YAML"),
        ("model_class_name: Other", "there is no class Other"),
    ],
)
def test_check_refuses_a_config_that_cannot_be_served(truss, config, message):
    [finding] = findings(truss(config))
    assert finding.startswith("error")
    assert message in finding


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("def predict(self, a, b, c): ...", "takes 3 arguments"),
        ("def predict(self, a, flag=False): ...", "must be annotated as fastapi.Request"),
        ("def predict(self, a, **more): ...", "must be annotated as fastapi.Request"),
        ("def load(self): ...", "neither predict nor websocket"),
        ("def websocket(self, ws): ...", "websocket must be async"),
        ("def predict(self, a)", "no valid Python"),
    ],
)
def test_check_sees_methods_that_would_fail_at_load(truss, method, message):
    [finding] = findings(truss(model=f"class Model:\n    {method}\n"))
    assert finding.startswith("error")
    assert message in finding


@pytest.mark.parametrize(
    "model",
    [
        "from somewhere import Model",
        "from somewhere import *",
        "import pkg\nModel = pkg.make()",
        "class Base: ...\nclass Model(Base): ...",
        "class Model:\n    def __init__(self):\n        self.predict = print",
        "class Model:\n    def predict(self, *inputs): ...",
        "class Model:\n    def predict(self, a, request: Request): ...",
        "class Model:\n    def chat_completions(self, a): ...\n    def predict(self): ...",
    ],
)
def test_check_leaves_alone_what_the_text_cannot_decide(truss, model):
    assert findings(truss(model=model)) == []


def test_check_does_not_run_the_model(truss):
    assert findings(truss(model="raise SystemExit(9)\nclass Model:\n    def predict(self): ...")) == []


def test_a_wrong_command_line_is_usage(monkeypatch, capsys):
    assert main(monkeypatch, "init") == USAGE
    assert main(monkeypatch, "predict", "m", "--input", "{}", "--file", "x") == USAGE
    assert main(monkeypatch, "predict", "m", "--input", "{") == USAGE
    assert "no JSON" in capsys.readouterr().err


def test_nobody_there_is_unavailable(monkeypatch, capsys):
    nobody = "http://127.0.0.1:1"
    assert main(monkeypatch, "predict", "m", "--input", "{}", "--url", nobody) == UNAVAILABLE
    assert main(monkeypatch, "status", "--url", nobody) == UNAVAILABLE
    assert "headway serve DIR" in capsys.readouterr().err
