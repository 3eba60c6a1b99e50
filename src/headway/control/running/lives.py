"""Puts what is known of a deployment's replicas, past and present, into values that outlive control, and takes it back.

Instants are monotonic here and the wall clock's there.
"""

import logging
import time
from collections.abc import Callable, Container, Mapping
from typing import Any

from headway.control.running.replica import SupervisedReplica
from headway.control.running.replicas import ReplicaSet
from headway.core.reconcile import Reconciler, RestartHistory

_logger = logging.getLogger(__name__)

_INSTANTS = ("since", "ordered_at", "ready_at")


class Lives:
    """`reconciler` gives each deployment's; `were_ready` are those that have had a ready replica."""

    def __init__(
        self, replicas: ReplicaSet, reconciler: Callable[[str], Reconciler], were_ready: set[str]
    ) -> None:
        self._replicas = replicas
        self._reconciler = reconciler
        self._were_ready = were_ready
        self._present: dict[tuple[str, int], Mapping[str, Any]] = {}
        """Replicas that ran when it was stored last, by id and generation."""
        self.remember: Callable[[str, Mapping[str, Any]], None] = lambda _deployment_id, _life: None

    def failed_starts(self, deployment_id: str) -> int:
        """How many of its starts have failed since one succeeded."""
        return self._reconciler(deployment_id).failed_starts

    def retry_at(self, deployment_id: str) -> float:
        """Before this instant none of its replicas is started."""
        return self._reconciler(deployment_id).retry_at

    def tell(self, deployment_ids: Container[str]) -> None:
        """Have remembered what has changed of these."""
        touched = self._replicas.past.touched
        for deployment_id in touched:
            if deployment_id in deployment_ids:
                self.remember(deployment_id, self.to_json(deployment_id))
        touched.clear()

    def to_json(self, deployment_id: str) -> dict[str, Any]:
        offset = time.time() - time.monotonic()
        restarts = self._reconciler(deployment_id).history
        return {
            **self._replicas.past.to_json(deployment_id),
            "was_ready": deployment_id in self._were_ready,
            "restarts": {
                "failed_starts": restarts.failed_starts,
                "failures": restarts.failures,
                "reason": restarts.reason,
                "failed_at": restarts.failed_at + offset,
                "retry_at": restarts.retry_at + offset,
            },
            "present": [_told(one, offset) for one in self._replicas.of(deployment_id)],
        }

    def restore(self, deployment_id: str, content: Mapping[str, Any]) -> None:
        """What `to_json` of an earlier control said. Anything else is told, and left."""
        now, offset = time.monotonic(), time.time() - time.monotonic()
        try:
            self._replicas.past.restore(deployment_id, content)
            restarts = content["restarts"]
            self._reconciler(deployment_id).restore(
                RestartHistory(
                    int(restarts["failed_starts"]),
                    int(restarts["failures"]),
                    str(restarts["reason"]),
                    float(restarts["failed_at"]) - offset,
                    float(restarts["retry_at"]) - offset,
                ),
                now,
            )
            if content["was_ready"]:
                self._were_ready.add(deployment_id)
            for one in content["present"]:
                self._present[one["replica_id"], int(one["generation"])] = {
                    "state": one["state"],
                    **{name: one[name] and float(one[name]) for name in _INSTANTS},
                }
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            _logger.warning("what became of the replicas of %s is not known: %r", deployment_id, error)

    def recall(self, replica: SupervisedReplica) -> None:
        """It was adopted: what an earlier control knew of its age counts on."""
        known = self._present.pop((replica.replica_id, replica.running.generation), None)
        if known is None:
            return
        now, offset = time.monotonic(), time.time() - time.monotonic()
        since, ordered_at, ready_at = (
            None if known[name] is None else min(now, known[name] - offset) for name in _INSTANTS
        )
        if known["state"] != replica.state.value:
            since = None
        replica.recall(since=since, ordered_at=ordered_at, ready_at=ready_at)


def _told(replica: SupervisedReplica, offset: float) -> dict[str, Any]:
    return {
        "replica_id": replica.replica_id,
        "generation": replica.running.generation,
        "state": replica.state.value,
        "since": replica.since + offset,
        "ordered_at": replica.ordered_at + offset,
        "ready_at": None if replica.ready_at is None else replica.ready_at + offset,
    }
