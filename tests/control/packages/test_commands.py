import os
import select
from pathlib import Path

import pytest

from headway.control.packages import commands
from headway.control.packages.commands import CommandError

HERE = Path.cwd()


def run(script, progress=lambda _: None):
    commands.run(
        ["/bin/sh", "-c", script], directory=HERE, environment={"PATH": "/usr/bin:/bin"}, progress=progress
    )


def ends(process_id, within=5.0):
    """Whether the process, which is no child of this one, is gone soon: a kill takes effect a moment later."""
    try:
        descriptor = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within)[0])
    finally:
        os.close(descriptor)


def test_what_a_program_says_is_passed_on_line_by_line():
    said = []
    run("echo one; echo two >&2", said.append)
    assert said == ["one", "two"]


def test_a_program_that_fails_is_told_with_its_last_lines():
    with pytest.raises(CommandError, match=r"no luck\n\(exit code 3\)"):
        run("echo no luck; exit 3")


def test_what_a_program_has_started_ends_with_it():
    children = []

    def end(line):
        children.append(int(line))
        commands.end_all()

    with pytest.raises(CommandError):
        run("sleep 60 & echo $!; wait", end)
    [child] = children
    assert ends(child)
    assert commands._running == set()
    commands.end_all()
