"""OpenAI's, Anthropic's and LiteLLM's own clients, unmodified, against one Headway with keys on."""

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import threading
import warnings
from pathlib import Path

import httpx
import pytest

from system.lasting import Headway
from system.serving import share_environments, wait_until

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it asks nobody for prices
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what they warn of is theirs
    import anthropic
    import litellm
    import openai

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]

TOP = Path(__file__).parents[2]
TALKS = Path(__file__).parent / "models" / "talks"
NODE_CLIENT = Path(__file__).parent / "node_client"

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}


class Reached:
    """A running Headway with two models that talk, `busy` one request at a time and one more waiting."""

    def __init__(self, headway):
        self.headway = headway
        self.url = f"http://127.0.0.1:{headway.port}"
        self.key = headway.run("keys", "create", "--quiet", "--scope", "inference").strip()
        self.manage = headway.run("keys", "create", "--quiet", "--scope", "manage").strip()
        headway.environment["HEADWAY_API_KEY"] = self.manage

    def openai(self, key=None, path="/v1", **options):
        return openai.OpenAI(
            base_url=self.url + path, api_key=key or self.key, **{"max_retries": 0, "timeout": 60, **options}
        )

    def anthropic(self, key=None, **options):
        return anthropic.Anthropic(
            base_url=self.url, api_key=key or self.key, **{"max_retries": 0, "timeout": 60, **options}
        )


@pytest.fixture(scope="module", autouse=True)
def _loop_of_litellm():
    """It takes the thread's event loop, and would leave one behind that nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="module")
def reached(tmp_path_factory):
    directory = tmp_path_factory.mktemp("clients")
    share_environments(directory / "data")
    headway = Headway(directory)
    one = Reached(headway)
    with headway.up():
        headway.run("push", TALKS, "--concurrency-target", "8")
        limits = ("--set", "queue_limit=1", "--set", "body_limit_bytes=5000")
        headway.run("push", TALKS, "--name", "busy", "--concurrency-target", "1", *limits)
        headway.run("push", TALKS, "--environment", "staging")
        yield one


def user(text):
    return [{"role": "user", "content": text}]


def ask(client, text="hello", model="talks", **more):
    return client.chat.completions.create(model=model, messages=user(text), **more)


def tell(client, text="hello", model="talks", **more):
    return client.messages.create(model=model, messages=user(text), max_tokens=9, **more)


def test_openai_lists_chats_streams_calls_tools_and_embeds(reached):
    with reached.openai() as client:
        assert [one.id for one in client.models.list()] == ["busy", "talks", "talks/staging"]
        one = client.models.retrieve("talks/staging")
        assert (one.id, one.object, one.owned_by) == ("talks/staging", "model", "headway")
        assert one.created > 1_700_000_000

        for model in ("talks", "talks/staging"):
            said = ask(client, model=model)
            assert (said.choices[0].message.content, said.model) == ("you said hello", model)
            assert said._request_id

        stream = ask(client, stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        words = [chunk.choices[0].delta.content for chunk in chunks[:3]]
        assert words == ["you ", "said ", "hello"]
        assert chunks[-1].usage.completion_tokens == 3

        tool = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
        [call] = ask(client, "Oslo", tools=[tool]).choices[0].message.tool_calls
        assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Oslo"}')

        rows = client.embeddings.create(model="talks", input=["a", "bcd"], encoding_format="float").data
        assert [row.embedding for row in rows] == [[1.0, 0.5], [3.0, 0.5]]
        assert client.completions.create(model="talks", prompt="hello").choices[0].text == "HELLO"


def test_openai_at_one_model_s_own_base_url(reached):
    with reached.openai(path="/models/talks/environments/staging/sync/v1") as client:
        assert [one.id for one in client.models.list()] == ["talks/staging"]
        assert ask(client, model="whatever").choices[0].message.content == "you said hello"
        with pytest.raises(openai.UnprocessableEntityError, match="that is not said here"):
            ask(client, "refuse")
    with (
        reached.openai(path="/models/tals/sync/v1") as client,
        pytest.raises(openai.NotFoundError, match="did you mean talks"),
    ):
        ask(client)


def test_anthropic_lists_chats_streams_and_calls_tools(reached):
    with reached.anthropic() as client:
        assert [one.id for one in client.models.list()] == ["busy", "talks", "talks/staging"]
        one = client.models.retrieve("talks/staging")
        assert (one.id, one.type, one.display_name) == ("talks/staging", "model", "talks/staging")
        assert one.created_at.year >= 2024

        assert tell(client).content[0].text == "you said hello"
        with client.messages.stream(model="talks", messages=user("hello"), max_tokens=9) as stream:
            assert list(stream.text_stream) == ["you ", "said ", "hello"]
            assert stream.get_final_message().stop_reason == "end_turn"
        used = tell(client, "Oslo", tools=[{"name": "weather", "input_schema": CITY}]).content[-1]
        assert (used.name, used.input) == ("weather", {"city": "Oslo"})


@pytest.mark.parametrize("place", [0, 1])
def test_the_guide_s_examples_work_as_they_stand(reached, monkeypatch, capsys, place):
    page = (TOP / "docs" / "guide" / "clients.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[place]
    monkeypatch.setenv("HEADWAY_API_KEY", reached.key)
    here = example.replace("http://127.0.0.1:8080", reached.url).replace('"story"', '"talks"')
    exec(compile(here, "clients.md", "exec"), {})  # noqa: S102 - the page is ours
    assert "you said The captain" in capsys.readouterr().out


def test_litellm_chats_streams_embeds_and_tells_errors(reached):
    options = {"api_base": f"{reached.url}/v1", "api_key": reached.key, "max_retries": 0}
    said = litellm.completion(model="openai/talks/staging", messages=user("hello"), **options)
    assert said.choices[0].message.content == "you said hello"
    stream = litellm.completion(model="openai/talks", messages=user("hello"), stream=True, **options)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "you said hello"
    tool = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
    told = litellm.completion(model="openai/talks", messages=user("Oslo"), tools=[tool], **options)
    assert told.choices[0].message.tool_calls[0].function.name == "weather"
    rows = litellm.embedding(model="openai/talks", input=["abc"], encoding_format="float", **options).data
    assert rows[0]["embedding"] == [3.0, 0.5]
    said = litellm.completion(
        model="anthropic/talks", messages=user("hello"), api_base=reached.url, api_key=reached.key
    )
    assert said.choices[0].message.content == "you said hello"
    with pytest.raises(litellm.NotFoundError, match="did you mean talks"):
        litellm.completion(model="openai/tals", messages=user("hello"), **options)
    with pytest.raises(litellm.AuthenticationError, match="this API key is not known"):
        litellm.completion(model="openai/talks", messages=user("hello"), **{**options, "api_key": "wrong"})


def test_openai_s_client_for_node_lists_chats_streams_calls_tools_embeds_and_tells_errors(reached):
    told = run_node(NODE_CLIENT, "ask.js", HEADWAY_URL=f"{reached.url}/v1", HEADWAY_KEY=reached.key)
    assert told["listed"] == ["busy", "talks", "talks/staging"]
    assert (told["retrieved"], told["said"]) == ("talks/staging", "you said hello")
    assert told["streamed"] == ["you ", "said ", "hello", None, None]
    assert told["usage"]["completion_tokens"] == 3
    assert told["called"] == {"name": "weather", "arguments": '{"city": "Oslo"}'}
    assert told["embedded"] == [3.0, 0.5]
    for name, (kind, status, text) in {
        "model": ("NotFoundError", 404, "did you mean talks"),
        "refused": ("UnprocessableEntityError", 422, "that is not said here"),
        "stream": ("UnprocessableEntityError", 422, "that is not said here"),
        "broken": ("InternalServerError", 500, "Internal Server Error"),
        "method": ("NotFoundError", 404, "this model has no method `responses`"),
        "key": ("AuthenticationError", 401, "this API key is not known"),
    }.items():
        error = told["errors"][name]
        assert (error["kind"], error["status"]) == (kind, status)
        assert text in error["message"]


def run_node(folder, script, **environment):
    """What a script prints, as JSON, once the packages that it needs are installed."""
    path = TOP / "tools" / "build" / "console.py"
    specification = importlib.util.spec_from_file_location("node_for_test", path)
    tools = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tools)
    found = tools.installed(folder)
    done = subprocess.run(
        ["node", script],
        cwd=folder,
        env={**found, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


OPENAI_ERRORS = {
    "an unknown key": (
        openai.AuthenticationError,
        "this API key is not known.*look for a typing error",
        {"key": "wrong"},
        {},
    ),
    "a key for something else": (
        openai.PermissionDeniedError,
        "does not have the scope inference",
        {"key": "manage"},
        {},
    ),
    "an unknown model": (
        openai.NotFoundError,
        "there is no model 'tals'.*did you mean talks",
        {},
        {"model": "tals"},
    ),
    "an unknown environment": (
        openai.NotFoundError,
        "did you mean talks/staging",
        {},
        {"model": "talks/stagin"},
    ),
    "an unknown deployment": (
        openai.NotFoundError,
        " talks@",
        {},
        {"model": "talks@nobody"},
    ),
    "no model": (openai.BadRequestError, "does not say which model", {}, {"model": ""}),
    "a bad deadline": (
        openai.BadRequestError,
        "x-headway-deadline is 'soon'",
        {},
        {"extra_headers": {"x-headway-deadline": "soon"}},
    ),
    "what the model refuses": (
        openai.UnprocessableEntityError,
        "that is not said here",
        {},
        {"text": "refuse"},
    ),
    "what it refuses with an object": (
        openai.ConflictError,
        "somebody else talks",
        {},
        {"text": "refuse with an object"},
    ),
    "a stream that it refuses": (
        openai.UnprocessableEntityError,
        "that is not said here",
        {},
        {"text": "refuse", "stream": True},
    ),
    "what breaks the model": (openai.InternalServerError, "Internal Server Error", {}, {"text": "crash"}),
    "a body that is too large": (
        openai.APIStatusError,
        "a body has at most 5,000 bytes.*raise body_limit_bytes",
        {},
        {"model": "busy", "text": "a" * 6000},
    ),
}


@pytest.mark.parametrize("name", OPENAI_ERRORS)
def test_openai_s_user_reads_what_is_wrong(reached, name):
    kind, text, options, asked = OPENAI_ERRORS[name]
    key = {"manage": reached.manage}.get(options.get("key"), options.get("key"))
    with reached.openai(key) as client, pytest.raises(kind, match=text) as caught:
        ask(client, **asked)
    assert caught.value.type
    assert caught.value.request_id
    if kind is openai.ConflictError:
        assert (caught.value.code, caught.value.param) == ("taken", "messages")
    if kind is openai.NotFoundError:
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_a_method_that_the_model_does_not_have_is_named(reached):
    with (
        reached.openai() as client,
        pytest.raises(openai.NotFoundError, match="this model has no method `responses`"),
    ):
        client.responses.create(model="talks", input="hello")


ANTHROPIC_ERRORS = {
    "an unknown key": (anthropic.AuthenticationError, "this API key is not known", {"key": "wrong"}, {}),
    "an unknown model": (anthropic.NotFoundError, "did you mean talks", {}, {"model": "tals"}),
    "what the model refuses": (
        anthropic.UnprocessableEntityError,
        "that is not said here",
        {},
        {"text": "refuse"},
    ),
    "what breaks the model": (anthropic.InternalServerError, "Internal Server Error", {}, {"text": "crash"}),
    "a body that is too large": (
        anthropic.RequestTooLargeError,
        "a body has at most 5,000 bytes",
        {},
        {"model": "busy", "text": "a" * 6000},
    ),
}


@pytest.mark.parametrize("name", ANTHROPIC_ERRORS)
def test_anthropic_s_user_reads_what_is_wrong(reached, name):
    kind, text, options, asked = ANTHROPIC_ERRORS[name]
    with reached.anthropic(options.get("key")) as client, pytest.raises(kind, match=text) as caught:
        tell(client, **asked)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["request_id"]


def test_a_full_queue_says_when_to_come_again_and_that_is_right(reached):
    with reached.openai() as client, reached.anthropic() as other:
        waiting = [threading.Thread(target=ask, args=(client, "wait", "busy")) for _ in range(2)]
        for one in waiting:
            one.start()
        wait_until(lambda: queued(reached, "busy") == 1, 30, "one is held and one waits")
        with pytest.raises(openai.RateLimitError, match="1 request waits already") as caught:
            ask(client, model="busy")
        seconds = int(caught.value.response.headers["retry-after"])
        with pytest.raises(anthropic.RateLimitError, match="1 request waits already"):
            tell(other, model="busy")
        with reached.openai(max_retries=3) as patient:
            assert ask(patient, model="busy").choices[0].message.content == "you said hello"
        for one in waiting:
            one.join(30)
        assert 1 <= seconds <= 3


def queued(reached, model):
    page = httpx.get(
        f"{reached.url}/metrics", headers={"authorization": f"Bearer {reached.manage}"}, timeout=10
    ).text
    rows = [line for line in page.splitlines() if line.startswith("headway_queued{") and f'"{model}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in rows)


def test_a_replica_that_dies_and_a_model_that_is_switched_off_are_told(reached):
    with reached.openai() as client:
        with pytest.raises(openai.InternalServerError, match="went away while it held the request") as caught:
            ask(client, "die", model="busy")
        assert (caught.value.status_code, caught.value.type) == (502, "api_error")
        reached.headway.run("deactivate", "busy")
        with pytest.raises(openai.InternalServerError, match="is switched off") as caught:
            ask(client, model="busy")
        assert (caught.value.status_code, caught.value.type) == (503, "overloaded_error")
