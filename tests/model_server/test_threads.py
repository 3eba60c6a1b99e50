"""Functions on threads: how many, in which context, and that they cannot be cancelled."""

import asyncio
import contextvars
import threading

import pytest

from headway.model_server.threads import ThreadPool

TAG = contextvars.ContextVar("TAG", default="none")


async def test_results_and_exceptions_come_back():
    pool = ThreadPool("pool", 2)
    assert await pool.run(divmod, 7, 3) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        await pool.run(divmod, 7, 0)
    assert pool.running == 0


async def test_as_many_functions_run_at_once_as_the_limit_says():
    pool = ThreadPool("pool", 3)
    meeting = threading.Barrier(3, timeout=10)
    await asyncio.gather(*(pool.run(meeting.wait) for _ in range(3)))


async def test_one_thread_serves_a_pool_of_one_in_order():
    pool = ThreadPool("pool", 1)
    order = []
    names = await asyncio.gather(
        *(pool.run(lambda n=n: order.append(n) or threading.current_thread().name) for n in range(20))
    )
    assert order == list(range(20))
    assert set(names) == {"pool-1"}


async def test_threads_are_made_when_they_are_needed():
    pool = ThreadPool("pool", 50)
    for _ in range(10):
        await pool.run(int)
    assert pool._threads == 1


async def test_a_thread_that_could_not_be_started_is_not_counted_upon(monkeypatch):
    pool = ThreadPool("pool", 1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pool.run(int)
    assert await pool.run(int) == 0


async def test_the_function_sees_the_callers_context_and_cannot_change_it():
    pool = ThreadPool("pool", 1)
    TAG.set("caller")
    assert await pool.run(TAG.get) == "caller"
    await pool.run(TAG.set, "thread")
    assert TAG.get() == "caller"


async def test_a_cancelled_task_learns_of_it_only_when_the_function_has_returned():
    pool = ThreadPool("pool", 1)
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work():
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)

    async def caller():
        await pool.run(work)

    task = asyncio.create_task(caller())
    await begun.wait()
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    assert pool.running == 1
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pool.running == 0


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_what_ends_a_process_ends_only_the_call(error):
    pool = ThreadPool("pool", 1)

    def work():
        raise error

    with pytest.raises(type(error)):
        await pool.run(work)
    assert await pool.run(int) == 0


async def test_stop_iteration_is_an_error_like_any_other():
    pool = ThreadPool("pool", 1)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await pool.run(next, iter(()))
