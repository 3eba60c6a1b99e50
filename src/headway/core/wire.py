"""Names on the wire that gateway, model server and control share: headers, paths, exit codes."""

OWN_PREFIX = b"x-headway-"
"""Headers that Headway alone tells: what a model sets of them goes no further."""
REQUEST_ID = b"x-headway-request-id"
CLIENT_ID = b"x-request-id"
"""The id that a client gives a request, as many do and show."""
COLD_START = b"x-headway-cold-start"
DEADLINE = b"x-headway-deadline"
BODY_LIMIT = b"x-headway-body-limit"
"""Told to a replica with an encoded body: how many bytes it may have once it is decoded."""
SERVER_TIMING = b"server-timing"
DIALECT = b"x-headway-dialect"
"""Set by the gateway: whose errors the client understands, where they are not Truss's."""
MODEL = b"x-headway-model"
"""Beside it: what the client calls the model."""
NOT_ACCEPTED = b"x-headway-not-accepted"
"""On a 503 of a replica: the request was never taken up, so it may go to another one."""
TAKEN_UP_WHOLE_BYTES = 1024 * 1024
"""A replica begins nothing of a request that is no longer than this before it has read all of it."""

CUT = b"!\r\n\r\n"
"""Where a replica cuts an answer whose work goes on, in the place of a chunk or of the head: it is neither."""

HELD_PATH = b"/held"
READY_PATH = b"/v1/models/model"
PREDICT_PATH = b"/v1/models/model:predict"
MODELS_PATH = b"/v1/models"
WEBSOCKET_PATH = b"/v1/websocket"
PRIVATE_PATHS = (b"/hot-reload", b"/metrics", b"/held", b"/control")
"""Never reachable through the gateway, nor anything below them."""

READY_DESCRIPTOR = "HEADWAY_READY_FD"
"""The variable that gives a replica's process the number of the descriptor on which it may say, with any byte, that it
is ready. Nothing rests on it but how soon the replica is asked."""

EXIT_USAGE = 64
"""A process's exit code when what it was started with is of no use: options, files of settings, where to listen."""
EXIT_BAD_TRUSS = 65
"""A replica's exit code when its Truss is not valid."""
EXIT_LOAD_FAILED = 70
"""A replica's exit code when its model could not be loaded."""
