"""Imports a model's files anew while the old code still runs; the old modules come back if that fails."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from headway.model_server.truss.loader import import_model
from headway.model_server.truss.truss_config import TrussConfig


@contextmanager
def reload_class(config: TrussConfig) -> Iterator[type]:
    """The model's class from fresh modules, kept only if the block that uses it does not raise."""
    directory = str(config.directory / config.model_module_dir) + "/"
    evicted = {
        name: module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "model"
        or (getattr(module, "__file__", None) or "").startswith(directory)
    }
    for name in evicted:
        del sys.modules[name]
    try:
        yield getattr(import_model(config), config.model_class_name)
    except BaseException:
        sys.modules.update(evicted)
        raise
