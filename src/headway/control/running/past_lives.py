"""What became of replicas: how often they were started and failed, how long a start took, and why the last one ended.

It is kept by deployment, in values that outlive control. It decides nothing.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_KEPT_STARTS = 20


@dataclass(slots=True)
class ReplicaHistory:
    """What became of the earlier lives of a replica id, while it is one deployment's."""

    deployment_id: str
    restarts: int = 0
    last_exit: str = ""


@dataclass(slots=True)
class _Past:
    """Of one deployment."""

    failures: int = 0
    reason: str = ""
    words: str = ""
    """What the log says of the exit with that reason."""
    start_times: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_STARTS))


class PastLives:
    """`touched` are the deployments of which something has changed since somebody cleared it."""

    def __init__(self) -> None:
        self.touched: set[str] = set()
        self._histories: dict[str, ReplicaHistory] = {}
        self._pasts: dict[str, _Past] = {}

    def of(self, replica_id: str, deployment_id: str) -> ReplicaHistory:
        history = self._histories.get(replica_id)
        if history is None or history.deployment_id != deployment_id:
            return ReplicaHistory(deployment_id)
        return history

    def note_failure(self, replica_id: str, deployment_id: str, reason: str, words: str) -> None:
        """It has ended unasked, or was stopped for being unfit."""
        past = self._past(deployment_id)
        past.failures += 1
        past.reason, past.words = reason, words
        history = self._histories[replica_id] = self.of(replica_id, deployment_id)
        history.restarts += 1
        history.last_exit = self.explained(deployment_id, reason)

    def note_start(self, deployment_id: str, seconds: float) -> None:
        self._past(deployment_id).start_times.append(seconds)

    def failures(self, deployment_id: str) -> int:
        return self._pasts.get(deployment_id, _Past()).failures

    def explained(self, deployment_id: str, reason: str) -> str:
        """Why its replica ended last, with what its log says of it. Only for who may read the log: the gateway tells
        its clients the reason alone.
        """
        past = self._pasts.get(deployment_id)
        return (
            f"{reason}: {past.words}" if past is not None and past.words and reason == past.reason else reason
        )

    def start_times(self, deployment_id: str) -> Sequence[float]:
        return tuple(self._pasts.get(deployment_id, _Past()).start_times)

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone, and so is what became of its replicas."""
        self.touched.discard(deployment_id)
        self._pasts.pop(deployment_id, None)
        self._histories = {
            name: one for name, one in self._histories.items() if one.deployment_id != deployment_id
        }

    def to_json(self, deployment_id: str) -> dict[str, Any]:
        past = self._pasts.get(deployment_id, _Past())
        return {
            "failures": past.failures,
            "reason": past.reason,
            "words": past.words,
            "start_times": list(past.start_times),
            "histories": {
                name: [one.restarts, one.last_exit]
                for name, one in self._histories.items()
                if one.deployment_id == deployment_id
            },
        }

    def restore(self, deployment_id: str, content: Mapping[str, Any]) -> None:
        """What `to_json` said. Raises LookupError, TypeError or ValueError for anything else."""
        past = _Past(int(content["failures"]), str(content["reason"]), str(content["words"]))
        past.start_times.extend(map(float, content["start_times"]))
        self._pasts[deployment_id] = past
        for name, (restarts, last_exit) in content["histories"].items():
            self._histories[name] = ReplicaHistory(deployment_id, int(restarts), str(last_exit))

    def _past(self, deployment_id: str) -> _Past:
        self.touched.add(deployment_id)
        return self._pasts.setdefault(deployment_id, _Past())
