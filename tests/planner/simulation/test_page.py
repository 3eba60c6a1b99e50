"""The page of a simulation: whole, safe, and the same each time."""

import base64
import dataclasses
import json
import re
from xml.etree import ElementTree as ET

import pytest

from headway.planner.simulation.figures import Figure, figures
from headway.planner.simulation.page import COLOURS, Looks, as_html
from headway.planner.simulation.report import Trial
from headway.planner.simulation.scenario_file import read_scenario
from headway.planner.simulation.simulate import simulate

LOOKS = Looks(b"/* style </style> */", b"/* script </script> */")
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
    return as_html(SCENARIO, trials, LOOKS)


@pytest.fixture(scope="module")
def tree(page):
    return parsed(page)


def texts(tree, tag):
    return ["".join(one.itertext()) for one in tree.iter(f"{XHTML}{tag}")]


def test_every_variant_is_named_wherever_it_is_shown(tree):
    for variant in SCENARIO.variants:
        assert texts(tree, "th").count(variant.name) == 2, "the settings and the numbers"
        assert any(text.startswith(f"{variant.name}: ") for text in texts(tree, "summary"))


def test_the_page_asks_nobody_for_anything(page, tree):
    assert re.findall(r"https?://(?!www\.w3\.org/1999/xhtml)", page) == []
    named = [one.get(name) for one in tree.iter() for name in ("src", "href") if one.get(name)]
    assert [base64.b64decode(one.partition("base64,")[2]) for one in named] == [LOOKS.style, LOOKS.script]


def test_the_same_scenario_gives_the_same_page(page):
    assert as_html(SCENARIO, run(SCENARIO), LOOKS) == page


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


def charts_of(scenario, trials):
    tree = parsed(as_html(scenario, trials, LOOKS))
    [content] = [one for one in tree.iter(f"{XHTML}script") if one.get("id") == "curves"]
    return json.loads(content.text)


def test_each_chart_has_a_curve_for_each_variant_as_long_as_the_simulation(trials):
    content = charts_of(SCENARIO, trials)
    assert (content["at"][-1], content["duration"]) == (180.0, 180.0)
    assert all(
        len(line["values"]) == len(content["at"]) for one in content["charts"] for line in one["lines"]
    )
    for one in content["charts"][1:]:
        assert {variant.name for variant in SCENARIO.variants} <= {line["label"] for line in one["lines"]}
    lines = {one["label"]: one["lines"] for one in content["charts"]}
    assert max(lines["Requests queued"][0]["values"]) > 0
    assert None in lines["Latency, p95"][0]["values"], "where no request ended nothing is known"


@pytest.mark.parametrize(("slo", "is_drawn"), [(0.7, True), (900.0, False), (None, False)])
def test_the_objective_is_a_line_of_the_latencies_where_it_is_within_reach(trials, slo, is_drawn):
    latency = charts_of(dataclasses.replace(SCENARIO, slo=slo), trials)["charts"][-1]
    assert ["SLO 700 ms" in line["label"] for line in latency["lines"]] == [False, False, *[True] * is_drawn]


def test_each_decision_is_told_with_its_reason(tree, trials):
    cells = texts(tree, "td")
    assert trials[0].measures.decisions
    for trial in trials:
        assert all(one.reason in cells for one in trial.measures.decisions)


def test_one_variant_alone_has_no_best(trials):
    tree = parsed(as_html(SCENARIO, trials[:1], LOOKS))
    assert not any(text.startswith("✓") for text in texts(tree, "td") + texts(tree, "p"))


def test_figures_that_read_the_same_are_not_called_better():
    figure = Figure("wait p95", [0.2001, 0.2002, 0.3], ["200 ms", "200 ms", "300 ms"])
    assert figure.best == {0, 1}
    assert Figure("wait p95", [0.2001, 0.2002], ["200 ms", "200 ms"]).best == frozenset()
    assert Figure("wait p95", [None, 0.2], ["", "200 ms"]).best == frozenset()


def test_each_variant_looks_different(trials):
    many = [
        Trial(dataclasses.replace(trials[0].variant, name=str(one)), trials[0].measures) for one in range(16)
    ]
    lines = charts_of(SCENARIO, many)["charts"][2]["lines"]
    assert len({(line["colour"], line["isDashed"]) for line in lines}) == 2 * COLOURS
