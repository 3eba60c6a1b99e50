"""The list of the one model that a replica serves, under the name by which its client reached it."""

import json

from headway.core.wire import MODEL
from headway.http.exchange import Exchange
from headway.http.model_document import list_document, model_document
from headway.model_server.truss.truss_config import TrussConfig


def model_list(exchange: Exchange, config: TrussConfig) -> bytes:
    """The body of an answer. The model is as old as its config.yaml."""
    named = exchange.header(MODEL)
    name = (config.model_name or "model") if named is None else named.decode("latin-1")
    try:
        created = (config.directory / "config.yaml").stat().st_mtime
    except OSError:  # somebody has removed it since
        created = 0.0
    return json.dumps(list_document([model_document(name, created)])).encode()
