"""The bytes of a page without its content coding, piece by piece; pure."""

import zlib
from collections.abc import Iterator
from typing import Final

_CODINGS: Final = frozenset({"gzip", "deflate", "x-gzip"})
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_PIECE_BYTES: Final = 64 * 1024


def unpacked(body: bytes, coding: str, max_bytes: int) -> Iterator[bytes]:
    """Pieces of a page, at most `max_bytes` in all.

    What is not gzip or deflate after all is taken as it is; a decompression bomb is cut
    at the bound and never unfolded further.
    """
    if coding.lower() not in _CODINGS:
        yield body[:max_bytes]
        return
    decoder, rest, n_left = zlib.decompressobj(_GZIP_OR_ZLIB), body, max_bytes
    is_more = True
    try:
        while is_more and n_left > 0:
            piece = decoder.decompress(rest, min(_PIECE_BYTES, n_left))
            rest = decoder.unconsumed_tail
            is_more = bool(rest) or len(piece) == _PIECE_BYTES
            n_left -= len(piece)
            yield piece
    except zlib.error:
        if n_left == max_bytes:
            yield body[:max_bytes]
