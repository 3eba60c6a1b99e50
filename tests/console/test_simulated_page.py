"""The page of a simulation in a browser: a file that draws its curves without anything beside it."""

import pytest

from cli.running import run
from console.browsing import barriers, fits, picture, tab
from headway.cli.exit_codes import OK

CHARTS = 6


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    path = tmp_path_factory.mktemp("simulated") / "page.html"
    options = ("--rate", 6, "--predict", "200ms", "--start", "8s", "--duration", "3m", "--slo", "700ms")
    tries = (
        "--set",
        "max_replica=3",
        "--try",
        "concurrency_target=1",
        "--try",
        "name=<b>&two concurrency_target=2",
    )
    assert run("simulate", *options, *tries, "--html", path).exit_code == OK
    return path.as_uri()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_curve_is_drawn_and_told_in_words(page_of, browser, theme):
    with tab(browser, page_of, theme=theme) as page:
        page.goto(page_of)
        charts = page.locator("figure.chart")
        page.locator("canvas").nth(CHARTS - 1).wait_for()
        assert charts.count() == CHARTS
        for chart in charts.all():
            legend = chart.locator(".u-legend").inner_text()
            drawn = chart.locator("canvas").evaluate(
                "one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size"
            )
            assert drawn > 1, "an empty canvas is of one colour"
            assert "arrivals" in legend or "<b>&two" in legend
        assert "SLO 700 ms" in charts.last.inner_text()
        assert "<b>&two at the end" in charts.last.get_by_role("img").get_attribute("aria-label")
        assert barriers(page) == []
        picture(page, f"simulated-{theme}")
        assert fits(page, 390)
