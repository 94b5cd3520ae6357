"""Hourly roll-ups of the samples: medians, counts and bytes per series and local hour.

An insert marks its hour as stale (by a trigger, whoever writes); `refresh` makes the
marked hours anew in small transactions. The samples are read and the medians worked out
before the lock is taken, so that the one who measures never waits long. Where retention
has removed the samples, the roll-up is all that is left of them: it is never replaced
by one of fewer samples.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)

from monitor.evening_rule import middle
from monitor.store.database import Database
from monitor.store.hourly_days import HOUR_US, HOURS, repack, write_days
from monitor.store.sql_types import StoredRow
from monitor.store.tables import METRICS, hourly, hourly_days, hourly_stale, samples

HOURS_AT_ONCE: Final = 150
"""About as many hours are one transaction: some milliseconds for who must wait."""
SERIES_AT_ONCE: Final = 12
"""Of one day: up to so many whole days more than that."""

_COUNTED: Final = ("n", "n_failed", "body_bytes")
_COLUMNS: Final = ("started_at_us", "failure", "encoded_body_bytes", *METRICS)
_DURATION: Final = METRICS.index("duration_s")


class _Span(NamedTuple):
    """Neighbouring hours of one series [hours since 1970], the last included."""

    series_id: int
    first_hour: int
    last_hour: int


class _Made(NamedTuple):
    """Roll-ups of a span, and how many samples they were made of."""

    span: _Span
    n_samples: int
    rows: list[dict[str, object]]


class Rollups:
    """Keeps the hourly roll-ups of one database up to date.

    Parameters
    ----------
    phase_us : offset of the local hour from the hour of UTC [us]; 0 in most zones,
        half an hour in India. Roll-ups of another phase are thrown away.
    """

    def __init__(self, database: Database, *, phase_us: int = 0) -> None:
        self.database = database
        self._phase_us = phase_us
        self._is_checked = False

    def refresh(self) -> int:
        """Make some stale hours anew, the newest first; how many are still stale.

        Raises
        ------
        StoreError : the database is out of reach or locked.
        """
        if not self._is_checked:
            _drop_other_phase(self.database, self._phase_us)
            self._is_checked = True
        with self.database.reading() as connection:
            spans = _newest(connection)
            made = [_made(connection, span, self._phase_us) for span in spans]
        if made:
            with self.database.writing() as connection:
                _store(connection, made, self._phase_us)
        return self.n_stale()

    def n_stale(self) -> int:
        """How many hours wait to be made anew."""
        with self.database.reading() as connection:
            count = select(func.count()).select_from(hourly_stale)
            return connection.scalar(count) or 0


def _newest(connection: Connection) -> list[_Span]:
    """Stale hours, up to a number, from the newest day on."""
    # Newest first: what a person looks at is there before the history is.
    # Beyond the newest day, or a day that never rests would hold up all others.
    spans: list[_Span] = []
    before_hour = _EVER
    while sum(map(_n_hours, spans)) < HOURS_AT_ONCE and len(spans) < SERIES_AT_ONCE:
        newest = connection.scalar(_NEWEST_HOUR, {"before_hour": before_hour})
        if newest is None:
            break
        day = {"first_hour": newest // HOURS * HOURS, "before_hour": before_hour}
        spans += [_Span(*row) for row in connection.execute(_SPANS, day)]
        before_hour = day["first_hour"]
    return spans


def _n_hours(span: _Span) -> int:
    return span.last_hour - span.first_hour + 1


def _made(connection: Connection, span: _Span, phase_us: int) -> _Made:
    bounds = _bounds(span, phase_us)
    by_slot: dict[int, list[StoredRow]] = defaultdict(list)
    n_samples = 0
    for row in connection.execute(_SAMPLES, bounds):
        by_slot[(row[0] + phase_us) // HOUR_US * HOUR_US - phase_us].append(row)
        n_samples += 1
    rows = [
        {"series_id": span.series_id, "hour_us": slot, **_rollup(measured)}
        for slot, measured in by_slot.items()
    ]
    return _Made(span, n_samples, rows)


def _store(connection: Connection, made_spans: Iterable[_Made], phase_us: int) -> None:
    taken = [_taken(connection, made, phase_us) for made in made_spans]
    rows = [row for made in taken for row in made.rows]
    if rows:
        connection.execute(_REPLACE, rows)
    days: list[dict[str, object]] = []
    for made in taken:
        bounds = _bounds(made.span, phase_us)
        days += repack(connection, **bounds)
    write_days(connection, days)


def _taken(connection: Connection, made: _Made, phase_us: int) -> _Made:
    """The roll-ups of a span, its marks taken away; those that others hold stay."""
    connection.execute(_TAKE, made.span._asdict())
    n_now = connection.scalar(_N_SAMPLES, _bounds(made.span, phase_us))
    # Others wrote in between: what was read before the lock is out of date.
    is_same = n_now == made.n_samples
    return made if is_same else _made(connection, made.span, phase_us)


def _bounds(span: _Span, phase_us: int) -> dict[str, int]:
    # With a phase, an hour of UTC touches two local hours.
    last = span.last_hour + (2 if phase_us else 1)
    return {
        "series_id": span.series_id,
        "since_us": span.first_hour * HOUR_US - phase_us,
        "until_us": last * HOUR_US - phase_us,
    }


def _rollup(rows: Sequence[StoredRow]) -> dict[str, object]:
    _, failures, sizes, *columns = zip(*rows, strict=True)
    # A refused connection is quick: the whole duration of a failure says nothing.
    columns[_DURATION] = tuple(
        value
        for value, failure in zip(columns[_DURATION], failures, strict=True)
        if failure is None
    )
    return {
        "n": len(rows),
        "n_failed": len(rows) - failures.count(None),
        "body_bytes": sum(size or 0 for size in sizes),
        **{name: middle(values) for name, values in zip(METRICS, columns, strict=True)},
    }


def _drop_other_phase(database: Database, phase_us: int) -> None:
    other = (hourly.c.hour_us + phase_us) % HOUR_US != 0
    with database.reading() as connection:
        rows = connection.execute(
            select(hourly.c.hour_us).where(other, _is_derived()).limit(1)
        )
        is_other = rows.first() is not None
    if is_other:
        _start_anew(database)


def _is_derived() -> ColumnElement[bool]:
    """Whether the samples of a roll-up are there, so that it can be made anew."""
    of_series = samples.c.series_id == hourly.c.series_id
    first = select(func.min(samples.c.started_at_us)).where(of_series).scalar_subquery()
    return hourly.c.hour_us >= first - HOUR_US


def _start_anew(database: Database) -> None:
    columns = [samples.c.series_id, samples.c.started_at_us // HOUR_US]
    every_hour = select(*columns).distinct()
    with database.writing() as connection:
        connection.execute(delete(hourly).where(_is_derived()))
        connection.execute(delete(hourly_days))
        for series_id, first_us, last_us in connection.execute(_EXTENTS).all():
            write_days(
                connection, repack(connection, series_id, first_us, last_us + HOUR_US)
            )
        connection.execute(delete(hourly_stale))
        connection.execute(
            insert(hourly_stale).from_select(["series_id", "hour"], every_hour)
        )


_OWN: Final = samples.c.series_id == bindparam("series_id")
_IN_BOUNDS: Final = (
    _OWN,
    samples.c.started_at_us >= bindparam("since_us"),
    samples.c.started_at_us < bindparam("until_us"),
)
_SAMPLES: Final = select(*(samples.c[name] for name in _COLUMNS)).where(*_IN_BOUNDS)
_N_SAMPLES: Final = select(func.count()).select_from(samples).where(*_IN_BOUNDS)
_EVER: Final = 2**62
_NEWEST_HOUR: Final = select(func.max(hourly_stale.c.hour)).where(
    hourly_stale.c.hour < bindparam("before_hour")
)
_SPANS: Final = (
    select(
        hourly_stale.c.series_id,
        func.min(hourly_stale.c.hour),
        func.max(hourly_stale.c.hour),
    )
    .where(
        hourly_stale.c.hour >= bindparam("first_hour"),
        hourly_stale.c.hour < bindparam("before_hour"),
    )
    .group_by(hourly_stale.c.series_id)
    .order_by(hourly_stale.c.series_id)
    .limit(SERIES_AT_ONCE)
)
_EXTENTS: Final = select(
    hourly.c.series_id, func.min(hourly.c.hour_us), func.max(hourly.c.hour_us)
).group_by(hourly.c.series_id)
_HELD_BY_NOBODY: Final = (
    select(hourly_stale.c.hour)
    .where(
        hourly_stale.c.series_id == bindparam("series_id"),
        hourly_stale.c.hour >= bindparam("first_hour"),
        hourly_stale.c.hour <= bindparam("last_hour"),
    )
    .with_for_update(skip_locked=True)
)
_TAKE: Final = delete(hourly_stale).where(
    hourly_stale.c.series_id == bindparam("series_id"),
    hourly_stale.c.hour.in_(_HELD_BY_NOBODY),
)


def _replacement() -> str:
    names = ("series_id", "hour_us", *_COUNTED, *METRICS)
    places = ", ".join(f":{name}" for name in names)
    new = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
    # Samples are only added: where there were more, retention has removed them.
    return (
        f"INSERT INTO hourly ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - constants
        f" ON CONFLICT (series_id, hour_us) DO UPDATE SET {new}"
        " WHERE hourly.n <= excluded.n"
    )


_REPLACE: Final = text(_replacement())
