"""A BentoML service that echoes; run by `bentoml serve`."""

from typing import Any

import bentoml  # type: ignore[import-not-found]


@bentoml.service(workers=1, traffic={"timeout": 60})
class Echo:
    @bentoml.api  # type: ignore[untyped-decorator]
    async def predict(self, inputs: Any) -> Any:
        return inputs
