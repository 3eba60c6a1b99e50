"""Builds the site of the documents, README.md and docs/, into src/headway/help.

A link that leads nowhere is an error, and so is anything that a page would load from another host. A page links only
what is on the site: of a link to another file of the repository its text stays. What is newer than its sources stays.
Why so: docs/decisions/0021-a-site-of-the-documents.md.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_BUILT = "src/headway/help"
_REQUIREMENTS = ["zensical>=0.0.73,<0.1"]
_SETTINGS = "docs/zensical.toml"
_WITHIN = 300.0
_UNUSED = "assets/stylesheets/classic"
"""Of the generator's other theme."""
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")


class CannotBuildError(Exception):
    """The text says what is wrong."""


def dependencies() -> list[str]:
    """What the build needs beyond its own tools."""
    return _REQUIREMENTS


def build(root: Path) -> None:
    """Bring the site up to date. Raises CannotBuildError."""
    built = root / _BUILT
    if _is_fresh(root, built / "index.html"):
        return
    with tempfile.TemporaryDirectory(prefix="headway-site-") as made:
        staged = Path(made)
        _stage(root, staged)
        _generate(staged)
        wrong = sorted(set(faults(staged / "site")))
        if wrong:
            raise CannotBuildError("\n".join(wrong))
        shutil.rmtree(built, ignore_errors=True)
        shutil.copytree(staged / "site", built)


def faults(site: Path) -> Iterator[str]:
    """What pages name and the site does not have, and what they would load from elsewhere."""
    for page in site.rglob("*.html"):
        named = _Named()
        named.feed(page.read_text(encoding="utf-8"))
        name = page.relative_to(site)
        for address in named.loaded:
            if urlsplit(address).netloc:
                yield f"{name}: loads {address}"
        for address in (*named.loaded, *named.linked):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            if not target.exists() or not target.is_relative_to(site.resolve()):
                yield f"{name}: leads to {address}, which is not there"


class _Named(HTMLParser):
    """The addresses that a page links, and those that it loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.linked: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value and not value.startswith("data:"):
                (self.linked if tag == "a" else self.loaded).append(value)


def _is_fresh(root: Path, index: Path) -> bool:
    sources = [root / "README.md", Path(__file__), *(root / "docs").rglob("*")]
    return index.exists() and index.stat().st_mtime >= max(one.stat().st_mtime for one in sources)


def _stage(root: Path, staged: Path) -> None:
    """Put the documents where the generator finds them, README.md as the first page."""
    documents = root / "docs"
    shutil.copytree(documents, staged / "docs", ignore=shutil.ignore_patterns("*.toml"))
    shutil.copy(root / _SETTINGS, staged)
    for page in documents.rglob("*.md"):
        text = _on_site(page, documents)
        (staged / page.relative_to(root)).write_text(text, encoding="utf-8")
    front = _on_site(root / "README.md", documents).replace("](docs/", "](")
    (staged / "docs/index.md").write_text(front, encoding="utf-8")


def _on_site(page: Path, documents: Path) -> str:
    """The page's text without links that lead out of the documents."""

    def kept(found: re.Match[str]) -> str:
        target = (page.parent / found[2]).resolve()
        is_on_site = target.is_relative_to(documents.resolve()) and not target.is_dir()
        return found[0] if is_on_site else found[1]

    return _LINK.sub(kept, page.read_text(encoding="utf-8"))


def _generate(staged: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", Path(_SETTINGS).name]
    try:
        ran = subprocess.run(  # noqa: S603 - our own command
            command, cwd=staged, capture_output=True, text=True, timeout=_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildError(f"{' '.join(command)}: {error}") from error
    if ran.returncode:
        told = re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout + ran.stderr).partition("Traceback")[0]
        raise CannotBuildError(told or ran.stderr)
    (staged / "site/404.html").unlink()  # it would have to know where it is served
    shutil.rmtree(staged / "site" / _UNUSED, ignore_errors=True)


if __name__ == "__main__":
    try:
        build(Path(__file__).resolve().parents[2])
    except CannotBuildError as error:
        sys.exit(f"the documents' site: {error}")
