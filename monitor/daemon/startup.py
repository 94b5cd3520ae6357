"""What a starting daemon asks the database: is it fit, what is missing or spent."""

import logging
import platform
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import monitor
from monitor.clock import Clock, is_synchronised
from monitor.config import Config
from monitor.errors import InputError, RightsError, StoreError
from monitor.machine import hardware
from monitor.model import Probe, Round, RoundStatus, Sample
from monitor.sampling.ration import Ration
from monitor.sampling.schedule import (
    Gap,
    gap_between,
    slot_of,
    slot_start,
    unrecorded,
)
from monitor.store import Store
from monitor.store.clock_steps import ClockStep
from monitor.store.custody import Start
from monitor.wallclock import local_instant, tzdata_version
from monitor.wire_bytes import expected_on_wire_bytes

_log = logging.getLogger(__package__)

LOOK_BACK = timedelta(days=62)
"""Before a gap: a missed record that begins there may reach into it."""


def check_database(store: Store) -> None:
    """Open the database once; only a database that is away is not an obstacle.

    Raises
    ------
    InputError
        It cannot be used as it is, and waiting will not help.
    """
    try:
        store.check(writes=True)
    except RightsError as error:
        raise InputError(str(error)) from error
    except StoreError as error:
        _log.warning("database_away error=%s", error)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the database has of the time before a start.

    Attributes
    ----------
    first_utc : the first slot that was measured.
    recorded_until_utc : from here on up to the start slots may be on no record.
    step : a step back of the wall clock that nobody saw: rounds lie later than now.
    """

    first_utc: datetime | None = None
    recorded_until_utc: datetime | None = None
    step: ClockStep | None = None


def history(store: Store, config: Config, began_utc: datetime) -> History:
    """What the database has of the time before the slot in which measuring began.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    vantage = config.vantage
    store.open()
    bounds = store.rounds.bounds(vantage)
    if bounds is None:
        return History()
    first_utc, newest_utc = bounds
    is_ahead = newest_utc > began_utc + config.every
    step = None
    if is_ahead and store.clock_steps.last_back_over(vantage, newest_utc) is None:
        step = ClockStep(before_utc=newest_utc, after_utc=began_utc)
    last = store.rounds.last(vantage, before=began_utc)
    end = None if last is None else _recorded_until(store, last, config)
    return History(first_utc=first_utc, recorded_until_utc=end, step=step)


def _recorded_until(store: Store, last: Round, config: Config) -> datetime:
    length = config.every
    if last.status is RoundStatus.MISSED:
        length = timedelta(seconds=last.duration_s or 0.0)
    end = last.slot_start_utc + length
    step = store.clock_steps.last_back_over(config.vantage, last.slot_start_utc)
    if step is None:
        return end
    # The clock went back over that record: since then there may be gaps before it.
    again = slot_start(slot_of(step.after_utc, config.every), config.every)
    return min(again, end)


def note_start(store: Store, config: Config, start: Start) -> None:
    """Put on record that the daemon began to measure.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    store.open()
    store.custody.append(config.vantage, start)


def this_start(began_utc: datetime) -> Start:
    """What begins to measure here, and on what machine."""
    return Start(
        started_at_utc=began_utc,
        software=monitor.__version__,
        python=platform.python_version(),
        system=platform.platform(),
        hardware=hardware(),
        tzdata=tzdata_version(),
        is_synchronised=is_synchronised(),
    )


def note_clock_step(store: Store, config: Config, step: ClockStep) -> None:
    """Put a step of the wall clock on record.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    store.open()
    store.clock_steps.append(config.vantage, step)


def parts_off_record(
    store: Store, gap: Gap, config: Config, since_utc: datetime | None = None
) -> list[Gap]:
    """The parts of a gap that are not on record; all of it without a database.

    Parameters
    ----------
    since_utc : what lies before is left out. None: nothing is.
    """
    if since_utc is not None and gap.start_utc < since_utc:
        start_utc = slot_start(slot_of(since_utc, config.every), config.every)
        shorter = gap_between(start_utc, gap.start_utc + gap.duration, config.every)
        return [] if shorter is None else parts_off_record(store, shorter, config)
    end_utc = gap.start_utc + gap.duration
    try:
        store.open()
        rounds = store.rounds.read(
            since=gap.start_utc - LOOK_BACK,
            until=end_utc,
            vantage=config.vantage,
            as_of=end_utc,
        )
        return list(unrecorded(gap, rounds, config.every))
    except StoreError as error:
        _log.warning("gap event=recorded_whole reason=%s", error)
        return [gap]


def is_paused(store: Store, config: Config, clock: Clock) -> bool:
    """Whether the owner wants no measurements now; a database that is away: no."""
    try:
        store.open()
        now_utc = clock.now_utc()
        return store.pauses.paused_until(config.vantage, now_utc=now_utc) is not None
    except StoreError as error:
        _log.warning("pause event=not_asked reason=%s", error)
        return False


def past_legs(store: Store, config: Config, since: datetime) -> list[Sample] | None:
    """The legs at the neutral server since then; None: the database is away."""
    try:
        store.open()
        kinds = (Probe.PAIR_BASE, Probe.SNI_AWAY)
        legs = store.samples.read(since=since, vantage=config.vantage, probes=kinds)
        # a curve is ten times the rest of a leg, and is not asked for
        return [replace(leg, timeline=()) for leg in legs]
    except StoreError as error:
        _log.warning("differential event=not_begun reason=%s", error)
        return None


def state_terms(store: Store, config: Config, clock: Clock) -> None:
    """Put on record in which zone, window and net is measured from now on."""
    try:
        store.open()
        store.terms.state_if_new(
            config.vantage, config.own_terms, config.home.provider, clock.now_utc()
        )
    except StoreError as error:
        _log.warning("vantage event=not_stated reason=%s", error)


def fill_ration(store: Store, ration: Ration, config: Config, clock: Clock) -> None:
    """Note what this month received before this start; only needed for a budget."""
    if config.budget.per_day is None and config.budget.per_month is None:
        return
    now_utc, zone = clock.now_utc(), ration.timetable.zone
    today = now_utc.astimezone(zone).date()
    midnight = local_instant(today, zone)
    month_start = local_instant(today.replace(day=1), zone)
    spans = ((today, midnight, now_utc), (today.replace(day=1), month_start, midnight))
    try:
        store.open()
        for day, since, until in spans:
            past = store.samples.received(config.vantage, since=since, until=until)
            expected = expected_on_wire_bytes(past.n_probes, past.body_bytes)
            ration.add(day, past.counted_bytes + expected)
    except StoreError as error:
        _log.warning("budget event=counted_from_now reason=%s", error)
