"""The exit codes of `headway`; docs/guide/troubleshooting.md says what each means."""

from headway.core.errors import HeadwayError, InvalidSettingError

OK = 0
FAILED = 1
USAGE = 2
UNAVAILABLE = 69
NOT_PERMITTED = 77
CONFIGURATION = 78
INTERRUPTED = 130


class UnavailableError(HeadwayError):
    """No Headway answers where it should."""

    code = "unavailable"


class NobodyAnswersError(UnavailableError):
    """Not even a connection came about."""


class KeyRefusedError(HeadwayError):
    """Headway asks for another API key."""

    code = "key_refused"


class UnconfirmedError(HeadwayError):
    """Somebody has to say yes first, and there is nobody to ask."""

    code = "unconfirmed"


class UnwritableError(HeadwayError):
    """The file that was asked for cannot be written."""

    code = "unwritable"


def exit_code_of(error: HeadwayError) -> int:
    from headway.configuration import InvalidConfigurationError

    match error:
        case UnavailableError():
            return UNAVAILABLE
        case KeyRefusedError():
            return NOT_PERMITTED
        case InvalidConfigurationError():
            return CONFIGURATION
        case InvalidSettingError() | UnconfirmedError():
            return USAGE
        case _:
            return FAILED
