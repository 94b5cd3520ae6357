"""The hourly roll-ups once more, packed: a day of a series in one row.

A chart of a year asks for ten thousands of hours. As rows, making their objects takes
most of the answer's time; packed, it is a row per day. `hourly` is what counts; this is
made of it, by `repack`, in the same transaction.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from sqlalchemy import Connection, LargeBinary, bindparam, select, text

from monitor.store.sql_types import StoredRow
from monitor.store.tables import METRICS, hourly, hourly_days

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
HOURS: Final = 24

_COUNTS: Final = ("n", "n_failed")
_COLUMNS: Final = ("series_id", "first_us", *_COUNTS, *METRICS)
_COUNTS_FORM: Final = struct.Struct("<24I")
_VALUES_FORM: Final = struct.Struct("<24d")
_NAN: Final = float("nan")
_NO_HOUR: Final = (0, 0, 0, 0, *(None for _ in METRICS))


class HourlyDay(NamedTuple):
    """24 hours of one series and metric, from `first_us` on."""

    series_id: int
    first_us: int
    n: Sequence[int]
    n_failed: Sequence[int]
    value: Sequence[float | None]
    """Median of each hour; None: not measured."""


class PackedDay(NamedTuple):
    """The same as it is stored: what has not changed need not be unpacked."""

    series_id: int
    first_us: int
    n: bytes
    n_failed: bytes
    value: bytes


def repack(
    connection: Connection, series_id: int, since_us: int, until_us: int
) -> list[dict[str, object]]:
    """Rows of the UTC days that the half-open span touches, made of `hourly`."""
    span = {
        "series_id": series_id,
        "since_us": since_us // DAY_US * DAY_US,
        "until_us": -(-until_us // DAY_US) * DAY_US,
    }
    # Hours of two zones may lie side by side in a day: each phase is a row of its own.
    hours = sorted(connection.execute(_HOURS_OF_DAYS, span).all(), key=_day_of)
    return [_packed(key, list(rows)) for key, rows in groupby(hours, _day_of)]


def write_days(connection: Connection, days: Sequence[dict[str, object]]) -> None:
    """Put rows of `repack` in the place of the older ones."""
    if days:
        connection.execute(_REPLACE, days)


def read_days(
    connection: Connection,
    series_ids: Sequence[int],
    metric: str,
    since_us: int,
    until_us: int,
) -> list[PackedDay]:
    """Days that have an hour that begins in the half-open span, by series and time."""
    c = hourly_days.c
    query = (
        select(c.series_id, c.first_us, c.n, c.n_failed, c[metric])
        .where(c.series_id.in_(series_ids))
        .where(c.first_us > since_us - DAY_US, c.first_us < until_us)
        .order_by(c.series_id, c.first_us)
    )
    return [PackedDay(*row) for row in connection.execute(query).all()]


def unpacked(day: PackedDay) -> HourlyDay:
    """The hours of a day."""
    return HourlyDay(
        day.series_id,
        day.first_us,
        _COUNTS_FORM.unpack(day.n),
        _COUNTS_FORM.unpack(day.n_failed),
        [v if v == v else None for v in _VALUES_FORM.unpack(day.value)],
    )


def _day_of(row: StoredRow) -> tuple[int, int]:
    return row[0], row[1] - row[1] % DAY_US // HOUR_US * HOUR_US


def _packed(day: tuple[int, int], rows: Sequence[StoredRow]) -> dict[str, object]:
    by_hour = {row[1] % DAY_US // HOUR_US: row for row in rows}
    hours = [by_hour.get(hour, _NO_HOUR) for hour in range(HOURS)]
    return dict(zip(_COLUMNS, (*day, *_columns(hours)), strict=True))


def _columns(hours: Sequence[StoredRow]) -> Iterator[bytes]:
    _, _, *columns = zip(*hours, strict=True)
    for counts in columns[: len(_COUNTS)]:
        yield _COUNTS_FORM.pack(*counts)
    for values in columns[len(_COUNTS) :]:
        yield _VALUES_FORM.pack(*(_NAN if v is None else v for v in values))


_HOURS_OF_DAYS: Final = (
    select(*(hourly.c[n] for n in ("series_id", "hour_us", *_COUNTS, *METRICS)))
    .where(hourly.c.series_id == bindparam("series_id"))
    .where(hourly.c.hour_us >= bindparam("since_us"))
    .where(hourly.c.hour_us < bindparam("until_us"))
)


def _replacement() -> str:
    places = ", ".join(f":{name}" for name in _COLUMNS)
    new = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])
    return (
        f"INSERT INTO hourly_days ({', '.join(_COLUMNS)}) VALUES ({places})"  # noqa: S608 - constants
        f" ON CONFLICT (series_id, first_us) DO UPDATE SET {new}"
    )


_REPLACE: Final = text(_replacement()).bindparams(
    *(bindparam(name, type_=LargeBinary) for name in _COLUMNS[2:])
)
