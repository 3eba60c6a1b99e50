"""The replicas of one deployment as the gateway reaches them: admitted with what they hold already, doubted when
they break a connection, and gone when control says so.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from headway.core.dispatch import Dispatcher, Events
from headway.gateway.request import ProxiedRequest
from headway.gateway.table import ReplicaRoute
from headway.gateway.upstream import Upstream
from headway.http.fetch import FetchError

_log = logging.getLogger(__name__)

_ADMISSION_PAUSE = 0.1
_FOREIGN_POLL = 0.1
_MOST_TOLD = 20

CarryOut = Callable[[Events[ProxiedRequest], float], None]


class Fleet:
    """The ways to a deployment's replicas. What it learns it tells the dispatcher."""

    def __init__(self, dispatcher: Dispatcher[ProxiedRequest], carry_out: CarryOut) -> None:
        self._loop = asyncio.get_running_loop()
        self._dispatcher = dispatcher
        self._carry_out = carry_out
        self._upstreams: dict[str, Upstream] = {}
        self._admitted: set[str] = set()
        self.ready = 0
        """Replicas that the dispatcher knows."""
        self.ready_since = 0.0
        """The instant at which the first of the present replicas became ready."""

    def __getitem__(self, replica_id: str) -> Upstream:
        return self._upstreams[replica_id]

    def requests(self) -> list[ProxiedRequest]:
        """All that wait for a slot, then those that hold one."""
        waiting = [request for request, _ in self._dispatcher.waiting(self._dispatcher.queued)]
        held = [request for replica_id in self._admitted for request in self._dispatcher.held_by(replica_id)]
        return waiting + held

    @property
    def rotating(self) -> list[str]:
        """The replicas that are given requests, by id."""
        return [
            replica_id
            for replica_id in self._admitted
            if not self._upstreams[replica_id].route.draining and not self._upstreams[replica_id].doubted
        ]

    def apply(self, routes: Iterable[ReplicaRoute]) -> None:
        """Bring the replicas to those of the routes; another generation is another replica."""
        wanted = {route.replica_id: route for route in routes}
        for replica_id, upstream in list(self._upstreams.items()):
            route = wanted.get(replica_id)
            if route is None or route.generation != upstream.route.generation:
                self._remove(upstream)
        for replica_id, route in wanted.items():
            known = self._upstreams.get(replica_id)
            if known is None:
                known = self._upstreams[replica_id] = Upstream(route)
                known.run(self._admit(known))
            elif replica_id in self._admitted and (route.draining or known.route.draining):
                self._set_draining(route)
            known.route = route

    def close(self) -> None:
        """The deployment is gone. What its replicas still hold is lost, and nothing is told from then on."""
        self.apply(())
        # Whom it told refers to this: a circle would wait for the garbage collector.
        self._carry_out = _to_nobody

    def doubt(self, upstream: Upstream) -> None:
        """Give the replica nothing before it accepts a connection again."""
        if upstream.route.replica_id in self._admitted and not upstream.closed and not upstream.doubted:
            upstream.doubted = True
            self._dispatcher.suspend_replica(upstream.route.replica_id)
            upstream.run(self._resume(upstream))

    async def _admit(self, upstream: Upstream) -> None:
        """Nothing is sent before it is known what the replica holds for an earlier gateway (I1)."""
        while True:
            try:
                foreign = set(await upstream.held())
                break
            except FetchError:
                await asyncio.sleep(_ADMISSION_PAUSE)
        upstream.read_board()
        now = self._loop.time()
        replica_id = upstream.route.replica_id
        if not self._admitted:
            self.ready_since = now
        self._admitted.add(replica_id)
        self.ready = len(self._admitted)
        draining = upstream.route.draining
        events = self._dispatcher.add_replica(replica_id, now, held=len(foreign), draining=draining)
        self._carry_out(events, now)
        while foreign:
            await asyncio.sleep(_FOREIGN_POLL)
            foreign = await self._release_foreign(upstream, foreign)

    async def _release_foreign(self, upstream: Upstream, foreign: set[str]) -> set[str]:
        try:
            still = foreign & set(await upstream.held())
        except FetchError:
            return foreign
        if len(still) < len(foreign):
            now = self._loop.time()
            released = len(foreign) - len(still)
            self._carry_out(self._dispatcher.release_foreign(upstream.route.replica_id, now, released), now)
        return still

    async def _resume(self, upstream: Upstream) -> None:
        await upstream.until_reachable()
        now = self._loop.time()
        upstream.doubted = False
        self._carry_out(self._dispatcher.resume_replica(upstream.route.replica_id, now), now)

    def _set_draining(self, route: ReplicaRoute) -> None:
        """Control may have missed that a replica is drained: each table that asks is answered."""
        now = self._loop.time()
        change = self._dispatcher.drain_replica if route.draining else self._dispatcher.undrain_replica
        self._carry_out(change(route.replica_id, now), now)

    def _remove(self, upstream: Upstream) -> None:
        replica_id = upstream.route.replica_id
        del self._upstreams[replica_id]
        if inside := upstream.inside():
            told = "; ".join(
                f"{len(held)} in {stage}: {', '.join(held[:_MOST_TOLD])}" for stage, held in inside.items()
            )
            _log.warning("a replica ended with requests inside: %s", told, extra={"replica": replica_id})
        upstream.close()
        if replica_id in self._admitted:
            for request in self._dispatcher.held_by(replica_id):
                if request.outlives_its_replica:
                    request.give_back()
            self._admitted.discard(replica_id)
            self.ready = len(self._admitted)
            now = self._loop.time()
            self._carry_out(self._dispatcher.remove_replica(replica_id, now), now)


def _to_nobody(_events: Events[ProxiedRequest], _now: float) -> None: ...
