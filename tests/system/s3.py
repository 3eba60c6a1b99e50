"""Runs the example's S3-compatible server as a real process, with its ten pictures in bucket `digits`."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


@dataclass(frozen=True, slots=True)
class S3:
    endpoint_url: str
    client: Any
    environment: dict[str, str]  # what the process of a model needs to reach it


@contextmanager
def s3_server() -> Iterator[S3]:
    with _load("object_store").object_store() as store:
        client = store.client()
        _load("pictures").upload(client)
        yield S3(store.endpoint_url, client, store.environment())
        client.close()


def _load(name: str) -> ModuleType:
    # By path, since the examples are programs of their own and on nobody's import path.
    specification = importlib.util.spec_from_file_location(name, DIGITS / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
