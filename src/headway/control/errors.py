"""What control answers when something asked of it cannot be: each kind has one code, and the API one status for it."""

from headway.core.errors import HeadwayError


class NotFoundError(HeadwayError):
    """There is no such model, deployment, environment, key or secret."""

    code = "not_found"


class InvalidNameError(HeadwayError):
    code = "invalid_name"


class RefusedError(HeadwayError):
    """What is asked contradicts the present state."""

    code = "refused"


class StaleError(HeadwayError):
    """The settings have changed since the caller read them."""

    code = "stale"
