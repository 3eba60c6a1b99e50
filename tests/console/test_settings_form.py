"""Settings as people read, type and share them: units, drafts, and two who change the same at once."""

import pytest

from console.browsing import barriers, fits, picture, tab
from system.serving import wait_until

_PATH = "/models/timed/deployments/production"
_STALE = r"status of 412"


@pytest.fixture
def address(site):
    site.settle()
    change(site, queue_limit=10_000, autoscaling_window=60, scale_down_delay=900, queue_timeout=1200)
    return f"/#/models/timed/{site.deployment}"


def settings(site):
    return site.ask(_PATH)["settings"]


def change(site, **settings):
    site.ask(f"{_PATH}/settings", "PATCH", json=settings)


def opened(page, address):
    page.goto(address)
    page.get_by_label("concurrency_target").wait_for()
    page.get_by_text("further settings").click()


def apply(page):
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("status", name="Outcome").get_by_text("In force").wait_for()


def cut_off(page):
    """Labels of fields whose text does not fit."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.settings input')]
            .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.labels[0].textContent)"""
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_every_value_is_legible_in_units_of_people(site, browser, address, width):
    change(site, queue_limit=1_000_000, autoscaling_window=3599.5, queue_timeout=86_399)
    with tab(browser, site.url, width=width) as page:
        opened(page, address)
        for label, text in {
            "body_limit_bytes": "100 MiB",
            "body_buffer_bytes": "64 KiB",
            "scale_down_delay": "15 min",
            "autoscaling_window": "59 min 59.5 s",
            "queue_timeout": "23 h 59 min 59 s",
            "queue_limit": "1,000,000",
            "target_utilization_percentage": "70%",
        }.items():
            assert page.get_by_label(label).input_value() == text
        assert cut_off(page) == []
        assert "10 s to 1 h" in page.get_by_label("autoscaling_window").locator("xpath=../..").inner_text()
        assert fits(page, width)
        assert barriers(page) == []


def test_units_are_understood_as_they_are_typed_and_else_told_how(site, browser, address):
    with tab(browser, site.url) as page:
        opened(page, address)
        window, body = page.get_by_label("autoscaling_window"), page.get_by_label("body_limit_bytes")
        button = page.get_by_role("button", name="Apply")
        for text, fault in {
            "5 parsecs": "no unit “parsecs”: write 90 s, 5 min or 1 h 30 min",
            "": "empty: write 90 s, 5 min or 1 h 30 min",
            "5 s": "at least 10 s",
            "2 h": "at most 1 h",
        }.items():
            window.fill(text)
            page.get_by_text(fault).wait_for()
            assert window.get_attribute("aria-invalid") == "true"
            assert button.is_disabled()
        window.fill("2min")
        page.get_by_text("= 2 min;").wait_for()
        body.fill("1.5gib")
        body.press("Tab")
        assert (window.input_value(), body.input_value()) == ("2 min", "1.5 GiB")
        page.get_by_label("concurrency_target").press("ArrowUp")
        assert page.get_by_label("concurrency_target").input_value() == "3"
        apply(page)
        told = page.get_by_role("status", name="Outcome").inner_text()
        assert "autoscaling_window 1 min → 2 min" in told
        assert "body_limit_bytes 100 MiB → 1.5 GiB" in told
    now = settings(site)
    assert (now["autoscaling_window"], now["body_limit_bytes"], now["concurrency_target"]) == (
        120,
        3 << 29,
        3,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_of_two_who_change_the_same_each_sees_both_and_chooses(site, browser, address, theme):
    with tab(browser, site.url, theme=theme) as page:
        opened(page, address)
        page.get_by_label("concurrency_target").fill("8")
        page.get_by_label("autoscaling_window").fill("5 min")
        page.get_by_label("queue_limit").fill("500")
        change(site, concurrency_target=3, autoscaling_window=120, scale_down_delay=60)
        panel = page.get_by_role("region", name="Changed elsewhere")
        target = panel.get_by_role("group", name="concurrency_target")
        window = panel.get_by_role("group", name="autoscaling_window")
        target.get_by_text("without a key, ").wait_for()
        assert "was 2" in target.inner_text()
        page.get_by_text("3 elsewhere meanwhile").wait_for()
        panel.get_by_text("15 min → 1 min, theirs alone").wait_for()
        panel.get_by_text("10,000 → 500, mine alone").wait_for()
        assert page.get_by_role("button", name="Apply").is_disabled()
        on = panel.get_by_role("button", name="Go on with these")
        assert on.is_disabled()
        assert barriers(page) == []
        picture(page, f"conflict-{theme}")
        assert fits(page, 390)
        picture(page, f"conflict-narrow-{theme}")
        target.get_by_label("theirs").check()
        assert on.is_disabled()
        window.get_by_label("mine").check()
        on.click()
        panel.wait_for(state="detached")
        assert page.get_by_label("concurrency_target").input_value() == "3"
        apply(page)
    now = settings(site)
    assert (now["concurrency_target"], now["autoscaling_window"]) == (3, 300)
    assert (now["scale_down_delay"], now["queue_limit"]) == (60, 500)


def test_who_applies_what_was_just_changed_overwrites_nothing(site, browser, address):
    """The change comes after the last picture that the page has got."""
    with tab(browser, site.url, forgiven=_STALE) as page:
        opened(page, address)
        page.route("**/settings", lambda route: (change(site, max_replica=4), route.continue_())[1])
        page.get_by_label("max_replica").fill("9")
        page.get_by_role("button", name="Apply").click()
        page.get_by_role("status", name="Outcome").get_by_text("Elsewhere: max_replica 1 → 4").wait_for()
        page.get_by_role("region", name="Changed elsewhere").get_by_role("button", name="Drop mine").click()
        wait_until(lambda: page.get_by_label("max_replica").input_value() == "4", 10, "theirs is shown")
    assert settings(site)["max_replica"] == 4


def test_a_draft_outlives_its_page_and_tells_when_the_settings_have_moved_on(site, browser, address):
    with tab(browser, site.url) as page:
        opened(page, address)
        page.get_by_label("concurrency_target").fill("6")
        page.get_by_label("queue_timeout").fill("soon")
        page.goto("/#/deploy")
        page.get_by_role("heading", name="Deploy a Truss").wait_for()
        page.goto(address)
        page.get_by_text("not applied yet").wait_for()
        assert page.get_by_label("concurrency_target").input_value() == "6"
        assert page.get_by_label("queue_timeout").input_value() == "soon"
        page.get_by_label("queue_timeout").fill("20 min")
        page.goto("about:blank")
        change(site, concurrency_target=5)
        page.goto(address)
        panel = page.get_by_role("region", name="Changed elsewhere")
        panel.get_by_role("group", name="concurrency_target").get_by_label("mine").check()
        panel.get_by_role("button", name="Go on with these").click()
        apply(page)
        assert page.evaluate("sessionStorage.getItem('headway.drafts')") == "[]"
        page.reload()
        page.get_by_label("concurrency_target").wait_for()
        assert page.get_by_text("not applied yet").count() == 0
    assert settings(site)["concurrency_target"] == 6


_COVERED = """() => {
    const box = document.querySelector('.toasts').getBoundingClientRect();
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
        .filter((one) => !one.closest('.toasts'))
        .filter((one) => { const it = one.getBoundingClientRect(); return it.width > 0
            && it.left < box.right && box.left < it.right && it.top < box.bottom && box.top < it.bottom; })
        .map((one) => one.textContent || one.id);
}"""


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("height", [500, 900])
def test_a_message_covers_nothing_that_is_pressed(site, browser, address, width, height):
    with tab(browser, site.url, width=width, height=height) as page:
        opened(page, address)
        page.get_by_label("concurrency_target").fill("4")
        page.get_by_role("button", name="Deactivate…").click()
        page.get_by_role("button", name="Deactivate it").click()
        message = page.get_by_role("status", name="Messages")
        message.get_by_text("refuses requests").wait_for()
        wait_until(lambda: page.evaluate(_COVERED) == [], 3, "nothing is covered")
        page.get_by_role("button", name="Apply").scroll_into_view_if_needed()
        wait_until(lambda: page.evaluate(_COVERED) == [], 3, "nothing is covered")
        assert message.get_by_text("refuses requests").is_visible()
        page.get_by_role("button", name="Apply").click(timeout=3000)
    site.ask(f"{_PATH}/activate", "POST")
    wait_until(site.is_ready, 60, "it serves again")
