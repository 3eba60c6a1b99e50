"""A model's own page: what is on its way, whoever began it; where environments point; who changed what; its end."""

import re
import shutil

import pytest

from console.browsing import barriers, fits, picture, tab
from console.conftest import TIMED
from system.serving import wait_until

_LOAD = """
    def load(self):
        import pathlib, time
        while not pathlib.Path({gate!r}).exists():
            time.sleep(0.05)
"""


class Version:
    """Another version of the model, whose replicas load for as long as there is no file at `gate`."""

    def __init__(self, directory, name="timed"):
        self.gate = directory / "gate"
        self.truss = directory / "truss"
        shutil.copytree(TIMED, self.truss)
        model, config = self.truss / "model" / "model.py", self.truss / "config.yaml"
        begin = "class Model:\n"
        model.write_text(model.read_text().replace(begin, begin + _LOAD.format(gate=str(self.gate))))
        config.write_text(config.read_text().replace("model_name: timed", f"model_name: {name}"))

    def push(self, site, *options):
        """By the command, as somebody at another terminal does; its id."""
        model = "doomed" if "doomed" in (self.truss / "config.yaml").read_text() else "timed"
        site.headway.run("push", self.truss, "--no-wait", *options)
        deployments = site.ask(f"/models/{model}/deployments")["deployments"]
        return max(deployments, key=lambda one: one["created_at"])["id"]


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    return Version(tmp_path_factory.mktemp("version"))


@pytest.fixture
def held(site, version):
    """Its load waits; at the end the first deployment serves production, and nothing is on its way."""
    version.gate.unlink(missing_ok=True)
    yield version
    version.gate.touch()
    path = "/models/timed/environments/production"
    site.ask(f"{path}/promote", "POST", json={"deployment_id": site.deployment})

    def is_back():
        told = site.ask(path)
        return told["candidate_deployment"] is None and told["current_deployment"]["id"] == site.deployment

    wait_until(is_back, 60, "the first one serves again")
    version.gate.unlink()


def on_its_way(page, deployment_id):
    return page.get_by_role("article", name=f"{deployment_id} is on its way")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_rollout_that_somebody_began_at_a_terminal_is_shown_step_by_step(site, browser, held, theme):
    site.load(16, preprocess=0.02, predict=0.02)
    with tab(browser, site.url, theme=theme) as page:
        page.goto("/#/")
        page.get_by_role("link", name="timed", exact=True).first.click()
        page.get_by_role("region", name="Environments").get_by_text("production").wait_for()
        assert page.get_by_role("region", name="Under way").count() == 0
        new = held.push(site)
        move = on_its_way(page, new)
        move.get_by_text("Load").wait_for()
        move.get_by_text(re.compile("starting for")).wait_for()
        move.get_by_text("begun without a key").wait_for()
        assert "Take over production not yet" in " ".join(move.inner_text().split())
        page.goto("/#/deploy")
        page.get_by_role("heading", name="Deploy a Truss").wait_for()
        page.goto("/#/models/timed")
        move.get_by_text("Load").wait_for()
        page.get_by_role("img", name=re.compile("^Requests per second in production")).wait_for()
        assert barriers(page) == []
        assert fits(page, 1440)
        picture(page, f"model-rolling-{theme}")
        assert fits(page, 390)
        assert barriers(page) == []
        picture(page, f"model-rolling-narrow-{theme}")
        page.set_viewport_size({"width": 1440, "height": 900})
        held.gate.touch()
        move.wait_for(state="detached", timeout=60_000)
        changes = page.get_by_role("region", name="Changes of the model")
        changes.get_by_text(f"took over production from {site.deployment}").first.wait_for()
        row = page.get_by_role("region", name="Deployments of the model").get_by_role("row")
        first = row.filter(has_text=site.deployment)
        first.get_by_role("button", name="Roll back to it…").click()
        asked = page.get_by_role("dialog", name="Roll timed back?")
        asked.get_by_text(new).wait_for()
        asked.get_by_role("button", name="Roll back").click()
        changes.get_by_text(f"rolled production back from {new}").first.wait_for()


def test_a_rollout_is_called_off_and_the_old_one_stays(site, browser, held):
    new = held.push(site)
    with tab(browser, site.url) as page:
        page.goto("/#/models/timed")
        move = on_its_way(page, new)
        move.get_by_role("button", name="Call it off…").click()
        asked = page.get_by_role("dialog", name=f"Stay with {site.deployment}?")
        asked.get_by_role("button", name="Call it off").click()
        move.wait_for(state="detached")
        changes = page.get_by_role("region", name="Changes of the model")
        changes.get_by_text(f"given up, {site.deployment} stays in production").first.wait_for()
    assert site.ask("/models/timed/environments/production")["current_deployment"]["id"] == site.deployment


def test_who_changed_what_is_told_of_the_model_and_of_each_deployment(site, browser):
    path = f"/models/timed/deployments/{site.deployment}/settings"
    site.ask(path, "PATCH", json={"queue_timeout": 90, "body_limit_bytes": 5 << 20})
    with tab(browser, site.url) as page:
        page.goto(f"/#/models/timed/{site.deployment}")
        page.get_by_role("link", name="changes", exact=True).click()
        newest = page.get_by_role("list", name="Changes").get_by_role("listitem").first
        newest.get_by_text("queue_timeout 20 min → 1 min 30 s").wait_for()
        newest.get_by_text("body_limit_bytes 100 MiB → 5 MiB").wait_for()
        newest.get_by_text("without a key").wait_for()
        site.ask(path, "PATCH", json={"queue_timeout": 1200, "body_limit_bytes": 100 << 20})
        newest.get_by_text("queue_timeout 1 min 30 s → 20 min").wait_for()
        page.get_by_role("link", name="All of timed").click()
        listed = page.get_by_role("region", name="Changes of the model")
        listed.get_by_text("queue_timeout 1 min 30 s → 20 min").wait_for()
        assert site.deployment in listed.get_by_role("listitem").first.inner_text()


def test_environments_are_told_apart_and_deleted_and_the_address_says_which_is_shown(site, browser):
    site.ask("/models/timed/environments", "POST", json={"name": "staging"})
    site.ask("/models/timed/environments/staging/promote", "POST", json={"deployment_id": site.deployment})
    with tab(browser, site.url) as page:
        page.goto("/#/models/timed")
        page.get_by_role("link", name="staging", exact=True).click()
        page.get_by_role("link", name="1 hour").click()
        page.get_by_role("figure", name="Requests per second in staging, by deployment").wait_for()
        assert page.url.endswith("#/models/timed?environment=staging&range=3600")
        row = page.get_by_role("region", name="Environments").get_by_role("row").filter(has_text="staging")
        row.get_by_role("button", name="Delete…").click()
        page.get_by_role("dialog", name="Delete staging of timed?").get_by_role(
            "button", name="Delete it"
        ).click()
        row.wait_for(state="detached")
        page.get_by_role("figure", name="Requests per second in production, by deployment").wait_for()


def test_a_model_is_deleted_by_who_types_its_name(site, browser, tmp_path):
    doomed = Version(tmp_path, "doomed")
    doomed.gate.touch()
    doomed.push(site)
    with tab(browser, site.url) as page:
        page.goto("/#/models/doomed")
        form = page.get_by_role("form", name="Delete the model")
        button = form.get_by_role("button", name="Delete doomed for good")
        for text in ("", "doome", "Doomed", "timed"):
            form.get_by_label("Type doomed to delete it").fill(text)
            assert button.is_disabled()
        form.get_by_label("Type doomed to delete it").fill("doomed")
        button.click()
        page.get_by_text("doomed is being deleted").wait_for()
        page.get_by_role("region", name="Deployments").wait_for()
        assert page.url.endswith("#/")
        page.get_by_role("link", name="doomed", exact=True).first.wait_for(state="detached", timeout=60_000)
        page.goto("/#/models/doomed")
        page.get_by_text("There is no model doomed").wait_for()
