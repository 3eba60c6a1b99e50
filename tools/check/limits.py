"""Holds the limits of CONTRIBUTING.md on src/headway: how long modules, classes and functions may be, and that none
of the modules import each other in a circle, not even for types.

What is beyond a limit stands in exceptions.toml, with its reason and its present size. That list may only shrink: who
grows is refused, who shrinks is listed with less, and who is within the limit leaves it.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grimp

LIMITS = {"modules": 300, "classes": 250, "functions": 40}
"""Lines, decorators aside."""
_TOP = Path(__file__).parents[2]
_GENERATED = "headway.control.store.migrations.versions"

Sizes = dict[tuple[str, str], int]
"""Lines by kind and full name."""
Circle = frozenset[str]


def sizes_of(module: str, text: str) -> Iterator[tuple[str, str, int]]:
    """The module's own, and those of all classes and functions in it: kind, full name, lines."""
    yield "modules", module, len(text.splitlines())
    yield from _sizes_within(ast.parse(text), module)


def _sizes_within(node: ast.AST, name: str) -> Iterator[tuple[str, str, int]]:
    for child in ast.iter_child_nodes(node):
        inner = name
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{name}.{child.name}"
            lines = (child.end_lineno or child.lineno) - child.lineno + 1
            yield "classes" if isinstance(child, ast.ClassDef) else "functions", inner, lines
        yield from _sizes_within(child, inner)


def sizes_in(package: Path) -> Sizes:
    """Of what is there twice under one name, such as a property and its setter, the longer counts."""
    found: Sizes = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if module.startswith(_GENERATED):
            continue
        for kind, name, lines in sizes_of(module, path.read_text(encoding="utf-8")):
            found[kind, name] = max(lines, found.get((kind, name), 0))
    return found


def circles_in(package: str) -> set[Circle]:
    """Each the largest set of modules of which every one imports every other, by way of others too."""
    graph = grimp.build_graph(package, cache_dir=None)
    imported = {module: graph.find_upstream_modules(module) for module in graph.modules}
    circles = {
        frozenset({module, *(other for other in others if module in imported[other])})
        for module, others in imported.items()
    }
    return {circle for circle in circles if len(circle) > 1}


def faults_of_sizes(found: Sizes, listed: Mapping[str, Any]) -> Iterator[str]:
    known = {
        (kind, name): int(entry["lines"]) for kind in LIMITS for name, entry in listed.get(kind, {}).items()
    }
    for (kind, name), lines in sorted(found.items()):
        allowed = known.pop((kind, name), None)
        limit = LIMITS[kind]
        if allowed is None:
            if lines > limit:
                yield f"{name} has {lines} lines; {kind} have {limit} at most"
        elif lines <= limit:
            yield f"{name} is within the limit of {kind}: take it out of the list"
        elif lines > allowed:
            yield f"{name} has grown from {allowed} to {lines} lines; {kind} have {limit} at most"
        elif lines < allowed:
            yield f"{name} has {lines} lines now: list it with that, not {allowed}"
    for kind, name in known:
        yield f"{name} is none of the {kind} any more: take it out of the list"


def faults_of_circles(found: set[Circle], listed: Mapping[str, Any]) -> Iterator[str]:
    known = {frozenset(entry["modules"]) for entry in listed.get("circles", ())}
    for circle in sorted(found - known, key=sorted):
        is_rest = any(circle < one for one in known)
        what = "is what a circle has shrunk to: list it so" if is_rest else "is a circle of imports"
        yield f"{' - '.join(sorted(circle))} {what}"
    for circle in sorted(known - found, key=sorted):
        if not any(one < circle or circle < one for one in found):
            yield f"{' - '.join(sorted(circle))} is no circle any more: take it out of the list"


def faults_of_reasons(listed: Mapping[str, Any]) -> Iterator[str]:
    named = {name: entry for kind in LIMITS for name, entry in listed.get(kind, {}).items()}
    named |= {" - ".join(sorted(entry["modules"])): entry for entry in listed.get("circles", ())}
    for name, entry in named.items():
        if not str(entry.get("reason", "")).strip():
            yield f"{name} is listed without a reason"


def main() -> None:
    listed = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text(encoding="utf-8"))
    sys.exit(
        "\n".join(
            (
                *faults_of_sizes(sizes_in(_TOP / "src" / "headway"), listed),
                *faults_of_circles(circles_in("headway"), listed),
                *faults_of_reasons(listed),
            )
        )
        or None
    )


if __name__ == "__main__":
    main()
