"""One replica's state: the model from its loading to its end, and the calls that it holds. No sockets here."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from headway.model_server.call import HeldCalls
from headway.model_server.pipeline import Pipeline
from headway.model_server.threads import Running, ThreadPool
from headway.model_server.truss.hot_reload import reload_class
from headway.model_server.truss.loader import (
    LoadedModel,
    enter_truss,
    load_model,
    model_traceback,
    read_environment,
    set_up_environment,
)
from headway.model_server.truss.secrets import Secrets
from headway.model_server.truss.signatures import Hook, Kind, inspect_model
from headway.model_server.truss.truss_config import TrussConfig
from headway.telemetry.stage_board import StageBoard

if TYPE_CHECKING:
    from headway.model_server.tracing.pipeline import MakePipeline

ENVIRONMENT_POLL = 30.0
_HOOK_THREADS = 1000
"""More than a replica holds at once: synchronous hooks do not wait for each other (I5). Made when first needed."""
_log = logging.getLogger(__name__)


class ServedModel:
    """The model of one Truss; `pipeline` is None until it is ready. Made on the event loop."""

    def __init__(
        self,
        config: TrussConfig,
        *,
        secrets_directory: Path,
        environment_file: Path,
        board: StageBoard | None = None,
    ) -> None:
        self.config = config
        self.calls = HeldCalls(board)
        self.leaving: set[Callable[[], None]] = set()
        """What is called when the replica stops."""
        self.cancels = config.headway.on_disconnect == "cancel"
        self.pipeline: Pipeline | None = None
        self._make_pipeline: MakePipeline = Pipeline
        self._secrets = Secrets(config.secrets, secrets_directory)
        self._environment_file = environment_file
        # The model is loaded on the first of the threads that predict: with PC 1 it never sees another one.
        self._predict_threads = ThreadPool("predict", config.predict_concurrency)
        self._hook_threads = ThreadPool("hook", _HOOK_THREADS)
        self._health_threads = ThreadPool("health", 1)
        self._checking: Running | None = None

    async def load(self) -> None:
        """Make the model ready. Raises ModelDefinitionError, LoadFailedError."""
        os.environ.update(self.config.environment_variables)
        enter_truss(self.config)
        if self.config.expanded["runtime"]["enable_tracing_data"]:
            from headway.model_server.tracing.pipeline import traced  # few replicas need it

            self._make_pipeline = traced(os.environ)
        loaded = await load_model(
            self.config, self._secrets, self._environment_file, self._predict_threads.run
        )
        self._use(loaded)
        _widen_anyio(self.config.predict_concurrency + _HOOK_THREADS)
        _log.info("The model is loaded")

    async def is_healthy(self) -> bool:
        """What the model's `is_healthy` says once it is loaded; None counts as yes, an exception as no."""
        if self.pipeline is None:
            return False
        hook = self.pipeline.loaded.hooks.is_healthy
        if hook is None:
            return True
        try:
            verdict = await (hook.function() if hook.kind is Kind.ASYNC else self._health_check(hook))
        except BaseException as error:  # noqa: BLE001 - whatever it raises, the model is not well
            _log.error("Health check failed.\n%s", self._traceback(error))
            return False
        if verdict is None or verdict:
            return True
        _log.warning("Health check failed.")
        return False

    def _health_check(self, hook: Hook) -> Running:
        """The check that is under way, if one is: who asks again while it hangs starts no other."""
        if self._checking is None or self._checking.done():
            self._checking = self._health_threads.run(hook.function)
        return self._checking

    def hot_reload(self) -> None:
        """Give the living model object its class's new code. Raises whatever the new code does; then the old stays."""
        if self.pipeline is None:
            raise RuntimeError("the model is not loaded yet")
        model = self.pipeline.loaded.model
        before = model.__class__
        with reload_class(self.config) as new_class:
            try:
                model.__class__ = new_class
                self._use(LoadedModel(model, inspect_model(model)))
            except BaseException:
                model.__class__ = before
                raise

    async def follow_environment(self) -> None:
        """Until cancelled: call `setup_environment` again whenever the environment file's content differs."""
        path = self._environment_file
        known, modified = read_environment(path), _modified(path)
        while True:
            await asyncio.sleep(ENVIRONMENT_POLL)
            if self.pipeline is None or (at := _modified(path)) == modified:
                continue
            modified = at
            try:
                environment = read_environment(path)
                if environment != known:
                    known = environment
                    await set_up_environment(self.pipeline.loaded.model, environment, self._hook_threads.run)
            except Exception as error:  # noqa: BLE001 - the model goes on with the environment it knows
                _log.error("setup_environment failed\n%s", self._traceback(error))

    def stop(self) -> None:
        """Tell WebSockets, which have no end of their own, that this replica goes."""
        for departing in tuple(self.leaving):
            departing()

    def _use(self, loaded: LoadedModel) -> None:
        gate = self.pipeline.gate if self.pipeline is not None else None
        self.pipeline = self._make_pipeline(
            self.config, loaded, self._predict_threads, self._hook_threads, gate
        )

    def _traceback(self, error: BaseException) -> str:
        return model_traceback(error, self.config.model_class_filename)


def _widen_anyio(threads: int) -> None:
    """Starlette steps a StreamingResponse's plain iterator on AnyIO's threads: there shall be one for each."""
    if "anyio" in sys.modules:
        from anyio.to_thread import current_default_thread_limiter

        limiter = current_default_thread_limiter()
        limiter.total_tokens = max(limiter.total_tokens, threads)


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
