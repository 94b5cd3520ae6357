"""The leaf of a row straight from its line: nothing is spelled a second time.

A line is spelled by `rows.canonical` with its fields in fixed order, so the parts of a
leaf are pieces of it. They are cut out of the text and hashed as they stand: a line
that is spelled otherwise, or holds anything else, has another leaf. In JSON a quotation
mark within a text has a backslash before it: `,"name":` always begins a field.
"""

import json
from typing import Final

from monitor.evidence.chain import DayKeys, keyed, leaf_of
from monitor.evidence.layout import short
from monitor.evidence.redact import QUARTER_MIN, network, public_part
from monitor.evidence.rows import Row, canonical
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
_DIRECT: Final = b',"path":"direct"'
_TUNNEL: Final = b',"path":"tunnel"'


class OddLineError(ValueError):
    """A line that this program would not write; it may be whole all the same."""


def row_and_leaf(line: bytes, number: int, keys: DayKeys) -> tuple[Row, bytes]:
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
        return row, _sealed_leaf(body, row)
    return row, _open_leaf(body, row, number, keys.trusted, keys.private)


def _sealed_leaf(body: bytes, row: Row) -> bytes:
    """The leaf of a public line: what anybody reads, then the hashes of the rest."""
    end = body.index(_VANTAGE)
    private, trusted = row["x_private"], row["x_trusted"]
    hashes = f',"x_private":"{private}","x_trusted":"{trusted}"'.encode("ascii")
    if body[end:] != _VANTAGE + canonical(row["vantage"]) + hashes:
        raise OddLineError
    public = body[:end] + b"}"
    return leaf_of(public, bytes.fromhex(trusted), bytes.fromhex(private))


def _open_leaf(
    body: bytes, row: Row, number: int, trusted_key: bytes, private_key: bytes | None
) -> bytes:
    if private_key is None:
        end = f',"x_private":"{row["x_private"]}"'.encode("ascii")
        body, own = body.removesuffix(end), body
        if body is own:
            raise OddLineError
    before, address, after = _around_address(body, row)
    coarse = _network(row) if address else b""
    if row["probe"] in LOCAL_PROBES:
        trusted, public = before + coarse + after, canonical(public_part(row))
    else:
        trusted, public = _cut(before, after, coarse)
    if private_key is None:
        private = bytes.fromhex(row["x_private"])
    else:
        private = keyed(private_key, number, b"{" + address[1:] + b"}")
    return leaf_of(public, keyed(trusted_key, number, trusted), private)


def _around_address(body: bytes, row: Row) -> tuple[bytes, bytes, bytes]:
    """What stands before the field of the address, the field, what stands after it."""
    address = row.get("remote_address")
    if address is None:
        return body, b"", b"}"
    before, field, after = body.partition(_ADDRESS + address.encode("ascii") + b'"')
    if not field:
        raise OddLineError
    return before, field, after + b"}"


def _network(row: Row) -> bytes:
    return _ADDRESS + network(row["remote_address"]).encode("ascii") + b'"'


def _cut(before: bytes, after: bytes, coarse: bytes) -> tuple[bytes, bytes]:
    """The trusted and the public part of a line around its address."""
    vantage = before.index(_VANTAGE)
    path = before.index(_PATH, vantage)
    probe = before.index(_PROBE, path)
    way = before[path:probe]
    trusted = before[:_TIME_END] + before[vantage:probe] + coarse + b"}"
    public = b"".join(
        (
            before[:_MINUTE],
            _QUARTERS[before[_MINUTE : _MINUTE + 2]],
            _REST_OF_TIME,
            before[_TIME_END:vantage],
            way if way == _DIRECT else _TUNNEL,
            before[probe:],
            after,
        )
    )
    return trusted, public
