"""Makes a model ready: working directory, import, construction, `setup_environment` and `load`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.core.errors import HeadwayError
from headway.model_server.secrets import Secrets
from headway.model_server.signatures import Hooks
from headway.model_server.truss_config import TrussConfig

RunInThread = Callable[[Callable[[], Any]], Awaitable[Any]]


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


def enter_truss(config: TrussConfig) -> None:
    """Make this process's working directory and sys.path what the model's code expects. Call once, on start."""
    raise NotImplementedError


async def load_model(
    config: TrussConfig, secrets: Secrets, environment_file: Path, run_in_thread: RunInThread
) -> LoadedModel:
    """Import, construct, inspect, set up the environment, load. Raises ModelDefinitionError, LoadFailedError."""
    raise NotImplementedError


async def set_up_environment(model: Any, environment: Any, run_in_thread: RunInThread) -> None:
    """Call the model's `setup_environment`, if it has one; sync ones in a thread."""
    raise NotImplementedError


def read_environment(path: Path) -> Any:
    """The parsed JSON of the environment file, or None when there is none."""
    raise NotImplementedError


def model_traceback(error: BaseException, model_filename: str) -> str:
    """The traceback's text from the model file on; all of it when the model file is not in it."""
    raise NotImplementedError
