"""Draws requests per second of the rows with peers as bars, in SVG, without any library."""

from xml.sax.saxutils import escape

from benchmarks.results import RowResult

_ROWS = {
    "replica-echo": "Replica, asynchronous echo",
    "gateway-tcp": "Gateway, TCP upstream",
    "gateway-unix": "Gateway, Unix socket upstream",
    "together-32": "Gateway and replica together",
    "together-ray": "The same beside Ray Serve",
}
_WIDTH, _LABELS, _NUMBERS = 760, 150, 90
_BAR, _STEP, _TITLE = 14, 20, 34
_OURS, _THEIRS = "#2563eb", "#94a3b8"


def draw(results: dict[str, RowResult]) -> str:
    """The whole picture; a row that was not measured is left out."""
    parts: list[str] = []
    y = 8
    for name, title in _ROWS.items():
        rates = _rates(results[name]) if name in results else {}
        if rates:
            y = _group(parts, y, title, rates)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" width="{_WIDTH}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="Requests per second beside peers">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _rates(result: RowResult) -> dict[str, float]:
    rates = {name: result.median(name, "rate") for name in result.contenders()}
    known = {name: rate for name, rate in rates.items() if rate}
    return dict(sorted(known.items(), key=lambda item: -item[1]))


def _group(parts: list[str], y: int, title: str, rates: dict[str, float]) -> int:
    """Append one row's bars from `y` down; returns where they end."""
    parts.append(f'<text x="8" y="{y + 20}" font-weight="bold">{escape(title)}, requests/s</text>')
    y += _TITLE
    scale = (_WIDTH - _LABELS - _NUMBERS) / max(rates.values())
    for name, rate in rates.items():
        colour = _OURS if name == "headway" else _THEIRS
        width = max(1.0, rate * scale)
        parts.append(
            f'<text x="{_LABELS - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
            f'<text x="{_LABELS + width + 6:.1f}" y="{y + 11}">{rate:,.0f}</text>'
        )
        y += _STEP
    return y + 6
