"""How a model comes to life: paths, import, constructor, environment, load; and how failures are told."""

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from headway.model_server.truss.loader import (
    LoadFailedError,
    enter_truss,
    load_model,
    read_environment,
    set_up_environment,
)
from headway.model_server.truss.secrets import Secrets
from headway.model_server.truss.signatures import ModelDefinitionError
from headway.model_server.truss.truss_config import parse_config


@pytest.fixture(autouse=True)
def process_as_it_was(monkeypatch):
    """Loading a model changes the process; the next test gets it back."""
    monkeypatch.chdir(Path.cwd())
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"model", "bundled", "shared", "src"}:
            del sys.modules[name]


class Truss:
    """A folder with a model, and one load of it."""

    def __init__(self, folder):
        self.folder = folder
        self.environment_file = folder / "environment"
        self.pauses = []

    def write(self, files, config=""):
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self.config = parse_config(config, self.folder)
        return self

    def load(self):
        async def pause(seconds):
            self.pauses.append(seconds)

        enter_truss(self.config)
        secrets = Secrets({"key": "hidden"}, self.folder / "secrets")
        return asyncio.run(
            load_model(self.config, secrets, self.environment_file, asyncio.to_thread, pause=pause)
        ).model


@pytest.fixture
def truss(tmp_path):
    return Truss(tmp_path)


SHORT = "class Model:\n    def predict(self, x): return x\n"


def indented(*lines):
    return SHORT + "".join(f"    {line}\n" for line in lines)


def test_a_model_without_constructor_and_load_is_loaded(truss):
    model = truss.write({"model/model.py": SHORT}).load()

    assert model.predict(3) == 3
    assert type(model).__module__ == "model.model"
    assert sys.modules["model.model"].Model is type(model)
    assert sys.modules["model"].model is sys.modules["model.model"]


def test_the_process_works_in_the_trusss_folder(truss):
    truss.write({"model/model.py": SHORT}).load()

    assert Path.cwd() == truss.folder
    assert sys.path[0] == str(truss.folder)
    assert Path("data").is_dir()


IMPORTS = """
from model.one import ONE
from .two import TWO
import bundled, shared
""" + indented("values = (ONE, TWO, bundled.THREE, shared.FOUR)")


@pytest.mark.parametrize("package_file", [{}, {"model/__init__.py": ""}])
def test_every_way_to_import_ones_own_code_works(truss, package_file):
    files = {
        "model/model.py": IMPORTS,
        "model/one.py": "ONE = 1",
        "model/two.py": "TWO = 2",
        "packages/bundled.py": "THREE = 3",
        "extra/shared.py": "FOUR = 4",
    }

    model = truss.write(files | package_file, "external_package_dirs: [extra]").load()

    assert model.values == (1, 2, 3, 4)


def test_folder_file_and_class_may_have_other_names(truss):
    files = {
        "src/serve.py": "from model.one import ONE\nfrom src.one import ONE as again\nclass Echo:\n"
        "    def predict(self, x): return ONE + again\n",
        "src/one.py": "ONE = 1",
    }

    model = truss.write(
        files, "{model_module_dir: src, model_class_filename: serve.py, model_class_name: Echo}"
    ).load()

    assert model.predict(None) == 2


def test_an_installed_package_called_model_is_not_taken_for_it(truss):
    other = truss.folder / "installed"
    truss.write({"installed/model/__init__.py": "", "model/model.py": "from model.one import ONE\n" + SHORT})
    truss.write({"model/one.py": "ONE = 1"})
    sys.path.insert(0, str(other))

    assert truss.load().predict(3) == 3


def test_the_constructor_gets_what_it_names(truss):
    truss.environment_file.write_text('{"name": "staging"}')
    constructor = (
        "def __init__(self, config, data_dir, secrets, lazy_data_resolver, environment, mine=5, *rest):"
    )
    kept = "    self.got = (config, data_dir, secrets, lazy_data_resolver, environment, mine)"

    config, data_dir, secrets, resolver, environment, mine = (
        truss.write({"model/model.py": indented(constructor, kept)}, "model_name: x").load().got
    )

    assert config["runtime"]["predict_concurrency"] == 1
    assert data_dir == Path("data")
    assert secrets["key"] == "hidden"
    assert resolver.block_until_download_complete(log_stats=True) is None
    assert environment == {"name": "staging"}
    assert mine == 5


def test_keyword_arguments_get_everything(truss):
    model = truss.write({"model/model.py": indented("def __init__(self, **kw): self.got = kw")}).load()

    assert sorted(model.got) == ["config", "data_dir", "environment", "lazy_data_resolver", "secrets"]
    assert model.got["environment"] is None


def test_a_constructor_that_wants_something_else_is_refused(truss):
    with pytest.raises(ModelDefinitionError, match="wants 'device'") as refused:
        truss.write({"model/model.py": indented("def __init__(self, device): ...")}).load()

    assert "config, data_dir, secrets" in refused.value.hint


def test_a_synchronous_load_runs_in_a_thread(truss):
    load = indented("def load(self):", "    import threading; self.thread = threading.get_ident()")

    assert truss.write({"model/model.py": load}).load().thread != threading.get_ident()


@pytest.mark.parametrize(
    "load",
    [
        ("async def load(self):", "    self.loaded = True"),
        ("def load(self):", "    return self.later()", "async def later(self):", "    self.loaded = True"),
    ],
)
def test_an_asynchronous_load_is_awaited(truss, load):
    assert truss.write({"model/model.py": indented(*load)}).load().loaded


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_the_environment_is_set_up_before_load(truss, kind):
    truss.environment_file.write_text('{"name": "staging"}')
    lines = [
        f"{kind} setup_environment(self, environment): self.got = [environment]",
        "def load(self): self.got.append('loaded')",
    ]

    assert truss.write({"model/model.py": indented(*lines)}).load().got == [{"name": "staging"}, "loaded"]


def test_without_an_environment_file_nothing_is_set_up(truss):
    raises = indented("def setup_environment(self, environment): raise RuntimeError")

    assert truss.write({"model/model.py": raises}).load().predict(1) == 1


def test_setting_up_the_environment_again_needs_no_such_method():
    asyncio.run(set_up_environment(object(), None, asyncio.to_thread))


def test_an_environment_file_is_json(tmp_path):
    path = tmp_path / "environment"
    assert read_environment(path) is None
    path.write_text("null")
    assert read_environment(path) is None
    path.write_text(json.dumps({"name": "x"}))
    assert read_environment(path) == {"name": "x"}


FLAKY = (
    "tries = 0",
    "def load(self):",
    "    self.tries += 1",
    "    if self.tries < {}: raise OSError('no disk')",
)


@pytest.mark.parametrize(("setting", "tries"), [(None, 2), ("1", 2), ("3", 4)])
def test_load_is_tried_again_after_a_second(truss, monkeypatch, setting, tries):
    if setting is not None:
        monkeypatch.setenv("NUM_LOAD_RETRIES_TRUSS", setting)
    flaky = indented(*(line.format(tries) for line in FLAKY))

    assert truss.write({"model/model.py": flaky}).load().tries == tries
    assert truss.pauses == [1.0] * (tries - 1)


def test_load_is_not_tried_for_ever(truss, monkeypatch):
    monkeypatch.setenv("NUM_LOAD_RETRIES_TRUSS", "0")
    flaky = indented(*(line.format(2) for line in FLAKY))

    with pytest.raises(LoadFailedError, match="OSError: no disk"):
        truss.write({"model/model.py": flaky}).load()
    assert truss.pauses == []


def test_a_bad_number_of_tries_is_told(truss, monkeypatch):
    monkeypatch.setenv("NUM_LOAD_RETRIES_TRUSS", "many")

    with pytest.raises(ModelDefinitionError, match="NUM_LOAD_RETRIES_TRUSS is 'many'"):
        truss.write({"model/model.py": indented("def load(self): ...")}).load()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("def broken(:", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        (indented("def __init__(self): 1 / 0"), "ZeroDivisionError"),
        (indented("async def load(self): 1 / 0"), "ZeroDivisionError"),
    ],
)
def test_a_failure_of_the_models_code_is_told(truss, code, told):
    with pytest.raises(LoadFailedError, match=told):
        truss.write({"model/model.py": code}).load()


def test_a_failed_import_leaves_nothing_behind(truss):
    with pytest.raises(LoadFailedError):
        truss.write({"model/model.py": "from model import one\n1 / 0", "model/one.py": ""}).load()

    assert [name for name in sys.modules if name.partition(".")[0] == "model"] == []


def test_the_traceback_starts_at_the_model_file(truss):
    with pytest.raises(LoadFailedError) as failed:
        truss.write(
            {"model/model.py": indented("def load(self):", "    raise ValueError('bad weights')")}
        ).load()

    lines = failed.value.traceback.splitlines()
    assert os.path.join("model", "model.py") in lines[1]  # noqa: PTH118 - a piece of text, no path
    assert lines[-1] == "ValueError: bad weights"


def test_a_traceback_without_the_model_file_is_whole(truss):
    truss.environment_file.write_text("{")

    with pytest.raises(LoadFailedError) as failed:
        truss.write({"model/model.py": SHORT}).load()

    assert "read_environment" in failed.value.traceback


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"model/other.py": ""}, "model/model.py does not exist"),
        ({"model/model.py": "class Modell: ..."}, "no class 'Model'"),
        ({"model/model.py": "class Model: ..."}, "neither `predict` nor `websocket`"),
    ],
)
def test_a_truss_without_a_proper_model_is_refused(truss, files, told):
    with pytest.raises(ModelDefinitionError, match=told):
        truss.write(files).load()


def test_a_model_file_that_is_no_python_is_refused(truss):
    with pytest.raises(ModelDefinitionError, match="no Python file"):
        truss.write({"model/model.txt": SHORT}, "model_class_filename: model.txt").load()
