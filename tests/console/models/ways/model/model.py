"""Answers with whatever is wanted: its input, files of each kind, errors, streams, a chat."""

import asyncio
import base64
import json
import struct
import zlib

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse


class Model:
    async def predict(self, request: Request):
        body = await request.body()
        if not request.headers["content-type"].startswith("application/json"):
            return {"type": request.headers["content-type"], "bytes": len(body), "first": body[:4].hex()}
        wanted = json.loads(body).get("want")
        if wanted == "failure":
            raise ValueError("as was wanted")
        if wanted == "patience":
            await asyncio.sleep(60)
        make = MADE.get(wanted)
        return Response(body, media_type="application/json") if make is None else make()

    async def chat_completions(self, request: dict):
        said = request["messages"][-1]["content"]
        if said == "fail":
            return Response('{"error": {"message": "no words left"}}', 500, media_type="application/json")
        if not request.get("stream"):
            return {"choices": [{"message": {"role": "assistant", "content": f"You said: {said}"}}]}
        return StreamingResponse(self._words(said), media_type="text/event-stream")

    async def _words(self, said):
        for word in ("You", " said", ": ", str(said)):
            yield f"data: {json.dumps({'choices': [{'delta': {'content': word}}]})}\n\n"
            await asyncio.sleep(0.3)
        yield "data: [DONE]\n\n"


def _png():
    """A picture of 120 by 80, a gradient."""
    rows = b"".join(b"\0" + b"".join(bytes((2 * x, 3 * y, 120)) for x in range(120)) for y in range(80))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 120, 80, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _wav():
    """A tenth of a second of silence."""
    samples = b"\x80" * 800
    head = (
        b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
        + b"data"
        + struct.pack("<I", len(samples))
    )
    return b"RIFF" + struct.pack("<I", len(head) + len(samples)) + head + samples


MADE = {
    "image": lambda: Response(_png(), media_type="image/png"),
    "sound": lambda: Response(_wav(), media_type="audio/wav"),
    "octets": lambda: Response(bytes(range(256)) * 8, media_type="application/octet-stream"),
    "images": lambda: {"images": [base64.b64encode(_png()).decode()], "seed": 7},
    "much": lambda: {"text": "word " * 200_000},
    "refusal": lambda: Response('{"error": "no such seed"}', 422, media_type="application/json"),
    "redirect": lambda: Response("<script>document.title = 'taken'</script>", 302, {"location": "/nowhere"}),
}
