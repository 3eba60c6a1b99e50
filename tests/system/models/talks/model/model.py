"""Says what the last message asks for, in the formats of OpenAI's and Anthropic's clients."""

import asyncio
import json
import os

from fastapi import HTTPException
from starlette.responses import StreamingResponse


class Model:
    def predict(self, inputs):
        return inputs

    async def chat_completions(self, body):
        said = _text(body["messages"][-1]["content"])
        await self._obey(said)
        head = {"id": "chat-1", "created": 1, "model": body["model"]}
        if body.get("stream"):
            return _events(_chunks(head, said, (body.get("stream_options") or {}).get("include_usage")))
        message = {"role": "assistant", "content": f"you said {said}"}
        reason = "stop"
        if body.get("tools"):
            name = body["tools"][0]["function"]["name"]
            call = {"name": name, "arguments": json.dumps({"city": said})}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call-1", "type": "function", "function": call}],
            }
            reason = "tool_calls"
        choices = [{"index": 0, "message": message, "finish_reason": reason}]
        return {**head, "object": "chat.completion", "choices": choices, "usage": _usage(said)}

    async def completions(self, body):
        choices = [{"index": 0, "text": body["prompt"].upper(), "finish_reason": "stop", "logprobs": None}]
        return {
            "id": "c-1",
            "object": "text_completion",
            "created": 1,
            "model": body["model"],
            "choices": choices,
        }

    async def embeddings(self, body):
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        rows = [
            {"object": "embedding", "index": place, "embedding": [float(len(text)), 0.5]}
            for place, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "data": rows, "model": body["model"], "usage": usage}

    async def messages(self, body):
        said = _text(body["messages"][-1]["content"])
        await self._obey(said)
        message = {
            "id": "msg-1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        if body.get("stream"):
            return _events(_message_events(message, said))
        content = [{"type": "text", "text": f"you said {said}"}]
        if body.get("tools"):
            tool = {
                "type": "tool_use",
                "id": "tool-1",
                "name": body["tools"][0]["name"],
                "input": {"city": said},
            }
            content.append(tool)
        return {**message, "content": content, "stop_reason": "tool_use" if body.get("tools") else "end_turn"}

    async def _obey(self, said):
        match said:
            case "refuse":
                raise HTTPException(422, "that is not said here")
            case "refuse with an object":
                raise HTTPException(
                    409, {"message": "somebody else talks", "code": "taken", "param": "messages"}
                )
            case "crash":
                raise ValueError("a secret of the model")
            case "die":
                os._exit(3)
            case "wait":
                await asyncio.sleep(1)


def _events(lines):
    return StreamingResponse(lines, media_type="text/event-stream")


async def _chunks(head, said, tells_usage):
    head = {**head, "object": "chat.completion.chunk"}
    for word in ("you ", "said ", said):
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
    ended = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield f"data: {json.dumps({**head, 'choices': [ended]})}\n\n"
    if tells_usage:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': _usage(said)})}\n\n"
    yield "data: [DONE]\n\n"


async def _message_events(message, said):
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
            for word in ("you ", "said ", said)
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    for event in events:
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def _text(content):
    return content if isinstance(content, str) else content[0]["text"]


def _usage(said):
    asked = len(said.split())
    return {"prompt_tokens": asked, "completion_tokens": 3, "total_tokens": asked + 3}
