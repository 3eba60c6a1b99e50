"""The gateway's metrics: `GET /metrics` on the port for requests."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial

from headway.core.stages import Stage
from headway.gateway.deployment_queue import DeploymentQueue
from headway.gateway.records import RECORDS_PER_SECOND, Recorder
from headway.gateway.tally import Tally
from headway.http.exchange import Exchange
from headway.http.receivers import Receiver, Silent
from headway.telemetry.prometheus import Family, Labels, Samples, Value, exposition

_DEPLOYMENT = ("model", "deployment")
_SAMPLED = (
    f" As told by replicas when their answers begin; of requests with a record, that is of all up to"
    f" {RECORDS_PER_SECOND} a second."
)
REQUESTS = Family(
    "headway_requests_total",
    "counter",
    "Requests that ended, by the status told (0: none) and the outcome.",
    (*_DEPLOYMENT, "status", "outcome"),
)
QUEUED = Family("headway_queued", "gauge", "Requests that wait for a slot.", _DEPLOYMENT)
IN_FLIGHT = Family("headway_in_flight", "gauge", "Slots taken, by abandoned work too.", _DEPLOYMENT)
ABANDONED = Family("headway_abandoned", "gauge", "Slots taken by work whose client has left.", _DEPLOYMENT)
SLOTS = Family(
    "headway_slots", "gauge", "Concurrency target times the replicas that take requests.", _DEPLOYMENT
)
SLOTS_FREE = Family("headway_slots_free", "gauge", "Slots of those replicas that are free.", _DEPLOYMENT)
REPLICA_HELD = Family(
    "headway_replica_held", "gauge", "Requests that a replica holds.", (*_DEPLOYMENT, "replica")
)
QUEUE_SECONDS = Family(
    "headway_queue_seconds",
    "histogram",
    "Wait for a free slot, without cold starts, of every request that got one, once it has ended.",
    _DEPLOYMENT,
)
REQUEST_SECONDS = Family(
    "headway_request_seconds",
    "histogram",
    "Time from when a request could have got a slot to its end, of every request that came so far.",
    _DEPLOYMENT,
)
STAGE_SECONDS = {
    Stage.PREPROCESS.value: Family(
        "headway_preprocess_seconds", "histogram", "Time in preprocess." + _SAMPLED, _DEPLOYMENT
    ),
    Stage.GATE_WAIT.value: Family(
        "headway_gate_wait_seconds", "histogram", "Wait for the predict gate." + _SAMPLED, _DEPLOYMENT
    ),
    Stage.PREDICT.value: Family(
        "headway_predict_seconds", "histogram", "Time in predict, not of streams." + _SAMPLED, _DEPLOYMENT
    ),
    Stage.POSTPROCESS.value: Family(
        "headway_postprocess_seconds", "histogram", "Time in postprocess." + _SAMPLED, _DEPLOYMENT
    ),
}
SAMPLED_OUT = Family(
    "headway_records_sampled_out_total",
    "counter",
    "Requests that ended and of which no record was kept.",
    _DEPLOYMENT,
)
FAMILIES = (
    REQUESTS,
    QUEUED,
    IN_FLIGHT,
    ABANDONED,
    SLOTS,
    SLOTS_FREE,
    REPLICA_HELD,
    QUEUE_SECONDS,
    REQUEST_SECONDS,
    *STAGE_SECONDS.values(),
    SAMPLED_OUT,
)


class MetricsPage:
    """Answers scrapes. Those that come while a text is being made get that text."""

    def __init__(self, recorder: Recorder, queues: Mapping[str, DeploymentQueue]) -> None:
        self._recorder = recorder
        self._queues = queues
        self._waiting: list[Exchange] = []
        self._task: asyncio.Task[None] | None = None

    def serve(self, exchange: Exchange) -> Receiver:
        self._waiting.append(exchange)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer())
        return _Scrape(exchange)

    def samples(self) -> Samples:
        """Everything as it is now."""
        self._recorder.fold(time.monotonic())
        samples: dict[Family, list[tuple[Labels, Value]]] = {family: [] for family in FAMILIES}
        for queue in self._queues.values():
            _add_load(samples, queue)
        for tally in self._recorder.tallies():
            _add_ends(samples, tally)
        return samples

    async def _answer(self) -> None:
        """The text is made on a thread: the first needs an import of some 0.1 s, and each takes milliseconds."""
        accept = (self._waiting[0].header(b"accept") or b"").decode("latin-1")
        make = partial(exposition, self.samples(), accept)
        try:
            content_type, text = await asyncio.get_running_loop().run_in_executor(None, make)
        except BaseException:
            for exchange in self._waiting:
                exchange.abort()
            raise
        finally:
            self._task = None
            waiting, self._waiting = self._waiting, []
        for exchange in waiting:
            exchange.respond(200, f"content-type: {content_type}\r\n".encode(), text)


class _Scrape(Silent):
    """A scraper that waits."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def on_client_left(self) -> None:
        self._exchange.abort()


def _add_load(samples: dict[Family, list[tuple[Labels, Value]]], queue: DeploymentQueue) -> None:
    labels = queue.route.model, queue.route.deployment_id
    held, rotating = queue.held(), queue.fleet.rotating
    target = queue.settings.concurrency_target
    samples[QUEUED].append((labels, queue.load().queued))
    samples[IN_FLIGHT].append((labels, sum(held.values())))
    samples[ABANDONED].append((labels, queue.abandoned))
    samples[SLOTS].append((labels, target * len(rotating)))
    samples[SLOTS_FREE].append((labels, sum(max(0, target - held[one]) for one in rotating)))
    samples[REPLICA_HELD] += [((*labels, replica_id), count) for replica_id, count in held.items()]


def _add_ends(samples: dict[Family, list[tuple[Labels, Value]]], tally: Tally) -> None:
    labels = tally.model, tally.deployment_id
    samples[REQUESTS] += [
        ((*labels, str(status), outcome.value), count) for (outcome, status), count in tally.ends.items()
    ]
    if not tally.deployment_id:
        return  # of what was refused nothing else is known
    samples[QUEUE_SECONDS].append((labels, tally.queue_seconds.copy()))
    samples[REQUEST_SECONDS].append((labels, tally.request_seconds.copy()))
    for stage, family in STAGE_SECONDS.items():
        samples[family].append((labels, tally.stage_seconds[stage].copy()))
    samples[SAMPLED_OUT].append((labels, tally.sampled_out))
