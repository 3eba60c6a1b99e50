"""Random models whose best is known: what each predict concurrency does, and how predict misbehaves around that.

The same shapes run in virtual time (synthetic.py) and as real models that sleep (tests/system/test_tuned_shapes.py).
"""

import math
import random
from dataclasses import dataclass

MOST = 16
KINDS = ("hill", "valley", "stairs", "slope", "plateau", "two hills", "sawtooth")


@dataclass(frozen=True)
class Shape:
    """Requests a second by how many are in predict; seconds of preprocess; and what happens to predict's time."""

    name: str
    rates: tuple[float, ...]
    preprocess: float = 0.0
    sigma: float = 0.0
    """Of the logarithm of predict's time, whose mean stays."""
    cold_predicts: int = 0
    times_slower: float = 1.0
    is_sudden: bool = True
    """Whether predict becomes fast at once after the cold ones, or bit by bit."""
    drift: float = 0.0
    """The share that predict's time grows by in a minute."""

    def seconds(self, inside, predicted=10**9, age=0.0):
        """Predict's mean time with so many inside, after so many predicts and seconds of the replica."""
        calm = inside / self.rates[min(inside, len(self.rates)) - 1]
        if self.is_sudden:
            cold = self.times_slower if predicted < self.cold_predicts else 1.0
        else:
            cold = 1 + (self.times_slower - 1) * math.exp(-predicted / max(1, self.cold_predicts / 2))
        return calm * cold * (1 + self.drift * min(age, 60.0) / 60)

    @property
    def best(self):
        return max(self.rates)

    def share(self, point):
        """Of the best, what a full replica with these numbers does, once it is warm."""
        pc, target = point.predict_concurrency, point.concurrency_target
        most = max(
            inside / self.seconds(inside)
            for inside in range(1, pc + 1)
            if inside == pc or inside + self.preprocess * inside / self.seconds(inside) >= target - 1
        )
        held = target / (self.preprocess + self.seconds(pc))
        return min(self.rates[pc - 1], held if held < self.rates[pc - 1] else most) / self.best

    def __str__(self):
        parts = [self.name]
        if self.cold_predicts:
            how = "suddenly" if self.is_sudden else "slowly"
            parts.append(f"cold {self.cold_predicts} x{self.times_slower:.1f} {how}")
        if self.drift:
            parts.append(f"drift {self.drift:+.0%}/min")
        parts.append(f"sigma {self.sigma:.1f}")
        if self.preprocess:
            parts.append(f"pre {self.preprocess * 1000:.0f} ms")
        return ", ".join(parts)


def shape(seed, kind=None, rate=None):
    """A model by its seed; `rate` is what one in predict does a second."""
    chance = random.Random(seed)
    kind = kind or chance.choice(KINDS)
    rate = rate or chance.uniform(15, 40)
    rates = tuple(rate * one for one in _curve(kind, chance))
    is_cold = chance.random() < 0.4
    return Shape(
        name=kind,
        rates=rates,
        preprocess=chance.choice((0.0, 0.0, chance.uniform(0.2, 2.0) / rate)),
        sigma=chance.choice((0.0, 0.1, 0.3, 0.6)),
        cold_predicts=chance.randint(20, 120) if is_cold else 0,
        times_slower=chance.uniform(2, 6) if is_cold else 1.0,
        is_sudden=chance.random() < 0.5,
        drift=chance.choice((0.0, 0.0, chance.uniform(-0.2, 0.3))),
    )


def _curve(kind, chance):
    """Factors for 1, 2 and so on in predict."""
    factor = {
        "slope": _slope,
        "plateau": _plateau,
        "hill": _one_hill,
        "stairs": _stairs,
        "sawtooth": _sawtooth,
        "valley": _valley,
        "two hills": _two_hills,
    }[kind](chance)
    return [factor(place) for place in range(1, MOST + 1)]


def _slope(chance):
    power = chance.uniform(-0.4, 1.0)
    return lambda place: place**power


def _plateau(chance):
    knee = chance.uniform(1, 12)
    return lambda place: min(place, knee)


def _one_hill(chance):
    knee, power = chance.uniform(2, 12), chance.uniform(1.2, 3)
    return lambda place: place / max(1.0, place / knee) ** power


def _stairs(chance):
    size, most = chance.randint(2, 6), chance.randint(2, 4)
    return lambda place: 1 + min(place // size, most)


def _sawtooth(chance):
    size, loss = chance.randint(3, 6), chance.uniform(0.1, 0.5)
    return lambda place: (1 + place // size) * (1 - loss * (place % size) / size)


def _valley(chance):
    """Two at once do a little more than one, then less, and the hill is beyond."""
    peak, gain, width = chance.randint(5, 14), chance.uniform(2, 4), chance.uniform(0.25, 0.6)
    bottom = chance.uniform(0.4, 0.9)

    def factor(place):
        before = {1: 1.0, 2: 1.6 * bottom}.get(place, bottom)
        return before if place == 1 else max(before, 1.6 * gain * _hill(place, peak, width))

    return factor


def _two_hills(chance):
    first, second = chance.uniform(1.5, 3.5), chance.randint(7, 14)
    gain, width = chance.uniform(0.7, 2), chance.uniform(0.3, 0.6)
    return lambda place: 0.3 + first * max(_hill(place, first, 0.5), gain * _hill(place, second, width))


def _hill(place, peak, width):
    return math.exp(-((math.log(place / peak) / width) ** 2))
