import subprocess
import sys

PIECES = """
import sys
from pathlib import Path
from headway.processes.allocator import hold_little

def held():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

hold_little()
bytes(20_000_000)  # by which glibc, left alone, takes all that is smaller for small
before = held()
pieces = [bytes([1]) * 200_000 for _ in range(100)]
last = pieces[-1]
del pieces
sys.stdout.write(str(held() - before))
"""


def test_pieces_that_are_free_go_back_though_the_last_one_is_needed():
    ran = subprocess.run([sys.executable, "-c", PIECES], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 1000, "kB, of 20,000"
