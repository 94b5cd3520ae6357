"""What a site would have measured, had it gone as the sites for comparison did."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from monitor.evening_rule import middle
from monitor.present import SLOW_NOW
from monitor.store.hourly_days import HOUR_US
from monitor.store.instants import to_us
from monitor.web.answers.facts import Facts
from monitor.web.answers.hours import Hours
from monitor.web.answers.queries import ExpectedQuery
from monitor.web.answers.schemas import Expected, Metric
from monitor.web.answers.slowness import Values, against_usual

_USUAL: Final = timedelta(days=7)


def expected(facts: Facts, query: ExpectedQuery) -> Expected:
    """The range of each hour of a span, from the controls' own in the same hour."""
    metric, vantage = query.metric, facts.vantage(query.vantage)
    span_us = to_us(query.until - _USUAL), to_us(query.until)
    site_hours, hours = facts.hours_beside(query.target, metric, vantage, span_us)
    usual = None if metric is Metric.FAILED_SHARE else middle(site_hours.value)
    since_us = to_us(query.since) - HOUR_US
    shown = [
        k for k in range(len(site_hours.value)) if site_hours.start_us(k) > since_us
    ]
    ranges = _ranges(metric, usual, hours)
    return Expected(
        vantage=vantage,
        target=query.target,
        metric=metric,
        unit=metric.unit,
        usual=usual,
        slow_factor=SLOW_NOW,
        time_s=[site_hours.start_us(k) / 1e6 for k in shown],
        low=[ranges[k][0] for k in shown] if ranges else [None for _ in shown],
        high=[ranges[k][1] for k in shown] if ranges else [None for _ in shown],
        control_names=list(hours),
    )


_Range = tuple[float | None, float | None]


def _ranges(
    metric: Metric, usual: float | None, controls: Mapping[str, Hours]
) -> Sequence[_Range]:
    """Lowest and highest value of each hour; empty where nothing is to be expected."""
    if usual is None or not controls:
        return []
    each = [against_usual(metric, hours) for hours in controls.values()]
    return [_range(metric, usual, slower) for slower in zip(*each, strict=True)]


def _range(metric: Metric, usual: float, times_slower: Values) -> _Range:
    measured = [times for times in times_slower if times]
    if not measured:
        return None, None
    if metric is Metric.GOODPUT:
        return usual / max(measured), usual / min(measured)
    return usual * min(measured), usual * max(measured)
