"""Sleeps in each stage for as long as the request says. With `pieces`, that many lines are streamed at the end."""

import asyncio


class Model:
    async def preprocess(self, request):
        await asyncio.sleep(request.get("preprocess", 0))
        return request

    async def predict(self, request):
        await asyncio.sleep(request.get("predict", 0))
        return request

    async def postprocess(self, request):
        if "pieces" in request:
            return self._pieces(request)
        await asyncio.sleep(request.get("postprocess", 0))
        return request

    async def _pieces(self, request):
        for number in range(request["pieces"]):
            yield f"piece {number}\n"
            await asyncio.sleep(request["postprocess"])
