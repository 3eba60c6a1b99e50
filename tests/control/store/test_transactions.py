"""Changes that belong together, callers that come at once, and processes that die."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from control.store.stored import ECHO, KEY, SECRET, decision, deployment
from headway.control.store.failures import StoreError
from headway.control.store.rows import ModelRow, SecretRow, StoredState

NOTHING = StoredState((), (), (), (), ())


def test_a_transaction_is_kept_wholly(store, open_store):
    with store.transaction():
        store.add_model(ECHO)
        store.save_deployment(deployment())
        assert store.load().models == (ECHO,)
        assert open_store().load() == NOTHING
    assert open_store().load().deployments == (deployment(),)


def test_a_transaction_that_raises_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.save_deployment(deployment(version=(store.add_model(ECHO), 1 / 0)))
    assert store.load() == NOTHING
    store.add_model(ECHO)
    assert store.load().models == (ECHO,)


def test_a_refused_call_in_a_transaction_can_be_got_over(filled):
    with filled.transaction():
        filled.save_secret(SecretRow("a", "1", 1.0))
        with pytest.raises(StoreError):
            filled.add_key(KEY)
        filled.save_secret(SecretRow("b", "2", 2.0))
    assert [row.name for row in filled.load().secrets] == ["a", "b", SECRET.name]


def test_transactions_do_not_nest(store):
    with pytest.raises(StoreError, match="cannot hold another"), store.transaction(), store.transaction():
        pass
    assert store.load() == NOTHING


def test_any_thread_may_call(filled):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(filled.load).result() == filled.load()
        pool.submit(filled.save_secret, SecretRow("b", "2", 2e9)).result()
    assert [row.name for row in filled.load().secrets] == [SECRET.name, "b"]


def test_two_stores_add_the_same_rows_at_once(filled, open_store):
    def add(store):
        for number in range(20):
            store.add_model(ModelRow(f"m{number}", 1.0))
            store.save_deployment(deployment(f"e{number}", model=f"m{number}"))
            store.add_decisions([decision(float(number))], keep=5)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, [open_store(), open_store()]))
    assert len(filled.load().models) == 21
    assert len(filled.load().deployments) == 21
    assert len(filled.decisions("d1")) == 5


KILLED = """
import sys
from headway.control.store.rows import ModelRow, SecretRow
from headway.control.store.store import Store
store = Store(sys.argv[1])
store.add_model(ModelRow("before", 1.0))
with store.transaction():
    store.add_model(ModelRow("half", 2.0))
    store.save_secret(SecretRow("half", "2", 2.0))
    store.delete_model("echo")
    print("in the middle", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_leaves_no_half_made_change(filled, url):
    before = filled.load()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
    filled.delete_model("before")  # at once: the lock went with the process
    assert filled.load() == before
