"""All that a model can be asked from the page: in fields, as files, as a chat, over a WebSocket, on any path."""

import json
import os
import re
import subprocess
import sys

import pytest

from console.browsing import barriers, fits, picture, tab
from console.conftest import TIMED
from system.serving import wait_until

FAILED = r"status of [345]\d\d"
WAYS, ECHOES = TIMED.parent / "ways", TIMED.parent / "echoes"


@pytest.fixture(scope="module")
def models(bare):
    """Two models, ready."""
    for model in (WAYS, ECHOES):
        bare.headway.run("push", model)
    for name in ("ways", "echoes"):
        wait_until(
            lambda name=name: bare.ask(f"/models/{name}/deployments/production")["status"] == "ACTIVE",
            120,
            name,
        )
    return bare


@pytest.fixture
def opened(models, browser):
    """A playground, wide and light if nothing else is said; what goes wrong in it is an error, refusals aside."""

    def open_one(model="ways", query="", **options):
        return _Opened(models, browser, model, query, options)

    return open_one


class _Opened:
    def __init__(self, models, browser, model, query, options):
        self._tab = tab(browser, models.url, forgiven=FAILED, **options)
        deployment = models.ask(f"/models/{model}/deployments/production")["id"]
        self._address = f"/#/models/{model}/{deployment}/playground{query}"

    def __enter__(self):
        page = self._tab.__enter__()
        page.goto(self._address)
        page.get_by_role("navigation", name="Ways to ask it").wait_for()
        return page

    def __exit__(self, *failed):
        return self._tab.__exit__(*failed)


def send(page, inputs=None):
    if inputs is not None:
        page.get_by_label("Input, as JSON").fill(inputs if isinstance(inputs, str) else json.dumps(inputs))
    page.get_by_role("button", name="Send", exact=True).click()
    page.locator("[aria-busy=true]").wait_for(state="detached")


def field(page, name):
    return page.get_by_role("textbox", name=name, exact=True)


def answer_of(page):
    return json.loads(page.get_by_label("The answer", exact=True).inner_text())


def test_fields_and_json_are_in_step(opened):
    with opened() as page:
        field(page, "want text").fill('a "quoted"\nline')
        field(page, "count number").fill("12345678901234567890")
        page.get_by_label("loud", exact=True).uncheck()
        page.get_by_role("button", name="Add to names").click()
        field(page, "names[2] text").fill("grüße 🙂")
        page.get_by_role("button", name="Remove names[0]").click()
        page.get_by_label("nothing").select_option("number")
        page.get_by_role("button", name="JSON", exact=True).click()
        text = page.get_by_label("Input, as JSON").input_value()
        assert json.loads(text) == {
            "want": 'a "quoted"\nline',
            "count": 12345678901234567890,
            "ratio": 0.5,
            "deep": {"loud": False, "names": ["b", "grüße 🙂"], "nothing": 0},
            "rest": [],
        }
        assert "as=json" in page.url
        send(page, text)
        page.get_by_label("Input, as JSON").fill('{"other": [1]}')
        page.get_by_role("button", name="Form").click()
        field(page, "other[0] number").fill("x")
        page.get_by_text("No number: 1 is sent").wait_for()
        page.get_by_role("button", name="JSON", exact=True).click()
        page.get_by_label("Input, as JSON").fill("{")
        page.get_by_role("button", name="Form").click()
        page.get_by_text("It is no JSON at present").wait_for()
        assert page.get_by_role("button", name="Send", exact=True).is_disabled()
        page.get_by_role("button", name="The example again").click()
        field(page, "want text").wait_for()


def test_files_come_out_as_what_they_are(opened):
    with opened(query="?as=json") as page:
        send(page, {"want": "image"})
        shown = page.get_by_role("img", name="answer: image/png")
        wait_until(lambda: shown.evaluate("one => one.naturalWidth") == 120, 10, "the picture is drawn")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "answer.png"
        assert download.value.path().read_bytes().startswith(b"\x89PNG")
        send(page, {"want": "sound"})
        sound = page.locator("audio")
        wait_until(lambda: sound.evaluate("one => one.duration") > 0.05, 10, "the sound can be played")
        send(page, {"want": "octets"})
        page.get_by_label("Its first octets").get_by_text("00 01 02 03").wait_for()
        page.get_by_role("link", name="Download").wait_for()
        send(page, {"want": "images"})
        within = page.get_by_role("img", name="images[0]: image/png")
        wait_until(lambda: within.evaluate("one => one.naturalWidth") == 120, 10, "one in JSON is drawn")
        assert '"seed": 7' in page.get_by_label("The answer", exact=True).inner_text()


def test_a_file_goes_in_whole_or_as_base64_in_a_field(opened):
    file = {"name": "a photo.png", "mimeType": "image/png", "buffer": b"\x89PNG" + bytes(3_000_000)}
    with opened() as page:
        page.locator("input[type=file]").first.set_input_files({**file, "buffer": b"\x89PNG\0"})
        wait_until(
            lambda: field(page, "want text").input_value() == "iVBORwA=", 10, "its base64 is in the field"
        )
        page.get_by_role("button", name="File", exact=True).click()
        assert page.get_by_role("button", name="Send", exact=True).is_disabled()
        page.locator("input[type=file]").first.set_input_files(file)
        page.get_by_text("a photo.png, 2.86 MiB, as image/png").wait_for()
        send(page)
        assert answer_of(page) == {"type": "image/png", "bytes": 3_000_004, "first": "89504e47"}
        page.get_by_text("Copy as").first.click()
        assert "--data-binary '@a photo.png'" in page.get_by_label("To be copied").inner_text()


def test_much_text_is_shown_in_part_and_can_be_saved(opened):
    with opened(query="?as=json") as page:
        send(page, {"want": "much"})
        page.get_by_text("… the rest is not shown").wait_for()
        assert len(page.get_by_label("The answer", exact=True).inner_text()) < 250_000
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert len(json.loads(download.value.path().read_text())["text"]) == 1_000_000


@pytest.mark.parametrize(
    ("want", "status", "told"), [("failure", 500, "Internal Server Error"), ("refusal", 422, "no such seed")]
)
def test_an_error_has_its_words_its_id_and_its_waterfall(opened, want, status, told):
    with opened(query="?as=json") as page:
        send(page, {"want": want})
        page.get_by_role("alert").get_by_text(told).wait_for()
        page.get_by_role("status").get_by_text(str(status), exact=True).wait_for()
        page.get_by_label("Waterfall").get_by_text("predict", exact=True).wait_for()
        answer = page.get_by_role("region", name="Answer", exact=True)
        request_id = answer.locator("a.mono, .mono a").first.inner_text()
        answer.get_by_role("link", name=request_id).click()
        page.get_by_role("heading", name=request_id).wait_for()
        assert f"request={request_id}" in page.url


def test_a_redirect_is_shown_and_not_followed(opened):
    with opened(query="?as=json") as page:
        send(page, {"want": "redirect"})
        page.get_by_role("status").get_by_text("302", exact=True).wait_for()
        page.get_by_text("Headers").click()
        page.get_by_text("x-headway-location").wait_for()


def test_a_request_that_runs_is_left(opened, models):
    with opened(query="?as=json") as page:
        page.get_by_label("Input, as JSON").fill('{"want": "patience"}')
        page.get_by_role("button", name="Send", exact=True).click()
        path = "/models/ways/deployments/production"
        wait_until(lambda: models.ask(path)["in_flight"] == 1, 10, "it is in flight")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("You left before the answer was whole").wait_for()
        wait_until(lambda: models.ask(path)["in_flight"] == 0, 10, "its slot is free")


def test_a_chat_streams_its_words_and_tells_how_soon_they_came(opened):
    with opened(query="?way=chat") as page:
        page.get_by_label("Message", exact=True).fill("hello 🙂")
        page.keyboard.press("Control+Enter")
        log = page.get_by_role("log")
        log.get_by_text("You said", exact=False).wait_for()
        page.locator("[aria-busy=true]").first.wait_for()
        told = page.get_by_role("region", name="Answer", exact=True)
        told.get_by_text("streaming").wait_for()
        told.get_by_text("200").wait_for()
        log.get_by_text("You said: hello 🙂").wait_for()
        assert re.search(r"first token\n[\d.]+ m?s", told.inner_text())
        page.get_by_label("Waterfall").wait_for()
        page.get_by_label("Stream the answer").uncheck()
        page.get_by_label("Message", exact=True).fill("again")
        page.get_by_role("button", name="Send", exact=True).click()
        log.get_by_text("You said: again").wait_for()
        page.get_by_label("Message", exact=True).fill("fail")
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_role("alert").get_by_text("no words left").wait_for()
        page.get_by_role("button", name="Begin anew").click()
        page.get_by_text("Nothing has been said yet").wait_for()


def test_a_chats_answer_is_stopped_and_what_came_stays(opened):
    with opened(query="?way=chat") as page:
        page.get_by_label("Message", exact=True).fill("a long story")
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_role("log").get_by_text("You").nth(1).wait_for()
        page.get_by_role("region", name="Answer", exact=True).get_by_text("streaming").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.locator("[aria-busy=true]").wait_for(state="detached")
        said = page.get_by_role("article", name="Model").last.inner_text()
        assert "You" in said
        assert "story" not in said


def test_a_model_that_has_only_a_websocket_gets_that_first(opened, models):
    with opened("echoes") as page:
        page.get_by_role("button", name="Connect").click()
        page.get_by_text("Open; it holds a slot").wait_for()
        wait_until(
            lambda: models.ask("/models/echoes/deployments/production")["in_flight"] == 1, 10, "a slot"
        )
        page.get_by_label("Message", exact=True).fill("grüße")
        page.keyboard.press("Control+Enter")
        log = page.get_by_role("log", name="Messages")
        log.get_by_role("article").filter(has_text="Model").filter(has_text="grüße").wait_for()
        page.get_by_label("Code").fill("2000")
        assert page.get_by_role("button", name="Close", exact=True).is_disabled()
        page.get_by_label("Code").fill("4001")
        page.get_by_label("Reason").fill("enough")
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_text("Closed by you with 4001, the model's own: “enough”").wait_for()
        page.get_by_label("Waterfall").wait_for()
        wait_until(
            lambda: models.ask("/models/echoes/deployments/production")["in_flight"] == 0, 10, "given back"
        )


def test_a_websocket_that_a_model_does_not_have_says_so(opened):
    with opened("echoes", "?path=sync/nowhere") as page:
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("alert").get_by_text("Not Found").wait_for()
        page.get_by_role("button", name="Connect").wait_for()


def test_any_path_and_method_is_asked(opened):
    with opened(query="?way=path&path=v1/models&method=GET") as page:
        send(page)
        assert answer_of(page)["data"][0]["object"] == "model"
        page.get_by_label("Path, with its query").fill("v1/nothing?a=1")
        send(page)
        page.get_by_role("status").get_by_text("404", exact=True).wait_for()
        assert "path=v1%2Fnothing%3Fa%3D1" in page.url
        page.get_by_label("Path, with its query").fill("v1/chat/completions")
        page.get_by_label("Method").select_option("POST")
        assert "messages" in field(page, "Body").input_value()
        send(page)
        assert answer_of(page)["choices"][0]["message"]["content"] == "You said: Say hello"


WICKED = {
    "want": 'it\'s $HOME `id` \\ "!!" %s\n\t\r<é🙂>\u2028\x7f',
    "n": [1.0, -0.5, True, None],
    "@": "@/etc/passwd",
    "": {},
}


@pytest.mark.parametrize("length", [0, 300_000])
@pytest.mark.parametrize("kind", ["curl", "Python (httpx)"])
def test_what_is_copied_asks_the_same(opened, tmp_path, kind, length):
    inputs = WICKED | {"much": "it's " * (length // 5)}
    with opened(query="?as=json") as page:
        page.get_by_label("Input, as JSON").fill(json.dumps(inputs, ensure_ascii=False))
        assert json.loads(copied(page, kind, tmp_path)) == inputs


def test_a_chat_that_is_copied_for_openais_client_is_answered(opened, tmp_path):
    with opened(query="?way=chat") as page:
        page.get_by_label("Message", exact=True).fill(WICKED["want"])
        page.get_by_label("Further fields, as JSON").fill('{"max_tokens": 5, "top_k": 3}')
        assert WICKED["want"].replace("\r", "\n") in copied(page, "OpenAI client", tmp_path).replace(
            "\r", "\n"
        )
        page.get_by_label("Stream the answer").uncheck()
        assert copied(page, "curl", tmp_path).startswith('{"choices"')


def copied(page, kind, directory, **variables):
    """What the command or program prints that the page has copied."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if page.get_by_label("To be copied").count() == 0 or not page.get_by_label("To be copied").is_visible():
        page.get_by_text("Copy as").first.click()
    page.get_by_role("button", name=kind).click()
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_text("Copied").first.wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    file = directory / "copied"
    file.write_text(text, encoding="utf-8")
    command = ["bash", file] if kind == "curl" else [sys.executable, file]
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1", **variables},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().removeprefix("200 ")


@pytest.fixture
def key(models):
    """The only key, for as long as the test goes on."""
    made = models.ask("/api_keys", "POST", json={"name": "mine"})
    yield made["api_key"]
    headers = {"authorization": f"Bearer {made['api_key']}"}
    models.ask(f"/api_keys/{made['prefix']}", "DELETE", headers=headers)


def test_with_a_key_everything_can_be_tried_and_no_copy_has_it(models, browser, tmp_path, key):
    ids = {
        name: models.ask(f"/models/{name}/deployments/production", headers={"x-api-key": key})["id"]
        for name in ("ways", "echoes")
    }
    with tab(browser, models.url, forgiven=FAILED) as page:
        page.add_init_script(f"sessionStorage.setItem('headway.key', {json.dumps(key)})")
        page.goto(f"/#/models/ways/{ids['ways']}/playground?as=json")
        page.get_by_label("Input, as JSON").wait_for()
        send(page, {"want": "failure"})
        page.get_by_role("status").get_by_text("500", exact=True).wait_for()
        for kind in ("curl", "Python (httpx)"):
            page.get_by_label("Input, as JSON").fill('{"want": "it\'s"}')
            assert json.loads(copied(page, kind, tmp_path, HEADWAY_API_KEY=key)) == {"want": "it's"}
            assert key not in (tmp_path / "copied").read_text()
        page.goto(f"/#/models/ways/{ids['ways']}/playground?way=chat")
        page.get_by_label("Message", exact=True).fill("hello")
        assert "hello" in copied(page, "OpenAI client", tmp_path, HEADWAY_API_KEY=key)
        assert key not in (tmp_path / "copied").read_text()
        page.goto(f"/#/models/echoes/{ids['echoes']}/playground")
        _converse(page)
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_text("Closed by you with 1000").wait_for()
        page.goto("/#/metrics")
        page.get_by_text("credentials_file").wait_for()
        assert page.get_by_role("region", name="Prometheus").get_by_role("link", name="/metrics").count() == 0


def _chat(page):
    page.get_by_label("Message", exact=True).fill("Tell me of the sea, please: " + "unbroken" * 30)
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("log").get_by_text("said", exact=False).first.wait_for()


def _converse(page):
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("Open; it holds a slot").wait_for()
    page.get_by_label("Message", exact=True).fill("unbroken" * 30)
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("article").nth(1).wait_for()


STATES = {
    "form": ("ways", "", lambda _: None),
    "image": ("ways", "?as=json", lambda page: send(page, {"want": "image"})),
    "error": (
        "ways",
        "?as=json",
        lambda page: (send(page, {"want": "failure"}), page.get_by_label("Waterfall").wait_for()),
    ),
    "chat": ("ways", "?way=chat", _chat),
    "websocket": ("echoes", "", _converse),
    "path": ("ways", "?way=path", send),
}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", STATES)
def test_it_shuts_nobody_out_and_fits(opened, name, theme, width):
    model, query, act = STATES[name]
    with opened(model, query, theme=theme, width=width) as page:
        act(page)
        picture(page, f"playground-{name}-{theme}-{width}")
        assert barriers(page) == []
        assert fits(page, width)
