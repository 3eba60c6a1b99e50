"""Makes a model ready: working directory, import, construction, `setup_environment` and `load`.

Runs the model's code but keeps no state; where synchronous code runs is the caller's choice.
"""

import asyncio
import importlib.machinery
import importlib.util
import inspect
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from headway.core.errors import HeadwayError
from headway.model_server.truss.secrets import Secrets
from headway.model_server.truss.signatures import Hooks, ModelDefinitionError, inspect_model
from headway.model_server.truss.truss_config import TrussConfig

RunInThread = Callable[[Callable[[], Any]], Awaitable[Any]]
Pause = Callable[[float], Awaitable[Any]]

RETRY_PAUSE = 1.0
_PACKAGE = "model"


class LoadFailedError(HeadwayError):
    """The model's own code failed; `traceback` starts at the model file."""

    code = "load_failed"

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model object after `load`, and its methods."""

    model: Any
    hooks: Hooks


class LazyDataResolver:
    """What a model may ask to wait for weights that are fetched in the background; here they never are."""

    def block_until_download_complete(self, *_arguments: Any, **_options: Any) -> None:
        """Return at once: the data is in place before the process starts."""


def enter_truss(config: TrussConfig) -> None:
    """Make this process's working directory and sys.path what the model's code expects. Call once, on start."""
    os.chdir(config.directory)
    Path(config.data_dir).mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(config.directory))
    sys.path.extend(str(path) for path in config.package_paths if path.is_dir())


async def load_model(
    config: TrussConfig,
    secrets: Secrets,
    environment_file: Path,
    run_in_thread: RunInThread,
    *,
    pause: Pause = asyncio.sleep,
) -> LoadedModel:
    """Import, construct, inspect, set up the environment, load. Raises ModelDefinitionError, LoadFailedError."""
    try:
        has_environment = await run_in_thread(environment_file.is_file)
        environment = read_environment(environment_file)
        model = await run_in_thread(partial(_construct, config, secrets, environment))
        hooks = inspect_model(model)
        if has_environment:
            await set_up_environment(model, environment, run_in_thread)
        await _load(model, run_in_thread, pause)
    except ModelDefinitionError:
        raise
    # A model that calls sys.exit while it loads has failed too, and the server must say so.
    except (Exception, SystemExit) as error:
        cut = model_traceback(error, config.model_class_filename)
        raise LoadFailedError(f"the model failed to load: {type(error).__name__}: {error}", cut) from error
    return LoadedModel(model, hooks)


async def set_up_environment(model: Any, environment: Any, run_in_thread: RunInThread) -> None:
    """Call the model's `setup_environment`, if it has one; a synchronous one in a thread."""
    set_up = getattr(model, "setup_environment", None)
    if set_up is not None:
        await _call(partial(set_up, environment), run_in_thread)


def read_environment(path: Path) -> Any:
    """The parsed JSON of the environment file, or None when there is none. Raises ValueError."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def model_traceback(error: BaseException, model_filename: str) -> str:
    """The traceback's text from the model file on; all of it when the model file is not in it."""
    start = error.__traceback__
    while start is not None and Path(start.tb_frame.f_code.co_filename).name != model_filename:
        start = start.tb_next
    return "".join(traceback.format_exception(type(error), error, start or error.__traceback__))


async def _load(model: Any, run_in_thread: RunInThread, pause: Pause) -> None:
    load = getattr(model, "load", None)
    if load is None:
        return
    retries = _load_retries()
    while True:
        try:
            await _call(load, run_in_thread)
        except Exception:
            if retries <= 0:
                raise
            retries -= 1
            await pause(RETRY_PAUSE)
        else:
            return


async def _call(function: Callable[[], Any], run_in_thread: RunInThread) -> None:
    if inspect.iscoroutinefunction(function):
        await function()
        return
    result = await run_in_thread(function)
    # A plain function may hand back a coroutine; what it stands for is part of the start.
    if inspect.isawaitable(result):
        await result


def _load_retries() -> int:
    text = os.environ.get("NUM_LOAD_RETRIES_TRUSS", "1")
    try:
        return int(text)
    except ValueError as error:
        raise ModelDefinitionError(
            f"NUM_LOAD_RETRIES_TRUSS is {text!r}, which is no whole number",
            hint="it counts extra tries of load",
        ) from error


def _construct(config: TrussConfig, secrets: Secrets, environment: Any) -> Any:
    module = import_model(config)
    try:
        model_class = getattr(module, config.model_class_name)
    except AttributeError as error:
        raise ModelDefinitionError(
            f"{config.model_file.name} defines no class {config.model_class_name!r}",
            hint="rename the class, or name it in `model_class_name`",
        ) from error
    offered = {
        "config": config.expanded,
        "data_dir": Path(config.data_dir),
        "secrets": secrets,
        "lazy_data_resolver": LazyDataResolver(),
        "environment": environment,
    }
    return model_class(**_wanted(model_class, offered))


def _wanted(model_class: Any, offered: dict[str, Any]) -> dict[str, Any]:
    """Of what is offered, what the constructor names; all of it when it takes `**kwargs`."""
    parameters = inspect.signature(model_class).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return offered
    for name, parameter in parameters.items():
        is_optional = parameter.default is not parameter.empty or parameter.kind is parameter.VAR_POSITIONAL
        if name not in offered and not is_optional:
            raise ModelDefinitionError(
                f"the model's constructor wants {name!r}, which is not offered",
                hint=f"offered are {', '.join(offered)}; give it a default, or remove it",
            )
    return {name: value for name, value in offered.items() if name in parameters}


def import_model(config: TrussConfig) -> ModuleType:
    """The model file, imported as a module of the package `model`; nothing of it is left behind on failure."""
    if not config.model_file.is_file():
        raise ModelDefinitionError(
            f"{config.model_module_dir}/{config.model_class_filename} does not exist",
            hint="name the file in `model_module_dir` and `model_class_filename`",
        )
    name = f"{_PACKAGE}.{config.model_file.stem}"
    spec = importlib.util.spec_from_file_location(name, config.model_file)
    if spec is None or spec.loader is None:
        raise ModelDefinitionError(
            f"{config.model_class_filename} is no Python file", hint="its name has to end in .py"
        )
    try:
        package = _import_package(config.model_file.parent)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except BaseException:
        for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == _PACKAGE]:
            del sys.modules[loaded]
        raise
    setattr(package, config.model_file.stem, module)
    return module


def _import_package(directory: Path) -> ModuleType:
    """The folder of the model file as the package `model`, whatever the folder is called.

    Made by hand, because another package called `model` may be installed, which a folder without __init__.py
    would lose against.
    """
    source = directory / "__init__.py"
    if source.is_file():
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, source, submodule_search_locations=[str(directory)]
        )
    else:
        spec = importlib.machinery.ModuleSpec(_PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(directory)]
    assert spec is not None  # noqa: S101 - a .py file always has a loader
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    if spec.loader is not None:
        spec.loader.exec_module(package)
    return package
