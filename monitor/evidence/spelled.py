"""The leaf of a row straight from its line: nothing is spelled a second time.

A line is spelled by `rows.canonical` with its fields in fixed order, so the parts of a
leaf are pieces of it. They are cut out of the text and hashed as they stand: a line
that is spelled otherwise, or holds anything else, has another leaf. In JSON a quotation
mark within a text has a backslash before it: `,"name":` always begins a field.
"""

import json
from typing import Final, NamedTuple

from monitor.evidence.canonical_rows import ROW_FORMAT, Row, canonical
from monitor.evidence.chain import DayKeys, keyed, leaf, leaf_of
from monitor.evidence.layout import short
from monitor.evidence.redact import (
    LOOKED_UP,
    QUARTER_MIN,
    looked_up,
    network,
    public_part,
    tells_the_neutral_server,
)
from monitor.model import LOCAL_PROBES

_DECODER: Final = json.JSONDecoder()
_BEGIN: Final = b'{"started_at_utc":"'
_MINUTE: Final = len(_BEGIN) + len("2026-10-01T00:")
_REST_OF_TIME: Final = b':00.000000Z"'
_TIME_END: Final = _MINUTE + len("00") + len(_REST_OF_TIME)
_QUARTERS: Final = {b"%02d" % n: b"%02d" % (n - n % QUARTER_MIN) for n in range(60)}
_VANTAGE: Final = b',"vantage":'
_PATH: Final = b',"path":'
_PROBE: Final = b',"probe":'
_ADDRESS: Final = b',"remote_address":"'
_BLOCK: Final = b',"block":'
_DIRECT: Final = b',"path":"direct"'
_TUNNEL: Final = b',"path":"tunnel"'


class OddLineError(ValueError):
    """A line that this program would not write; it may be whole all the same."""


def row_and_leaf(
    line: bytes, number: int, keys: DayKeys, row_format: int = ROW_FORMAT
) -> tuple[Row, bytes]:
    """The row of a line and its leaf, of any level.

    Parameters
    ----------
    number : of the row in its day, which the line has to bear.

    Raises
    ------
    OddLineError, KeyError, TypeError, ValueError : not a line that this program writes.
    """
    text = line.decode("ascii")
    row, end = _DECODER.raw_decode(text)
    tail = f',"x_row":{number},"x_check":"{row["x_check"]}"}}'.encode("ascii")
    body = line.removesuffix(tail)
    numbered = body + b',"x_row":%d}' % number
    if end != len(text) or body is line or short(numbered) != row["x_check"]:
        raise OddLineError
    if keys.trusted is None:
        return row, _sealed_leaf(body, row, row_format)
    return row, _open_leaf(body, row, number, keys, row_format)


def _sealed_leaf(body: bytes, row: Row, row_format: int) -> bytes:
    """The leaf of a public line: what anybody reads, then the hashes of the rest."""
    end = body.index(_VANTAGE)
    private, trusted = row["x_private"], row["x_trusted"]
    hashes = f',"x_private":"{private}","x_trusted":"{trusted}"'.encode("ascii")
    if body[end:] != _VANTAGE + canonical(row["vantage"]) + hashes:
        raise OddLineError
    public = body[:end] + b"}"
    trusted_hash, private_hash = bytes.fromhex(trusted), bytes.fromhex(private)
    return leaf_of(public, trusted_hash, private_hash, row_format)


class _Pieces(NamedTuple):
    """A line, cut around what not everybody reads in full; together they are all of it.

    Each field begins with its comma; an absent one is empty.
    """

    before: bytes
    """Up to the address that was connected to."""
    address: bytes
    between: bytes
    """Up to the block."""
    block: bytes
    after: bytes
    """Up to the addresses of the lookup, with which a line ends."""
    lookup: bytes
    coarse_address: bytes
    coarse_lookup: bytes


def _open_leaf(
    body: bytes, row: Row, number: int, keys: DayKeys, row_format: int
) -> bytes:
    if keys.private is None:
        body = _without(body, f',"x_private":"{row["x_private"]}"'.encode("ascii"))
    if tells_the_neutral_server(row, row_format):
        return _leaf_of_leg(body, row, number, keys, row_format)
    pieces = _pieces(body, row, row_format)
    if row["probe"] in LOCAL_PROBES:
        trusted = _household(pieces)
        public = canonical(public_part(row, row_format))
    else:
        trusted, public = _cut(pieces)
    if keys.private is None:
        private = bytes.fromhex(row["x_private"])
    else:
        addresses = pieces.address + pieces.lookup
        private = keyed(keys.private, number, b"{" + addresses[1:] + b"}")
    # Without this key the line would have been taken for a sealed one.
    trusted_hash = keyed(keys.trusted or b"", number, trusted)
    return leaf_of(public, trusted_hash, private, row_format)


def _leaf_of_leg(
    body: bytes, row: Row, number: int, keys: DayKeys, row_format: int
) -> bytes:
    """Of a few lines a day; their parts are spelled anew, and so is the whole line."""
    fields = {name: row[name] for name in row if not name.startswith("x_")}
    if canonical(fields)[:-1] != body:
        raise OddLineError
    return leaf(row, number, keys, row_format)


def _without(body: bytes, end: bytes) -> bytes:
    """The text before its end, which has to be this one."""
    if not body.endswith(end):
        raise OddLineError
    return body[: len(body) - len(end)]


def _pieces(body: bytes, row: Row, row_format: int) -> _Pieces:
    lookup, coarse_lookup, block = b"", b"", b""
    if row_format > 1:
        texts: Row = {name: row[name] for name in LOOKED_UP if name in row}
        lookup, coarse_lookup = _fields(texts), _fields(looked_up(texts))
        body = _without(body, lookup)
        if "block" in row:
            block = _BLOCK + canonical(row["block"])
    address, coarse_address = b"", b""
    if "remote_address" in row:
        address = _ADDRESS + row["remote_address"].encode("ascii") + b'"'
        network_ = network(row["remote_address"])
        coarse_address = _ADDRESS + network_.encode("ascii") + b'"'
    before, rest = _around(body, address)
    between, after = _around(rest, block) if address else (b"", rest)
    if block and not address:
        before, after = _around(before, block)
    return _Pieces(
        *(before, address, between, block, after, lookup),
        *(coarse_address, coarse_lookup),
    )


def _around(text: bytes, field: bytes) -> tuple[bytes, bytes]:
    """What stands before a field, and what after it; an absent one is at the end."""
    if not field:
        return text, b""
    before, inside, after = text.partition(field)
    if not inside:
        raise OddLineError
    return before, after


def _fields(part: Row) -> bytes:
    """The fields of a part, each after its comma."""
    return b"," + canonical(part)[1:-1] if part else b""


def _household(pieces: _Pieces) -> bytes:
    """The trusted part of a line about this machine: all of it, addresses coarse."""
    return b"".join(
        (
            pieces.before,
            pieces.coarse_address,
            pieces.between,
            pieces.block,
            pieces.after,
            pieces.coarse_lookup,
            b"}",
        )
    )


def _cut(pieces: _Pieces) -> tuple[bytes, bytes]:
    """The trusted and the public part of a line about a site."""
    before = pieces.before
    vantage = before.index(_VANTAGE)
    path = before.index(_PATH, vantage)
    probe = before.index(_PROBE, path)
    way = before[path:probe]
    names = before[:_TIME_END] + before[vantage:probe]
    trusted = names + pieces.coarse_address + pieces.block + b"}"
    public = b"".join(
        (
            before[:_MINUTE],
            _QUARTERS[before[_MINUTE : _MINUTE + 2]],
            _REST_OF_TIME,
            before[_TIME_END:vantage],
            way if way == _DIRECT else _TUNNEL,
            before[probe:],
            pieces.between,
            pieces.after,
            pieces.coarse_lookup,
            b"}",
        )
    )
    return trusted, public
