"""The data that the probes used, beside the budget, and what the month will come to."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from monitor.model import Probe
from monitor.store.hourly_days import HOUR_US
from monitor.store.instants import to_us
from monitor.store.reader import SeriesInfo, is_site
from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import day_start_us, local_hours
from monitor.web.answers.queries import DaysQuery
from monitor.web.answers.schemas import Usage, Used, UsedDay
from monitor.wire_bytes import expected_on_wire_bytes

PACE_DAYS: Final = 7
"""Whole days of which the mean is taken for the days to come."""


def usage(facts: Facts, vantage: str) -> Usage:
    """Bytes on the wire of today and of this month, by the home's clock.

    They are counted as the budget counts them: by the rounds' own counts, and before
    there were any by the probes' bodies and what protocols add. The forecast takes the
    mean of the last seven whole days for the rest of the month; before there are so
    many there is none.
    """
    today = facts.now_local().date()
    first = today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    infos = [info for info in facts.series() if info.vantage == vantage]
    used = {
        day: _received_since(facts, infos, day)
        for day in (today, first, today - timedelta(days=PACE_DAYS))
    }
    pace = _pace(used, today) if _is_known(infos, facts, today) else None
    before = used[first] - used[today]
    forecast = None if pace is None else before + int(pace * (following - today).days)
    return Usage(
        today_bytes=used[today],
        month_bytes=used[first],
        forecast_month_bytes=None if forecast is None else max(forecast, used[first]),
        budget_per_month_bytes=facts.config.budget.per_month,
    )


def used(facts: Facts, query: DaysQuery) -> Used:
    """Bytes by local day, site and kind of probe."""
    vantage = facts.vantage(query.vantage)
    zone = facts.terms(vantage).timezone
    since, until = facts.days(vantage, query.since, query.until)
    infos = {
        info.series_id: info
        for info in facts.series()
        if info.vantage == vantage and is_site(info)
    }
    local, sums = local_hours(zone), Counter[tuple[date, str, str]]()
    for hour in facts.reader.hourly_bytes(infos, *facts.span_us(vantage, since, until)):
        info = infos[hour.series_id]
        day, _ = local.of(hour.hour_us)
        n_bytes = expected_on_wire_bytes(hour.n, hour.body_bytes)
        sums[day, info.target, info.probe] += n_bytes
    return Used(
        vantage=vantage,
        timezone=zone,
        since=since,
        until=until,
        budget_per_month_bytes=facts.config.budget.per_month,
        days=[
            UsedDay(date=day, site=site, probe=probe, bytes=n)
            for (day, site, probe), n in sorted(sums.items())
        ],
    )


def _received_since(facts: Facts, infos: Sequence[SeriesInfo], day: date) -> int:
    since_us = day_start_us(day, facts.config.timezone)
    now_us = to_us(facts.clock.now_utc())
    counts = [info for info in infos if info.probe == Probe.OWN_TRAFFIC]
    sites = [info.series_id for info in infos if is_site(info)]
    begun_us = min((_hour_us(info.first_utc) for info in counts), default=now_us)
    ids = [info.series_id for info in counts]
    counted = facts.reader.received(ids, since_us, now_us)
    before = facts.reader.received(sites, since_us, min(begun_us, now_us))
    expected = expected_on_wire_bytes(before.n_probes, before.body_bytes)
    return counted.body_bytes + expected


def _hour_us(moment: datetime) -> int:
    return to_us(moment) // HOUR_US * HOUR_US


def _pace(used: dict[date, int], today: date) -> float:
    """Mean of the last whole days [bytes a day]."""
    return (used[today - timedelta(days=PACE_DAYS)] - used[today]) / PACE_DAYS


def _is_known(infos: Sequence[SeriesInfo], facts: Facts, today: date) -> bool:
    """Whether all the days of the pace were measured, as far as can be told."""
    begun = min((info.first_utc for info in infos), default=None)
    since_us = day_start_us(
        today - timedelta(days=PACE_DAYS - 1), facts.config.timezone
    )
    return begun is not None and to_us(begun) < since_us
