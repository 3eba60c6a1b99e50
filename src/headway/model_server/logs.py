"""A replica's log as Truss writes it: JSON lines on stderr, or plain ones when DISABLE_JSON_LOGGING is set.

What is logged on behalf of a request carries its id as `request_id`: the one that the client's platform gave it in
Truss's header, else the gateway's, which is `headway_request_id` beside the other. What the client called it in
`x-request-id` is `client_request_id`.
"""

import json
import logging
import os
import sys

from headway.core.wire import CLIENT_ID
from headway.model_server.call import Call, current_call
from headway.telemetry.instants import instant_text

_IDS = {
    b"x-baseten-request-id": "request_id",
    b"x-baseten-chain-request-id": "chain_request_id",
    CLIENT_ID: "client_request_id",
}


def configure_logging(*, debug: bool) -> None:
    """Send all records of this process to stderr, those until `Lines.start_is_over` marked with startup."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(Lines(as_json=not os.environ.get("DISABLE_JSON_LOGGING")))
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[output], force=True)


class Lines(logging.Formatter):
    """One line a record."""

    start_is_over = False
    """Set with the first answer that says that the model is ready."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._as_json = as_json

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  # as logging has it
        """In UTC, for a model may set its own zone."""
        return instant_text(record.created)

    def format(self, record: logging.LogRecord) -> str:
        if not self._as_json:
            return super().format(record)
        fields = {
            "asctime": self.formatTime(record),
            "levelname": record.levelname,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exc_info"] = self.formatException(record.exc_info)
        if not self.start_is_over:
            fields["startup"] = "1"
        call = current_call.get(None)
        if call is not None:
            fields |= _ids(call)
        return json.dumps(fields, default=str)


def _ids(call: Call) -> dict[str, str]:
    given = {_IDS[name]: value.decode("latin-1") for name, value in call.exchange.headers if name in _IDS}
    own = "headway_request_id" if "request_id" in given else "request_id"
    return {own: call.identity, **given}
