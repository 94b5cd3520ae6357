"""Shapes of time: the hours of the day and of the week, whichever day it is."""

from collections.abc import Callable, Sequence

from monitor.hour_profile import hour_of_week, hour_profile
from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import LocalHours, local_hours
from monitor.web.answers.queries import ProfileQuery
from monitor.web.answers.schemas import Cycle, Profile, Shape
from monitor.web.answers.slowness import Values, hourly_middle


def profile(facts: Facts, query: ProfileQuery) -> Profile:
    """The shape of one site's hours, and that of the median control."""
    vantage, metric = facts.vantage(query.vantage), query.metric
    since, until = facts.days(vantage, query.since, query.until)
    zone = facts.terms(vantage).timezone
    span_us = facts.span_us(vantage, since, until)
    site, hours = facts.hours_beside(query.target, metric, vantage, span_us)
    hours_of_week = _hours_of_week(site.start_us, len(site.value), local_hours(zone))
    middle = hourly_middle(hours) if hours else []
    return Profile(
        vantage=vantage,
        target=query.target,
        metric=metric,
        unit=metric.unit,
        timezone=zone,
        window=facts.window(vantage),
        since=since,
        until=until,
        cycle=query.cycle,
        shape=shape(site.value, hours_of_week, query.cycle),
        controls=shape(middle, hours_of_week, query.cycle) if hours else None,
        control_names=list(hours),
    )


def _hours_of_week(
    start_us: Callable[[int], int], n: int, local: LocalHours
) -> list[int]:
    """Which hour of the week each hour of a span is, on the home's clock."""
    days = (local.of(start_us(place)) for place in range(n))
    return [hour_of_week(day, hour) for day, hour in days]


def shape(values: Values, hours: Sequence[int], cycle: Cycle) -> Shape:
    """Median and 10 to 90 % of the values of each hour of a cycle.

    Parameters
    ----------
    values : one for each hour of a span; None was not measured.
    hours : which hour of the week each of them is.
    """
    pairs = zip(hours, values, strict=True)
    measured = hour_profile((hour, v) for hour, v in pairs if v is not None)
    spreads = measured.day if cycle is Cycle.DAY else measured.week
    return Shape(
        n=[spread.n for spread in spreads],
        p10=[spread.low for spread in spreads],
        median=[spread.middle for spread in spreads],
        p90=[spread.high for spread in spreads],
    )
