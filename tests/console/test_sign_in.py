"""Where keys exist nothing is told without one."""

import pytest

from console.browsing import barriers, picture, tab

_REFUSED = "status of 401"


@pytest.fixture(scope="module")
def key(bare, browser):
    """The first key, made on the page, which goes on with it by itself."""
    with tab(browser, bare.url) as page:
        page.goto("/#/keys")
        keys = page.get_by_role("region", name="API keys")
        keys.get_by_label("Name", exact=True).fill("mine")
        keys.get_by_label("inference").uncheck()
        keys.get_by_role("button", name="Make a key").click()
        keys.get_by_role("cell", name="mine").wait_for()
        return keys.get_by_role("status").locator("code").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_without_a_key_there_is_no_data_and_no_stream(bare, browser, key, theme):
    with tab(browser, bare.url, theme=theme, forgiven=_REFUSED) as page:
        told = []
        page.on("response", lambda one: told.append(one.status) if "/v1/" in one.url else None)
        page.goto("/#/keys")
        page.get_by_role("form", name="Sign in").wait_for()
        assert key[:8] not in page.content()
        assert set(told) == {401}
        assert barriers(page) == []
        picture(page, f"sign-in-{theme}")


def test_a_wrong_key_is_refused_and_the_right_one_accepted_until_signed_out(bare, browser, key):
    with tab(browser, bare.url, forgiven=_REFUSED) as page:
        page.goto("/#/keys")
        page.get_by_label("API key").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("The key was refused").wait_for()
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("cell", name="mine").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("form", name="Sign in").wait_for()
        assert page.get_by_role("cell", name="mine").count() == 0
