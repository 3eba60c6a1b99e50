"""A tab of Chromium in which nothing may go wrong unseen, and what it is asked about every page."""

import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 15_000.0  # milliseconds, for anything to come about
_TOP = Path(__file__).parents[2]
AXE = _TOP / "console" / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = Path(__file__).parent / "screenshots"

_REJECTIONS = "addEventListener('unhandledrejection', (event) => console.error('unhandled', event.reason));"
_NO_RULES_OF_OTHERS = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@contextmanager
def tab(browser, url, *, theme="light", width=1440, height=900, forgiven=None, **options):
    """A new tab with nothing stored. `forgiven`: a pattern of console errors that belong to the story. `options`: of
    Playwright's context.
    """
    context = browser.new_context(
        color_scheme=theme,
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        base_url=url,
        **options,
    )
    context.set_default_timeout(TIMEOUT)
    context.add_init_script(_REJECTIONS)
    page, wrong = context.new_page(), []
    host = urlsplit(url).netloc
    page.on("pageerror", lambda error: wrong.append(f"exception: {error}"))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda request: wrong.append(f"asks {request.url}") if _host(request.url) != host else None,
    )
    try:
        yield page
    finally:
        context.close()
    unforgiven = [one for one in wrong if forgiven is None or not re.search(forgiven, one)]
    assert unforgiven == [], unforgiven


def _host(url):
    """What the page has made itself is of its own host."""
    return urlsplit(url.removeprefix("blob:")).netloc


def barriers(page):
    """What keeps people out, serious or critical in axe's judgement: rule, and the first element."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(_NO_RULES_OF_OTHERS)
    return [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def fits(page, width, height=800):
    """Whether the page comes to need no scrolling sideways in a window of this size."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(
        "width => innerWidth === width && document.documentElement.scrollWidth <= width", arg=width
    )
    return True


def picture(page, name):
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
