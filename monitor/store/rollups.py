"""Hourly roll-ups of the samples: medians, counts and bytes per series and local hour.

An insert marks its hour as stale (by a trigger, whoever writes); `refresh` makes the
marked hours anew in small transactions, so that the one who measures never waits long.
Where retention has removed the samples, the roll-up is all that is left of them: it is
never replaced by one of fewer samples.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
)

from monitor.store.engine import make_engine, reading, writing
from monitor.store.tables import METRICS, hourly, hourly_stale, samples

HOUR_US: Final = 3_600_000_000
HOURS_AT_ONCE: Final = 100

Marks = Mapping[int, Sequence[int]]
"""Hours since 1970 by series."""

_KEY: Final = (hourly_stale.c.series_id, hourly_stale.c.hour)
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
        """Make up to 100 stale hours anew; how many are still stale.

        Raises
        ------
        StoreError : the database is out of reach or locked.
        """
        if not self._is_checked:
            _drop_other_phase(self._engine, self._phase_us)
            self._is_checked = True
        with reading(self._engine) as connection:
            marks = _newest_marks(connection)
        if not marks:
            return 0
        with writing(self._engine) as connection:
            for series_id, hours in marks.items():
                taken = _taken(connection, series_id, hours)
                if taken:
                    _replace(connection, series_id, self._slots(taken))
        return self.n_stale()

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
        found = connection.execute(
            select(hourly.c.hour_us).where(other, _is_derived()).limit(1)
        )
        is_other = found.first() is not None
    if is_other:
        _start_anew(engine)


def _is_derived() -> ColumnElement[bool]:
    """Whether the samples of a roll-up are there, so that it can be made anew."""
    own = samples.c.series_id == hourly.c.series_id
    first = select(func.min(samples.c.started_at_us)).where(own).scalar_subquery()
    return hourly.c.hour_us >= first - HOUR_US


def _start_anew(engine: Engine) -> None:
    columns = [samples.c.series_id, samples.c.started_at_us // HOUR_US]
    every_hour = select(*columns).distinct()
    with writing(engine) as connection:
        connection.execute(delete(hourly).where(_is_derived()))
        connection.execute(delete(hourly_stale))
        connection.execute(
            insert(hourly_stale).from_select(["series_id", "hour"], every_hour)
        )


def _newest_marks(connection: Connection) -> Marks:
    # Newest first: what a person looks at is there before the history is.
    newest = hourly_stale.c.hour.desc(), hourly_stale.c.series_id
    wanted = select(*_KEY).order_by(*newest).limit(HOURS_AT_ONCE)
    marks: dict[int, list[int]] = defaultdict(list)
    for series_id, hour in connection.execute(wanted):
        marks[series_id].append(hour)
    return marks


def _taken(connection: Connection, series_id: int, hours: Sequence[int]) -> list[int]:
    """Those of the marks that nobody else holds, taken away."""
    wanted = and_(_KEY[0] == series_id, _KEY[1].in_(hours))
    free = select(_KEY[1]).where(wanted).with_for_update(skip_locked=True)
    found = list(connection.scalars(free))
    taken = and_(_KEY[0] == series_id, _KEY[1].in_(found))
    connection.execute(delete(hourly_stale).where(taken))
    return found


def _replace(connection: Connection, series_id: int, slots: Sequence[int]) -> None:
    found = _samples_of(connection, series_id, slots)
    of_slots = and_(hourly.c.series_id == series_id, hourly.c.hour_us.in_(slots))
    known = connection.execute(select(hourly.c.hour_us, hourly.c.n).where(of_slots))
    # Samples are only added: where there were more, retention has removed them.
    kept = {hour_us for hour_us, n in known if n > len(found.get(hour_us, ()))}
    rows = [
        {"series_id": series_id, "hour_us": slot, **_rollup(rows)}
        for slot, rows in found.items()
        if slot not in kept
    ]
    connection.execute(delete(hourly).where(of_slots, hourly.c.hour_us.not_in(kept)))
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
