"""Threads that run a model's synchronous functions, and the way back to the event loop.

A pool has as many threads as it may ever run functions at once, so that nothing waits inside it: what bounds
`predict` is the gate. It knows nothing of requests.
"""

import asyncio
import concurrent.futures
import contextvars
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any

from headway.model_server.forks import end_if_copy

_Job = tuple["Running", contextvars.Context, Callable[..., Any], tuple[Any, ...]]


class Running(asyncio.Future[Any]):
    """The end of a function on a thread. It cannot be cancelled, for the function cannot be interrupted:
    a task that is cancelled while it waits here learns of it when the function has returned (I6).
    """

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ARG002 - asyncio's signature
        return False


def ended(job: "concurrent.futures.Future[Any]") -> Running:
    """The end of a function on a thread of somebody else's, whatever came of it."""
    loop = asyncio.get_running_loop()
    running = Running(loop=loop)
    job.add_done_callback(lambda _: loop.call_soon_threadsafe(running.set_result, None))
    return running


class ThreadPool:
    """Up to `limit` threads, made when they are first needed, for the running event loop.

    Results come back in batches, one wake-up of the loop for all that are ready: 18 us a call with one in
    flight and 2.4 us with 32, where asyncio.to_thread takes 69.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._ended: deque[tuple[Running, Any, BaseException | None]] = deque()
        self._is_woken = False
        self._threads = 0
        self.running = 0
        """Functions handed to a thread and not yet handed back."""

    def run(self, function: Callable[..., Any], *arguments: Any) -> Running:
        """Run the function on a thread, in a copy of the caller's context; await what is returned."""
        if self.running >= self._threads < self._limit:
            Thread(target=self._work, name=f"{self._name}-{self._threads + 1}", daemon=True).start()
            self._threads += 1
        self.running += 1
        running = Running(loop=self._loop)
        self._jobs.put((running, contextvars.copy_context(), function, arguments))
        return running

    def _work(self) -> None:
        while True:
            running, context, function, arguments = self._jobs.get()
            ended: tuple[Running, Any, BaseException | None]
            try:
                ended = (running, context.run(function, *arguments), None)
            except BaseException as error:  # noqa: BLE001 - whatever a model raises, its request is told
                ended = (running, None, _raisable(error))
            end_if_copy()
            self._ended.append(ended)
            # Set before it is read here, cleared before the loop takes what has ended: nothing stays behind.
            if not self._is_woken:
                self._is_woken = True
                self._loop.call_soon_threadsafe(self._hand_back)
            # A thread that waits for work must not keep the last request's inputs alive.
            del running, context, function, arguments, ended

    def _hand_back(self) -> None:
        self._is_woken = False
        while self._ended:
            running, result, error = self._ended.popleft()
            self.running -= 1
            if error is None:
                running.set_result(result)
            else:
                running.set_exception(error)


def _raisable(error: BaseException) -> BaseException:
    """A future refuses StopIteration, which would end the generator that waits for it."""
    if isinstance(error, StopIteration):
        replacement = RuntimeError("the function raised StopIteration")
        replacement.__cause__ = error
        return replacement
    return error
