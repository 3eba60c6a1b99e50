"""What all pages have: a control that hangs is told, keys lead on, what cannot be undone is asked, none is too wide."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from console.browsing import barriers, fits, picture, tab
from console.conftest import TIMED
from system.serving import descendants, wait_until

_WITHIN = 5.0
_LONG = "a-model-whose-name-goes-on-and-on-until-it-has-sixty-letters"
_NAMES = re.compile(r"^# TYPE (headway_\w+) ", re.MULTILINE)
_REFUSED = "status of 40[49]"

PAGES = {
    "models": "/#/",
    "search": f"/#/?q={_LONG}&state=nowhere",
    "model": "/#/models/{name}",
    "deployment": "/#/models/{name}/{id}",
    "charts": "/#/models/{name}/{id}?tab=charts",
    "decisions": "/#/models/{name}/{id}?tab=decisions",
    "changes": "/#/models/{name}/{id}?tab=changes",
    "requests": "/#/models/{name}/{id}?tab=requests",
    "request": "/#/models/{name}/{id}?tab=requests&request={request}",
    "logs": "/#/models/{name}/{id}?tab=logs",
    "advice": "/#/models/{name}/{id}?tab=advice",
    "what-if": "/#/models/{name}/{id}/what-if",
    "playground": "/#/models/{name}/{id}/playground",
    "playground-json": "/#/models/{name}/{id}/playground?as=json",
    "playground-file": "/#/models/{name}/{id}/playground?as=file",
    "playground-path": "/#/models/{name}/{id}/playground?way=path&path=" + "v1/" + "long" * 40,
    "deploy": "/#/deploy",
    "keys": "/#/keys",
    "metrics": "/#/metrics",
    "nobody": "/#/models/{name}/nobody",
    "nowhere": "/#/nowhere",
    "docs": "/docs",
}


@pytest.fixture(scope="module")
def used(site):
    """A second model, with a long name, that has had a request, and a key's worth of secrets."""
    site.headway.run("push", TIMED, "--name", _LONG)
    path = f"/models/{_LONG}/deployments/production"
    wait_until(lambda: site.ask(path)["status"] == "ACTIVE", 60, "it serves")
    answer = httpx.post(f"http://127.0.0.1:{site.headway.port}/models/{_LONG}/predict", json={}, timeout=30)
    site.long, site.request = site.ask(path)["id"], answer.headers["x-headway-request-id"]
    site.ask("/secrets", "POST", json={"name": "long_" * 12, "value": "hush"})
    wait_until(lambda: site.ask(f"{path}/requests")["requests"], 10, "it is recorded")
    return site


@pytest.fixture
def control(site):
    """The process of control; it goes on at the end."""
    [number] = [
        number for number, command in descendants(site.process.pid).items() if "headway.api" in command
    ]
    yield number
    os.kill(number, signal.SIGCONT)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_control_that_hangs_is_told_in_time_on_every_page_and_so_is_its_return(
    used, browser, control, theme
):
    pages = {"models": 1440, "deployment": 390, "keys": 390, "playground": 1440}
    tabs = [tab(browser, used.url, theme=theme, width=width, forgiven="ERR_") for width in pages.values()]
    opened = [one.__enter__() for one in tabs]
    try:
        for page, name in zip(opened, pages, strict=True):
            page.goto(PAGES[name].format(name="timed", id=used.deployment))
            page.get_by_text("Loading…").first.wait_for(state="detached")
        os.kill(control, signal.SIGSTOP)
        began = time.monotonic()
        for page in opened:
            banner = page.get_by_role("alert").filter(has_text="Control does not answer, since")
            banner.wait_for(timeout=1000 * max(0.1, _WITHIN - (time.monotonic() - began)))
        for page, (name, width) in zip(opened, pages.items(), strict=True):
            assert fits(page, width)
            picture(page, f"hung-{name}-{theme}-{width}")
        assert barriers(opened[0]) == []
        os.kill(control, signal.SIGCONT)
        for page in opened:
            page.get_by_text("Control answers again").wait_for()
            assert page.get_by_text("Control does not answer").count() == 0
    finally:
        os.kill(control, signal.SIGCONT)
        for one in tabs:
            one.__exit__(None, None, None)


def test_a_control_that_answers_is_not_called_silent(used, browser):
    with tab(browser, used.url) as page:
        page.goto("/#/keys")
        page.get_by_role("region", name="API keys").wait_for()
        page.evaluate("""() => {
            globalThis.told = 0;
            new MutationObserver(() => { globalThis.told += document.querySelectorAll(".banner").length; })
                .observe(document.body, {childList: true, subtree: true});
        }""")
        page.wait_for_timeout(6000)
        assert page.evaluate("globalThis.told") == 0


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_a_telephone(used, browser, name):
    with tab(browser, used.url, width=390, height=800, forgiven=_REFUSED) as page:
        page.goto(PAGES[name].format(name=_LONG, id=used.long, request=used.request))
        page.locator("main > *, #reference > *").first.wait_for()
        page.get_by_text("Loading…").first.wait_for(state="detached")
        page.locator("[aria-busy=true]").wait_for(state="detached")
        assert scrolls_to(page) <= 390
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert scrolls_to(page) <= 390
        if name == "docs":
            return  # it has no keys of its own, and all of it is no picture
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys").wait_for()
        assert scrolls_to(page) <= 390
        picture(page, f"phone-{name}")


def scrolls_to(page):
    return page.evaluate("document.scrollingElement.scrollWidth")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
def test_what_moves_everybody_is_asked_with_what_follows(used, browser, theme, width):
    path = "/models/timed/deployments/production"
    with tab(browser, used.url, theme=theme, width=width) as page:
        page.goto(f"/#/models/timed/{used.deployment}")
        button = page.get_by_role("button", name="Deactivate…")
        button.click()
        dialog = page.get_by_role("dialog", name="Deactivate timed / ")
        dialog.get_by_text("production of timed points at it", exact=False).wait_for()
        assert page.evaluate("document.activeElement.textContent.trim()") == "Cancel"
        for _ in range(4):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "!document.activeElement.closest('main') || !!document.activeElement.closest('dialog')"
            )
        assert barriers(page) == []
        assert fits(page, width)
        picture(page, f"dialog-{theme}-{width}")
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        assert button.evaluate("one => one === document.activeElement")
        button.click()
        dialog.get_by_role("button", name="Cancel").click()
        dialog.wait_for(state="detached")
    assert used.ask(path)["status"] == "ACTIVE"


def test_a_deactivation_tells_what_is_on_its_way(used, browser):
    with tab(browser, used.url) as page, ThreadPoolExecutor(1) as pool:
        page.goto(f"/#/models/timed/{used.deployment}")
        asked = pool.submit(used.load, 1, preprocess=6)
        page.get_by_role("img", name="1 of 2 slots taken: 1 in preprocess").wait_for()
        page.get_by_role("button", name="Deactivate…").click()
        page.get_by_role("dialog").get_by_text("What is in flight (1) is finished.", exact=False).wait_for()
        page.keyboard.press("Escape")
        asked.result()


def test_a_key_is_deleted_only_when_that_is_meant(used, browser):
    with tab(browser, used.url) as page:
        page.goto("/#/keys")
        secrets = page.get_by_role("region", name="Secrets", exact=True)
        secrets.get_by_role("button", name="Delete…").click()
        page.get_by_role("dialog", name="Delete the secret").get_by_text("cannot be brought back").wait_for()
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for(state="detached")
        assert used.ask("/secrets")["secrets"]


def test_keys_lead_through_the_console_but_not_while_somebody_types(used, browser):
    with tab(browser, used.url) as page:
        page.goto(f"/#/models/timed/{used.deployment}")
        page.get_by_role("img", name="Queue: empty").wait_for()
        led(page, ("gr", r"^timed \W "), ("gu", "^timed$"), ("gm", "^Models$"))
        page.goto(f"/#/models/timed/{used.deployment}")
        led(
            page,
            ("", r"^timed \W "),
            ("gp", "^Playground: timed"),
            ("gw", "^What if: timed"),
            ("gk", "^Keys"),
        )
        led(page, ("gd", "^Deploy$"), ("ge", "^Metrics$"), ("gm", "^Models$"))
        page.get_by_role("searchbox").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("gk?/")
        assert page.get_by_role("searchbox").input_value() == "gk?/"
        assert page.get_by_role("dialog").count() == 0
        page.get_by_role("link", name="Headway, all models").focus()
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys").get_by_text("Deploy").wait_for()
        page.keyboard.press("g")
        page.keyboard.press("k")
        assert "#/keys" not in page.url
        assert barriers(page) == []
        picture(page, "keys-shown-light")
        page.get_by_label("Single keys lead somewhere").uncheck()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        page.keyboard.press("?")
        page.reload()
        page.get_by_role("searchbox").wait_for()
        page.get_by_role("link", name="Headway, all models").focus()
        page.keyboard.press("?")
        assert page.get_by_role("dialog").count() == 0
        page.get_by_role("button", name="Keys (?)").click()
        page.get_by_label("Single keys lead somewhere").check()


def led(page, *stories):
    """Each of the keys leads to a page with such a heading."""
    for keys, title in stories:
        for key in keys:
            page.keyboard.press(key)
        page.get_by_role("heading", level=1, name=re.compile(title)).wait_for()


def test_what_is_searched_for_stands_in_the_address(used, browser):
    with tab(browser, used.url) as page:
        page.goto("/#/")
        table = page.get_by_role("region", name="Deployments")
        table.get_by_role("link", name=_LONG).wait_for()
        page.get_by_role("searchbox").press_sequentially("timed prod")
        page.get_by_text(re.compile(r"^1 of \d deployments")).wait_for()
        assert table.get_by_role("link").all_inner_texts()[0].startswith("timed")
        assert "q=timed+prod" in page.url
        page.get_by_label("State", exact=True).select_option("active")
        page.reload()
        page.get_by_text(re.compile(r"^1 of \d deployments")).wait_for()
        assert page.get_by_role("searchbox").input_value() == "timed prod"
        page.get_by_role("searchbox").fill("nothing of the kind")
        page.get_by_text(re.compile(r"^0 of \d deployments")).wait_for()
        page.get_by_role("button", name="Show all").click()
        table.get_by_role("link", name=_LONG).wait_for()
        assert page.url.endswith("#/")


@pytest.mark.parametrize(
    ("locale", "zone", "pattern"),
    [
        ("de-DE", "America/New_York", r"\d+\. \w+\.? 20\d\d, \d+:\d\d:\d\d (GMT-\d|E[SD]T)"),
        ("en-US", "Asia/Kolkata", r"\w{3} \d+, 20\d\d, \d+:\d\d:\d\d [AP]M GMT\+5:30"),
    ],
)
def test_times_are_in_the_readers_language_and_zone(used, browser, locale, zone, pattern):
    with tab(browser, used.url, locale=locale, timezone_id=zone) as page:
        page.goto("/#/deploy")
        told = page.get_by_role("region", name="Deployed").get_by_role("time").first
        assert re.fullmatch(pattern, told.inner_text().replace("\N{NARROW NO-BREAK SPACE}", " ")), (
            told.inner_text()
        )
        assert told.get_attribute("datetime").endswith("Z")
        assert zone.replace("Kolkata", "") in page.locator("footer").inner_text().replace("Calcutta", "")


def test_the_dashboard_shows_what_both_ports_tell(used, browser):
    with tab(browser, used.url) as page:
        page.goto("/#/")
        page.get_by_role("link", name="Metrics for Prometheus and Grafana").click()
        prometheus = page.get_by_role("region", name="Prometheus")
        prometheus.get_by_role("link").nth(1).wait_for()
        addresses = [one.get_attribute("href") for one in prometheus.get_by_role("link").all()]
        assert len(addresses) == 2
        told = {name for address in addresses for name in _NAMES.findall(httpx.get(address).text)}
        targets = prometheus.get_by_label("For prometheus.yml").inner_text()
        assert f"127.0.0.1:{used.headway.port}" in targets
        assert f"127.0.0.1:{used.headway.control_port}" in targets
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the dashboard").click()
        assert download.value.suggested_filename == "headway.json"
        shown = set(re.findall(r"headway_\w+", download.value.path().read_text()))
        series = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown if name not in told}
        assert series <= told
        assert barriers(page) == []
        assert fits(page, 390)
