"""How many times slower than usual, and than the controls; pure."""

from collections.abc import Mapping, Sequence

from monitor.evening_rule import middle, times_slower
from monitor.web.answers.hours import Hours
from monitor.web.answers.schemas import Metric

Values = Sequence[float | None]
"""One for each hour of a span; None: not measured, or nothing can be said."""


def hourly_middle(sites: Mapping[str, Hours]) -> Values:
    """Per hour, the median over the sites of what each measured."""
    each = [hours.value for hours in sites.values()]
    return [middle(values) for values in zip(*each, strict=True)]


def against_usual(metric: Metric, hours: Hours) -> Values:
    """Per hour, how many times slower than the median hour of the same site.

    For the share of failures: the share itself, whose usual value is often zero.
    """
    usual = middle(hours.value)
    if metric is Metric.FAILED_SHARE or usual is None:
        return hours.value
    return [v if v is None else times_slower(metric, v, usual) for v in hours.value]


def beyond_controls(
    metric: Metric, hours: Hours, controls: Mapping[str, Hours]
) -> Values:
    """Per hour, slower than usual and beyond the median control of that hour.

    Hours without a control have none: nothing can be said of them.
    """
    of_target = against_usual(metric, hours)
    if not controls:
        return [None] * len(of_target)
    each = [against_usual(metric, of_control) for of_control in controls.values()]
    common = (middle(values) for values in zip(*each, strict=True))
    is_share = metric is Metric.FAILED_SHARE
    return [
        _beyond(mine, theirs, is_share=is_share)
        for mine, theirs in zip(of_target, common, strict=True)
    ]


def _beyond(
    value: float | None, common: float | None, *, is_share: bool
) -> float | None:
    if value is None or common is None:
        return None
    if is_share:
        return value - common
    return value / common if common > 0 else None
