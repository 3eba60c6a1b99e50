"""What the dispatcher itself costs per request (one `submit`, one `finish`) with nobody, 10 and 10,000 queued.

Run: python benchmarks/dispatch_cost.py
"""

import time
from collections import deque

from headway.core.dispatch import Dispatcher, Events
from headway.core.events import Dispatched
from headway.core.settings import DeploymentSettings

_REPLICAS, _CONCURRENCY_TARGET = 4, 8
_SLOTS = _REPLICAS * _CONCURRENCY_TARGET
_REQUESTS = 30_000
_ROUNDS = 7


def main() -> None:
    print(f"{_REPLICAS} replicas, concurrency target {_CONCURRENCY_TARGET}, best of {_ROUNDS} rounds")
    print(f"{'queued':>8}  {'microseconds per request':>24}")
    for queued in (0, 10, 10_000):
        cost = min(_cost(queued) for _ in range(_ROUNDS))
        print(f"{queued:>8,}  {cost * 1e6:>24.2f}")


def _cost(queued: int) -> float:
    """Seconds per request while all slots but one are taken, or all of them and `queued` requests wait."""
    dispatcher: Dispatcher[int] = Dispatcher(
        DeploymentSettings(concurrency_target=_CONCURRENCY_TARGET, queue_limit=queued + 1), 0.0
    )
    in_flight: deque[int] = deque()

    def follow(events: Events[int]) -> None:
        in_flight.extend(event.request for event in events if type(event) is Dispatched)

    for number in range(_REPLICAS):
        dispatcher.add_replica(f"replica-{number}", 0.0)
    standing = _SLOTS + queued if queued else _SLOTS - 1
    for request in range(standing):
        follow(dispatcher.submit(request, 0.0))
    begin = time.perf_counter()
    for request in range(standing, standing + _REQUESTS):
        now = request * 1e-4
        follow(dispatcher.submit(request, now))
        follow(dispatcher.finish(in_flight.popleft(), now))
    return (time.perf_counter() - begin) / _REQUESTS


if __name__ == "__main__":
    main()
