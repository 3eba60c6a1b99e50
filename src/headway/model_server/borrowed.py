"""Threads of others that a call's asynchronous code has work done on: AnyIO's, on which Starlette reads files and runs
background tasks, and those of executors, `asyncio.to_thread`'s among them.

What runs there cannot be interrupted, but the task that waits for it can. Here the call learns of it, so that it is not
over before it (I4, I6). Where the code itself says that such work may be abandoned, it is.
"""

import importlib.util
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import uvloop

from headway.model_server.call import Call, current_call

_ANYIO_BACKEND = "anyio._backends._asyncio"


class ReplicaLoop(uvloop.Loop):
    """A loop whose executors' work is known to the call on whose behalf it is done."""

    _default: Executor | None = None

    def set_default_executor(self, executor: Any) -> None:
        self._default = executor
        super().set_default_executor(executor)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        call = current_call.get(None)
        if call is None:
            return super().run_in_executor(executor, func, *args)
        if executor is None:
            if self._default is None:
                self.set_default_executor(ThreadPoolExecutor())
            executor = self._default
        return super().run_in_executor(_Noting(executor, call), func, *args)


class _Noting(Executor):
    """Submits to another executor, and tells the call."""

    def __init__(self, executor: Executor, call: Call) -> None:
        self._executor = executor
        self._call = call

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        job = self._executor.submit(fn, *args, **kwargs)
        self._call.borrow(job)
        return job


def watch_anyio() -> None:
    """Tell calls what runs for them on AnyIO's threads, from when a model imports it on: it may never."""
    if _ANYIO_BACKEND in sys.modules:
        _watch(sys.modules[_ANYIO_BACKEND])
    else:
        sys.meta_path.insert(0, _WhenImported())


class _WhenImported(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname != _ANYIO_BACKEND:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            loader, execute = spec.loader, spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                _watch(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _watch(module: ModuleType) -> None:
    backend = getattr(module, "AsyncIOBackend", None)
    run = getattr(backend, "run_sync_in_worker_thread", None)
    if backend is not None and run is not None:
        backend.run_sync_in_worker_thread = staticmethod(_noted(run))


def _noted(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def run_noted(func: Callable[..., Any], *more: Any, **options: Any) -> Any:
        call = current_call.get(None)
        if call is None or options.get("abandon_on_cancel"):
            return await run(func, *more, **options)
        job: Future[None] = Future()

        def work(*arguments: Any) -> Any:
            if not job.set_running_or_notify_cancel():
                return None  # nobody waits for it any more, and it has not begun
            try:
                return func(*arguments)
            finally:
                job.set_result(None)

        call.borrow(job)
        try:
            return await run(work, *more, **options)
        finally:
            job.cancel()  # has an effect only before it has begun

    return run_noted
