"""The model's own metrics: whatever it registered with prometheus_client's default registry, if it uses that."""

import sys
from collections.abc import Iterable
from typing import Any

_OF_THE_PROCESS = ("process_", "python_")


def of_model() -> bytes:
    """Prometheus text; empty when the model does not use prometheus_client."""
    client = sys.modules.get("prometheus_client")
    if client is None:
        return b""
    text: bytes = client.generate_latest(_Registry(client.REGISTRY))
    return text


class _Registry:
    """A registry without the metrics that prometheus_client collects by itself, nor `_created` series."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Any]:
        for metric in self._registry.collect():
            if metric.name.startswith(_OF_THE_PROCESS):
                continue
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
