"""Sleeps in each stage for as long as the request says, and tells when each stage began and ended. Predict lasts also
until the file exists that the request names with `until`.

Instants are the machine's monotonic clock, which all its processes share.
"""

import asyncio
import time
from pathlib import Path


class Model:
    async def preprocess(self, request):
        return await self._stage("preprocess", {**request, "stages": {}})

    async def predict(self, request):
        return await self._stage("predict", request)

    async def postprocess(self, request):
        return await self._stage("postprocess", request)

    async def _stage(self, name, request):
        began = time.monotonic()
        await asyncio.sleep(request.get(name, 0))
        if name == "predict" and "until" in request:
            await asyncio.to_thread(_wait_for, Path(request["until"]))
        request["stages"][name] = [began, time.monotonic()]
        return request


def _wait_for(file):
    while not file.exists():
        time.sleep(0.01)
