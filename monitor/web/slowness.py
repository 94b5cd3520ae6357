"""How many times slower than usual, and than the controls; pure."""

from collections.abc import Iterable, Mapping
from statistics import median

from monitor.web.facts import Cells
from monitor.web.schemas import Metric


def middle(values: Iterable[float | None]) -> float | None:
    """Median of what was measured; None of nothing."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def times_slower(metric: Metric, value: float, usual: float) -> float | None:
    """How many times slower a value is than the usual one; more is slower."""
    slow, quick = (usual, value) if metric is Metric.GOODPUT else (value, usual)
    return slow / quick if quick > 0 else None


def median_cells(cells: Mapping[str, Cells]) -> dict[int, float]:
    """Per hour, the median over the controls of what each measured."""
    hours = {hour for one in cells.values() for hour in one}
    found = {
        hour: middle(one[hour].value for one in cells.values() if hour in one)
        for hour in hours
    }
    return {hour: value for hour, value in found.items() if value is not None}


def against_usual(metric: Metric, cells: Cells) -> dict[int, float]:
    """Per hour, how many times slower than the median hour of the same site.

    For the share of failures: the share itself, whose usual value is often zero.
    """
    known = {h: c.value for h, c in cells.items() if c.value is not None}
    if metric is Metric.FAILED_SHARE or not known:
        return known
    usual = median(known.values())
    found = {h: times_slower(metric, value, usual) for h, value in known.items()}
    return {hour: ratio for hour, ratio in found.items() if ratio is not None}


def beyond_controls(
    metric: Metric, cells: Cells, controls: Mapping[str, Cells]
) -> dict[int, float]:
    """Per hour, slower than usual and beyond the median control of that hour.

    Hours without a control are left out: nothing can be said of them.
    """
    own = against_usual(metric, cells)
    each = [against_usual(metric, one) for one in controls.values()]
    found: dict[int, float] = {}
    for hour, slowness in own.items():
        common = middle(one.get(hour) for one in each)
        if common is None:
            continue
        if metric is Metric.FAILED_SHARE:
            found[hour] = slowness - common
        elif common > 0:
            found[hour] = slowness / common
    return found
