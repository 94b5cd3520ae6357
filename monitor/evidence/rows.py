"""Samples as canonical rows: the columns of the interchange format in fixed order.

The same facts give the same bytes on every machine: absent values are left out, numbers
are written in the shortest form that reads back equal, text is ASCII with escapes,
times are UTC with six decimals.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from monitor.model import Sample
from monitor.store.records import storable

Row: TypeAlias = dict[str, Any]

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


def canonical(part: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The one spelling of a row or a part of one, without line end."""
    return _ENCODER.encode(part).encode("ascii")


def row_of(sample: Sample) -> Row:
    """The canonical row of a sample; what was not measured is absent."""
    row: Row = {"started_at_utc": utc_text(sample.started_at_utc)}
    for name, kind in COLUMNS.items():
        value = getattr(sample, name)
        if value is None or value == "" or name == "started_at_utc":
            continue
        written = _written(value, kind)
        if written is not None:
            row[name] = written
    return row


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with six decimals."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sort_key(row: Row) -> tuple[str, ...]:
    """The place of a row among those of its vantage and day."""
    return tuple(row.get(name, "") for name in ORDER)


def _written(value: Any, kind: str) -> Any:  # noqa: ANN401 - any field of a sample
    if kind == _TEXT:
        return storable(str(value))
    number = float(value)
    if not math.isfinite(number):
        return None
    return number if kind == _REAL else storable(int(value))
