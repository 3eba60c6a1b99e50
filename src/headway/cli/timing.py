"""Draws a Server-Timing header as a small waterfall: the stages in their order, each bar where the last ended."""

import re

_ENTRY = re.compile(r"\s*([\w-]+)(?:;[^,]*?dur=([0-9.]+))?[^,]*")
_WIDTH = 40
_WORDS = {
    "queue": "queue",
    "cold": "cold start",
    "pre": "preprocess",
    "gate": "gate wait",
    "predict": "predict",
    "post": "postprocess",
    "send": "send",
}


def waterfall(header: str) -> str:
    """Lines of text for a terminal. Durations in `header` are milliseconds."""
    told = {name: float(duration) for name, duration in _ENTRY.findall(header) if duration}
    stages = [(word, told[name]) for name, word in _WORDS.items() if name in told]
    if not stages:
        return "the answer tells no times"
    total = sum(duration for _, duration in stages) or 1.0
    lines, at = [], 0.0
    for word, duration in stages:
        start, end = round(at / total * _WIDTH), round((at + duration) / total * _WIDTH)
        bar = " " * start + "█" * (end - start)
        lines.append(f"{word:<12} {bar:<{_WIDTH}} {duration:9.1f} ms")
        at += duration
    return "\n".join(lines)
