"""Writes a simulation as one HTML page that stands alone: settings, numbers, curves and decisions side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from html import escape
from typing import Any

from headway.core.settings import DeploymentSettings, bounds_of
from headway.planner.simulation.charts import Chart, Curve, colour, drawn
from headway.planner.simulation.figures import figures
from headway.planner.simulation.measures import BUCKETS
from headway.planner.simulation.page_style import STYLE
from headway.planner.simulation.report import Trial
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.words import clock, described, spoken

_TITLE = "Settings, simulated"


def as_html(scenario: Scenario, trials: Sequence[Trial]) -> str:
    """The page, which is well-formed XML too, and asks nobody for anything. The same for the same input."""
    parts = [
        f"<h1>{_TITLE}</h1>",
        _scenario(scenario),
        "<h2>Settings</h2>",
        *_settings(trials),
        "<h2>What came of them</h2>",
        _figures(scenario, trials),
        "<h2>Over simulated time</h2>",
        _legend(trials),
        '<div class="charts">',
        *(drawn(one, scenario.duration) for one in _charts(scenario, trials)),
        "</div>",
        "<h2>Decisions</h2>",
        *(_decisions(number, one) for number, one in enumerate(trials)),
        "<footer>Queue, slots, gate, autoscaling and restarts are the code that serves; times of requests and starts "
        "are made up as said above. Percentiles are right within 0.5%.</footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head><meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{_TITLE}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _scenario(scenario: Scenario) -> str:
    lines = (f"<dt>{escape(what)}</dt><dd>{escape(how)}</dd>" for what, how in described(scenario))
    return f"<dl>{''.join(lines)}</dl>"


def _settings(trials: Sequence[Trial]) -> Iterator[str]:
    """What differs, then what is not as it is by default; the rest is folded."""
    every = [_numbers(one.variant) for one in trials]
    usual = _numbers(Variant(""))
    differing = [name for name in usual if len({one[name] for one in every}) > 1]
    unusual = [name for name in usual if name not in differing and every[0][name] != usual[name]]
    rows = [_row(_setting(name), (one[name] for one in every), "differs") for name in differing]
    rows += [_row(_setting(name), (one[name] for one in every)) for name in unusual]
    if rows:
        yield _table("Settings", _heads(trials), rows)
    rest = [name for name in usual if name not in differing and name not in unusual]
    yield f"<details><summary>{len(rest)}{' more' if rows else ''} as they are by default</summary>"
    yield _table(
        "Settings by default",
        _columns("setting", "value"),
        [_row(_setting(name), (usual[name],)) for name in rest],
    )
    yield "</details>"


def _numbers(variant: Variant) -> dict[str, str]:
    """All that a variant says, in words."""
    return {
        "predict_concurrency": str(variant.predict_concurrency),
        **{name: _worded(value) for name, value in asdict(variant.settings).items()},
        "replicas at first": str(variant.replicas_at_first),
    }


def _worded(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f"{value:,g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )


def _setting(name: str) -> str:
    unit = bounds_of(name).unit if name in DeploymentSettings.__dataclass_fields__ else ""
    return f"{name}, {unit}" if unit else name


def _figures(scenario: Scenario, trials: Sequence[Trial]) -> str:
    rows = []
    for one in figures(scenario, trials):
        cells = (
            f'<td class="best">✓ {escape(text)}</td>' if number in one.best else f"<td>{escape(text)}</td>"
            for number, text in enumerate(one.texts)
        )
        rows.append(f"<tr><th scope='row'>{escape(one.name)}</th>{''.join(cells)}</tr>")
    note = "<p>✓ is the best of its row; less is better.</p>" if len(trials) > 1 else ""
    return _table("Numbers", _heads(trials), rows) + note


def _heads(trials: Sequence[Trial]) -> list[str]:
    names = (
        f'<th scope="col">{_key(number)}{_breakable(one.variant.name)}</th>'
        for number, one in enumerate(trials)
    )
    return ["<td></td>", *names]


def _columns(*names: str) -> list[str]:
    return [f'<th scope="col">{name}</th>' for name in names]


def _key(number: int) -> str:
    return f'<span class="key {colour(number)}"></span>'


def _row(name: str, texts: Iterable[str], style: str = "") -> str:
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return f'<tr class="{style}"><th scope="row">{_breakable(name)}</th>{cells}</tr>'


def _breakable(name: str) -> str:
    """A line may end within the names of settings."""
    return escape(name).replace("_", "_<wbr/>")


def _table(name: str, heads: Sequence[str], rows: Sequence[str], style: str = "") -> str:
    """In a box that is scrolled sideways where the page is narrow."""
    body = "\n".join(rows)
    return (
        f'<div class="wide" role="region" aria-label="{escape(name)}" tabindex="0"><table class="{style}">'
        f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def _legend(trials: Sequence[Trial]) -> str:
    names = (f"<li>{_key(number)}{escape(one.variant.name)}</li>" for number, one in enumerate(trials))
    return f'<ul class="legend">{"".join(names)}</ul>'


def _charts(scenario: Scenario, trials: Sequence[Trial]) -> Iterator[Chart]:
    bucket = scenario.duration / BUCKETS
    arrivals = [one.arrivals / bucket for one in trials[0].measures.moments]
    yield Chart("Requests coming per second, to all variants", [Curve("arrivals", "neutral", arrivals)])
    present = (replace(one, style=f"{one.style} faint") for one in _curves(trials, "present"))
    yield Chart(
        "Replicas ready; faint: starting and draining ones too", [*present, *_curves(trials, "ready")]
    )
    yield Chart("Requests queued", _curves(trials, "queued"))
    yield Chart("Requests in flight", _curves(trials, "in_flight"))
    yield Chart("Wait for a slot, p95", _curves(trials, "p95_wait"), spoken)
    yield Chart("Latency, p95", _curves(trials, "p95_latency"), spoken, scenario.slo)


def _curves(trials: Sequence[Trial], name: str) -> list[Curve]:
    return [
        Curve(one.variant.name, colour(number), [getattr(moment, name) for moment in one.measures.moments])
        for number, one in enumerate(trials)
    ]


def _decisions(number: int, trial: Trial) -> str:
    measures = trial.measures
    kept = len(measures.decisions)
    which = "" if kept == measures.decided else f", of which these are the first {kept:,}"
    rows = [
        f"<tr><td>{clock(one.at)}</td><td>{one.desired}</td><td>{escape(one.reason)}</td></tr>"
        for one in measures.decisions
    ]
    heads = _columns("at", "desired", "why")
    return (
        f"<details><summary>{_key(number)}{escape(trial.variant.name)}: "
        f"{measures.decided:,} decision{'' if measures.decided == 1 else 's'}{which}</summary>"
        f"{_table(f'Decisions of {trial.variant.name}', heads, rows, 'log')}</details>"
    )
