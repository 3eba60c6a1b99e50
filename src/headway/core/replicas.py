"""The slots of a deployment's replicas, ordered by how many are taken: the least loaded one is always at hand.

"Free" is stored, never found by scanning: replicas in rotation stand in levels by what they hold, so that taking
and releasing a slot moves one replica by one level.
"""

from collections.abc import Iterator
from typing import Any

from headway.core.errors import UsageError


class Replica:
    """One replica as the dispatcher sees it. `held` counts all slots taken, `foreign` those of an earlier gateway."""

    __slots__ = ("abandoned", "draining", "foreign", "held", "replica_id", "requests", "suspended")

    def __init__(self, replica_id: str, foreign: int) -> None:
        self.replica_id = replica_id
        self.held = foreign
        self.foreign = foreign
        self.abandoned = foreign  # whoever waited for that work has lost its connection
        self.requests: dict[Any, None] = {}
        self.draining = False
        self.suspended = False

    def __repr__(self) -> str:
        return f"<Replica {self.replica_id}: holds {self.held}, {self.abandoned} of them abandoned>"

    @property
    def in_rotation(self) -> bool:
        return not self.draining and not self.suspended


class ReplicaSlots:
    """Replicas by id, and those in rotation by level."""

    def __init__(self) -> None:
        self._replicas: dict[str, Replica] = {}
        self._levels: list[dict[Replica, None]] = [{}]
        self._least = 0  # no replica in rotation stands below this level
        self._rotating = 0

    def __len__(self) -> int:
        return len(self._replicas)

    def __contains__(self, replica_id: str) -> bool:
        return replica_id in self._replicas

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._replicas.values())

    def __getitem__(self, replica_id: str) -> Replica:
        try:
            return self._replicas[replica_id]
        except KeyError:
            raise UsageError(f"there is no replica {replica_id}") from None

    @property
    def rotating(self) -> int:
        """How many replicas can be given requests."""
        return self._rotating

    def add(self, replica: Replica) -> None:
        if replica.replica_id in self._replicas:
            raise UsageError(f"replica {replica.replica_id} was added already")
        self._replicas[replica.replica_id] = replica
        if replica.in_rotation:
            self._enter(replica)

    def remove(self, replica: Replica) -> None:
        if replica.in_rotation:
            self._leave(replica)
        del self._replicas[replica.replica_id]

    def set_rotation(
        self, replica: Replica, *, draining: bool | None = None, suspended: bool | None = None
    ) -> None:
        """What is not told stays as it is."""
        if replica.in_rotation:
            self._leave(replica)
        if draining is not None:
            replica.draining = draining
        if suspended is not None:
            replica.suspended = suspended
        if replica.in_rotation:
            self._enter(replica)

    def least_loaded(self, target: int) -> Replica | None:
        """The replica in rotation that holds the fewest, the longest so; None when all hold `target` or more."""
        if not self._rotating:
            return None
        levels, least = self._levels, self._least
        while not levels[least]:
            least += 1
        self._least = least
        return next(iter(levels[least])) if least < target else None

    def take(self, replica: Replica) -> None:
        """A slot of a replica in rotation is taken."""
        del self._levels[replica.held][replica]
        replica.held += 1
        self._stand(replica)

    def release(self, replica: Replica, count: int = 1) -> None:
        """Slots are free again."""
        if (
            replica.draining or replica.suspended
        ):  # as in_rotation says; a property costs as much as two calls
            replica.held -= count
            return
        del self._levels[replica.held][replica]
        replica.held -= count
        self._stand(replica)

    def _enter(self, replica: Replica) -> None:
        self._rotating += 1
        self._stand(replica)

    def _leave(self, replica: Replica) -> None:
        self._rotating -= 1
        del self._levels[replica.held][replica]

    def _stand(self, replica: Replica) -> None:
        levels, held = self._levels, replica.held
        while len(levels) <= held:
            levels.append({})
        levels[held][replica] = None
        if held < self._least:  # noqa: PLR1730 - min() here cost a request 2% more
            self._least = held
