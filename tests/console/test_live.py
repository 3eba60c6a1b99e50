"""The live picture tells what happens, while it happens."""

import os
import re
import signal
import threading

import httpx
import pytest

from console.browsing import picture, tab
from system.serving import descendants, wait_until

_PREDICT = "/models/timed/predict"


@pytest.fixture
def address(site):
    site.settle()
    return f"/#/models/timed/{site.deployment}"


@pytest.fixture
def load(site):
    """Begins `count` requests that stay `seconds` in preprocess; they are waited for at the end."""
    threads = []

    def begin(count, seconds, **stages):
        url = f"http://127.0.0.1:{site.headway.port}{_PREDICT}"
        for _ in range(count):
            thread = threading.Thread(
                target=httpx.post,
                args=[url],
                kwargs={"json": {"preprocess": seconds, **stages}, "timeout": 60},
            )
            thread.start()
            threads.append(thread)

    yield begin
    for thread in threads:
        thread.join()


def test_a_burst_of_five_fills_two_slots_and_orders_a_second_replica(site, browser, address):
    site.settle(max_replica=2)
    with tab(browser, site.url) as page:
        page.goto(f"{address}/playground?as=json")
        page.get_by_label("Input, as JSON").fill('{"preprocess": 4}')
        page.get_by_text("2 of 5 are sent and 3 queue in order").wait_for()
        page.get_by_role("button", name="Send 5 at once").click()
        page.get_by_role("img", name="Queue: 3 waiting").wait_for()
        page.get_by_role("img", name="2 of 2 slots taken: 2 in preprocess").first.wait_for()
        why = page.get_by_role("group", name="Why requests wait")
        # A second replica is ready within half a second of its order, and has taken two of the three by then.
        why.get_by_text(re.compile("All (2 slots|4 slots of 2 replicas) are taken")).wait_for()
        picture(page, "burst-light")
        replicas = page.get_by_role("article", name=re.compile("^Replica "))
        wait_for_count(replicas, 2)
        page.get_by_text("5 of 5 answered").wait_for()
        page.get_by_role("listitem").filter(has_text="200").nth(4).wait_for()


def test_a_raised_concurrency_target_opens_slots_under_load(site, browser, address, load):
    with tab(browser, site.url) as page:
        page.goto(address)
        page.get_by_role("img", name="0 of 2 slots taken").wait_for()
        load(5, 4)
        page.get_by_role("img", name="2 of 2 slots taken: 2 in preprocess").wait_for()
        page.get_by_role("img", name="Queue: 3 waiting").wait_for()
        page.get_by_label("concurrency_target").fill("4")
        page.get_by_role("button", name="Apply").click()
        page.get_by_role("img", name="4 of 4 slots taken: 4 in preprocess").wait_for()
        page.get_by_role("img", name="Queue: 1 waiting").wait_for()
        page.get_by_role("img", name="Queue: empty").wait_for()


def test_predict_is_told_as_the_limit_while_slots_are_free(site, browser, address, load):
    site.settle(concurrency_target=8)
    with tab(browser, site.url) as page:
        page.goto(address)
        page.get_by_role("img", name="0 of 8 slots taken").wait_for()
        load(6, 0, predict=3)
        why = page.get_by_role("group", name="Why requests wait")
        why.get_by_text(
            "Predict takes 1 at a time, and 5 wait at the gate, while 2 slots are free."
        ).wait_for()
        why.get_by_role("link", name="Raise max_replica, or predict_concurrency").click()
        page.wait_for_function("document.activeElement.id === 'predict_concurrency'")
        why.wait_for(state="detached", timeout=30_000)


def test_two_tabs_see_each_other(site, browser, address):
    with tab(browser, site.url) as one, tab(browser, site.url) as other:
        for page in (one, other):
            page.goto(address)
            page.get_by_role("img", name="0 of 2 slots taken").wait_for()
        one.get_by_label("concurrency_target").fill("3")
        one.get_by_role("button", name="Apply").click()
        other.get_by_role("img", name="0 of 3 slots taken").wait_for()
        wait_until(
            lambda: other.get_by_label("concurrency_target").input_value() == "3", 10, "the form follows"
        )


def test_a_dead_control_plane_is_told_and_the_page_recovers(site, browser, address):
    refused = "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED"
    with tab(browser, site.url, forgiven=refused) as page:
        page.goto(address)
        page.get_by_role("img", name="0 of 2 slots taken").wait_for()
        [control] = [
            number for number, command in descendants(site.process.pid).items() if "headway.api" in command
        ]
        os.kill(control, signal.SIGKILL)
        banner = page.get_by_role("alert").filter(has_text="Control does not answer")
        banner.wait_for()
        picture(page, "dead-light")
        banner.wait_for(state="detached")
        wait_until(site.is_ready, 30, "the replica is adopted")
        site.settle(concurrency_target=5)
        page.get_by_role("img", name="0 of 5 slots taken").wait_for()


def wait_for_count(locator, count):
    locator.nth(count - 1).wait_for()
    assert locator.count() == count
