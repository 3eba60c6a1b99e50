"""Bodies out of their coding: what is understood, and what costs no more than it may."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.http.content_coding import (
    BrokenBodyError,
    Coding,
    TooLargeError,
    UnknownCodingError,
    coding_of,
    decoded,
)

PLENTY = 1 << 30
TEXT = b'{"prompt": "what is said is said again"}' * 1000


def bare(data):
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


ENCODERS = {
    "gzip": (Coding.GZIP, gzip.compress),
    "deflate": (Coding.DEFLATE, zlib.compress),
    "bare deflate": (Coding.DEFLATE, bare),
}


@pytest.fixture(params=ENCODERS)
def encoder(request):
    return ENCODERS[request.param]


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        ([], None),
        ([b"gzip"], Coding.GZIP),
        ([b" GZip "], Coding.GZIP),
        ([b"x-gzip"], Coding.GZIP),
        ([b"deflate"], Coding.DEFLATE),
        ([b"identity"], None),
        ([b""], None),
        ([b"identity, gzip"], Coding.GZIP),
        ([b"identity", b"gzip,"], Coding.GZIP),
    ],
)
def test_codings_that_are_understood(lines, coding):
    assert coding_of([(b"a", b"gzip"), *((b"content-encoding", line) for line in lines)]) is coding


@pytest.mark.parametrize(
    "lines",
    [
        [b"br"],
        [b"zstd"],
        [b"gzip, gzip"],
        [b"gzip", b"deflate"],
        [b"compress"],
        [b"gzip;q=1"],
        [b"\xff" * 999],
    ],
)
def test_others_and_several_are_not(lines):
    with pytest.raises(UnknownCodingError) as unknown:
        coding_of([(b"content-encoding", line) for line in lines])
    assert len(str(unknown.value)) < 200


@given(data=st.binary(max_size=5000), name=st.sampled_from(sorted(ENCODERS)))
def test_what_was_encoded_comes_back(data, name):
    coding, encode = ENCODERS[name]
    assert b"".join(decoded(encode(data), coding, PLENTY)) == data


@pytest.mark.parametrize("size", [1, 255, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
def test_so_does_a_large_body(encoder, size):
    coding, encode = encoder
    data = (TEXT * (size // len(TEXT) + 1))[:size]
    assert b"".join(decoded(encode(data), coding, size)) == data
    with pytest.raises(TooLargeError):
        b"".join(decoded(encode(data), coding, size - 1))


def test_an_empty_body_is_empty_in_any_coding():
    assert [list(decoded(b"", coding, 1)) for coding in Coding] == [[], []]


def test_gzip_may_have_been_made_in_parts():
    body = b"".join(gzip.compress(part) for part in (b"a", b"", b"b" * 100_000, b"c"))
    assert b"".join(decoded(body, Coding.GZIP, PLENTY)) == b"a" + b"b" * 100_000 + b"c"


def test_a_body_that_is_cut_anywhere_is_broken(encoder):
    coding, encode = encoder
    body = encode(TEXT[:300])
    for end in range(1, len(body)):
        with pytest.raises(BrokenBodyError):
            b"".join(decoded(body[:end], coding, PLENTY))


@pytest.mark.parametrize("rest", [b"x", b"\0", b"\x1f\x8b", b"x" * 100_000])
def test_bytes_behind_the_end_are_not_overlooked(encoder, rest):
    coding, encode = encoder
    with pytest.raises(BrokenBodyError):
        b"".join(decoded(encode(TEXT) + rest, coding, PLENTY))


@pytest.mark.parametrize("body", [b"{}", b"\0" * 50, b"\x78\x9c", b"\x78\xbb" + bytes(8), bytes(range(200))])
def test_what_is_no_such_data_is_broken(body):
    for coding in Coding:
        with pytest.raises(BrokenBodyError):
            b"".join(decoded(body, coding, PLENTY))


def test_a_changed_checksum_is_noticed():
    body = bytearray(gzip.compress(TEXT))
    body[-8] ^= 1
    with pytest.raises(BrokenBodyError):
        b"".join(decoded(bytes(body), Coding.GZIP, PLENTY))


def test_a_bomb_costs_no_more_than_the_limit(encoder):
    coding, encode = encoder
    bomb = encode(bytes(32 * 1024 * 1024))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            for _ in decoded(bomb, coding, 1024 * 1024):
                pass
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_members_without_end_are_refused():
    with pytest.raises(BrokenBodyError):
        for _ in decoded(gzip.compress(b"") * 70_000, Coding.GZIP, PLENTY):
            pass
