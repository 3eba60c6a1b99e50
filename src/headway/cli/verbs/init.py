"""`headway init`: writes a small Truss that serves at once and teaches the two numbers."""

import json
from pathlib import Path
from typing import Annotated

import typer

from headway.core.errors import HeadwayError


class OccupiedError(HeadwayError):
    """There is something already where a Truss should be written."""

    code = "occupied"


_CONFIG = """\
model_name: {name}

# Packages for the model's own environment, as pip writes them.
requirements: []

runtime:
  # Predict concurrency: the most requests inside `predict` at once, in one replica.
  # Choose it for what predict uses: 1 for one accelerator or one core, more when it waits or batches.
  predict_concurrency: 1

model_metadata:
  # Shown as a ready curl line by `headway serve`.
  example_model_input:
    name: Ada
    seconds: 1
  headway:
    # Concurrency target: the most requests that one replica holds at once, in all stages together.
    # The others wait in one queue. Above predict_concurrency, requests preprocess and postprocess
    # while another is in predict; below it, predict could never be as busy as you allow.
    concurrency_target: 2
"""

_MODEL = '''\
import time


class Model:
    def __init__(self, **kwargs):
        # Truss passes config, secrets and data_dir by name; take the ones that you need.
        self.greeting = None

    def load(self):
        """Runs once, before the first request: the place for slow things such as reading weights."""
        self.greeting = "Hello"

    def preprocess(self, inputs):
        """Download and decode here: it runs for all the requests that the replica holds."""
        return inputs.get("name", "world"), float(inputs.get("seconds", 0))

    def predict(self, inputs):
        """The scarce part: at most predict_concurrency requests are in here at once."""
        name, seconds = inputs
        time.sleep(seconds)  # in the place of real work, so that there is something to watch
        return f"{self.greeting}, {name}!"

    def postprocess(self, text):
        """Encode and upload here: the next request may be in predict already."""
        return {"text": text}
'''


def init(
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    name: Annotated[str | None, typer.Option(help="The model's name. [default: the folder's]")] = None,
) -> None:
    """Write a Truss to DIR that serves at once. It teaches the two numbers.

    Example: headway init hello
    """
    files = {
        directory / "config.yaml": _CONFIG.format(name=json.dumps(name or directory.resolve().name)),
        directory / "model" / "__init__.py": "",
        directory / "model" / "model.py": _MODEL,
    }
    occupied = [path for path in files if path.exists()]
    if occupied:
        raise OccupiedError(f"{occupied[0]} is there already", hint="name a folder that does not exist")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OccupiedError(f"cannot write {error.filename}: {error.strerror}") from error
    typer.echo(f"wrote {directory}; serve it with\n\n  headway serve {directory}")
