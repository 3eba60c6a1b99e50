"""Writes the calls of the management API into docs/guide/api.md, from what the API says of itself."""

import re
from pathlib import Path
from typing import Any

from headway.api.schema import openapi

PAGE = Path(__file__).resolve().parents[2] / "docs/guide/api.md"
_BEGIN = "<!-- from here on written by tools/build/api_reference.py -->\n"


def written(page: str) -> str:
    """The page with the calls as they are now."""
    return page.partition(_BEGIN)[0] + _BEGIN + "\n" + "\n\n".join(_sections(openapi())) + "\n"


def _sections(document: dict[str, Any]) -> list[str]:
    calls: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            calls.setdefault(call["tags"][0], []).append(_row(f"{method.upper()} {path}", call))
    head = "| Function | Call | What it does | It takes | It answers |\n|---|---|---|---|---|\n"
    return [f"### {tag.capitalize()}\n\n{head}" + "\n".join(rows) for tag, rows in calls.items()]


def _row(call: str, told: dict[str, Any]) -> str:
    taken = [f"`{one['name']}`" for one in told.get("parameters", []) if one["in"] != "path"]
    if body := told.get("requestBody"):
        taken.append(_named(body["content"]))
    status, answer = next((code, one) for code, one in told["responses"].items() if code[0] == "2")
    answered = f"{status} {_named(answer.get('content', {}))}"
    cells = (
        f"`{told['operationId']}`",
        f"`{call}`",
        told.get("description", ""),
        ", ".join(taken),
        answered,
    )
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _named(content: dict[str, Any]) -> str:
    """The schema's name, else the kind of content."""
    for kind, one in content.items():
        name = re.search(r"/schemas/(\w+)", str(one.get("schema", {}).get("$ref", "")))
        return f"`{name[1]}`" if name else f"`{kind}`"
    return ""


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
