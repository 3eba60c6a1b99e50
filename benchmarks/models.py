"""The models every server under test serves: the same classes for all, whatever the server.

The file stands alone, because each peer's own interpreter loads it; only `Numpy` needs more than the
standard library.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

CHUNKS = 50
SLEEP = 0.010
_MATRIX_ROWS = 160
_PRODUCTS = 2


class Echo:
    async def predict(self, inputs: Any) -> Any:
        return inputs


class SyncEcho:
    def predict(self, inputs: Any) -> Any:
        return inputs


class Sleep:
    """Waits without work: what a server adds shows as the share of the ideal that it misses."""

    async def predict(self, inputs: Any) -> Any:
        await asyncio.sleep(SLEEP)
        return inputs


class Numpy:
    """A fixed amount of arithmetic, near 0.4 ms; what it really takes is measured in the same run."""

    def load(self) -> None:
        import numpy as np

        self._matrix = np.random.default_rng(7).random((_MATRIX_ROWS, _MATRIX_ROWS))

    def predict(self, _inputs: Any) -> Any:
        product = self._matrix
        for _ in range(_PRODUCTS):
            product = product @ self._matrix
            product /= product.max()
        return {"trace": float(product.trace())}


class Stream:
    """Server-sent events, each in a loop turn of its own, so that no server can join them for free."""

    async def predict(self, _inputs: Any) -> AsyncIterator[str]:
        for number in range(CHUNKS):
            await asyncio.sleep(0)
            yield f'data: {{"token": {number}}}\n\n'
