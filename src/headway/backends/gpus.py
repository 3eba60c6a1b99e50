"""Which GPUs this machine has. It does not say whose they are."""

import contextlib
import shutil
import subprocess
from pathlib import Path


def find_gpus() -> tuple[str, ...]:
    """The machine's NVIDIA GPUs by index, as CUDA_VISIBLE_DEVICES takes them."""
    program = shutil.which("nvidia-smi")
    if program is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
            lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
            return tuple(line.removeprefix("GPU ").split(":")[0] for line in lines)
    devices = Path("/dev").glob("nvidia[0-9]*")
    return tuple(sorted((one.name.removeprefix("nvidia") for one in devices), key=int))
