"""A request's body as the model gets it: out of its Content-Encoding, within the deployment's `body_limit_bytes`, which
the gateway tells with such a request.
"""

import asyncio

from headway.core.settings import DeploymentSettings
from headway.core.wire import BODY_LIMIT
from headway.http.content_coding import (
    ACCEPTED,
    BrokenBodyError,
    Coding,
    TooLargeError,
    UnknownCodingError,
    coding_of,
    decoded,
)
from headway.http.exchange import Exchange
from headway.model_server import failures
from headway.model_server.call import Call

_OF_THE_CODED = frozenset((b"content-encoding", b"content-length", b"transfer-encoding", BODY_LIMIT))


async def decode_body(call: Call) -> None:
    """Leave the body and its headers as if it had never been encoded. Raises RequestFailedError."""
    try:
        coding = coding_of(call.exchange.headers)
    except UnknownCodingError as error:
        raise failures.unknown_coding(error, ACCEPTED) from error
    if coding is not None:
        await _decode(call, coding)


async def _decode(call: Call, coding: Coding) -> None:
    pieces: list[bytes] = []
    try:
        for piece in decoded(call.body, coding, _limit(call.exchange)):
            pieces.append(piece)
            await asyncio.sleep(0)  # a large body does not keep the others waiting
    except TooLargeError as error:
        raise failures.too_large(error.message) from error
    except BrokenBodyError as error:
        raise failures.bad_input(error.message) from error
    call.body = b"".join(pieces)
    kept = [header for header in call.exchange.headers if header[0] not in _OF_THE_CODED]
    call.exchange.headers = [*kept, (b"content-length", b"%d" % len(call.body))]


def _limit(exchange: Exchange) -> int:
    """As the gateway says; who is asked directly goes by the default."""
    told = exchange.header(BODY_LIMIT)
    return int(told) if told is not None and told.isdigit() else DeploymentSettings().body_limit_bytes
