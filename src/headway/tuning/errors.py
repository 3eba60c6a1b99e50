"""What can go wrong while a model is tuned."""

from headway.core.errors import HeadwayError


class TuningError(HeadwayError):
    """The model cannot be measured: it does not start, or does not answer the input."""

    code = "tuning"
