"""Takes the records that a simulation is to replay from where they are kept, as the lines that `worker` reads."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson

from headway.control.plane import ControlPlane
from headway.core.stages import Stage
from headway.observed.records import Outcome, RequestRecord

_PAGE = 1000


@dataclass(slots=True)
class Replayed:
    """Records of some time, in the words of the simulating process."""

    lines: list[bytes] = field(default_factory=list)
    requests: int = 0
    finished: int = 0
    served: int = 0
    """Those that finished and say how long predict took."""
    begin: float = 0.0
    """When the first of them arrived; seconds since 1970."""
    is_cut: bool = False
    """There are older ones still, too many to take."""

    @property
    def knows_predict(self) -> bool:
        """Not of a server that the Truss brings: it tells no times of its own."""
        return self.served > 0 or not self.finished


async def gather(
    plane: ControlPlane, deployment_id: str, since: float, until: float, *, most: int
) -> Replayed:
    """The newest `most` records, a page at a time: others have their turn between two pages."""
    taken = Replayed(begin=until)
    async for page in _pages(plane, deployment_id, since, until):
        room = most - taken.requests
        if not room:
            taken.is_cut = True
            break
        part = page[:room]
        taken.lines.append(
            orjson.dumps([(one.arrived_at, one.outcome, one.seconds, one.stages) for one in part])
        )
        taken.requests += len(part)
        finished = [one for one in part if one.outcome is Outcome.FINISHED]
        taken.finished += len(finished)
        taken.served += sum(Stage.PREDICT in one.stages for one in finished)
        taken.begin = min(taken.begin, *(one.arrived_at for one in part))
        if len(page) > room:
            taken.is_cut = True
            break
        await asyncio.sleep(0)
    return taken


async def _pages(
    plane: ControlPlane, deployment_id: str, since: float, until: float
) -> AsyncIterator[Sequence[RequestRecord]]:
    """The newest first, no page empty. The only place that knows where records are kept."""
    if plane.stored_requests.are_kept:
        async for stored in plane.stored_requests.newest(deployment_id, since, until):
            yield stored
        return
    requests = plane.supervisor.requests
    just_before = math.nextafter(since, 0.0)  # it takes those after an instant
    kept = requests.latest(deployment_id, limit=len(requests), since=just_before)
    found = [one for one in kept if one.arrived_at < until]
    for begin in range(0, len(found), _PAGE):
        yield found[begin : begin + _PAGE]
