"""What is done from the console: requests are tried, models deployed and moved, keys and secrets kept."""

import io
import re
import tarfile

import pytest

from console.browsing import tab
from console.conftest import TIMED


@pytest.fixture
def archive():
    """The model's folder with another name in its config.yaml, so that it is another version of it."""

    def packed(note):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            tar.add(TIMED / "config.yaml", "config.yaml")
            tar.add(TIMED / "model", "model")
            extra = tarfile.TarInfo("note.txt")
            extra.size = len(note)
            tar.addfile(extra, io.BytesIO(note))
        return content.getvalue()

    return packed


def test_a_request_is_answered_and_its_waterfall_drawn(site, browser):
    with tab(browser, site.url) as page:
        page.goto(f"/#/models/timed/{site.deployment}/playground?as=json")
        page.get_by_label("Input, as JSON").wait_for()
        assert '"preprocess": 0.02' in page.get_by_label("Input, as JSON").input_value()
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_text("200,").wait_for()
        waterfall = page.get_by_label("Waterfall")
        for stage in ("preprocess", "predict", "postprocess"):
            waterfall.get_by_text(stage, exact=True).wait_for()
        page.get_by_label("Input, as JSON").fill("{")
        assert page.get_by_role("button", name="Send", exact=True).is_disabled()


def test_a_stream_is_shown_as_it_comes(site, browser):
    with tab(browser, site.url) as page:
        page.goto(f"/#/models/timed/{site.deployment}/playground?as=json")
        page.get_by_label("Input, as JSON").fill('{"pieces": 4, "postprocess": 0.5}')
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_text("Streaming,").wait_for()
        answer = page.get_by_label("The answer")
        answer.get_by_text("piece 1").wait_for()
        assert "piece 3" not in answer.inner_text()
        page.get_by_text("200,").wait_for()
        assert "piece 3" in answer.inner_text()


def test_a_version_is_deployed_promoted_rolled_back_and_deleted(site, browser, archive):
    with tab(browser, site.url) as page:
        page.goto("/#/deploy")
        page.get_by_label("Archive of the Truss's folder").set_input_files(
            {"name": "timed.tar.gz", "mimeType": "application/gzip", "buffer": archive(b"two")}
        )
        page.get_by_label("Environment").fill("")
        page.get_by_role("button", name="Deploy", exact=True).click()
        progress = page.get_by_role("region", name="Progress")
        progress.get_by_text("It serves.").wait_for()
        table = page.get_by_role("region", name="Deployed")
        second = table.get_by_role("row").filter(has=page.get_by_role("button", name="Promote"))
        second.get_by_role("button", name="Promote").click()
        first = table.get_by_role("row").filter(has_text=site.deployment)
        first.get_by_role("button", name="Roll back to it…").click()
        page.get_by_role("dialog", name="Roll timed back?").get_by_role("button", name="Roll back").click()
        first.get_by_text("production").wait_for()
        second.get_by_role("button", name="Deactivate…").click()
        page.get_by_role("button", name="Deactivate it").click()
        second.get_by_text("inactive").wait_for()
        second.get_by_role("button", name="Delete…").click()
        page.get_by_role("button", name="Delete it").click()
        second.wait_for(state="detached")
    assert len(site.ask("/models/timed/deployments")["deployments"]) == 1


def test_settings_are_tried_on_recorded_traffic_and_applied(site, browser):
    site.settle()
    site.load(24, preprocess=0.15, predict=0.05)
    with tab(browser, site.url) as page:
        page.goto(f"/#/models/timed/{site.deployment}")
        page.get_by_role("link", name="What if").click()
        comparison = page.get_by_role("region", name="Comparison")
        comparison.get_by_text("Simulated", exact=True).wait_for()
        replicas = page.get_by_role("img", name="Replicas: present settings")
        assert "changed settings" not in replicas.get_attribute("aria-label")
        page.get_by_label("concurrency_target", exact=True).fill("4")
        for chart in ("Replicas", "Queued", "Slot wait, p95", "Latency, p95"):
            page.get_by_role(
                "img", name=re.compile(f"^{chart}: present settings .*changed settings ")
            ).wait_for()
        bill = page.get_by_label("The bill")
        assert re.search(r"replica-hours\n0.* → .*%", bill.inner_text())
        wait = comparison.get_by_role("row").filter(has_text="slot wait, p95")
        assert "\N{MINUS SIGN}" in wait.inner_text(), "twice the slots, a shorter queue"
        drag_left(page, page.get_by_role("figure", name="Requests per second").locator(".u-over"))
        page.get_by_text("a part, as dragged").wait_for()
        page.get_by_label("predict_concurrency, slider").fill("2")
        page.get_by_text("predict_concurrency: 2").wait_for()
        comparison.get_by_text("with 2 at once as it did with 1").wait_for()
        page.get_by_role("button", name="Apply").click()
        page.get_by_text("In force: concurrency_target 2 → 4").wait_for()
        page.get_by_text("4 at present").wait_for()
    assert site.ask("/models/timed/deployments/production")["concurrency_target"] == 4


def test_what_is_no_truss_is_refused_with_its_reason_when_it_is_dropped(site, browser):
    with tab(browser, site.url, forgiven=r"status of 4\d\d") as page:
        page.goto("/#/deploy")
        page.locator(".drop").wait_for()
        drop(page, "notes.txt")
        page.get_by_text("It is no .tar.gz, .tar or .zip").wait_for()
        assert page.get_by_role("button", name="Deploy", exact=True).is_disabled()
        drop(page, "model.zip")
        page.get_by_role("button", name="Deploy", exact=True).click()
        page.get_by_role("alert").wait_for()


def test_secrets_are_set_and_deleted_and_never_shown(site, browser):
    with tab(browser, site.url) as page:
        page.goto("/#/keys")
        secrets = page.get_by_role("region", name="Secrets", exact=True)
        secrets.get_by_label("Name", exact=True).fill("token")
        secrets.get_by_label("Value").fill("hush-hush")
        secrets.get_by_role("button", name="Set it").click()
        secrets.get_by_role("cell", name="token").wait_for()
        assert "hush-hush" not in page.content()
        secrets.get_by_role("button", name="Delete…").click()
        page.get_by_role("button", name="Delete the secret").click()
        secrets.get_by_text("There is no secret yet").wait_for()


def drag_left(page, plot):
    """From its right end to beyond its left one."""
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] + 50)
    page.mouse.move(box["x"] - 20, box["y"] + 50)
    page.mouse.up()


def drop(page, name):
    data = page.evaluate_handle(
        "name => { const data = new DataTransfer(); data.items.add(new File(['text'], name)); return data; }",
        name,
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": data})
