"""What a step is, and what came out of it. Plain values; what they are worth is said in goal.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The two numbers of a replica."""

    predict_concurrency: int
    concurrency_target: int

    def __str__(self) -> str:
        return f"PC {self.predict_concurrency}, CT {self.concurrency_target}"


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What a replica needs before its figures settle, and how slow it is until then."""

    requests: int
    seconds: float
    """Of load."""
    times_slower: float

    def is_like(self, times_slower: float) -> bool:
        """Whether so much may be the same effect."""
        return times_slower**2 >= self.times_slower


@dataclass(frozen=True, slots=True)
class Age:
    """The load that a replica has had; `replica` is a number of its own."""

    replica: int = 0
    requests: int = 0
    seconds: float = 0.0

    def has_passed(self, warm_up: WarmUp) -> bool:
        return self.requests >= warm_up.requests and self.seconds >= warm_up.seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to measure.

    Closed loop (`rate` None): the replica always holds CT requests, as when a queue never empties. Open loop:
    requests arrive at random, `rate` a second on average, and queue for one of CT slots.
    """

    point: Point
    why: str
    rate: float | None = None
    best_so_far: float = 0.0
    """The throughput, at the low end of its interval, that a closed loop has to come near to be of interest."""
    is_first: bool = False
    """Whether it goes on for a while longer, for a warm-up to show."""
    warm_up: WarmUp | None = None
    """What the replica must have behind it before anything counts, as far as that is known of the model."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Mean seconds of a request in each stage. `total` is what the client saw, without queueing."""

    preprocess: float
    gate: float
    predict: float
    postprocess: float
    total: float

    @property
    def slot_per_predict(self) -> float:
        """How much longer a request holds its slot than its place in predict, if it never waits at the gate."""
        if self.predict <= 0:
            return 1.0
        return max(1.0, (self.total - self.gate) / self.predict)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a step showed. Times are of requests that succeeded, from the client's sending (open loop: arrival)."""

    step: Step
    throughput: float = 0.0
    throughput_interval: tuple[float, float] = (0.0, 0.0)
    percentiles: Mapping[int, float] = field(default_factory=dict)
    """By percent: 50, 95, 99 and what the objectives for latency name."""
    percentile_intervals: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    stages: StageTimes | None = None
    requests: int = 0
    failed: int = 0
    seconds: float = 0.0
    """Of load, the warm-up included."""
    memory_bytes: int | None = None
    """The most that the replica's processes held at once."""
    stopped: str = ""
    """Why the step ended before it had shown all: it was hopeless, or the time was up."""
    died: str = ""
    """How the replica ended, if it did."""
    age: Age = Age()
    """The replica's when that began which the figures are of."""
    warm_up: WarmUp | None = None
    """What was seen of one in this step."""
    moves: bool = False
    """Whether the figures still changed when the step's time was up."""

    @property
    def point(self) -> Point:
        return self.step.point

    @property
    def failed_share(self) -> float:
        return self.failed / max(1, self.failed + self.requests)

    @property
    def relative_error(self) -> float:
        """Half of the throughput's interval, as a share of it."""
        low, high = self.throughput_interval
        return (high - low) / 2 / self.throughput if self.throughput else 0.0
