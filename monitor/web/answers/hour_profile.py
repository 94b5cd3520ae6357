"""Shapes of time: the hours of the day and of the week, whichever day it is."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import LocalHours, day_start_us, local_hours
from monitor.web.answers.hours import HOURS_OF_DAY
from monitor.web.answers.queries import ProfileQuery
from monitor.web.answers.schemas import Cycle, Profile, Shape, Window
from monitor.web.answers.side_by_side import quantile
from monitor.web.answers.slowness import Values, hourly_middle


def profile(facts: Facts, query: ProfileQuery) -> Profile:
    """The shape of one site's hours, and that of the median control."""
    vantage, metric = facts.vantage(query.vantage), query.metric
    since, until = facts.days(vantage, query.since, query.until)
    zone = facts.config.timezone
    span = day_start_us(since, zone), day_start_us(until + timedelta(days=1), zone)
    target = {query.target: facts.metric_series(query.target, metric, vantage)}
    controls = facts.control_series(metric, vantage)
    others = {name: ids for name, ids in controls.items() if name != query.target}
    hours = facts.hours({**others, **target}, metric, *span)
    site = hours.pop(query.target)
    slots = _slots(site.start_us, len(site.value), local_hours(zone), query.cycle)
    middle = hourly_middle(hours) if hours else []
    return Profile(
        vantage=vantage,
        target=query.target,
        metric=metric,
        unit=metric.unit,
        timezone=zone,
        window=Window(start=facts.config.window.start, end=facts.config.window.end),
        since=since,
        until=until,
        cycle=query.cycle,
        shape=shape(site.value, slots, query.cycle),
        controls=shape(middle, slots, query.cycle) if hours else None,
        control_names=list(hours),
    )


def _slots(
    start_us: Callable[[int], int], n: int, local: LocalHours, cycle: Cycle
) -> list[int]:
    """Which hour of the cycle each hour of a span is, on the home's clock."""
    return [_slot(*local.of(start_us(place)), cycle) for place in range(n)]


def _slot(day: date, hour: int, cycle: Cycle) -> int:
    return hour if cycle is Cycle.DAY else day.weekday() * HOURS_OF_DAY + hour


def shape(values: Values, slots: Sequence[int], cycle: Cycle) -> Shape:
    """Median and 10th to 90th percentile of the values of each hour of a cycle.

    Parameters
    ----------
    values : one for each hour of a span; None was not measured.
    slots : which hour of the cycle each of them is.
    """
    by_slot: list[list[float]] = [[] for _ in range(cycle.n_hours)]
    for value, slot in zip(values, slots, strict=True):
        if value is not None:
            by_slot[slot].append(value)
    ordered = [sorted(measured) for measured in by_slot]
    return Shape(
        n=[len(measured) for measured in ordered],
        p10=[quantile(measured, 0.10) for measured in ordered],
        median=[quantile(measured, 0.50) for measured in ordered],
        p90=[quantile(measured, 0.90) for measured in ordered],
    )
