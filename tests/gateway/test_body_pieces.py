"""What is looked at of a body: all of it, decoded, in small pieces, however it comes."""

import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.gateway.body_pieces import PIECE_BYTES, BodyPieces, UndecodableError
from headway.http.content_coding import Coding

ENCODED = {
    "as it is": (None, lambda body: body),
    "gzip": (Coding.GZIP, gzip.compress),
    "gzip of several": (Coding.GZIP, lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "deflate": (Coding.DEFLATE, zlib.compress),
    "bare deflate": (Coding.DEFLATE, lambda body: zlib.compress(body, wbits=-15)),
}


def taken(pieces):
    while not pieces.is_empty:
        piece = pieces.take()
        assert len(piece) <= PIECE_BYTES
        yield piece


@pytest.mark.parametrize("name", ENCODED)
@given(
    body=st.binary(min_size=1, max_size=200) | st.just(b"a" * 40_000),
    places=st.lists(st.integers(0, 1000), max_size=5),
)
def test_every_byte_is_taken_however_the_body_comes(name, body, places):
    coding, encode = ENCODED[name]
    sent = encode(body)
    edges = [0, *sorted({place % (len(sent) + 1) for place in places}), len(sent)]
    pieces = BodyPieces(coding)
    read = []
    for begin, end in itertools.pairwise(edges):
        pieces.add(sent[begin:end])
        read += taken(pieces)
    assert b"".join(read) == body
    assert pieces.taken_bytes == len(body)


def test_what_is_not_encoded_so_is_told():
    pieces = BodyPieces(Coding.GZIP)
    pieces.add(b"plain text")
    with pytest.raises(UndecodableError):
        list(taken(pieces))
