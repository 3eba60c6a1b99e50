import os
import select
import signal
from contextlib import nullcontext
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


LEAVES = "setsid sh -c 'trap : TERM HUP; echo $$; (sleep 60; :) & echo $!; wait' & sleep 0.3; "


@pytest.mark.parametrize("end", ["exit 0", "exit 3", "kill -9 $$", "sleep 60"])
def test_what_a_program_leaves_behind_in_another_session_is_gone_when_it_has_ended(end, monkeypatch):
    monkeypatch.setattr(commands, "TIMEOUT", 1.0)
    left = []
    with pytest.raises(CommandError) if end != "exit 0" else nullcontext():
        run(LEAVES + end, lambda line: left.append(int(line)))
    assert len(left) == 2
    assert not any(Path(f"/proc/{one}").exists() for one in left)


def test_the_wait_ends_with_a_keeper_that_is_killed_though_what_it_ran_could_say_more():
    left = []

    def kill_keeper(line):
        left[:] = map(int, line.split())
        os.kill(left[0], signal.SIGKILL)

    with pytest.raises(CommandError):
        run("setsid sleep 60 & echo $PPID $!; wait", kill_keeper)
    os.kill(left[1], signal.SIGKILL)
