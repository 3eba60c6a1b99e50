"""The logs of a deployment are read: found, unfolded, followed, sent on, and never slow."""

import json
import re
import time
from pathlib import Path

import httpx
import pytest

from console.browsing import barriers, fits, picture, tab
from system.serving import wait_until

MODELS = Path(__file__).parent / "models"
ROWS = "[aria-label='Log lines'] .log-line"


class Logged:
    """A deployment whose replica has written, in every way that models do."""

    def __init__(self, site, model):
        self.site, self.model, self.url = site, model, site.url
        self.path = f"/models/{model}/deployments/production"
        self.id = site.ask(self.path)["id"]
        self.page = f"/#/models/{model}/{self.id}?tab=logs"

    def predict(self, text, status):
        url = f"http://127.0.0.1:{self.site.headway.port}/models/{self.model}/predict"
        answer = httpx.post(url, json={"text": text}, timeout=60)
        assert answer.status_code == status
        return answer.headers["x-headway-request-id"]

    def write(self, replica, text):
        path = Path(self.site.headway.environment["HEADWAY_DATA_DIR"]) / "logs" / self.id / f"{replica}.log"
        with path.open("a", encoding="utf-8") as file:
            file.write(text)


@pytest.fixture(scope="module")
def chatty(bare):
    bare.headway.run("push", MODELS / "chatty")
    logged = Logged(bare, "chatty")
    logged.hello = logged.predict("hello", 200)
    logged.failed = logged.predict("fail", 500)
    logged.predict("native", 200)
    return logged


@pytest.fixture(scope="module")
def broken(bare):
    bare.headway.run("push", MODELS / "broken", code=1)
    logged = Logged(bare, "broken")
    wait_until(lambda: bare.ask(logged.path)["status"] == "FAILED", 60, "its starts have failed")
    return logged


def line(number, level="INFO", at=1_767_348_672):
    instant = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at + number))
    return json.dumps({"asctime": instant, "levelname": level, "message": f"line {number:06d}"}) + "\n"


def rows(page):
    return page.locator(ROWS)


def wait_for_rows(page, count):
    wait_until(lambda: rows(page).count() == count, 15, f"{count} lines are shown")


def follow_link(page, link):
    """As a click does it, wherever the link is."""
    page.goto("/" + link.get_attribute("href"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_what_failed_is_before_the_eyes(broken, browser, theme, width):
    with tab(browser, broken.url, theme=theme, width=width) as page:
        page.goto(broken.page)
        why = page.get_by_role("alert", name="Why it does not serve")
        why.get_by_text(
            "the model could not be loaded (exit code 70): RuntimeError: the weights are not there"
        ).wait_for()
        traceback = why.get_by_text("No such file or directory: '/weights/of/nobody.bin'")
        traceback.wait_for()
        assert why.bounding_box()["y"] < 400
        assert barriers(page) == []
        assert fits(page, width, 900)
        picture(page, f"logs-failed-{theme}-{width}")
        follow_link(page, why.get_by_role("link", name="What came around it"))
        page.locator(f"{ROWS}.is-marked").first.wait_for()
        assert page.locator(f"{ROWS}.is-warning").count() > 0


def test_of_what_could_not_be_built_the_builds_last_lines_come_first(bare, browser):
    bare.headway.run("push", MODELS / "unbuilt", code=1)
    unbuilt = Logged(bare, "unbuilt")
    wait_until(lambda: bare.ask(unbuilt.path)["status"] == "BUILD_FAILED", 60, "it could not be built")
    with tab(browser, bare.url, width=390) as page:
        page.goto(unbuilt.page)
        why = page.get_by_role("alert", name="Why it does not serve")
        why.get_by_role("group").get_by_text("no weights here").first.wait_for()
        assert barriers(page) == []
        picture(page, "logs-unbuilt")
        follow_link(page, why.get_by_role("link", name="Only the build's lines"))
        wait_until(lambda: page.get_by_label("Replica").input_value() == "build", 10, "they are chosen")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_lines_of_all_kinds_shut_nobody_out(chatty, browser, theme, width):
    with tab(browser, chatty.url, theme=theme, width=width) as page:
        page.goto(chatty.page + "&unfold=1&text=weights")
        page.get_by_text("KeyError:").first.wait_for()
        rows(page).last.get_by_role("button", name="JSON").click()
        page.get_by_text('"levelname": "ERROR"').wait_for()
        assert barriers(page) == []
        assert fits(page, width, 900)
        picture(page, f"logs-{theme}-{width}")


def test_a_line_reads_as_on_the_command_line(chatty, browser):
    told = chatty.site.headway.run("logs", "chatty", "--tail", "1000").splitlines()
    wanted = [" ".join(one.split())[:500] for one in told if one.strip()]
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page + "&unfold=1&follow=0")
        page.get_by_text("asked for native").wait_for()
        texts = rows(page).evaluate_all(
            """rows => rows.map((row) => {
              const text = (wanted) => row.querySelector(wanted)?.textContent ?? "";
              const [first, ...more] = text(".log-message").split("\\n");
              const columns = [text("time"), text("b"), text(".log-replica"), first, text(".log-request")];
              return [columns.join(" "), ...more, ...text("pre").split("\\n")].join("\\n");
            })"""
        )
    shown = [" ".join(one.split())[:500] for text in texts for one in text.splitlines() if one.strip()]
    assert shown == wanted


def test_a_traceback_unfolds_and_the_json_is_a_click_away(chatty, browser):
    with tab(browser, chatty.url) as page:
        page.goto(f"{chatty.page}&request={chatty.failed}")
        wait_for_rows(page, 2)
        fold = page.get_by_role(
            "button", name="ValueError: no weights for this: <script>alert(1)</script> (traceback, "
        )
        assert page.get_by_text("KeyError: 'weights'").count() == 0
        fold.focus()
        page.keyboard.press("Enter")
        page.get_by_text("KeyError: 'weights'").wait_for()
        rows(page).first.get_by_role("button", name="JSON").click()
        page.get_by_text(f'"request_id": "{chatty.failed}"').wait_for()


def test_a_request_leads_to_its_lines_and_a_line_to_its_request(chatty, browser):
    path = f"{chatty.path}/requests/{chatty.hello}"
    wait_until(lambda: httpx.get(f"{chatty.url}/v1{path}").is_success, 10, "it is recorded")
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page)
        page.get_by_role("link", name=f"request={chatty.hello}").click()
        page.get_by_role("article", name=f"Request {chatty.hello}").wait_for()
        page.get_by_role("link", name="Its log lines").click()
        wait_for_rows(page, 1)
        assert "asked for hello" in rows(page).inner_text()


def test_a_view_is_its_address(chatty, browser):
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page)
        page.get_by_label("Text", exact=True).fill("Exception while")
        page.get_by_label("Level").select_option("error")
        page.get_by_label("Replica").select_option("chatty-1")
        page.get_by_role("button", name="24 h").click()
        page.get_by_label("unfold tracebacks").check()
        wait_for_rows(page, 1)
        assert page.locator("mark").all_inner_texts() == ["Exception while"]
        address = page.url
    assert re.search(r"since=\d{4}-\d\d-\d\dT", address), "the same window wherever it is opened"
    with tab(browser, chatty.url) as page:
        page.goto(address)
        page.get_by_text("KeyError: 'weights'").wait_for()
        wait_for_rows(page, 1)
        assert page.get_by_label("Level").input_value() == "error"
        page.get_by_label("From").fill("tomorrow")
        page.keyboard.press("Enter")
        page.get_by_text("write 10m, 2h, 14:05 or").wait_for()
        page.get_by_label("Text", exact=True).fill("nobody wrote this")
        page.get_by_role("button", name="Show all lines").click()
        page.get_by_text("asked for hello").wait_for()


def test_a_replica_that_never_was_is_told(chatty, browser):
    with tab(browser, chatty.url, forgiven="404") as page:
        page.goto(chatty.page + "&replica=chatty-99")
        page.get_by_text("has no log of a replica 'chatty-99'").wait_for()
        page.get_by_text("there are those of build, chatty-1").wait_for()


def test_a_regular_expression_is_looked_for_and_marked(chatty, browser):
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page + "&regex=1&text=" + "asked for (hello%7Cfail)")
        wait_for_rows(page, 2)
        assert page.locator("mark").all_inner_texts() == ["asked for hello", "asked for fail"]
        page.get_by_label("Regular expression").fill("asked for (")
        page.get_by_text("This is no regular expression: unterminated group").wait_for()
        assert rows(page).count() > 10
        chatty.write("chatty-1", "a" * 5000 + "!\n")
        page.get_by_label("Regular expression").fill("(a+)+$")
        page.get_by_text("This expression takes too long on these lines").wait_for()
        page.get_by_label("Regular expression").fill("hello$")
        wait_for_rows(page, 1)


def test_new_lines_come_and_who_reads_is_left_in_peace(chatty, browser):
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page + "&tail=5000")
        page.get_by_text("asked for native").wait_for()
        chatty.write("chatty-1", "".join(f"filled {number}\n" for number in range(100)) + "the newest\n")
        box = page.get_by_role("log")
        is_in_view = "one => one.scrollHeight - one.scrollTop - one.clientHeight < 30"
        page.get_by_text("the newest").wait_for()
        wait_until(lambda: box.evaluate(is_in_view), 5, "it stays at the end")
        box.evaluate("one => { one.scrollTop = 100 }")
        newest = page.get_by_role("button", name="To the newest")
        newest.wait_for()
        chatty.write("chatty-1", "newer still\n")
        page.get_by_text(re.compile("lines. Times are UTC")).wait_for()
        assert abs(box.evaluate("one => one.scrollTop") - 100) < 30
        newest.click()
        page.get_by_text("newer still").wait_for()


def test_what_matches_is_downloaded_as_it_reads(chatty, browser, tmp_path):
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page + "&level=error&text=ValueError")
        wait_for_rows(page, 1)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert download.value.suggested_filename == f"chatty-{chatty.id}.log"
        download.value.save_as(tmp_path / "log")
        told = chatty.site.headway.run("logs", "chatty", "--level", "error", "--text", "valueerror")
        assert (tmp_path / "log").read_text() == told
        with page.expect_download() as download:
            page.get_by_role("button", name="as JSON lines").click()
        download.value.save_as(tmp_path / "json")
        [entry] = map(json.loads, (tmp_path / "json").read_text().splitlines())
        assert entry["request_id"] == chatty.failed


def test_twenty_thousand_lines_do_not_make_the_page_slow(chatty, browser):
    chatty.write(
        "chatty-7",
        "".join(line(number, "ERROR" if number % 5000 == 0 else "INFO") for number in range(30_000)),
    )
    with tab(browser, chatty.url) as page:
        page.goto(chatty.page + "&replica=chatty-7&follow=0")
        page.get_by_text("line 029999").wait_for()
        page.get_by_role("button", name="Show 5,000 lines").evaluate("one => one.click()")
        page.get_by_text("5,000 lines, the newest").wait_for()
        page.get_by_role("button", name="Show 20,000 lines").evaluate("one => one.click()")
        page.get_by_text("20,000 lines; older ones").wait_for()
        page.get_by_text("line 029999").wait_for()
        assert rows(page).count() < 1000, "those that are far away are not drawn"
        box = page.get_by_role("log")
        for part, number in ((0.5, "line 0200"), (0, "line 010000")):
            box.evaluate("(one, part) => { one.scrollTop = one.scrollHeight * part }", part)
            page.get_by_text(number).first.wait_for()
            assert rows(page).count() < 1000
        worst = page.evaluate(
            """async () => {
              const box = document.querySelector("[role=log]");
              let worst = 0;
              for (let step = 0; step < 40; step += 1) {
                const before = performance.now();
                box.scrollTop += 4000;
                await new Promise(requestAnimationFrame);
                worst = Math.max(worst, performance.now() - before);
              }
              return worst;
            }"""
        )
        assert worst < 2000, f"a frame took {worst:.0f} ms"
        page.goto(chatty.page + "&replica=chatty-7&level=error&follow=0")
        wait_for_rows(page, 6)
