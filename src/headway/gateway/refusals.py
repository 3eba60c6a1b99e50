"""What the gateway answers by itself: each outcome's status, code and words, in one table.

The words are the same in every dialect; what stands around them is the client library's.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headway.core.credentials import CHALLENGE, KEY_UNKNOWN, Denial
from headway.core.dialects import Dialect, Fault, worded
from headway.core.events import Expired, Expiry, Overran
from headway.core.settings import nearest
from headway.http.content_coding import ACCEPTED, BrokenBodyError, UnknownCodingError
from headway.observed.words import counted, verb

_JSON = b"content-type: application/json\r\n"
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the gateway's own: `{"error": {"code", "message", "hint"}}`, or what a dialect makes of it."""

    status: int
    code: str
    message: str
    hint: str = ""
    retry_after: int | None = None
    """Whole seconds."""
    more_headers: bytes = b""
    """Header lines that its status asks for."""
    parameter: str | None = None
    """What of the body is wrong, in OpenAI's dialect."""

    def headers(self) -> bytes:
        if self.retry_after is None:
            return _JSON + self.more_headers
        return _JSON + self.more_headers + b"retry-after: %d\r\n" % self.retry_after

    def body(self, dialect: Dialect = Dialect.HEADWAY, request_id: bytes = b"") -> bytes:
        content: dict[str, Any]
        if dialect is Dialect.HEADWAY:
            content = {"error": {"code": self.code, "message": self.message, "hint": self.hint}}
        else:
            fault = Fault(self.status, self.message, self.code, self.hint, self.parameter)
            content = worded(dialect, fault, request_id.decode())
        return json.dumps(content).encode() + b"\n"


NO_TABLE = Refusal(
    503, "starting", "the gateway knows no model yet", "it is told within seconds of the start", 1
)
STOPPING = Refusal(
    503, "stopping", "Headway stops, and no replica is ready", "send it again once it is back", 1
)
UPGRADE_REQUIRED = Refusal(
    *(426, "upgrade_required", "a WebSocket is spoken here", "send Upgrade: websocket"),
    more_headers=b"upgrade: websocket\r\nconnection: upgrade\r\n",
)


def denied(denial: Denial) -> Refusal:
    challenge = b"www-authenticate: %s\r\n" % CHALLENGE.encode() if denial.status == 401 else b""
    return Refusal(denial.status, denial.code, denial.message, denial.hint, more_headers=challenge)


KEY_GONE = denied(KEY_UNKNOWN)
"""Of a request that came in with a key that was deleted since."""


def unknown(kind: str, name: str, known: Iterable[str]) -> Refusal:
    return Refusal(404, f"{kind}_not_found", f"there is no {kind} {name!r}", nearest(name, known))


def unknown_name(name: str, known: Iterable[str]) -> Refusal:
    """No model is called what a body or path says."""
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "..."
    hint = nearest(name[:_SHOWN], known)
    return Refusal(404, "model_not_found", f"there is no model {shown!r}", hint, parameter="model")


def no_name(reason: str) -> Refusal:
    hint = "it is a JSON object with NAME, NAME/ENVIRONMENT or NAME@DEPLOYMENT under `model`"
    return Refusal(400, "model_missing", reason, hint, parameter="model")


def unknown_coding(error: UnknownCodingError) -> Refusal:
    accepted = b"accept-encoding: %s\r\n" % ACCEPTED
    return Refusal(415, error.code, error.message, error.hint, more_headers=accepted)


def not_decodable(reason: str) -> Refusal:
    hint = "see its header content-encoding"
    return Refusal(400, BrokenBodyError.code, f"the body is not encoded as it says: {reason}", hint)


def no_room(limit: int) -> Refusal:
    message = (
        f"bodies that wait fill the {counted(limit, 'byte')} that there {verb(limit, 'are', 'is')} for them"
    )
    return Refusal(503, "no_room", message, "send it again later, or name the model early in the body", 1)


def no_such_path(path: str) -> Refusal:
    hint = "predict is at POST /models/{model}/predict"
    return Refusal(404, "path_not_found", f"{path[:200]!r} leads nowhere", hint)


def wrong_method(method: str, allowed: str) -> Refusal:
    return Refusal(
        *(405, "method_not_allowed", f"{method} is not understood here", f"use {allowed}"),
        more_headers=f"allow: {allowed}\r\n".encode(),
    )


def queue_full(queued: int, retry_after: int) -> Refusal:
    hint = "send it again later, raise queue_limit, or allow more replicas"
    return Refusal(
        429, "queue_full", f"{counted(queued, 'request')} {verb(queued, 'wait')} already", hint, retry_after
    )


def waited_too_long(expired: Expired[Any]) -> Refusal:
    bound = "its x-headway-deadline" if expired.cause is Expiry.DEADLINE else "queue_timeout"
    message = f"waited {expired.waited:.1f} s, longer than {bound}, and stood at place {expired.place}"
    return Refusal(504, expired.cause.value, message, "allow more replicas or a higher concurrency_target")


def ran_too_long(overran: Overran[Any], stage: str) -> Refusal:
    message = (
        f"ran {overran.held:.1f} s on {overran.replica_id}, longer than request_timeout; last seen in {stage}"
    )
    return Refusal(504, "request_timeout", message, "raise request_timeout")


def body_too_large(limit: int) -> Refusal:
    return Refusal(
        413, "body_too_large", f"a body has at most {counted(limit, 'byte')}", "raise body_limit_bytes"
    )


def bad_deadline(value: str) -> Refusal:
    hint = "it is the number of seconds from arrival"
    return Refusal(400, "bad_deadline", f"x-headway-deadline is {value[:40]!r}", hint)


def replica_lost(replica_id: str, stage: str, reason: str) -> Refusal:
    message = f"replica {replica_id} went away while it held the request, last seen in {stage}: {reason}"
    return Refusal(502, "replica_lost", message, "retry_on_crash sends such requests again")


def broken_off(replica_id: str, stage: str, reason: str) -> Refusal:
    """Of an answer that has begun: told in log and record, for the client can only be cut off."""
    message = f"the answer of replica {replica_id} broke off, last seen in {stage}: {reason}"
    return Refusal(502, "broken_off", message, "the replica's log says more")


def bad_answer(replica_id: str, reason: str) -> Refusal:
    return Refusal(502, "bad_answer", f"replica {replica_id} sent no usable answer: {reason}")


def deployment_failed(deployment: str, reason: str, retry_after: int) -> Refusal:
    message = f"{deployment} cannot start: {reason}"
    return Refusal(
        503, "deployment_failed", message, "see its logs; pushing anew resets the wait", retry_after
    )


def deployment_inactive(deployment: str) -> Refusal:
    return Refusal(503, "deployment_inactive", f"{deployment} is switched off", "activate it")


def deployment_gone(deployment: str) -> Refusal:
    return Refusal(503, "deployment_gone", f"{deployment} was removed while the request waited")
