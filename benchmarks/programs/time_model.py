"""Prints the seconds that one direct call of `Numpy.predict` takes: the ideal a server is held against."""

import statistics
import time

from benchmarks.models import Numpy

_CALLS_EACH = 50
_SAMPLES = 21

model = Numpy()
model.load()
samples = []
for _ in range(_SAMPLES):
    began = time.perf_counter()
    for _ in range(_CALLS_EACH):
        model.predict(None)
    samples.append((time.perf_counter() - began) / _CALLS_EACH)
print(statistics.median(samples))
