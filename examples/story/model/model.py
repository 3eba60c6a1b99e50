"""Writes stories from a chain of word pairs, at the pace of a language model, and streams them."""

import asyncio
import json
import random
import re
import time
import uuid
from collections import defaultdict

from starlette.responses import JSONResponse, StreamingResponse

USUAL_WORDS = 60
MOST_WORDS = 2000
TEXT = """
The lighthouse stood alone at the end of the island, and every evening the keeper climbed the stairs to light
the lamp. The keeper knew every ship by the sound of its bell. One evening the sea was so quiet that the keeper
heard a bell under the water. The bell under the water rang three times, and the lamp went out. The keeper was
not afraid of the dark, for the stars were out over the island, and the stars had never been late. So the keeper
rowed a small boat to the place where the bell had been. At the bottom of the sea stood a second lighthouse, and
in its window a second keeper waved. Every evening since then the two keepers have rung their bells three times
before they light the lamp. The ships that pass the island say that the sea is full of light. A child on one of
the ships asked the captain why the sea was so bright. The captain said that the stars were out under the water,
and that the water had never been so quiet. The child did not believe a word of it, and rang the bell of the ship
three times. Far below, a lamp was lit.
"""


class Model:
    def __init__(self, config):
        self._pause = 1 / config["model_metadata"]["words_per_second"]

    def load(self):
        self._followers = defaultdict(list)
        words = TEXT.split()
        for first, second, third in zip(words, words[1:], words[2:], strict=False):
            self._followers[first, second].append(third)

    async def predict(self, request):
        """Stream the story as text, or as server-sent events when the input says `"events": true`."""
        match request:
            case {"prompt": str(prompt)}:
                words = request.get("words", USUAL_WORDS)
            case _:
                return _refusal('expected {"prompt": "The lighthouse", "words": 40, "events": false}')
        if not _is_length(words):
            return _refusal(f"words is a whole number from 1 to {MOST_WORDS}")
        story = self._write(prompt, words)
        if request.get("events", False):
            events = (_event({"word": word}) async for word in story)
            return StreamingResponse(events, media_type="text/event-stream")
        return (f"{word} " async for word in story)

    async def chat_completions(self, request):
        """OpenAI's `POST /v1/chat/completions`, whole or streamed."""
        match request:
            case {"messages": [*_, {"content": str() | list() as content}]} if (
                prompt := _text(content)
            ) is not None:
                words = request.get("max_completion_tokens") or request.get("max_tokens") or USUAL_WORDS
            case _:
                return _refusal('expected {"messages": [{"role": "user", "content": "The lighthouse"}]}')
        if not _is_length(words):
            return _refusal(f"max_completion_tokens is a whole number from 1 to {MOST_WORDS}")
        head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": request.get("model", "story"),
        }
        story = self._write(prompt, words)
        if request.get("stream", False):
            tells_usage = (request.get("stream_options") or {}).get("include_usage", False)
            chunks = _chunks(head, prompt, story, tells_usage)
            return StreamingResponse(chunks, media_type="text/event-stream")
        return _completion(head, prompt, [word async for word in story])

    async def _write(self, prompt, words):
        """Yield `words` words. The same prompt always gives the same story."""
        choice = random.Random(prompt)
        pair = self._opening(prompt, choice)
        for position in range(words):
            if position >= len(pair):
                following = self._followers.get(pair) or self._followers[self._opening("", choice)]
                pair = (pair[1], choice.choice(following))
            await asyncio.sleep(self._pause)
            yield pair[min(position, 1)]

    def _opening(self, prompt, choice):
        """The first pair of words: one that occurs in the prompt, else the beginning of any sentence."""
        known = sorted(pair for pair in self._followers if pair[0][0].isupper())
        asked = [pair for pair in known if re.search(rf"\b{re.escape(' '.join(pair))}\b", prompt)]
        return choice.choice(asked or known)


async def _chunks(head, prompt, story, tells_usage):
    head = head | {"object": "chat.completion.chunk"}
    written = 0
    yield _event(_choice(head, {"role": "assistant", "content": ""}))
    async for word in story:
        written += 1
        yield _event(_choice(head, {"content": f"{word} "}))
    yield _event(_choice(head, {}, "stop"))
    if tells_usage:
        yield _event(head | {"choices": [], "usage": _usage(prompt, written)})
    yield "data: [DONE]\n\n"


def _choice(head, delta, finish_reason=None):
    return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def _completion(head, prompt, words):
    message = {"role": "assistant", "content": " ".join(words)}
    return head | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(prompt, len(words)),
    }


def _usage(prompt, written):
    asked = len(prompt.split())
    return {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}


def _text(content):
    """What a message says: its text, or its parts, all of which have to be text."""
    if isinstance(content, str):
        return content
    texts = [part.get("text") if isinstance(part, dict) else None for part in content]
    return " ".join(texts) if all(isinstance(text, str) for text in texts) else None


def _event(content):
    return f"data: {json.dumps(content)}\n\n"


def _is_length(words):
    return type(words) is int and 1 <= words <= MOST_WORDS


def _refusal(message):
    return JSONResponse({"error": message}, status_code=400)
