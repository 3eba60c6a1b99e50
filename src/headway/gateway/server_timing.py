"""What heads say of a request: how long its stages took."""

_LONGEST_STAGE = 1e6


def stages_of(head: bytes, names: dict[bytes, str]) -> dict[str, float]:
    """What a head's Server-Timing says of these stages; a replica tells those that were over when it went out."""
    stages: dict[str, float] = {}
    for line in (b"\n" + head).lower().split(b"\nserver-timing:")[1:]:
        for entry in line.partition(b"\r")[0].split(b","):
            name, _, milliseconds = entry.partition(b";dur=")
            stage = names.get(name.strip())
            if stage is not None:
                seconds = _seconds(milliseconds)
                if seconds is not None:
                    stages[stage] = seconds
    return stages


def _seconds(milliseconds: bytes) -> float | None:
    """A model may write the header itself, so it may hold anything."""
    try:
        seconds = round(float(milliseconds) / 1e3, 6)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= _LONGEST_STAGE else None
