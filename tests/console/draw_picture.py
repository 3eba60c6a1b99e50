"""Draws the README's picture from a running system: `python -m console.draw_picture FILE` from the folder tests."""

import random
import sys
import threading
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from console.browsing import CHROMIUM, FLAGS, tab
from system.serving import serving

MODEL = Path(__file__).parents[1] / "system" / "models" / "stages"
_CLIENTS = 24
_SHOWN_SECONDS = 35
"""So that rate and latency are those of half a minute."""


def main(path):
    with serving(MODEL, "--concurrency-target", "5", "--replicas", "3") as served:
        is_over = threading.Event()
        threads = [
            threading.Thread(target=_ask, args=(served.model_url, is_over, one)) for one in range(_CLIENTS)
        ]
        for thread in threads:
            thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            with tab(browser, served.control_url, width=1180, height=720) as page:
                page.goto("/#/models/stages/production")
                page.wait_for_timeout(_SHOWN_SECONDS * 1000)
                page.get_by_role("group", name="Why requests wait").wait_for()
                page.get_by_role("img", name="5 of 5 slots taken").nth(2).wait_for()
                page.screenshot(path=path)
            browser.close()
        is_over.set()
        for thread in threads:
            thread.join()


def _ask(url, is_over, seed):
    chance = random.Random(seed)  # noqa: S311
    while not is_over.is_set():
        stages = {
            "preprocess": chance.uniform(0.2, 1.2),
            "predict": 0.25,
            "postprocess": chance.uniform(0, 0.4),
        }
        httpx.post(f"{url}/predict" if not url.endswith("predict") else url, json=stages, timeout=60)


if __name__ == "__main__":
    main(sys.argv[1])
