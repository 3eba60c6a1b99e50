"""Does what a request tells it to: echoes a value, waits, streams, and fails in every way that Python offers."""

import asyncio
import os
import signal
import time


class Model:
    async def preprocess(self, request):
        if isinstance(request, dict):
            await asyncio.sleep(request.get("preprocess", 0))
        return request

    async def predict(self, request):
        if not isinstance(request, dict):
            return request
        await asyncio.sleep(request.get("predict", 0))
        act = _ACTS.get(request.get("do"))
        return request if act is None else act(request)

    def completions(self, request):
        """The same without a coroutine: what runs here cannot be stopped."""
        time.sleep(request.get("predict", 0))
        act = _ACTS.get(request.get("do"))
        return request if act is None else act(request)


async def _stream(request):
    for number in range(request["chunks"]):
        if number == request.get("raise_at"):
            raise RuntimeError("in a stream, on demand")
        yield bytes(request.get("size", 1))
        await asyncio.sleep(request.get("pause", 0))


def _raise(_):
    raise RuntimeError("on demand")


def _leave(_):
    raise SystemExit(3)


def _interrupt(_):
    raise KeyboardInterrupt


def _recurse(request):
    return _recurse(request)


def _cyclic(_):
    cycle = []
    cycle.append(cycle)
    return cycle


_ACTS = {
    "stream": _stream,
    "raise": _raise,
    "SystemExit": _leave,
    "KeyboardInterrupt": _interrupt,
    "recurse": _recurse,
    "return a set": lambda _: {1, 2},
    "return an object": lambda _: object(),
    "return a cycle": _cyclic,
    "return a surrogate": lambda _: "\ud800",
    "_exit": lambda _: os._exit(7),
    "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
}
