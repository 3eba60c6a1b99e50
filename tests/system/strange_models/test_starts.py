"""What a model starts: forks of every kind, pools, sessions of their own. The slot comes back when the work has ended,
and nothing is left when the replica is gone.
"""

import os

import httpx

from system.serving import wait_until

ESCAPES = """
    import os, signal, subprocess, time

    SHELL = "trap '' TERM; sleep 600 & echo $$ $!; wait"

    class Model:
        def predict(self, ends):
            # A double fork: setsid forks, because it is started as the leader of a group.
            outer = subprocess.Popen(
                ["setsid", "sh", "-c", SHELL], stdout=subprocess.PIPE, start_new_session=True
            )
            pids = [int(one) for one in outer.stdout.readline().split()]
            if ends:
                os.kill(os.getpid(), signal.SIGKILL)
            return pids
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_model_has_started_in_a_session_of_its_own_is_gone_with_its_replica(strange):
    model = strange.serve(ESCAPES)
    pids = model.predict(False).json()
    assert all(map(is_alive, pids))
    httpx.post(f"{model.api}/production/deactivate", timeout=10).raise_for_status()
    wait_until(lambda: not any(map(is_alive, pids)), 15, "the replica and all that it started are gone")
