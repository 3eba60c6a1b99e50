"""The dashboard and the guide name exactly the metrics that the two planes expose."""

import json
import re
from pathlib import Path

from headway.control import metrics as control
from headway.gateway import metrics as gateway

TOP = Path(__file__).parents[1]
DASHBOARD = json.loads((TOP / "docs/grafana/headway.json").read_text(encoding="utf-8"))
EXPOSED = {family.name for family in (*gateway.FAMILIES, *control.FAMILIES)}


def names_in(text):
    return {
        re.sub(r"_seconds_(bucket|sum|count)$", "_seconds", name) for name in re.findall(r"headway_\w+", text)
    }


def expressions():
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def test_no_two_metrics_have_one_name():
    assert len(EXPOSED) == len(gateway.FAMILIES) + len(control.FAMILIES)


def test_the_dashboard_shows_every_metric_and_no_other():
    assert names_in("\n".join(expressions())) == EXPOSED


def test_the_dashboard_can_be_imported_and_filtered():
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables.keys() == {"datasource", "model", "deployment"}
    assert names_in(variables["model"]["query"]["query"]) <= EXPOSED
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if "targets" in panel} == {
        "${datasource}"
    }
    labelled = {family.name for family in (*gateway.FAMILIES, *control.FAMILIES) if "model" in family.labels}
    for expression in expressions():
        if names_in(expression) & labelled:
            assert 'model=~"$model"' in expression
            assert 'deployment=~"$deployment"' in expression


def test_the_guide_has_a_row_for_every_metric_in_its_own_words():
    guide = (TOP / "docs/guide/metrics.md").read_text(encoding="utf-8")
    for plane, heading in ((gateway, "The gateway's metrics"), (control, "Control's metrics")):
        section = guide.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
        rows = [
            [cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if "`" in row
        ]
        assert rows == [
            [f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.help]
            for one in plane.FAMILIES
        ]
