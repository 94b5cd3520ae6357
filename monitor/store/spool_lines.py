"""A sample or a round as one line of JSON, and back: the form of the spool.

Also the one place that makes a value fit for any database: what came from a hostile
server must never make a row that cannot be stored.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Final

from monitor.model import Operation, Role, Round, RoundStatus, Sample, Transport
from monitor.store.instants import from_us, to_us
from monitor.untyped import Json

_INT64: Final = 2**63


def storable(value: object) -> object:
    """The value itself, or the nearest that every database takes.

    Not-a-number and integers beyond 64 bits are no measurement: None. NUL and lone
    surrogates, which PostgreSQL or UTF-8 refuse, become U+FFFD.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = str(value).encode("utf-8", "replace").decode("utf-8")
        return text.replace("\x00", "\ufffd")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else None
    return value


def nested(value: object) -> object:
    """The value with every leaf made storable and every moment written out."""
    if isinstance(value, datetime):
        return from_us(to_us(value)).isoformat()
    if isinstance(value, tuple):
        return [nested(item) for item in value]
    return storable(value)


def to_line(record: Sample | Round) -> str:
    """One line of JSON without its line end; fields that are None are left out."""
    values = {f.name: nested(getattr(record, f.name)) for f in fields(record)}
    kind = "sample" if isinstance(record, Sample) else "round"
    body = {name: value for name, value in values.items() if value is not None}
    return json.dumps({kind: body}, ensure_ascii=False, allow_nan=False)


def from_line(line: str) -> Sample | Round:
    """The record of one line.

    Raises
    ------
    ValueError : the line is torn or is no record.
    """
    try:
        ((kind, body),) = json.loads(line).items()
        values = {name: _DECODERS.get(name, _same)(v) for name, v in body.items()}
        return _KINDS[kind](**{**_LEFT_OUT[kind], **values})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no record: {line[:80]!r}") from error


def _moment(value: str) -> datetime:
    return from_us(to_us(datetime.fromisoformat(value)))


def _same(value: object) -> object:
    return value


def _pairs(value: list[list[object]]) -> tuple[tuple[object, ...], ...]:
    return tuple(tuple(pair) for pair in value)


_KINDS: Final[Mapping[str, Callable[..., Sample | Round]]] = {
    "sample": Sample,
    "round": Round,
}
_LEFT_OUT: Final[Mapping[str, Mapping[str, None]]] = {
    "sample": {},
    "round": {"started_at_utc": None, "duration_s": None},
}
"""Fields that are None without being so by default: a missed round never began."""
_DECODERS: Final[Mapping[str, Callable[[Json], object]]] = {
    "started_at_utc": _moment,
    "slot_start_utc": _moment,
    "role": Role,
    "transport": Transport,
    "failed_operation": Operation,
    "status": RoundStatus,
    "dns_answers": tuple,
    "cdn": _pairs,
    "timeline": _pairs,
}
