"""Samples as canonical rows: the columns of the interchange format in fixed order.

The same facts give the same bytes on every machine: absent values are left out, numbers
are written in the shortest form that reads back equal, text is ASCII with escapes,
times are UTC with six decimals.
"""

import json
import json.encoder
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from operator import attrgetter
from typing import Final, TypeAlias

from monitor.model import Sample
from monitor.store import Store
from monitor.store.instants import from_us
from monitor.store.records import storable
from monitor.untyped import Json

Row: TypeAlias = dict[str, Json]

_TEXT: Final = "text"
_REAL: Final = "real"
_WHOLE: Final = "whole"

COLUMNS: Final[Mapping[str, str]] = {
    "started_at_utc": _TEXT,
    "target": _TEXT,
    "role": _TEXT,
    "vantage": _TEXT,
    "path": _TEXT,
    "probe": _TEXT,
    "domain_lookup_s": _REAL,
    "connect_s": _REAL,
    "tls_handshake_s": _REAL,
    "waiting_s": _REAL,
    "response_s": _REAL,
    "duration_s": _REAL,
    "encoded_body_bytes": _WHOLE,
    "goodput_bps": _REAL,
    "http_status": _WHOLE,
    "failed_operation": _TEXT,
    "failure": _TEXT,
    "remote_address": _TEXT,
    "certificate_sha256": _TEXT,
    "certificate_issuer": _TEXT,
    "tcp_min_rtt_s": _REAL,
    "tcp_retransmits": _WHOLE,
    "server_name": _TEXT,
    "probe_version": _TEXT,
}
"""The columns of contracts 4, in order, and how each is written."""

ORDER: Final = ("started_at_utc", "target", "path", "probe", "server_name")
"""What the rows of one vantage and day are sorted by."""

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def canonical(part: Json) -> bytes:
    """The one spelling of a row or a part of one, without line end."""
    return _encoded(part).encode("ascii")


def _encoded(part: Json) -> str:
    return "".join(_ONE_SHOT(part, 0))


def _one_shot() -> Callable[[Json, int], Iterable[str]]:
    """What `_ENCODER` does, without setting it up anew for each part of each row.

    That set-up costs as much as most parts; a home-year has four million of them.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda part, _: [_ENCODER.encode(part)]
    escape, default = json.encoder.encode_basestring_ascii, _ENCODER.default
    made: Callable[[Json, int], Iterable[str]] = make(
        None, default, escape, None, ":", ",", False, False, False
    )
    return made


_ONE_SHOT: Final = _one_shot()


def row_of(sample: Sample) -> Row:
    """The canonical row of a sample; what was not measured is absent."""
    return row_from(utc_text(sample.started_at_utc), _MEASURED(sample))


def stored_rows(
    store: Store, *, since: datetime, until: datetime, vantage: str | None = None
) -> Iterator[Row]:
    """The canonical rows of a database by time, quicker than by way of samples."""
    found = store.sample_values(_NAMES, since=since, until=until, vantage=vantage)
    for started_at_us, *values in found:
        yield row_from(utc_text(from_us(started_at_us)), values)


def row_from(started_at_utc: str, values: Sequence[Json]) -> Row:
    """The canonical row of the values of all columns but the first, in their order."""
    row: Row = {"started_at_utc": started_at_utc}
    for name, kind, value in zip(_NAMES, _KINDS, values, strict=True):
        if value is None or value == "":
            continue
        if kind is _TEXT:
            row[name] = _text(value)
        elif kind is _REAL and isfinite(value):
            row[name] = float(value)
        elif isfinite(value) and storable(int(value)) is not None:
            row[name] = int(value)
    return row


_NAMES: Final = tuple(COLUMNS)[1:]
_KINDS: Final = tuple(COLUMNS.values())[1:]
_MEASURED: Final = attrgetter(*_NAMES)


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with six decimals."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def sort_key(row: Row) -> tuple[str, ...]:
    """The place of a row among those of its vantage and day."""
    return tuple([row.get(name, "") for name in ORDER])


@lru_cache(maxsize=4096)
def _text(value: Json) -> Json:
    return storable(str(value))
