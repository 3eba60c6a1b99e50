"""The base of the errors that Headway raises for people: what is wrong, whose fault it is, what to do."""


class HeadwayError(Exception):
    """An error whose text is meant for a person.

    `code` is a short stable name for programs, `hint` says what to do about it (may be empty).
    """

    code = "error"
    may_pass = False
    """Whether the very same may succeed a little later, without anybody having seen to it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InvalidSettingError(HeadwayError):
    """A setting that does not exist or has a value outside its bounds."""

    code = "invalid_setting"


class UsageError(HeadwayError):
    """A call that breaks a core object's contract: always a defect of the caller."""

    code = "usage"
