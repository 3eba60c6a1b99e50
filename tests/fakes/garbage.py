"""What only the garbage collector would free."""

import gc
from contextlib import contextmanager
from types import CoroutineType, FrameType, FunctionType, ModuleType


@contextmanager
def no_circles(kind):
    """No object of `kind` that was made inside is left when nobody refers to it any more, collector or not."""
    gc.collect()
    gc.disable()
    try:
        before = _count(kind)
        yield
        assert _count(kind) == before
    finally:
        gc.enable()


@contextmanager
def no_garbage():
    """Of what the block drops, nothing of Headway's waits for the collector."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        assert [one for one in map(type, gc.garbage) if one.__module__.startswith("headway.")] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _count(kind):
    return sum(type(one) is kind for one in gc.get_objects())


def mentioned_by(top, text):
    """Where strings with `text` in them are kept below `top`, in Headway's objects and in what these hold."""
    found, seen, waiting = [], set(), [(top, type(top).__name__)]
    while waiting:
        one, path = waiting.pop()
        if isinstance(one, str) and text in one:
            found.append(f"{path}: {one[:100]}")
        if (
            id(one) in seen
            or not type(one).__module__.startswith(_FOLLOWED)
            or isinstance(one, _NOT_FOLLOWED)
        ):
            continue
        seen.add(id(one))
        keys = (
            list(one) if isinstance(one, dict) else []
        )  # which are not among its referents if they are texts
        waiting += [(other, f"{path} > {type(other).__name__}") for other in [*keys, *gc.get_referents(one)]]
    return found


_FOLLOWED = ("headway.", "builtins", "collections")
_NOT_FOLLOWED = (type, ModuleType, FunctionType, FrameType, CoroutineType)
