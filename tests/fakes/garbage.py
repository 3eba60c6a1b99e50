"""What only the garbage collector would free."""

import gc
from contextlib import contextmanager


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
