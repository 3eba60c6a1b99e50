"""Draws the README's picture from a running system: `python -m console.draw_picture FILE` from the folder tests."""

import random
import sys
import threading
import time
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from console.browsing import CHROMIUM, FLAGS, tab
from system.serving import serving

MODEL = Path(__file__).parents[1] / "system" / "models" / "stages"
_CLIENTS, _LOAD_SECONDS = 19, 40.0


def main(path):
    with serving(MODEL, "--concurrency-target", "5", "--replicas", "3") as served:
        end = time.monotonic() + _LOAD_SECONDS
        threads = [threading.Thread(target=_ask, args=(served.model_url, end)) for _ in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            with tab(browser, served.control_url, width=1180, height=720) as page:
                page.goto("/#/models/stages/production")
                page.get_by_role("img", name="5 of 5 slots taken").first.wait_for()
                page.wait_for_timeout(
                    _LOAD_SECONDS * 500
                )  # so that rate and latency are those of half a minute
                page.screenshot(path=path)
            browser.close()
        for thread in threads:
            thread.join()


def _ask(url, end):
    chance = random.Random(end)  # noqa: S311
    while time.monotonic() < end:
        stages = {
            "preprocess": chance.uniform(0.2, 1.2),
            "predict": 0.25,
            "postprocess": chance.uniform(0, 0.4),
        }
        httpx.post(f"{url}/predict" if not url.endswith("predict") else url, json=stages, timeout=60)


if __name__ == "__main__":
    main(sys.argv[1])
