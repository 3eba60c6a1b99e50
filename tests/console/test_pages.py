"""Every page, in both themes and on wide and narrow windows, and by the keyboard alone."""

import httpx
import pytest

from console.browsing import barriers, fits, picture, tab

PAGES = {
    "models": "/#/",
    "model": "/#/models/timed",
    "deployment": "/#/models/timed/{id}",
    "charts": "/#/models/timed/{id}?tab=charts",
    "decisions": "/#/models/timed/{id}?tab=decisions",
    "changes": "/#/models/timed/{id}?tab=changes",
    "requests": "/#/models/timed/{id}?tab=requests",
    "logs": "/#/models/timed/{id}?tab=logs",
    "advice": "/#/models/timed/{id}?tab=advice",
    "what-if": "/#/models/timed/{id}/what-if?concurrency_target=4",
    "playground": "/#/models/timed/{id}/playground",
    "deploy": "/#/deploy",
    "keys": "/#/keys",
    "nowhere": "/#/nowhere",
    "docs": "/docs",
}
_MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def used(site):
    """It has had some traffic to show."""
    site.load(24, preprocess=0.02, predict=0.03)
    return site


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shuts_nobody_out_and_fits_its_window(used, browser, name, theme):
    with tab(browser, used.url, theme=theme) as page:
        page.goto(PAGES[name].format(id=used.deployment))
        page.get_by_text("Loading…").first.wait_for(state="detached")
        page.locator("main > *").first.wait_for()
        page.locator("[aria-busy=true]").wait_for(state="detached")
        assert barriers(page) == []
        assert fits(page, 1440)
        picture(page, f"{name}-{theme}")
        assert fits(page, 390)
        if theme == "light":
            picture(page, f"{name}-narrow")


def test_the_apis_page_tells_every_call_and_leads_to_what_it_takes(used, browser):
    paths = httpx.get(f"{used.url}/openapi.json").json()["paths"]
    with tab(browser, used.url) as page:
        page.goto("/docs")
        for path, methods in paths.items():
            for method in methods:
                page.get_by_text(f"{method.upper()} {path}", exact=True).first.wait_for()
        page.get_by_text("POST /v1/secrets", exact=True).click()
        page.get_by_role("link", name="NewSecret", exact=True).first.click()
        page.get_by_role("heading", name="NewSecret", exact=True).wait_for()
        assert page.url.endswith("#schema-NewSecret")


def test_the_first_load_is_light(used, browser):
    sizes = {}
    with tab(browser, used.url) as page:
        page.on("requestfinished", lambda one: sizes.update({one.url: one.response().body()}))
        page.goto("/#/")
        page.get_by_role("link", name="timed").wait_for()
        page.wait_for_load_state("load")
    assert any(url.endswith(".js") for url in sizes)
    assert sum(map(len, sizes.values())) < _MOST_BYTES


def test_a_setting_is_changed_by_keyboard_alone(used, browser):
    used.settle()
    with tab(browser, used.url) as page:
        page.goto("/#/")
        page.get_by_role("link", name="timed").wait_for()
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to the content"
        page.keyboard.press("Enter")
        press_until(page, "Tab", lambda: focused(page) == used.deployment)
        page.keyboard.press("Enter")
        page.get_by_label("concurrency_target").wait_for()
        press_until(
            page,
            "Tab",
            lambda: page.get_by_label("concurrency_target").evaluate("one => one === document.activeElement"),
        )
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        page.get_by_role("img", name="0 of 4 slots taken").wait_for()
    assert used.ask("/models/timed/deployments/production")["concurrency_target"] == 4


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def press_until(page, key, condition, most=80):
    for _ in range(most):
        if condition():
            return
        page.keyboard.press(key)
    raise AssertionError(f"not reached by {key}")
