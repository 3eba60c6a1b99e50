"""The ways in which a replica's process is kept apart from the machine and from other models."""

from enum import StrEnum


class Isolation(StrEnum):
    """`AUTO` is no way of its own: the strictest that works on the machine is taken."""

    NONE = "none"
    SANDBOX = "sandbox"
    AUTO = "auto"


CHOICES = tuple(one.value for one in Isolation)
