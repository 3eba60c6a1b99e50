"""Writes a simulation as one HTML page that stands alone: settings, numbers, curves and decisions side by side.

The curves are written as numbers; a script of the console's, given with its style, draws them (console/src/simulated).
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from headway.core.settings import DeploymentSettings, bounds_of
from headway.observed.words import counted
from headway.planner.simulation.figures import figures
from headway.planner.simulation.measures import BUCKETS
from headway.planner.simulation.report import Trial
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.words import clock, described, spoken

COLOURS = 8
"""Variants beyond so many have the colours of the first ones again, in dashes."""
_TITLE = "Settings, simulated"
_HEADROOM = 1.06


@dataclass(frozen=True, slots=True)
class Looks:
    """What the page holds beside its numbers, as the console's build makes it."""

    style: bytes
    script: bytes


def as_html(scenario: Scenario, trials: Sequence[Trial], looks: Looks) -> str:
    """The page, which is well-formed XML too, and asks nobody for anything. The same for the same input."""
    parts = [
        f"<h1>{_TITLE}</h1>",
        _scenario(scenario),
        "<h2>Settings</h2>",
        *_settings(trials),
        "<h2>What came of them</h2>",
        _figures(scenario, trials),
        "<h2>Over simulated time</h2>",
        '<div id="charts" class="charts"></div>',
        "<noscript><p>The curves need JavaScript; headway simulate --json tells their numbers.</p></noscript>",
        _curves(scenario, trials),
        "<h2>Decisions</h2>",
        *(_decisions(number, one) for number, one in enumerate(trials)),
        "<footer>Queue, slots, gate, autoscaling and restarts are the code that serves; times of requests and starts "
        "are made up as said above. Percentiles are right within 0.5%.</footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head><meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f'<title>{_TITLE}</title>\n<link rel="stylesheet" href="{_data("text/css", looks.style)}"/></head>\n'
        "<body><main>\n"
        + "\n".join(parts)
        + f'\n</main><script src="{_data("text/javascript", looks.script)}"></script></body></html>\n'
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
    again = " again" if number >= COLOURS else ""
    return f'<span class="key v{number % COLOURS}{again}"></span>'


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


def _curves(scenario: Scenario, trials: Sequence[Trial]) -> str:
    """The charts as what the script draws; `at` are the ends of what each value is for."""
    bucket = scenario.duration / BUCKETS
    content = {
        "duration": scenario.duration,
        "at": [(number + 1) * bucket for number in range(BUCKETS)],
        "charts": list(_charts(scenario, trials)),
    }
    text = json.dumps(content, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="curves">{text}</script>'


def _charts(scenario: Scenario, trials: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    arrivals = [one.arrivals * BUCKETS / scenario.duration for one in trials[0].measures.moments]
    yield _chart("Requests coming per second, to all variants", [_line("arrivals", "soft", arrivals)])
    present = [
        {**one, "label": f"{one['label']}, present", "isFaint": True} for one in _lines(trials, "present")
    ]
    yield _chart(
        "Replicas ready; faint: starting and draining ones too", [*present, *_lines(trials, "ready")]
    )
    yield _chart("Requests queued", _lines(trials, "queued"))
    yield _chart("Requests in flight", _lines(trials, "in_flight"))
    yield _chart("Wait for a slot, p95", _lines(trials, "p95_wait"), is_time=True)
    latencies = _lines(trials, "p95_latency")
    yield _chart("Latency, p95", [*latencies, *_objective(scenario.slo, latencies)], is_time=True)


def _chart(label: str, lines: Sequence[dict[str, Any]], *, is_time: bool = False) -> dict[str, Any]:
    return {"label": label, "isTime": is_time, "lines": lines}


def _lines(trials: Sequence[Trial], name: str) -> list[dict[str, Any]]:
    """One for each variant, of what the moments call `name`; None where nothing is known."""
    return [
        _line(
            one.variant.name,
            f"v{number % COLOURS}",
            [getattr(moment, name) for moment in one.measures.moments],
            is_dashed=number >= COLOURS,
        )
        for number, one in enumerate(trials)
    ]


def _line(
    label: str, colour: str, values: Sequence[float | None], *, is_dashed: bool = False
) -> dict[str, Any]:
    return {"label": label, "colour": colour, "values": values, "isDashed": is_dashed}


def _objective(slo: float | None, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The latency to keep, if it is within reach of what is drawn."""
    most = max((value for one in lines for value in one["values"] if value), default=1.0)
    if slo is None or slo > _HEADROOM * most:
        return []
    return [_line(f"SLO {spoken(slo)}", "bad", [slo] * BUCKETS, is_dashed=True)]


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
        f"{counted(measures.decided, 'decision')}{which}</summary>"
        f"{_table(f'Decisions of {trial.variant.name}', heads, rows, 'log')}</details>"
    )


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(content).decode()}"
