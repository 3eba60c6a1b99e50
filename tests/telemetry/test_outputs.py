"""A program whose output goes to a device that is full, as a real process."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, sys
from headway.telemetry.outputs import outlive_full_disks
outlive_full_disks()
logging.basicConfig(force=True)
print("a" * 100_000)
print("b", file=sys.stderr, flush=True)
logging.error("c")
sys.stdout.buffer.write(b"d")
sys.stdout.flush()
sys.exit(7)
"""


def test_a_program_whose_output_nobody_keeps_goes_on():
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM], stdout=full, stderr=full, check=False, timeout=60
        )
    assert ended.returncode == 7


def test_what_is_kept_is_what_was_printed(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", PROGRAM], stdout=out, stderr=out, check=False, timeout=60)
    text = (tmp_path / "out").read_text()
    assert text == "a" * 100_000 + "\nb\nERROR:root:c\nd"


FULL_FOR_A_WHILE = """
import resource
from headway.telemetry.outputs import outlive_full_disks
outlive_full_disks()
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
print("first")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
for word in ("second", "third", "fourth"):
    print(word)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
print("fifth")
print("sixth")
"""


def test_what_was_lost_meanwhile_is_counted_as_soon_as_there_is_room(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        command = [sys.executable, "-c", FULL_FOR_A_WHILE]
        subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=True, timeout=60)
    told = "seco\n... lines left out: 3 (they could not be written)\n"
    assert (tmp_path / "out").read_text() == f"first\n{told}fifth\nsixth\n"
