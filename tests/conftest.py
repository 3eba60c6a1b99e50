"""Tests may be coroutines: each runs to its end on a fresh uvloop, as the product does, within a time limit."""

import asyncio
import inspect

import pytest
import uvloop

_LIMIT = 20.0


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
