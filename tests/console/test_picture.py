"""What the console makes of full slots, starts, rest and many replicas: every state in both themes, wide and narrow."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from console.browsing import barriers, fits, picture, tab
from console.told import Replica, Told, holding


def mixed(number, slots=4):
    """A replica that holds this and that."""
    kinds = (
        holding(preprocess=2, gate_wait=1, predict=1),
        holding(preprocess=1, predict=1, postprocess=1),
        holding(send=1),
        holding(),
        holding(gate_wait=2, predict=1, postprocess=1, abandoned=1),
    )
    return Replica(number, kinds[number % len(kinds)], slots=slots, age=4000.0 - 60 * number)


STATES = {
    "saturated": Told(
        [Replica(1, holding(preprocess=1, predict=1, postprocess=2))],
        queued=312,
        seen={"seconds_in_slot": 8.0},
    ),
    "gate": Told([Replica(1, holding(gate_wait=3, predict=1))], queued=41, seen={"seconds_in_slot": 8.0}),
    "refuses": Told(
        [Replica(one, holding(preprocess=2, predict=1, send=1)) for one in range(1, 4)],
        queued=100,
        changes={"queue_limit": 100, "max_replica": 3},
    ),
    "grows": Told(
        [Replica(1, holding(preprocess=3, predict=1)), Replica(2, state="starting", age=12.0)],
        queued=7,
        seen={"seconds_in_slot": 6.0, "start_times": [28.0, 31.0]},
        changes={"max_replica": 4},
    ),
    "starting": Told(
        [Replica(1, state="starting", age=12.0)],
        status="WAKING_UP",
        queued=3,
        seen={"start_times": [29.0, 30.0, 34.0]},
    ),
    "idle": Told([Replica(1, holding())]),
    "zero": Told([], status="SCALED_TO_ZERO", seen={"start_times": [30.0]}),
    "three": Told([mixed(one) for one in range(3)], changes={"max_replica": 3}),
    "forty": Told(
        [
            *(mixed(one) for one in range(1, 37)),
            Replica(37, state="starting", age=8.0),
            Replica(38, holding(predict=1), state="draining", age=31.0),
            Replica(39, holding(), state="unhealthy", age=75.0),
            Replica(40, holding(gate_wait=2, predict=1), restarts=2, gpus=("GPU-1",)),
        ],
        changes={"max_replica": 40},
    ),
    "wide": Told(
        [
            Replica(1, holding(preprocess=61, gate_wait=120, predict=8, postprocess=40, send=27), slots=256),
            Replica(2, holding(preprocess=9, gate_wait=1, predict=8, postprocess=3), slots=256),
        ],
        places=8,
        changes={"max_replica": 2},
    ),
    "many-wide": Told(
        [
            Replica(
                one, holding(preprocess=6 * one, gate_wait=20, predict=8, postprocess=one, send=2), slots=256
            )
            for one in range(1, 13)
        ],
        places=8,
        changes={"max_replica": 12},
    ),
    "one-slot": Told([Replica(1, holding(predict=1), slots=1)], queued=2),
}


@pytest.fixture
def shown(site, browser):
    """A tab that is told a state, at the deployment's page or at `address`."""
    deployment = site.ask("/models/timed/deployments/production") | {"example_input": None}
    model = site.ask("/models/timed")
    replica = site.ask("/models/timed/deployments/production/replicas")["replicas"][0]

    @contextmanager
    def opened(name, address="", **options):
        with tab(browser, site.url, **options) as page:
            page.add_init_script(STATES[name].script(deployment, model, replica))
            page.goto(address or f"/#/models/timed/{site.deployment}")
            yield page

    return opened


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", STATES)
def test_a_state_is_legible_for_everybody(shown, name, theme):
    with shown(name, theme=theme) as page:
        page.get_by_label("concurrency_target").first.wait_for()
        assert barriers(page) == []
        assert fits(page, 1440)
        picture(page, f"picture-{name}-{theme}")
        assert fits(page, 390)
        assert barriers(page) == []
        picture(page, f"picture-{name}-{theme}-narrow")


BADGES = {
    "saturated": ("active, saturated", "warn"),
    "refuses": ("active, refuses", "bad"),
    "grows": ("active, saturated", "warn"),
    "starting": ("waking up", "busy"),
    "zero": ("scaled to zero", "idle"),
    "idle": ("active", "good"),
    "three": ("active", "good"),
}


@pytest.mark.parametrize("name", BADGES)
def test_a_badge_is_green_only_where_who_comes_is_served(shown, name):
    label, tone = BADGES[name]
    with shown(name) as page:
        expect(page.locator(".facts .badge")).to_have_text(label)
        assert page.locator(".facts .badge").get_attribute("class") == f"badge {tone}"
        page.get_by_role("link", name="Models", exact=True).click()
        expect(page.get_by_role("cell").locator(".badge")).to_have_text(label)
        assert barriers(page) == []
        picture(page, f"models-{name}")


def test_beside_the_queue_stands_why_it_waits_and_a_way_to_the_setting(shown):
    with shown("saturated") as page:
        why = page.get_by_role("group", name="Why requests wait")
        expect(why).to_contain_text("All 4 slots are taken and max_replica 1 is reached.")
        expect(why).to_contain_text("Who comes now waits about 10 min.")
        expect(page.get_by_role("status").filter(has_text="All 4 slots")).to_have_count(1)
        why.get_by_role("link", name="Raise concurrency_target or max_replica.").click()
        expect(page.get_by_label("concurrency_target")).to_be_focused()
        assert page.url.endswith("?setting=concurrency_target")
        page.get_by_role("link", name="Charts").click()
        page.get_by_role("link", name="All 4 slots are taken and max_replica 1 is reached.").click()
        why.wait_for()


def test_an_address_that_names_a_setting_leads_to_it_folded_away_or_fixed(shown, site):
    for setting, control in (("rollout", "select"), ("predict_concurrency", "#predict_concurrency")):
        with shown("gate", f"/#/models/timed/{site.deployment}?setting={setting}") as page:
            expect(page.locator(control).last).to_be_focused()
            expect(page.locator(control).last).to_be_in_viewport()


def test_who_comes_to_an_idle_deployment_is_told_nothing(shown):
    with shown("idle") as page:
        page.get_by_role("img", name="0 of 4 slots taken").wait_for()
        expect(page.get_by_role("group", name="Why requests wait")).to_have_count(0)


def test_all_replicas_are_summed_up_and_put_in_order_by_the_address(shown):
    with shown("forty") as page:
        together = page.get_by_role("region", name="All replicas together")
        for text in ("slots taken90 of 148", "at the gate23", "predict24 of 37", "abandoned ✕7"):
            expect(together).to_contain_text(text)
        replicas = page.get_by_role("article", name=re.compile("^Replica "))
        expect(replicas).to_have_count(40)
        expect(replicas.first).to_have_accessible_name("Replica scores-1")
        for order, first in (("state", "39"), ("load", "4"), ("age", "1")):
            page.get_by_role("navigation", name="Order of replicas").get_by_role("link", name=order).click()
            expect(replicas.first).to_have_accessible_name(f"Replica scores-{first}")
            assert page.url.endswith(f"?sort={order}")
        page.reload()
        page.get_by_role("navigation", name="Order of replicas").get_by_role("link", name="state").click()
        expect(replicas.nth(1)).to_have_accessible_name("Replica scores-37")
        page.get_by_role(
            "img", name="3 of 4 slots taken: 0 in preprocess, 2 before the gate"
        ).first.wait_for()


def test_both_numbers_stand_side_by_side_with_the_way_to_change_each(shown):
    with shown("wide") as page:
        both = page.locator(".two-numbers")
        expect(both).to_contain_text("concurrency_target256")
        expect(both).to_contain_text("predict_concurrency8")
        expect(both).to_contain_text("set runtime.predict_concurrency in config.yaml")
        page.get_by_label("concurrency_target").fill("4")
        expect(both.locator(".warn")).to_have_text("4")
