"""The API key of commands: how it is sent, and how it is told that another one is needed."""

from headway.cli.exit_codes import KeyRefusedError

HEADER_IN_SHELL = '"Authorization: Bearer $HEADWAY_API_KEY"'
"""As a shell takes it: the key itself stays out of what is shown."""
STATUSES = frozenset((401, 403))
"""With which a key is refused."""
_FORBIDDEN = 403


def headers_of(api_key: str | None) -> dict[str, str]:
    """What shows the key, without the white space around it. What could be no header is refused here, for httpx would
    show it. Raises InvalidConfigurationError.
    """
    from headway.configuration import InvalidConfigurationError

    if api_key is None:
        return {}
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InvalidConfigurationError(
            "HEADWAY_API_KEY holds no key", hint="a key begins with hw_ and has letters and digits only"
        )
    return {"authorization": f"Bearer {key}"}


def require_accepted(status: int, code: str, message: str) -> None:
    """Raise KeyRefusedError if an answer's error is about the key."""
    from headway.core.credentials import KEY_CODES

    if code not in KEY_CODES:
        return
    if status == _FORBIDDEN:
        hint = "the key in HEADWAY_API_KEY may do other things only: headway keys create makes one with another scope"
    else:
        hint = (
            "set one: export HEADWAY_API_KEY=hw_...; headway keys create makes one, and "
            "needs none while Headway is stopped"
        )
    raise KeyRefusedError(message, hint=hint)
