"""A replica in virtual time: preprocess for all at once, core's own gate, a predict that slows as its author says."""

import heapq
import random
from dataclasses import dataclass
from itertools import count

from headway.core.gate import Gate
from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Age, Measurement, Step
from headway.planner.tuning.samples import Samples, StepRules

_STARTING = 0.5
RULES = StepRules(shortest=0.5, longest=3.0)


@dataclass(frozen=True)
class Model:
    """Seconds of the stages; `slowdown` is a factor of predict by how many are inside."""

    preprocess: float = 0.0
    predict: float = 0.02
    slowdown: object = staticmethod(lambda _inside: 1.0)
    dies_beyond: int = 10_000
    noise: float = 0.05
    base_bytes: int = 100 << 20
    bytes_inside: int = 0

    def seconds(self, inside, predicted, age):  # noqa: ARG002 - it does not age
        return self.predict * self.slowdown(inside)

    def factor(self, chance):
        return max(0.2, chance.gauss(1.0, self.noise))


class Shaped(Model):
    """A model of a random shape."""

    def __init__(self, shape):
        super().__init__(preprocess=shape.preprocess)
        object.__setattr__(self, "shape", shape)

    def seconds(self, inside, predicted, age):
        return self.shape.seconds(inside, predicted, age)

    def factor(self, chance):
        sigma = self.shape.sigma
        return chance.lognormvariate(-sigma * sigma / 2, sigma)


class Replica:
    """Lives as long as steps with its predict concurrency follow each other."""

    def __init__(self, number, predict_concurrency):
        self.number, self.predict_concurrency = number, predict_concurrency
        self.predicted = self.answered = 0
        self.seconds = 0.0


class SyntheticBench:
    """Measures steps on a model, as the real one does, in no time."""

    def __init__(self, model, goal=None, seed=1, rules=RULES):
        self.model, self.goal, self.rules = model, goal or Goal(), rules
        self.random = random.Random(seed)
        self.count = 0
        self.seconds = 0.0
        self.replica = Replica(0, 0)

    def throughput(self, point):
        return SyntheticBench(self.model, Goal(), seed=99).measure(Step(point, "")).throughput

    def measure(self, step: Step) -> Measurement:
        self.count += 1
        if self.replica.predict_concurrency != step.point.predict_concurrency:
            self.replica = Replica(self.count, step.point.predict_concurrency)
        measured = _Run(self, step).result()
        self.seconds += measured.seconds + _STARTING
        return measured


class _Run:
    def __init__(self, bench, step):
        self.model, self.step, self.random = bench.model, step, bench.random
        self.replica, self.rules = bench.replica, bench.rules
        self.gate = Gate(step.point.predict_concurrency)
        self.inside = 0
        self.events, self.order = [], count()
        self.samples, self.goal = None, bench.goal
        self.busy, self.waiting, self.arrivals = 0, [], {}
        self.times = {}
        self.most_inside = self.answered = 0

    def result(self):
        if self.step.rate is None:
            for _ in range(self.step.point.concurrency_target):
                self.push(0.2 * self.random.random(), "first", None)
        else:
            self.push(self.random.expovariate(self.step.rate), "arrive", None)
        looked = 0.0
        while True:
            at, _, what, request = heapq.heappop(self.events)
            getattr(self, what)(at, request)
            if self.most_inside > self.model.dies_beyond:
                samples = self.samples or self.begun(at)
                return samples.measurement(at, died="SIGKILL")
            if self.samples is None and at > 0.3 and self.answered >= self.step.point.concurrency_target:
                self.samples = self.begun(at)
            if self.samples is not None and at > looked + 0.02:
                looked = at
                verdict = self.samples.verdict(at)
                if verdict is not None:
                    self.replica.answered += self.answered
                    self.replica.seconds += at
                    return self.with_memory(self.samples.measurement(at, stopped=verdict))

    def begun(self, at):
        replica = self.replica
        age = Age(replica.number, replica.answered + self.answered, replica.seconds + at)
        return Samples(self.step, self.goal, self.rules, at, age)

    def with_memory(self, measured):
        import dataclasses

        memory = self.model.base_bytes + self.most_inside * self.model.bytes_inside
        return dataclasses.replace(measured, memory_bytes=memory)

    def push(self, at, what, request):
        heapq.heappush(self.events, (at, next(self.order), what, request))

    def noisy(self, seconds):
        return seconds * self.model.factor(self.random)

    def begin(self, now, arrived):
        request = object()
        self.busy += 1
        self.arrivals[request] = arrived
        self.times[request] = {}
        self.push(now + self.noisy(self.model.preprocess), "at_gate", request)

    def first(self, now, _):
        self.begin(now, now)

    def arrive(self, now, _):
        if self.busy < self.step.point.concurrency_target:
            self.begin(now, now)
        else:
            self.waiting.append(now)
        self.push(now + self.random.expovariate(self.step.rate), "arrive", None)

    def at_gate(self, now, request):
        for entered in self.gate.arrive(request):
            self.enter(now, entered)

    def enter(self, now, request):
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        replica = self.replica
        spent = self.noisy(self.model.seconds(self.inside, replica.predicted, replica.seconds + now))
        replica.predicted += 1
        self.times[request] = {"pre": self.model.preprocess, "predict": spent}
        self.push(now + spent, "leave", request)

    def leave(self, now, request):
        self.inside -= 1
        for entered in self.gate.leave(request):
            self.enter(now, entered)
        self.busy -= 1
        self.answered += 1
        latency, stages = now - self.arrivals.pop(request), self.times.pop(request)
        if self.samples is not None:
            gate = max(0.0, latency - sum(stages.values()))
            self.samples.add(now, latency, {**stages, "gate": gate})
        if self.step.rate is None:
            self.begin(now, now)
        elif self.waiting:
            self.begin(now, self.waiting.pop(0))


def searched(search, bench):
    """The search, run to its end; it must have one."""
    for _ in range(60):
        if search.step is None:
            return search
        search.tell(bench.measure(search.step))
    raise AssertionError("the search does not end")


def best_throughput(model, most=16):
    """What its best predict concurrency does, by construction, once CT lets it."""
    return max(pc / (model.predict * model.slowdown(pc)) for pc in range(1, min(most, model.dies_beyond) + 1))
