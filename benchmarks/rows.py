"""The rows: what is measured, between whom, and the floor and goal that PERFORMANCE states for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks import console, control, gateways, readiness, replicas, simulation
from benchmarks.contenders import Contender, Running
from benchmarks.load import Figures, Wrk, numbers_body, picture_body
from benchmarks.models import CHUNKS, SLEEP
from benchmarks.processes import LOAD_CORE, SERVER_CORE
from benchmarks.queueing import (
    DISCONNECT_WITHIN,
    HELD,
    TIMEOUT_WITHIN,
    hold_many,
    leave_queue,
    wait_out_queue,
)

Round = Mapping[str, Figures]
_KIBIBYTE = 1024
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table. `measure` reads it from one round; the report takes the median of rounds."""

    what: str
    unit: str
    floor: float
    goal: float
    measure: Callable[[Round], float]
    needs: tuple[str, ...] = ("headway",)
    lower_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`measure` puts one contender under load for so many seconds."""

    name: str
    title: str
    contenders: tuple[Contender, ...]
    measure: Callable[[Running, float], Figures]
    goals: tuple[Goal, ...]
    fresh: bool = False
    """Whether each round starts the contenders anew; then there is no warm-up."""
    load_core: int = LOAD_CORE


def _ratio(figure: str, peer: str) -> Callable[[Round], float]:
    return lambda one: one["headway"][figure] / max(1e-12, one[peer][figure])


def _less(figure: str, peer: str) -> Callable[[Round], float]:
    return lambda one: one[peer][figure] / max(1e-12, one["headway"][figure])


def _of(figure: str, scale: float = 1.0) -> Callable[[Round], float]:
    return lambda one: one["headway"][figure] * scale


def _against(peer: str, floor: float, goal: float, what: str) -> Goal:
    return Goal(
        f"{what}, against {peer}: requests/s", "x", floor, goal, _ratio("rate", peer), ("headway", peer)
    )


def _relay_per_chunk(one: Round) -> float:
    return one["headway"]["cpu"] * 1e6 / CHUNKS


REPLICA = (
    Row(
        "replica-echo",
        "Replica: asynchronous echo, 32 connections",
        (
            replicas.headway_replica("Echo"),
            replicas.truss_server("Echo"),
            replicas.LITSERVE_ECHO,
            replicas.BENTOML_ECHO,
            replicas.MOSEC_ECHO,
        ),
        Wrk(32),
        (_against("truss", 10, 20, "replica, echo, 32 connections"),),
    ),
    Row(
        "replica-large",
        "Replica: echo of 96 KB JSON (a picture in base64), 8 connections",
        (replicas.headway_replica("Echo"), replicas.truss_server("Echo")),
        Wrk(8, picture_body(96 * 1000)),
        (_against("truss", 5, 8, "replica, 96 KB JSON"),),
    ),
    Row(
        "replica-numbers",
        "Replica: echo of 96 KB JSON (12,000 numbers), 8 connections: nearly all of it is Python's own json",
        (replicas.headway_replica("Echo"), replicas.truss_server("Echo")),
        Wrk(8, numbers_body(96 * 1000)),
        (),
    ),
    Row(
        "replica-sleep",
        "Replica: 10 ms asynchronous sleep, 32 connections",
        (replicas.headway_replica("Sleep"), replicas.truss_server("Sleep")),
        Wrk(32),
        (
            Goal(
                "replica, 10 ms async sleep x 32: share of the ideal 3,200/s",
                "",
                0.80,
                0.90,
                _of("rate", SLEEP / 32),
            ),
        ),
    ),
    Row(
        "replica-numpy",
        "Replica: 0.4 ms of numpy, predict concurrency 1, 8 connections",
        (replicas.headway_replica("Numpy", 1), replicas.truss_server("Numpy", 1)),
        Wrk(8),
        (
            _against("truss", 2, 2.7, "replica, 0.4 ms numpy model, PC 1"),
            Goal(
                "the same: share of the ideal, one direct call after another",
                "",
                0.60,
                0.80,
                lambda one: one["headway"]["rate"] * one["headway"]["ideal"],
            ),
        ),
    ),
    Row(
        "replica-thread",
        "Replica: synchronous echo, 32 connections",
        (replicas.headway_replica("SyncEcho"), replicas.truss_server("SyncEcho")),
        Wrk(32),
        (_against("truss", 8, 18, "replica, synchronous echo (thread hop included)"),),
    ),
    Row(
        "replica-stream",
        f"Replica: {CHUNKS} server-sent events, 16 connections",
        (replicas.headway_replica("Stream"), replicas.truss_server("Stream")),
        Wrk(16),
        (
            _against("truss", 3.5, 6, f"replica, {CHUNKS} SSE chunks"),
            Goal("the same: CPU per chunk", "µs", 20, 10, _relay_per_chunk, lower_is_better=True),
        ),
    ),
    Row(
        "replica-start",
        "Replica: start to first answer, trivial model",
        (replicas.headway_replica("Echo"), replicas.truss_server("Echo")),
        lambda running, _seconds: {"start": running.started_in, "memory": running.usage().memory_bytes},
        (
            Goal("replica start to first answer", "s", 0.5, 0.25, _of("start"), lower_is_better=True),
            Goal(
                "replica, memory at rest",
                "MiB",
                40,
                25,
                _of("memory", 1 / _MEBIBYTE),
                lower_is_better=True,
            ),
        ),
        fresh=True,
    ),
)

GATEWAY = (
    Row(
        "gateway-tcp",
        "Gateway: trivial upstream over TCP, 32 connections, limit 16",
        (
            gateways.headway(),
            gateways.headway(plain=True),
            gateways.haproxy(),
            gateways.ENVOY_GATEWAY,
            gateways.AIOHTTP_GATEWAY,
            gateways.STARLETTE_GATEWAY,
        ),
        Wrk(32),
        (
            _against("haproxy", 0.40, 0.55, "gateway, one thread, TCP"),
            _against("envoy", 1, 1.5, "gateway"),
            _against("aiohttp gateway", 3, 5, "gateway"),
            _against("starlette + httpx", 25, 50, "gateway"),
        ),
    ),
    Row(
        "gateway-unix",
        "Gateway: trivial upstream over a Unix socket, 32 connections, limit 16",
        (gateways.headway(unix=True), gateways.headway(unix=True, plain=True), gateways.haproxy(unix=True)),
        Wrk(32),
        (_against("haproxy", 0.55, 0.70, "gateway, one thread, Unix socket"),),
    ),
    Row(
        "gateway-latency",
        "Gateway: one connection; everything on one core, for waking another one takes longer than any gateway",
        (gateways.headway(), gateways.haproxy(), gateways.DIRECT),
        Wrk(1, core=SERVER_CORE),
        (
            Goal(
                "gateway, p50 added at one connection",
                "ms",
                0.15,
                0.08,
                lambda one: (one["headway"]["p50"] - one["no gateway"]["p50"]) * 1e3,
                ("headway", "no gateway"),
                lower_is_better=True,
            ),
        ),
        load_core=SERVER_CORE,
    ),
    Row(
        "gateway-stream",
        f"Gateway: relay of {CHUNKS} chunks, each sent in a loop turn of its own, 16 connections",
        (gateways.headway(path="/models/model/sync/stream"), gateways.haproxy(path="/stream")),
        Wrk(16),
        (Goal("gateway, SSE relay per chunk: CPU", "µs", 12, 7, _relay_per_chunk, lower_is_better=True),),
    ),
    Row(
        "gateway-stream-paced",
        f"Gateway: relay of {CHUNKS} chunks sent 2 ms apart, 16 connections: nearly idle, so each chunk wakes it",
        (gateways.headway(path="/models/model/sync/paced"), gateways.haproxy(path="/paced")),
        Wrk(16),
        (),
    ),
)

QUEUE = (
    Row(
        "queue-held",
        f"Queue: {HELD:,} requests held, then answered one at a time",
        (gateways.headway(limit=1, hold=True, queue_limit=HELD), gateways.haproxy(limit=1, hold=True)),
        hold_many,
        (
            Goal(
                "memory per queued request",
                "KiB",
                8,
                4,
                _of("per_request", 1 / _KIBIBYTE),
                lower_is_better=True,
            ),
            Goal(
                f"memory with {HELD:,} held",
                "MiB",
                100,
                60,
                _of("memory", 1 / _MEBIBYTE),
                lower_is_better=True,
            ),
            Goal(f"of {HELD + 1:,} answered, with 200", "", HELD + 1, HELD + 1, _of("answered")),
            Goal("of them sent on out of order", "", 0, 0, _of("out_of_order"), lower_is_better=True),
        ),
        fresh=True,
    ),
    Row(
        "queue-short",
        "Queue: 10 waiting all the time",
        (gateways.headway(), gateways.haproxy()),
        Wrk(gateways.LIMIT + 10),
        (),
    ),
    Row(
        "queue-long",
        "Queue: 10,000 waiting all the time",
        (gateways.headway(), gateways.haproxy()),
        Wrk(gateways.LIMIT + HELD),
        (),
    ),
    Row(
        "queue-leave",
        "Queue: a waiting client leaves",
        (gateways.headway(limit=1, hold=True, queue_limit=1),),
        leave_queue,
        (
            Goal(
                "queued client that leaves: dequeued within",
                "ms",
                DISCONNECT_WITHIN * 1e3,
                DISCONNECT_WITHIN * 1e3,
                _of("dequeued", 1e3),
                lower_is_better=True,
            ),
        ),
        fresh=True,
    ),
    Row(
        "queue-timeout",
        "Queue: a wait of 0.5 s runs out",
        (gateways.headway(limit=1, hold=True, queue_timeout=0.5),),
        wait_out_queue,
        (
            Goal(
                "queue timeout: right within",
                "ms",
                TIMEOUT_WITHIN * 1e3,
                TIMEOUT_WITHIN * 1e3,
                _of("error", 1e3),
                lower_is_better=True,
            ),
        ),
        fresh=True,
    ),
)


def _together(connections: int) -> Row:
    return Row(
        f"together-{connections}",
        f"Gateway and replica together: echo, {connections} connections",
        (gateways.headway_with_replica("Echo", connections), replicas.truss_server("Echo")),
        Wrk(connections),
        (_against("truss", 5, 8, f"gateway and replica, echo, {connections} connections"),),
    )


TOGETHER = (
    _together(32),
    _together(128),
    Row(
        "together-ray",
        "Gateway and replica together: echo against Ray Serve, 32 connections",
        (gateways.headway_with_replica("Echo", 32), replicas.RAY_ECHO),
        Wrk(32),
        (
            _against("ray serve", 20, 50, "gateway and replica"),
            Goal(
                "gateway and replica, against ray serve: CPU per request",
                "x less",
                40,
                100,
                _less("cpu", "ray serve"),
                ("headway", "ray serve"),
            ),
        ),
    ),
)

CONTROL = (
    Row(
        "control-rest",
        f"Control: {control.DEPLOYMENTS} deployments with {control.REPLICAS_EACH} replicas each, nothing asked for",
        (control.AT_REST,),
        control.rest,
        (
            Goal(
                "control with 200 replicas at rest: share of a core",
                "%",
                5,
                5,
                _of("busy", 100),
                lower_is_better=True,
            ),
        ),
    ),
    Row(
        "control-records",
        f"Control: a gateway tells {control.RATE} records of requests a second, of 50 deployments",
        (control.AT_REST, control.STORING_NOTHING),
        control.record,
        (
            Goal(
                "500 records of requests a second, stored: share of a core in control",
                "%",
                15,
                10,
                _of("busy", 100),
                lower_is_better=True,
            ),
        ),
    ),
    Row(
        "control-settings",
        "Control: a setting is changed through the API, with 50 deployments and 200 replicas",
        (control.AT_REST,),
        control.change_settings,
        (
            Goal(
                "a changed setting is in force in the gateway within, the slowest of 30",
                "ms",
                100,
                100,
                _of("slowest", 1e3),
                lower_is_better=True,
            ),
        ),
    ),
    Row(
        "control-wake",
        "Control: a request comes to a deployment that has no replica",
        (control.AT_ZERO,),
        control.wake,
        (
            Goal(
                "from zero: the first replica is ordered within, the slowest of 50",
                "ms",
                50,
                50,
                _of("slowest", 1e3),
                lower_is_better=True,
            ),
        ),
        fresh=True,
    ),
    Row(
        "ready",
        f"A model that has loaded for {readiness.LOADS_FOR} s, with a request that waits for it; all on one core",
        (readiness.LOADS,),
        readiness.first_predicts,
        (
            Goal(
                f"from the end of load to the predict of the head of the queue, median of {readiness.STARTS}",
                "ms",
                50,
                50,
                _of("first_predict", 1e3),
                lower_is_better=True,
            ),
        ),
    ),
    Row(
        "console-open",
        f"Console: the page of a deployment with {console.REPLICAS} replicas is open, 40 requests a second",
        (console.PAGE,),
        console.open_page,
        (
            Goal(
                "an open page: share of a core in control",
                "%",
                3,
                3,
                _of("control", 100),
                lower_is_better=True,
            ),
            Goal(
                "an open page: share of a core in the browser",
                "%",
                10,
                10,
                _of("browser", 100),
                lower_is_better=True,
            ),
        ),
        fresh=True,
    ),
)

PLANNER = (
    Row(
        "simulate",
        "Simulator: four replicas at a fixed number, Poisson traffic",
        (simulation.PLAIN, simulation.COMPILED),
        partial(simulation.simulate, requests=simulation.REQUESTS, scenario="fixed"),
        (Goal("simulated requests per second of a core", "/s", 30_000, 80_000, _of("rate")),),
        fresh=True,
    ),
    Row(
        "simulate-growing",
        "Simulator: a thousand replicas and more, autoscaled, three stages, bursts",
        (simulation.PLAIN, simulation.COMPILED),
        partial(simulation.simulate, requests=simulation.REQUESTS, scenario="growing"),
        (Goal("the same with a thousand replicas, autoscaled", "/s", 30_000, 80_000, _of("rate")),),
        fresh=True,
    ),
)

ROWS = (*REPLICA, *GATEWAY, *QUEUE, *TOGETHER, *CONTROL, *PLANNER)
