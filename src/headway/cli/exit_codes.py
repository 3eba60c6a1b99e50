"""What the exit codes of `headway` mean; docs/guide/operating.md lists them."""

from headway.configuration import InvalidConfigurationError
from headway.core.errors import HeadwayError, InvalidSettingError

OK = 0
FAILED = 1
USAGE = 2
UNAVAILABLE = 69
CONFIGURATION = 78
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    FAILED: "the request, the check or the preparation failed",
    USAGE: "the command line is wrong",
    UNAVAILABLE: "no Headway answers at the address",
    CONFIGURATION: "Headway's settings file or an environment variable is wrong",
    INTERRUPTED: "interrupted by Ctrl-C",
}


class UnavailableError(HeadwayError):
    """Nothing answers where Headway should."""

    code = "unavailable"


def exit_code_of(error: HeadwayError) -> int:
    match error:
        case UnavailableError():
            return UNAVAILABLE
        case InvalidConfigurationError():
            return CONFIGURATION
        case InvalidSettingError():
            return USAGE
        case _:
            return FAILED
