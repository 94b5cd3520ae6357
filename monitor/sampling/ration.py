"""Keeps account of the bytes and says, round by round, what the budget grants."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.evening_rule import Window
from monitor.model import Probe, Target, Transport
from monitor.probe import probes_of
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
from monitor.sampling.schedule import downloads_are_due
from monitor.sampling.turns import taking_turns
from monitor.wire_bytes import expected_on_wire_bytes

PAGE_BYTES = 100_000
"""A page of a site that was not measured yet: about the mean of the shipped sites."""
DAYS_KEPT = 62
"""Of the account: this month and what a wrong clock took for another one."""
_WEIGHT = 0.2
"""Of the newest cost in the running mean."""
_EDGE_MIN = 60
"""Beside the evening, in which its edges show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When what is measured, by the home's clock."""

    zone: ZoneInfo
    window: Window
    every: timedelta
    downloads_every: timedelta


@dataclass(frozen=True, slots=True)
class Cost:
    """What one probe receives, and in how many rounds of its kind it is once made."""

    n_bytes: float
    n_turns: int = 1

    @property
    def per_round_bytes(self) -> float:
        """On average [bytes]."""
        return self.n_bytes / self.n_turns


@dataclass(slots=True)
class Ration:
    """The budget of one daemon.

    Attributes
    ----------
    costs : (site, kind of probe) -> running mean of what it received.
    by_day_bytes : local day -> received on the wire, of the last days on which any was.
    """

    budget: Budget
    timetable: Timetable
    costs: dict[tuple[str, str], Cost]
    by_day_bytes: dict[date, int] = field(default_factory=dict)
    _turns: Turns = field(default_factory=Turns, init=False)
    _day: date | None = field(default=None, init=False)
    _slots: Sequence[DaySlot] = field(default=(), init=False)

    def add(self, day: date, received_bytes: int) -> None:
        """Note what was received on a local day."""
        by_day = self.by_day_bytes
        by_day[day] = by_day.get(day, 0) + received_bytes
        # Not by date: a clock that stood in the future must not forget this month.
        while len(by_day) > DAYS_KEPT:
            del by_day[next(iter(by_day))]

    def count(self, when: datetime, errand: Errand, received_bytes: int) -> None:
        """Note what was received for an errand, whatever came of it."""
        self.add(self._local_date(when), received_bytes)
        key = (errand.target.name, errand.probe)
        if key in self.costs and errand.transport is Transport.TCP:
            cost = self.costs[key]
            mean = cost.n_bytes + _WEIGHT * (received_bytes - cost.n_bytes)
            self.costs[key] = replace(cost, n_bytes=mean)

    def expect(self, costs: Mapping[tuple[str, str], Cost]) -> None:
        """Take these probes for the ones to come; known ones keep their mean."""
        before = self.costs
        self.costs = {
            key: replace(cost, n_bytes=before.get(key, cost).n_bytes)
            for key, cost in costs.items()
        }

    def grant(self, slot_start_utc: datetime) -> Grant:
        """Which parts of a slot's round fit into the budget."""
        if self.budget.is_none:
            table = self.timetable
            return Grant(
                has_pages=True,
                has_downloads=downloads_are_due(
                    slot_start_utc, table.every, table.downloads_every
                ),
            )
        today = self._local_date(slot_start_utc)
        left = left_today_bytes(self.budget, self.use(today), today)
        slots = self._slots_of(today)
        index = sum(slot.start_utc < slot_start_utc for slot in slots)
        # After a change of the clock's zone a slot can belong to no day as planned.
        place = min(index, len(slots) - 1)
        return granted(slots, place, left, self._costs(), self._turns)

    def spare_bytes(self, now_utc: datetime) -> float:
        """What is left today beside all rounds to come; infinite without a budget."""
        if self.budget.is_none:
            return math.inf
        today = self._local_date(now_utc)
        left = left_today_bytes(self.budget, self.use(today), today)
        costs = self._costs()
        to_come = [slot for slot in self._slots_of(today) if slot.start_utc > now_utc]
        n_downloads = sum(slot.has_downloads for slot in to_come)
        return (
            left
            - len(to_come) * costs.pages_bytes
            - n_downloads * costs.downloads_bytes
        )

    def is_of_evening(self, slot_start_utc: datetime) -> bool:
        """Whether a slot lies in the evening window, or within an hour of it."""
        window = self.timetable.window
        wider = Window(
            start_min=window.start_min - _EDGE_MIN,
            length_min=window.length_min + 2 * _EDGE_MIN,
        )
        clock = slot_start_utc.astimezone(self.timetable.zone)
        return wider.has_clock(60 * clock.hour + clock.minute)

    def use(self, today: date) -> Use:
        """What the day and the month's days before it received."""
        before = sum(
            n
            for day, n in self.by_day_bytes.items()
            if (day.year, day.month) == (today.year, today.month) and day < today
        )
        return Use(today_bytes=self.by_day_bytes.get(today, 0), month_bytes=before)

    def _costs(self) -> Costs:
        by_kind = {True: 0.0, False: 0.0}
        for (_, probe), cost in self.costs.items():
            by_kind[probe == Probe.DOWNLOAD] += cost.per_round_bytes
        return Costs(pages_bytes=by_kind[False], downloads_bytes=by_kind[True])

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
    targets: Sequence[Target], *, download_bytes: int
) -> dict[tuple[str, str], Cost]:
    """What the probes are expected to receive before any of them was made."""
    body = {Probe.DOWNLOAD: download_bytes, Probe.HTTPS: PAGE_BYTES}
    n_turns = {site: len(sites) for sites in taking_turns(targets) for site in sites}
    return {
        (target.name, probe): Cost(
            n_bytes=float(expected_on_wire_bytes(1, body.get(probe, 0))),
            n_turns=n_turns[target] if probe == Probe.DOWNLOAD else 1,
        )
        for target in targets
        for probe in probes_of(target)
    }


def forecast_bytes_per_day(
    costs: Mapping[tuple[str, str], Cost], timetable: Timetable
) -> dict[tuple[str, str], float]:
    """What each probe is expected to receive on a day without a budget [bytes]."""
    day = timedelta(days=1)
    return {
        (name, probe): cost.per_round_bytes
        * (
            day / timetable.downloads_every
            if probe == Probe.DOWNLOAD
            else day / timetable.every
        )
        for (name, probe), cost in costs.items()
    }
