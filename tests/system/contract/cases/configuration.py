"""What the model is given: its config, data, secrets, packages and the folders it lives in."""

from system.contract.table import Case, Json, Source, crashed, ok

HELPER = "def greet():\n    return 'hello from {}'\n"

SOURCES = {
    "given": Source(
        config="""
model_name: Given
bundled_packages_dir: bundled
external_package_dirs: [../shared_code]
environment_variables: {}
secrets: {plain: literal, absent: null, empty: ""}
model_metadata: {tags: [a], answer: 42}
an_unknown_key: {kept: true}
runtime: {predict_concurrency: "4"}
resources: {use_gpu: true}
""",
        files={
            "model/__init__.py": "",
            "model/helper.py": HELPER.format("model.helper"),
            "model/beside.py": HELPER.format("beside"),
            "bundled/bundled_module.py": HELPER.format("a bundled package"),
            "bundled/package/__init__.py": "",
            "bundled/package/inner.py": HELPER.format("inside a bundled package"),
            "../shared_code/shared_module.py": HELPER.format("an external package"),
            "data/weights/numbers.txt": "1 2 3",
        },
        model="""
import os
import pathlib
import sys

import bundled_module
import shared_module
from model.helper import greet
from package.inner import greet as inner_greet

from .beside import greet as greet_beside

class Model:
    def __init__(self, config, data_dir, secrets, lazy_data_resolver, environment=None):
        self.config, self.data_dir, self.secrets = config, data_dir, secrets
        self.environment = environment
        lazy_data_resolver.block_until_download_complete()
        self.loads = 0

    def load(self):
        self.loads += 1

    def predict(self, inputs):
        return getattr(self, inputs["ask"])()

    def imports(self):
        return [greet(), greet_beside(), bundled_module.greet(), inner_greet(), shared_module.greet()]

    def data(self):
        return [str(self.data_dir), (self.data_dir / "weights" / "numbers.txt").read_text()]

    def relative_data(self):
        return pathlib.Path("data/weights/numbers.txt").read_text()

    def config_as_written(self):
        return {key: self.config[key] for key in ("model_name", "model_metadata", "an_unknown_key")}

    def config_defaults(self):
        picked = ("model_class_name", "model_module_dir", "data_dir", "input_type", "python_version", "requirements")
        return {key: self.config[key] for key in picked}

    def config_runtime(self):
        picked = ("predict_concurrency", "streaming_read_timeout", "enable_debug_logs", "transport")
        return {key: self.config["runtime"][key] for key in picked}

    def config_resources(self):
        return {key: self.config["resources"][key] for key in ("cpu", "memory", "use_gpu", "accelerator")}

    def config_secrets(self):
        return self.config["secrets"]

    def the_environment(self):
        return self.environment

    def loaded(self):
        return self.loads

    def secret(self):
        return [self.secrets["plain"], self.secrets.get("plain"), "plain" in self.secrets, len(self.secrets)]

    def null_secret(self):
        return self.secrets["absent"]

    def empty_secret(self):
        return self.secrets["empty"]

    def undeclared_secret(self):
        return self.secrets["undeclared"]

    def undeclared_secret_name(self):
        try:
            return self.secrets["undeclared"]
        except Exception as error:
            return type(error).__name__

    def undeclared_secret_or_default(self):
        return self.secrets.get("undeclared", "default")

    def undeclared_secret_in(self):
        return "undeclared" in self.secrets

    def every_secret(self):
        return list(self.secrets)
""",
    ),
    "without-data": Source(
        model="""
class Model:
    def __init__(self, data_dir):
        self.data_dir = data_dir

    def predict(self, inputs):
        return [self.data_dir.is_dir(), str(self.data_dir)]
"""
    ),
    "renamed": Source(
        config="model_class_filename: main.py\nmodel_class_name: Classifier\n",
        files={
            "model/main.py": "class Classifier:\n    def predict(self, inputs):\n        return ['renamed', inputs]\n"
        },
        model="raise RuntimeError('not this file')\n",
    ),
    "bare": Source(model="class Model:\n    def predict(self, inputs):\n        return inputs\n"),
    "duplicate-keys": Source(
        config="model_name: first\nmodel_name: second\n",
        model="""
class Model:
    def __init__(self, **given):
        self.config = given["config"]

    def predict(self, inputs):
        return self.config["model_name"]
""",
    ),
}


def _ask(name: str, ask: str, answer, **more) -> Case:
    return Case(name=name, truss="given", body=f'{{"ask": "{ask}"}}', answer=answer, **more)


CASES = [
    _ask(
        "imports from model, relative, bundled and external packages",
        "imports",
        ok(
            Json(
                [
                    f"hello from {place}"
                    for place in (
                        "model.helper",
                        "beside",
                        "a bundled package",
                        "inside a bundled package",
                        "an external package",
                    )
                ]
            )
        ),
    ),
    _ask("data_dir is the relative path data, with the Truss's data", "data", ok('["data", "1 2 3"]')),
    _ask("the working directory holds data", "relative_data", ok('"1 2 3"')),
    _ask(
        "config carries what the file says, unknown keys too",
        "config_as_written",
        ok(
            Json(
                {
                    "model_name": "Given",
                    "model_metadata": {"tags": ["a"], "answer": 42},
                    "an_unknown_key": {"kept": True},
                }
            )
        ),
    ),
    _ask(
        "config carries every default",
        "config_defaults",
        ok(
            Json(
                {
                    "model_class_name": "Model",
                    "model_module_dir": "model",
                    "data_dir": "data",
                    "input_type": "Any",
                    "python_version": "py313",
                    "requirements": [],
                }
            )
        ),
    ),
    _ask(
        "config carries runtime with numbers coerced",
        "config_runtime",
        ok(
            Json(
                {
                    "predict_concurrency": 4,
                    "streaming_read_timeout": 60,
                    "enable_debug_logs": False,
                    "transport": {"kind": "http"},
                }
            )
        ),
    ),
    _ask(
        "use_gpu follows the accelerator",
        "config_resources",
        ok(Json({"cpu": "1", "memory": "2Gi", "use_gpu": False, "accelerator": None})),
    ),
    _ask(
        "config carries the literal secrets",
        "config_secrets",
        ok(Json({"plain": "literal", "absent": None, "empty": ""})),
    ),
    _ask("without an environment file the environment is None", "the_environment", ok("null")),
    _ask("load ran once", "loaded", ok("1")),
    _ask("a literal secret is found in each way of looking", "secret", ok('["literal", "literal", true, 3]')),
    _ask("a null secret is an error", "null_secret", crashed()),
    _ask("an empty secret is an error", "empty_secret", crashed()),
    _ask("an undeclared secret is an error", "undeclared_secret", crashed()),
    _ask("of the class SecretNotFound", "undeclared_secret_name", ok('"SecretNotFound"')),
    _ask(
        "get with a default for an undeclared secret",
        "undeclared_secret_or_default",
        ok('"default"'),
        upstream=crashed(),
        because="upstream's SecretNotFound is no KeyError, so Mapping.get does not catch it",
    ),
    _ask(
        "in for an undeclared secret",
        "undeclared_secret_in",
        ok("false"),
        upstream=crashed(),
        because="upstream's SecretNotFound is no KeyError, so Mapping's in does not catch it",
    ),
    _ask("secrets cannot be listed", "every_secret", crashed()),
    Case(
        name="file and class have the names that config gives",
        truss="renamed",
        body="1",
        answer=ok('["renamed", 1]'),
    ),
    Case(
        name="data_dir exists even if the Truss has none", truss="without-data", answer=ok('[true, "data"]')
    ),
    Case(
        name="an empty config and a class with predict alone are a Truss",
        truss="bare",
        body="1",
        answer=ok("1"),
    ),
    Case(
        name="of two equal keys in config.yaml the last wins", truss="duplicate-keys", answer=ok('"second"')
    ),
]
