"""Sleeps in each stage for as long as the request says, and tells when each stage began and ended.

Instants are the machine's monotonic clock, which all its processes share.
"""

import asyncio
import time


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
        request["stages"][name] = [began, time.monotonic()]
        return request
