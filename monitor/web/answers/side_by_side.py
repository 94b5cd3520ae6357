"""Two spans of time of one target side by side, each beside the controls."""

from collections.abc import Sequence
from datetime import datetime

from monitor.evening_rule import middle, times_slower
from monitor.store.hourly_days import HOUR_US
from monitor.store.instants import to_us
from monitor.web.answers.facts import Facts
from monitor.web.answers.queries import CompareQuery
from monitor.web.answers.schemas import Comparison, Metric, Spread
from monitor.web.answers.slowness import hourly_middle


def comparison(facts: Facts, query: CompareQuery) -> Comparison:
    """How a span differs from another."""
    vantage = facts.vantage(query.vantage)
    a = _spread(facts, query, vantage, query.a_since, query.a_until)
    b = _spread(facts, query, vantage, query.b_since, query.b_until)
    ratio = _ratio(query.metric, a.median, b.median)
    common = _ratio(query.metric, a.controls_median, b.controls_median)
    return Comparison(
        vantage=vantage,
        target=query.target,
        metric=query.metric,
        unit=query.metric.unit,
        timezone=facts.terms(vantage).timezone,
        a=a,
        b=b,
        ratio=ratio,
        ratio_beyond_controls=ratio / common if ratio and common else None,
        control_names=list(facts.control_series(query.metric, vantage)),
    )


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Value below which a share of the ordered values lies, linear between two."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _ratio(metric: Metric, a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else times_slower(metric, a, b)


def _spread(
    facts: Facts, query: CompareQuery, vantage: str, since: datetime, until: datetime
) -> Spread:
    ids = facts.metric_series(query.target, query.metric, vantage)
    is_share = query.metric is Metric.FAILED_SHARE
    column = Metric.DURATION if is_share else query.metric
    points = facts.reader.points(ids, column.value, to_us(since), to_us(until))
    failed = [float(point.failure is not None) for point in points]
    values = failed if is_share else [p.value for p in points if p.value is not None]
    ordered = sorted(values)
    return Spread(
        since=since,
        until=until,
        n=len(points),
        n_failed=int(sum(failed)),
        p10=quantile(ordered, 0.10),
        p25=quantile(ordered, 0.25),
        median=sum(failed) / len(failed)
        if is_share and failed
        else quantile(ordered, 0.5),
        p75=quantile(ordered, 0.75),
        p90=quantile(ordered, 0.90),
        controls_median=_controls_median(facts, query.metric, vantage, since, until),
    )


def _controls_median(
    facts: Facts, metric: Metric, vantage: str, since: datetime, until: datetime
) -> float | None:
    # Whole hours: those that begin inside the span, and the one that it begins in.
    first = to_us(since) // HOUR_US * HOUR_US
    controls = facts.control_series(metric, vantage)
    hours = facts.hours(controls, metric, first, to_us(until))
    return middle(hourly_middle(hours))
