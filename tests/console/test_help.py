"""The documents' site as Headway serves it: read and searched in a browser that may ask nobody else."""

import os

import pytest
from playwright.sync_api import expect

from console.browsing import tab
from headway.api.documents import SITE


@pytest.fixture(scope="module")
def built():
    if not (SITE / "index.html").exists():
        missing = "needs `make docs`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)


@pytest.mark.usefixtures("built")
def test_a_code_is_found_by_searching(browser, site):
    with tab(browser, site.url) as page:
        page.goto("/")
        page.get_by_role("link", name="Help").click()
        expect(page.get_by_role("heading", name="Headway", exact=False).first).to_be_visible()
        page.keyboard.press("/")
        page.locator("input:focus").fill("queue_full")
        page.get_by_text("What the gateway answers").first.wait_for()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="What the gateway answers")).to_be_visible()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/help/", "/help/guide/troubleshooting.html", "/help/guide/api.html"])
def test_pages_fit_a_telephone(browser, site, theme, address):
    with tab(browser, site.url, theme=theme, width=390) as page:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
