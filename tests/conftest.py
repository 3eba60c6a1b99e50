"""Tests may be coroutines: each runs to its end on a fresh uvloop, as the product does, within a time limit. Property
tests are quick and repeatable by default, long and random with HYPOTHESIS_PROFILE=soak.
"""

import asyncio
import functools
import inspect
import os
import signal
import ssl

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, settings

_LIMIT = 20.0

# What a shell starts in the background ignores Ctrl-C, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# httpx reads the certificates of all authorities for each client, and for each call without one: 20 ms of CPU and more.
# Tests ask often, and nothing that they ask speaks TLS.
ssl.create_default_context = functools.cache(ssl.create_default_context)

settings.register_profile(
    "default",
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", settings.get_profile("default"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.function):
        return None
    arguments = {
        name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.function).parameters
    }
    uvloop.run(_within_limit(pyfuncitem.function(**arguments)))
    return True


async def _within_limit(story: "asyncio._CoroutineLike[None]") -> None:
    failures: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: failures.append(f"{context.get('message')}: {context.get('exception')!r}")
    )
    async with asyncio.timeout(_LIMIT):
        await story
    assert failures == []  # nothing went wrong where nobody looked
