"""Tracebacks of Python in texts: where one begins and goes on, and what it is about."""

import re
from collections.abc import Sequence

BEGIN = re.compile(r"[ |]*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):")
END_OF_GROUP = re.compile(r"[ |]*\+-{5,}$")
_BELOW = re.compile(rf"^{BEGIN.pattern}", re.MULTILINE)
_OF_GROUP = re.compile(r"[ |]*\| ([\w.]*Group: .*)")
_GOES_ON = ("During handling of the above exception", "The above exception was the direct cause")


def goes_on(line: str) -> bool:
    """Whether another traceback follows, after the exception that the first has named."""
    return line.startswith(_GOES_ON)


def is_indented(line: str) -> bool:
    return line[:1] in {" ", "\t"} and bool(line.strip())


def subject(traceback: Sequence[str]) -> str:
    """The exception that it is about: at its end, or after the first of a group's tracebacks."""
    at_the_end = (one for one in reversed(traceback) if one and not is_indented(one))
    of_a_group = (found[1] for one in traceback if (found := _OF_GROUP.fullmatch(one)))
    return next(at_the_end, None) or next(of_a_group, traceback[0].strip())


def parted(message: str) -> tuple[str, str]:
    """A message, and the traceback that it ends with, or nothing."""
    if "Traceback (" not in message or (found := _BELOW.search(message)) is None:
        return message, ""
    above, traceback = message[: found.start()].rstrip(), message[found.start() :]
    return above or subject(traceback.split("\n")), traceback
