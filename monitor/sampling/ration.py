"""Keeps account of the bytes and says, round by round, what the budget grants."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.evening_rule import Window
from monitor.model import Probe, Target
from monitor.probe import probes_of
from monitor.probe.this_machine import expected_on_wire_bytes
from monitor.sampling.budget import (
    Budget,
    Costs,
    DaySlot,
    Grant,
    Turns,
    Use,
    day_slots,
    granted,
    left_today_bytes,
)
from monitor.sampling.round import Errand

PAGE_BYTES = 100_000
"""A page of a site that was not measured yet: about the mean of the shipped sites."""
DAYS_KEPT = 62
"""Of the account: this month and what a wrong clock took for another one."""
_WEIGHT = 0.2
"""Of the newest cost in the running mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When what is measured, by the home's clock."""

    zone: ZoneInfo
    window: Window
    every: timedelta
    downloads_every: timedelta


@dataclass(slots=True)
class Ration:
    """The budget of one daemon.

    Attributes
    ----------
    costs_bytes : (site, kind of probe) -> running mean of what it received.
    by_day_bytes : local day -> received on the wire, of the last days on which any was.
    """

    budget: Budget
    timetable: Timetable
    costs_bytes: dict[tuple[str, str], float]
    by_day_bytes: dict[date, int] = field(default_factory=dict)
    _turns: Turns = field(default_factory=Turns, init=False)
    _day: date | None = field(default=None, init=False)
    _slots: Sequence[DaySlot] = field(default=(), init=False)

    def add(self, day: date, received_bytes: int) -> None:
        """Note what was received on a local day."""
        known = self.by_day_bytes
        known[day] = known.get(day, 0) + received_bytes
        # Not by date: a clock that stood in the future must not forget this month.
        while len(known) > DAYS_KEPT:
            del known[next(iter(known))]

    def count(self, when: datetime, errand: Errand, received_bytes: int) -> None:
        """Note what was received for an errand, whatever came of it."""
        self.add(self._local_date(when), received_bytes)
        key = (errand.target.name, errand.probe)
        if key in self.costs_bytes:
            before = self.costs_bytes[key]
            self.costs_bytes[key] = before + _WEIGHT * (received_bytes - before)

    def expect(self, costs_bytes: Mapping[tuple[str, str], float]) -> None:
        """Take these probes for the ones to come; known ones keep their mean."""
        known = self.costs_bytes
        self.costs_bytes = {k: known.get(k, cost) for k, cost in costs_bytes.items()}

    def grant(self, slot_start_utc: datetime) -> Grant:
        """Which parts of a slot's round fit into the budget."""
        today = self._local_date(slot_start_utc)
        left = left_today_bytes(self.budget, self.use(today), today)
        slots = self._slots_of(today)
        index = sum(slot.start_utc < slot_start_utc for slot in slots)
        # After a change of the clock's zone a slot can belong to no day as planned.
        place = min(index, len(slots) - 1)
        return granted(slots, place, left, self._costs(), self._turns)

    def use(self, today: date) -> Use:
        """What the day and the month's days before it received."""
        before = sum(
            n
            for day, n in self.by_day_bytes.items()
            if (day.year, day.month) == (today.year, today.month) and day < today
        )
        return Use(today_bytes=self.by_day_bytes.get(today, 0), month_bytes=before)

    def _costs(self) -> Costs:
        downloads = sum(
            cost for (_, p), cost in self.costs_bytes.items() if p == Probe.DOWNLOAD
        )
        return Costs(
            pages_bytes=sum(self.costs_bytes.values()) - downloads,
            downloads_bytes=downloads,
        )

    def _slots_of(self, day: date) -> Sequence[DaySlot]:
        if day != self._day:
            table = self.timetable
            self._day = day
            self._slots = day_slots(
                day,
                zone=table.zone,
                window=table.window,
                every=table.every,
                downloads_every=table.downloads_every,
            )
        return self._slots

    def _local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.timetable.zone).date()


def first_costs(
    targets: Iterable[Target], *, download_bytes: int
) -> dict[tuple[str, str], float]:
    """What the probes are expected to receive before any of them was made [bytes]."""
    body = {Probe.DOWNLOAD: download_bytes, Probe.HTTPS: PAGE_BYTES}
    return {
        (target.name, probe): float(expected_on_wire_bytes(1, body.get(probe, 0)))
        for target in targets
        for probe in probes_of(target)
    }


def forecast_bytes_per_day(
    costs_bytes: Mapping[tuple[str, str], float], timetable: Timetable
) -> int:
    """What a day without a budget is expected to receive on the wire."""
    day = timedelta(days=1)
    return int(
        sum(
            cost
            * (
                day / timetable.downloads_every
                if probe == Probe.DOWNLOAD
                else day / timetable.every
            )
            for (_, probe), cost in costs_bytes.items()
        )
    )
