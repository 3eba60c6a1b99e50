import asyncio
import importlib.util
import json
from pathlib import Path

import pytest

STORY = Path(__file__).parents[2] / "examples" / "story" / "model" / "model.py"


@pytest.fixture(scope="module")
def model():
    specification = importlib.util.spec_from_file_location("story_model", STORY)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    model = module.Model({"model_metadata": {"words_per_second": 1_000_000}})
    model.load()
    return model


def pieces(coroutine):
    async def collect():
        answer = await coroutine
        stream = getattr(answer, "body_iterator", answer)
        return [piece async for piece in stream]

    return asyncio.run(collect())


def chat(**more):
    return {"messages": [{"role": "user", "content": "The captain"}], **more}


def test_the_same_prompt_gives_the_same_story_which_opens_with_it(model):
    first = pieces(model.predict({"prompt": "Tell me: The lighthouse", "words": 30}))
    assert first == pieces(model.predict({"prompt": "Tell me: The lighthouse", "words": 30}))
    assert first[:2] == ["The ", "lighthouse "]
    assert len(first) == 30


@pytest.mark.parametrize("words", [1, 2, 2000])
def test_a_story_has_as_many_words_as_were_asked_for(model, words):
    assert len(pieces(model.predict({"prompt": "", "words": words}))) == words


def test_events_carry_the_same_words_as_the_text(model):
    events = pieces(model.predict({"prompt": "The sea", "words": 12, "events": True}))
    words = [json.loads(event.removeprefix("data: "))["word"] for event in events]
    assert [f"{word} " for word in words] == pieces(model.predict({"prompt": "The sea", "words": 12}))


def test_a_streamed_chat_says_what_the_whole_one_says_and_ends_with_done(model):
    *chunks, done = pieces(model.chat_completions(chat(max_tokens=9, stream=True)))
    choices = [json.loads(chunk.removeprefix("data: "))["choices"][0] for chunk in chunks]
    whole = asyncio.run(model.chat_completions(chat(max_tokens=9)))
    assert done == "data: [DONE]\n\n"
    assert choices[-1]["finish_reason"] == "stop"
    assert (
        "".join(choice["delta"].get("content", "") for choice in choices).strip()
        == whole["choices"][0]["message"]["content"]
    )
    assert whole["usage"]["completion_tokens"] == 9


@pytest.mark.parametrize(
    "request_body",
    [[], {}, {"prompt": 3}, {"prompt": "a", "words": 0}, {"prompt": "a", "words": True}],
)
def test_input_that_cannot_be_used_is_refused_with_a_hint(model, request_body):
    answer = asyncio.run(model.predict(request_body))
    assert answer.status_code == 400
    assert json.loads(answer.body)["error"]


def test_a_message_in_parts_says_what_the_same_text_says(model):
    parts = [{"type": "text", "text": "Of"}, {"type": "text", "text": "The captain"}]
    in_parts = {"messages": [{"role": "user", "content": parts}], "max_completion_tokens": 7, "max_tokens": 9}
    whole = asyncio.run(model.chat_completions(in_parts))
    text = {"messages": [{"role": "user", "content": "Of The captain"}], "max_tokens": 7}
    assert whole["choices"] == asyncio.run(model.chat_completions(text))["choices"]
    assert whole["usage"] == {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}


def test_a_stream_tells_its_usage_last_where_that_is_asked_for(model):
    options = {"include_usage": True}
    *_, last, done = pieces(model.chat_completions(chat(max_tokens=3, stream=True, stream_options=options)))
    told = json.loads(last.removeprefix("data: "))
    assert (told["choices"], done) == ([], "data: [DONE]\n\n")
    assert told["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    without = pieces(model.chat_completions(chat(max_tokens=3, stream=True, stream_options=None)))
    assert not any("usage" in piece for piece in without)


PICTURE = {"type": "image_url", "image_url": {"url": "data:"}}


@pytest.mark.parametrize(
    "request_body",
    [
        [],
        {"messages": []},
        chat(max_tokens=-1),
        chat(max_completion_tokens="7"),
        {"messages": [{"role": "user", "content": [PICTURE]}]},
        {"messages": [{"role": "user", "content": None}]},
    ],
)
def test_a_chat_that_cannot_be_used_is_refused_with_a_hint(model, request_body):
    assert asyncio.run(model.chat_completions(request_body)).status_code == 400
