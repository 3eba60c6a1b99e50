"""What was: requests are found in overload, and charts have one cursor, one range, and labels that are whole."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from console.browsing import barriers, fits, picture, tab
from system.serving import wait_until

PATH = "/models/timed/deployments/production"
REFUSED = 1000
WAYS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]
_IN_SIGHT = "of all that fit"
_SHARES = """bars => bars.map(bar =>
    [...bar.children].reduce((all, part) => all + part.getBoundingClientRect().width, 0) / bar.clientWidth)"""


@pytest.fixture(scope="module")
def overloaded(site):
    """Its queue was full: a thousand were refused while a few were answered."""
    site.settle(queue_limit=1)
    site.ask(f"{PATH}/settings", "PATCH", json={"max_replica": 1})
    url = f"http://127.0.0.1:{site.headway.port}/models/timed/predict"
    count = {"refused": 0}
    with ThreadPoolExecutor(8) as pool, httpx.Client(timeout=30) as client:

        def press(_):
            while count["refused"] < REFUSED:
                answer = client.post(url, json={"preprocess": 0.05, "predict": 0.2, "postprocess": 0.01})
                count["refused"] += answer.status_code == 429

        list(pool.map(press, range(8)))
    site.ask(f"{PATH}/settings", "PATCH", json={"queue_limit": 100})
    told = lambda: site.ask(f"{PATH}/requests?outcome=refused&limit=1")["matched"]  # noqa: E731
    wait_until(lambda: told() >= REFUSED, 20, "they are recorded")
    return site


def rows(page):
    return page.locator("table.requests tbody tr")


def number(text):
    return int(re.search(r"[\d,]+", text)[0].replace(",", ""))


@pytest.mark.parametrize(("theme", "width"), WAYS)
def test_overload_and_charts_shut_nobody_out_and_fit(overloaded, browser, theme, width):
    with tab(browser, overloaded.url, theme=theme, width=width) as page:
        for name, query in [("overload", "tab=requests"), ("charted", "tab=charts&stage=each")]:
            page.goto(f"/#/models/timed/{overloaded.deployment}?{query}")
            page.locator("table.requests, .u-legend").first.wait_for()
            assert barriers(page) == []
            assert fits(page, width)
            picture(page, f"{name}-{theme}-{width}")


def test_the_answered_are_one_click_away_from_a_thousand_refused(overloaded, browser):
    answered = overloaded.ask(f"{PATH}/requests?outcome=finished&limit=1")["matched"]
    assert answered > 5
    with tab(browser, overloaded.url) as page:
        page.goto(f"/#/models/timed/{overloaded.deployment}?tab=requests")
        page.get_by_role("button", name="refused").wait_for()
        assert number(page.get_by_role("button", name="refused").text_content()) >= REFUSED
        page.get_by_role("button", name="finished").click()
        page.get_by_text(f"{answered} of").first.wait_for()
        assert "outcome=finished" in page.url
        assert {one.split()[0] for one in rows(page).locator("td:nth-child(3)").all_text_contents()} == {
            "200"
        }
        assert page.get_by_label(_IN_SIGHT).first.text_content().count(" ms") == 4
        page.reload()
        page.get_by_text(f"{answered} of").first.wait_for()
        page.get_by_role("link", name="Clear filters").click()
        page.get_by_role("button", name="all", pressed=True).wait_for()


def test_filters_are_typed_and_chosen_and_stand_in_the_address(overloaded, browser):
    with tab(browser, overloaded.url) as page:
        page.goto(f"/#/models/timed/{overloaded.deployment}?tab=requests")
        page.get_by_label("Slower than").fill("200 ms")
        page.keyboard.press("Enter")
        page.wait_for_function("location.hash.includes('slower_than=0.2')")
        page.get_by_label("Status").select_option("2xx")
        page.get_by_label("Order").select_option("predict")
        page.wait_for_function(
            "location.hash.includes('status=2xx') && location.hash.includes('sort_by=predict')"
        )
        page.get_by_role("columnheader", name="predict").and_(
            page.locator("[aria-sort=descending]")
        ).wait_for()
        first = rows(page).first.locator("td").first.text_content()
        page.get_by_label("Id has").fill(first[4:])
        page.keyboard.press("Tab")
        page.get_by_text("1 of").first.wait_for()
        assert rows(page).count() == 1
        rows(page).first.get_by_role("link").click()
        page.get_by_role("article", name=f"Request {first}").get_by_text("first byte after").wait_for()
        page.get_by_label("Slower than").fill("a while")
        page.keyboard.press("Enter")
        page.get_by_text("not understood").wait_for()
        assert "slower_than=0.2" in page.url


def test_bars_are_on_one_scale_or_each_on_its_own(overloaded, browser):
    with tab(browser, overloaded.url) as page:
        page.goto(f"/#/models/timed/{overloaded.deployment}?tab=requests&sort_by=seconds")
        rows(page).first.wait_for()
        shares = page.locator("table.requests .waterfall").evaluate_all(_SHARES)
        assert shares[0] == pytest.approx(1, abs=0.05)
        assert min(shares) < 0.5
        page.get_by_label("each bar on its own scale").check()
        page.wait_for_function("location.hash.includes('bars=own')")
        wait_until(
            lambda: page.locator("table.requests .waterfall").evaluate_all(_SHARES)[20] > 0.95,
            10,
            "all are whole",
        )


def test_older_pages_stand_still_while_others_come(overloaded, browser):
    with tab(browser, overloaded.url) as page:
        page.goto(f"/#/models/timed/{overloaded.deployment}?tab=requests")
        first = rows(page).first.locator("td").first.text_content()
        page.get_by_role("link", name="Next 100").first.click()
        page.get_by_text("101 to 200").first.wait_for()
        overloaded.load(3, predict=0.01)
        page.get_by_role("link", name="Previous 100").first.click()
        page.get_by_text("1 to 100").first.wait_for()
        assert rows(page).first.locator("td").first.text_content() == first
        page.get_by_role("link", name="Show what comes").first.click()
        wait_until(
            lambda: rows(page).first.locator("td").first.text_content() != first, 15, "the newest are there"
        )


def test_a_drag_over_a_chart_zooms_all_and_goes_back(overloaded, browser):
    with tab(browser, overloaded.url) as page:
        page.goto(f"/#/models/timed/{overloaded.deployment}?tab=charts&last=300")
        over = page.locator(".u-over").first
        over.wait_for()
        box = over.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.5, middle)
        cursors = page.locator(".u-over .u-cursor-x:not(.u-off)")
        wait_until(
            lambda: cursors.count() == page.locator(".u-over").count() > 4, 5, "one cursor is over all charts"
        )
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=5)
        page.mouse.up()
        page.wait_for_function("/since=\\d+&until=\\d+/.test(location.hash)")
        page.get_by_role("link", name="Zoom out").wait_for()
        since, until = map(int, re.search(r"since=(\d+)&until=(\d+)", page.url).groups())
        assert 90 <= until - since <= 150
        assert abs(time.time() - until) < 120
        page.get_by_role("link", name="Requests of this time").click()
        page.wait_for_function("location.hash.includes('tab=requests')")
        assert f"since={since}&until={until}" in page.url
        page.go_back()
        page.go_back()
        page.wait_for_function("location.hash.includes('last=300')")


def test_a_time_without_anything_is_told_as_such(overloaded, browser):
    since = int(time.time()) - 80_000
    with tab(browser, overloaded.url, width=390) as page:
        page.goto(f"/#/models/timed/{overloaded.deployment}?tab=charts&since={since}&until={since + 600}")
        page.get_by_text("No request ended in this time").first.wait_for()
        page.get_by_text("Nothing is known of this time").first.wait_for()
        assert page.locator(".u-over").count() == 0
