"""Metrics in the words of Prometheus: what is exposed as plain values, and the text made of them.

prometheus-client is imported when the first text is asked for: a process that nobody scrapes does not pay for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headway.observed.histogram import BOUNDS, Histogram

if TYPE_CHECKING:
    from prometheus_client import Metric

Labels = Sequence[str]
Value = float | Histogram


@dataclass(frozen=True, slots=True)
class Family:
    """One metric as it is defined: `kind` is counter, gauge or histogram; counters' names end in _total."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()


Samples = Mapping[Family, Iterable[tuple[Labels, Value]]]
"""What each metric is just now, by the values of its labels."""


def exposition(samples: Samples, accept: str) -> tuple[str, bytes]:
    """The content type that suits a scraper's Accept header, and the text, this process's own metrics included."""
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    registry.register(_Collector(samples))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


class _Collector:
    """What a prometheus-client registry collects from."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client import core

        kinds: dict[str, Any] = {
            "counter": core.CounterMetricFamily,
            "gauge": core.GaugeMetricFamily,
            "histogram": core.HistogramMetricFamily,
        }
        for family, rows in self._samples.items():
            metric = kinds[family.kind](family.name, family.help, labels=family.labels)
            for labels, value in rows:
                if isinstance(value, Histogram):
                    metric.add_metric(labels, _buckets(value), value.total_seconds)
                else:
                    metric.add_metric(labels, value)
            yield metric


def _buckets(histogram: Histogram) -> list[tuple[str, int]]:
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    return list(zip(bounds, histogram.cumulative(), strict=True))
