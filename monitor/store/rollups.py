"""Hourly roll-ups of the samples: medians, counts and bytes per series and local hour.

Derived from the samples and safe to delete. An insert marks its hour as stale (by a
trigger, whoever writes); `refresh` makes the marked hours anew in small transactions,
so that the one who measures never waits long.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, delete, func, insert, or_, select

from monitor.store.engine import make_engine, reading, writing
from monitor.store.tables import METRICS, hourly, hourly_stale, samples

HOUR_US: Final = 3_600_000_000
HOURS_AT_ONCE: Final = 300

_COLUMNS: Final = ("started_at_us", "failure", "encoded_body_bytes", *METRICS)


class Rollups:
    """Keeps the hourly roll-ups of one database up to date.

    Parameters
    ----------
    url : database URL.
    phase_us : offset of the local hour from the hour of UTC [us]; 0 in most zones,
        half an hour in India. Roll-ups of another phase are thrown away.
    """

    def __init__(self, url: str, *, phase_us: int = 0) -> None:
        self._engine = make_engine(url)
        self._phase_us = phase_us
        self._is_checked = False

    def refresh(self) -> int:
        """Make up to 300 stale hours anew; how many are still stale.

        Raises
        ------
        StoreError : the database is out of reach or locked.
        """
        if not self._is_checked:
            _drop_other_phase(self._engine, self._phase_us)
            self._is_checked = True
        with writing(self._engine) as connection:
            marks = _take_marks(connection)
            for series_id, hours in marks.items():
                _replace(connection, series_id, self._slots(hours))
        return self.n_stale() if marks else 0

    def n_stale(self) -> int:
        """How many hours wait to be made anew."""
        with reading(self._engine) as connection:
            count = select(func.count()).select_from(hourly_stale)
            return connection.scalar(count) or 0

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _slots(self, hours: Iterable[int]) -> list[int]:
        # With a phase, an hour of UTC touches two local hours.
        phase = self._phase_us
        starts = [hour * HOUR_US - phase for hour in hours]
        both = starts if not phase else [s + d for s in starts for d in (0, HOUR_US)]
        return sorted(set(both))


def _drop_other_phase(engine: Engine, phase_us: int) -> None:
    other = (hourly.c.hour_us + phase_us) % HOUR_US != 0
    with reading(engine) as connection:
        found = connection.execute(select(hourly.c.hour_us).where(other).limit(1))
        is_other = found.first() is not None
    if is_other:
        _start_anew(engine)


def _start_anew(engine: Engine) -> None:
    columns = [samples.c.series_id, samples.c.started_at_us // HOUR_US]
    every_hour = select(*columns).distinct()
    with writing(engine) as connection:
        connection.execute(delete(hourly))
        connection.execute(delete(hourly_stale))
        connection.execute(
            insert(hourly_stale).from_select(["series_id", "hour"], every_hour)
        )


def _take_marks(connection: Connection) -> Mapping[int, Sequence[int]]:
    key = (hourly_stale.c.series_id, hourly_stale.c.hour)
    # Newest first: what a person looks at is there before the history is.
    newest = hourly_stale.c.hour.desc(), hourly_stale.c.series_id
    wanted = select(*key).order_by(*newest).limit(HOURS_AT_ONCE)
    found = connection.execute(wanted.with_for_update(skip_locked=True)).all()
    marks: dict[int, list[int]] = defaultdict(list)
    for series_id, hour in found:
        marks[series_id].append(hour)
    for series_id, hours in marks.items():
        taken = and_(key[0] == series_id, key[1].in_(hours))
        connection.execute(delete(hourly_stale).where(taken))
    return marks


def _replace(connection: Connection, series_id: int, slots: Sequence[int]) -> None:
    rows = [
        {"series_id": series_id, "hour_us": slot, **_rollup(found)}
        for slot, found in _samples_of(connection, series_id, slots).items()
    ]
    of_slots = and_(hourly.c.series_id == series_id, hourly.c.hour_us.in_(slots))
    connection.execute(delete(hourly).where(of_slots))
    if rows:
        connection.execute(insert(hourly), rows)


def _samples_of(
    connection: Connection, series_id: int, slots: Sequence[int]
) -> Mapping[int, list[Any]]:
    when = samples.c.started_at_us
    ranges = [and_(when >= a, when < b) for a, b in _spans(slots)]
    wanted = select(*(samples.c[name] for name in _COLUMNS)).where(
        samples.c.series_id == series_id, or_(*ranges)
    )
    phase = slots[0] % HOUR_US
    by_slot: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(wanted):
        by_slot[(row[0] - phase) // HOUR_US * HOUR_US + phase].append(row)
    return by_slot


def _spans(slots: Sequence[int]) -> list[tuple[int, int]]:
    """Adjoining slots as one half-open range: few ranges for the database to seek."""
    spans: list[tuple[int, int]] = []
    for slot in slots:
        if spans and spans[-1][1] == slot:
            spans[-1] = (spans[-1][0], slot + HOUR_US)
        else:
            spans.append((slot, slot + HOUR_US))
    return spans


def _rollup(rows: Sequence[Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "n": len(rows),
        "n_failed": sum(row.failure is not None for row in rows),
        "body_bytes": sum(row.encoded_body_bytes or 0 for row in rows),
    }
    for name in METRICS:
        # A refused connection is quick: the whole duration of a failure says nothing.
        chosen = (
            [r for r in rows if r.failure is None] if name == "duration_s" else rows
        )
        known = [v for r in chosen if (v := getattr(r, name)) is not None]
        values[name] = median(known) if known else None
    return values
