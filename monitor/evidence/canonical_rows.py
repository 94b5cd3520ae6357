"""Samples as canonical rows: the columns of the interchange format in fixed order.

Which columns is the row format's to say. What one format has is fixed for ever: days
that were closed under it are checked under it.

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
from types import MappingProxyType
from typing import Final, TypeAlias

from monitor.lists import answers_text, curve_text, stored_answers_text
from monitor.model import Sample
from monitor.store import Store
from monitor.store.instants import from_us
from monitor.store.spool_lines import storable
from monitor.untyped import Json

Row: TypeAlias = dict[str, Json]

_TEXT: Final = "text"
_REAL: Final = "real"
_WHOLE: Final = "whole"
_ANSWERS: Final = "answers"
_CURVE: Final = "curve"

NUMBERS: Final = (_REAL, _WHOLE)
"""Kinds of columns whose cells are numbers; all others are texts."""

ROW_FORMAT: Final = 3
"""What days are closed under now; stands in every leaf and link."""

_FORMAT_1: Final = {
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
_FORMAT_2: Final = {
    **_FORMAT_1,
    "transport": _TEXT,
    "service": _TEXT,
    "part": _TEXT,
    "block": _TEXT,
    "tcp_rcv_rtt_s": _REAL,
    "tcp_rcv_ooopack": _WHOLE,
    "tcp_segs_in": _WHOLE,
    "timeline": _CURVE,
    "resolver": _TEXT,
    "dns_answers": _ANSWERS,
}
COLUMNS_OF: Final[Mapping[int, Mapping[str, str]]] = MappingProxyType(
    {1: _FORMAT_1, 2: _FORMAT_2, 3: _FORMAT_2}
)
"""Row format -> its columns, in order, and how each is written. Format 3 differs from 2
in who may read them."""

COLUMNS: Final[Mapping[str, str]] = COLUMNS_OF[ROW_FORMAT]
"""The columns of contracts 4; every older format has the first of them."""

ORDER: Final = ("started_at_utc", "target", "path", "probe", "server_name", "transport")
"""What the rows of one vantage and day are sorted by. Rows of format 1 have no
transport: their order is the same without it."""

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
    store: Store,
    *,
    since: datetime,
    until: datetime,
    vantage: str | None = None,
    row_format: int = ROW_FORMAT,
) -> Iterator[Row]:
    """The canonical rows of a database by time, quicker than by way of samples."""
    names = _names(row_format)
    stored = store.samples.values(names, since=since, until=until, vantage=vantage)
    for started_at_us, *values in stored:
        yield row_from(utc_text(from_us(started_at_us)), values, row_format)


def row_from(
    started_at_utc: str, values: Sequence[Json], row_format: int = ROW_FORMAT
) -> Row:
    """The canonical row of the values of all columns but the first, in their order.

    Parameters
    ----------
    values : of a sample, or as the database has them: answers and curve as text.
    """
    row: Row = {"started_at_utc": started_at_utc}
    for (name, kind), value in zip(_columns(row_format), values, strict=True):
        if value is None or value == "":
            continue
        written = _WRITTEN[kind](value)
        if written is not None:
            row[name] = written
    return row


def in_format(row: Row, row_format: int) -> Row:
    """A row of this format or a later one with the columns of this one."""
    return {name: row[name] for name in COLUMNS_OF[row_format] if name in row}


@lru_cache
def _columns(row_format: int) -> tuple[tuple[str, str], ...]:
    return tuple(COLUMNS_OF[row_format].items())[1:]


@lru_cache
def _names(row_format: int) -> tuple[str, ...]:
    return tuple(name for name, _ in _columns(row_format))


_MEASURED: Final = attrgetter(*_names(ROW_FORMAT))


def _real(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _whole(value: float) -> object:
    return storable(int(value)) if isfinite(value) else None


def _answers(value: str | tuple[str, ...]) -> Json:
    is_stored = isinstance(value, str)
    text = stored_answers_text(value) if is_stored else answers_text(value)
    return text and _text(text)


def _curve(value: Json) -> str | None:
    return value if isinstance(value, str) else curve_text(value)


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with six decimals."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def sort_key(row: Row) -> tuple[str, ...]:
    """The place of a row among those of its vantage and day."""
    return tuple([row.get(name, "") for name in ORDER])


@lru_cache(maxsize=4096)
def _text(value: Json) -> Json:
    return storable(str(value))


_WRITTEN: Final[Mapping[str, Callable[[Json], Json]]] = {
    _TEXT: _text,
    _REAL: _real,
    _WHOLE: _whole,
    _ANSWERS: _answers,
    _CURVE: _curve,
}
"""Kind -> the one form of a value that was measured; None: it is no measurement."""
