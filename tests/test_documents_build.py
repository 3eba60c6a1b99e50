"""The site of the documents: what leads nowhere is found. The generator itself runs in `make check`."""

import importlib.util
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


@pytest.fixture
def documents():
    path = TOP / "tools" / "build" / "documents.py"
    spec = importlib.util.spec_from_file_location("documents_for_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(site, name, content):
    path = site / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize(
    "content",
    [
        '<a href="no.html">',
        '<a href="../../outside.html">',
        '<img src="no.png">',
        '<a href="/at-the-top.html">',
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/x.css">',
    ],
)
def test_what_leads_nowhere_or_loads_from_elsewhere_is_a_fault(documents, tmp_path, content):
    (tmp_path / "outside.html").touch()
    page(tmp_path / "site", "guide/one.html", content)
    assert len(list(documents.faults(tmp_path / "site"))) == 1


def test_what_is_there_and_what_readers_follow_by_themselves_is_none(documents, tmp_path):
    page(
        tmp_path,
        "index.html",
        '<a href="guide/one.html#part"><a href="https://elsewhere.example/"><a href="#x">',
    )
    page(tmp_path, "guide/one.html", '<a href="../index.html"><link rel="icon" href="data:,">')
    assert list(documents.faults(tmp_path)) == []


def test_pages_keep_links_within_the_documents_and_the_text_of_others(documents, tmp_path):
    for name in ("README.md", "docs/zensical.toml", "docs/guide/two.md", "LICENSE"):
        page(tmp_path, name, "")
    page(
        tmp_path,
        "README.md",
        "[Two](docs/guide/two.md) [Licence](LICENSE) ![p](docs/p.png) [w](https://w.example)",
    )
    page(tmp_path, "docs/guide/one.md", "[two](two.md#x), [gone](gone.md), [echo](../../examples/echo)")
    staged = tmp_path / "staged"
    staged.mkdir()
    documents._stage(tmp_path, staged)
    front = (staged / "docs/index.md").read_text()
    assert front == "[Two](guide/two.md) Licence ![p](p.png) [w](https://w.example)"
    assert (staged / "docs/guide/one.md").read_text() == "[two](two.md#x), [gone](gone.md), echo"


def test_every_page_of_the_guide_is_in_the_sites_navigation():
    named = set(re.findall(r'"(\S+\.md)"', (TOP / "docs" / "zensical.toml").read_text()))
    guide = {f"guide/{path.name}" for path in (TOP / "docs" / "guide").glob("*.md")}
    assert guide <= named
