"""Numbers and lengths of time as people say them: pure."""

_MINUTE = 60
_HOUR = 60 * _MINUTE


def plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def counted(count: int, word: str) -> str:
    """As in: 1 slot, 12 slots."""
    return f"{count:,} {plural(count, word)}"


def verb(count: int, word: str, of_one: str = "") -> str:
    """As it agrees: 12 wait, 1 waits. `of_one` where that is not the word with an s."""
    return word if count != 1 else of_one or f"{word}s"


def lasting(seconds: float) -> str:
    """A length of time to the second, the minute or the hour, whichever says enough."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"


def about(seconds: float) -> str:
    return lasting(seconds) if seconds < 1 else f"about {lasting(seconds)}"
