"""The page of a simulation: whole, safe, and the same each time."""

import re
from xml.etree import ElementTree as ET

import pytest

from headway.planner.simulation.charts import COLOURS, Chart, Curve, colour, drawn
from headway.planner.simulation.figures import figures
from headway.planner.simulation.page import as_html
from headway.planner.simulation.report import Trial
from headway.planner.simulation.scenario_file import read_scenario
from headway.planner.simulation.simulate import simulate

XHTML = "{http://www.w3.org/1999/xhtml}"
SCENARIO = read_scenario(
    {
        "duration": "3m",
        "slo": "700ms",
        "traffic": {"kind": "bursts", "rate": 1, "peak": 12, "every": "1m", "lasts": "10s"},
        "service": {"predict": "200ms", "preprocess": "100ms"},
        "replica": {"start": "8s"},
        "settings": {"max_replica": 3, "queue_timeout": "5s"},
        "try": [
            {"name": "one & only <b>", "concurrency_target": 1},
            {"name": 'two "at once"', "concurrency_target": 2},
        ],
    },
    {}.__getitem__,
)


def run(scenario):
    return [Trial(one, simulate(scenario, one)) for one in scenario.variants]


def parsed(page):
    """Which works only if everything is escaped."""
    return ET.fromstring(page)  # noqa: S314  # our own


@pytest.fixture(scope="module")
def trials():
    return run(SCENARIO)


@pytest.fixture(scope="module")
def page(trials):
    return as_html(SCENARIO, trials)


@pytest.fixture(scope="module")
def tree(page):
    return parsed(page)


def texts(tree, tag):
    return ["".join(one.itertext()) for one in tree.iter(f"{XHTML}{tag}")]


def test_every_variant_is_named_wherever_it_is_shown(tree):
    for variant in SCENARIO.variants:
        assert texts(tree, "th").count(variant.name) == 2, "the settings and the numbers"
        assert variant.name in texts(tree, "li")
        assert any(text.startswith(f"{variant.name}: ") for text in texts(tree, "summary"))


def test_the_page_asks_nobody_for_anything(page, tree):
    assert re.findall(r"https?://(?!www\.w3\.org/1999/xhtml)", page) == []
    assert [one.tag for one in tree.iter() if one.tag.removeprefix(XHTML) in {"script", "link", "img"}] == []


def test_the_same_scenario_gives_the_same_page(page):
    assert as_html(SCENARIO, run(SCENARIO)) == page


def test_settings_that_differ_come_first_and_the_usual_ones_are_folded(tree):
    first, folded = list(tree.iter(f"{XHTML}table"))[:2]
    assert texts(first, "th")[2:] == ["concurrency_target", "max_replica", "queue_timeout, s"]
    assert "min_replica" in texts(folded, "th")


def test_every_figure_is_shown_and_the_best_is_marked(tree, trials):
    table = list(tree.iter(f"{XHTML}table"))[2]
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter(f"{XHTML}tr")][1:]
    expected = [
        [one.name, *(f"✓ {text}" if number in one.best else text for number, text in enumerate(one.texts))]
        for one in figures(SCENARIO, trials)
    ]
    assert rows == expected
    assert any(cell.startswith("✓") for row in rows for cell in row)


def test_each_chart_has_a_curve_for_each_variant_and_latency_the_objective(tree):
    for figure in list(tree.iter(f"{XHTML}figure"))[1:]:
        names = {title.text for title in figure.iter(f"{XHTML}title")}
        assert names == {one.name for one in SCENARIO.variants}, texts(figure, "figcaption")
    assert "SLO 700 ms" in texts(figure, "text")


def test_each_decision_is_told_with_its_reason(tree, trials):
    cells = texts(tree, "td")
    assert trials[0].measures.decisions
    for trial in trials:
        assert all(one.reason in cells for one in trial.measures.decisions)


def test_one_variant_alone_has_no_best(trials):
    tree = parsed(as_html(SCENARIO, trials[:1]))
    assert not any(text.startswith("✓") for text in texts(tree, "td") + texts(tree, "p"))


def path(*values, limit=None):
    return drawn(Chart("chart", [Curve("curve", "v0", values)], limit=limit), 60.0)


def test_a_curve_has_gaps_where_nothing_is_known():
    found = re.search(r' d="([^"]*)"', path(None, 1.0, None, 2.0, 3.0))[1].split()
    assert [re.sub("[0-9.,]+", "", one) for one in found] == ["Mh", "Mh", "L"]
    assert 'd=""' in path(None, None)


def test_an_objective_out_of_reach_is_not_drawn():
    assert 'class="limit"' in path(1.0, 4.0, limit=3.0)
    assert 'class="limit"' not in path(1.0, 2.0, limit=3.0)


def test_each_variant_looks_different():
    assert len({colour(number) for number in range(2 * COLOURS)}) == 2 * COLOURS
