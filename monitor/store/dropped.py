"""What could not be kept anywhere, as the gap that goes on record for it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from monitor.model import Round, RoundStatus, Sample
from monitor.wallclock import EPOCH


@dataclass(frozen=True, slots=True)
class _Span:
    round_id: str
    vantage: str
    start_utc: datetime
    end_utc: datetime
    n_samples: int = 0
    n_rounds: int = 0

    def with_(self, record: Sample | Round, every: timedelta) -> Self:
        start, end = _slots(record, every)
        is_sample = isinstance(record, Sample)
        return type(self)(
            self.round_id,
            self.vantage,
            min(self.start_utc, start),
            max(self.end_utc, end),
            self.n_samples + is_sample,
            self.n_rounds + (not is_sample),
        )


def _slots(record: Sample | Round, every: timedelta) -> tuple[datetime, datetime]:
    """The begin of the record's slot, and the end of its last one."""
    if isinstance(record, Sample):
        start = EPOCH + (record.started_at_utc - EPOCH) // every * every
        return start, start + every
    length = every
    if record.status is RoundStatus.MISSED:
        length = timedelta(seconds=record.duration_s or 0.0)
    return record.slot_start_utc, record.slot_start_utc + length


class Dropped:
    """Counts records that were dropped, until a gap tells of them.

    Parameters
    ----------
    every : length of a slot.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._span: _Span | None = None

    def __bool__(self) -> bool:
        return self._span is not None

    def add(self, record: Sample | Round) -> None:
        """Count a record."""
        span = self._span
        if span is None:
            slots = _slots(record, self._every)
            span = _Span(uuid.uuid4().hex, record.vantage, *slots)
        self._span = span.with_(record, self._every)

    def gap(self) -> Round | None:
        """All of it as one missed record; None when nothing was dropped."""
        span = self._span
        if span is None:
            return None
        return Round(
            round_id=span.round_id,
            vantage=span.vantage,
            slot_start_utc=span.start_utc,
            started_at_utc=None,
            duration_s=(span.end_utc - span.start_utc).total_seconds(),
            status=RoundStatus.MISSED,
            n_planned=span.n_samples,
            n_done=0,
            reason=(
                "no room for it while the database was away:"
                f" {span.n_samples} samples, {span.n_rounds} rounds dropped"
            ),
        )

    def forget(self) -> None:
        """Count anew: the gap is on record."""
        self._span = None
