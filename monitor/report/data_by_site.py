"""What the probes received, by day, by site and by kind; rows in, bytes out."""

from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from monitor.evening_rule import dates_between
from monitor.model import LOCAL_PROBES, Probe
from monitor.report.content import DataUsed, SiteData
from monitor.report.pictures import is_any
from monitor.series.local_time import local_seconds
from monitor.series.rows import Bools, Floats, Ints
from monitor.wallclock import day_number
from monitor.wire_bytes import PER_PROBE_BYTES, WIRE_FACTOR

_DAY_S: Final = 86_400
_PAGE, _TRANSFER, _OTHER = _KINDS = (0, 1, 2)
_KIND_OF: Final = {Probe.HTTPS: _PAGE, Probe.DOWNLOAD: _TRANSFER}


def data_used(
    samples: pd.DataFrame,
    timezone: str,
    span: tuple[date, date],
    budget: tuple[int | None, int | None],
) -> DataUsed:
    """What the probes of one vantage received in a span of local dates.

    Parameters
    ----------
    samples : columns of contracts 4, one vantage.
    span : first and last date.
    budget : per day and per month [bytes].
    """
    day = _days(samples, timezone, span)
    n_days = (span[1] - span[0]).days + 1
    is_told = (day >= 0) & (day < n_days)
    is_site = is_told & ~is_any(samples, "probe", LOCAL_PROBES, absent=False)
    is_count = is_told & is_any(samples, "probe", {Probe.OWN_TRAFFIC}, absent=False)
    body = _bodies(samples)
    expected = WIRE_FACTOR * body + PER_PROBE_BYTES
    counted = np.bincount(day[is_count], body[is_count], minlength=n_days)
    by_day = np.bincount(day[is_site], expected[is_site], minlength=n_days)
    return DataUsed(
        days=tuple(dates_between(*span)),
        by_day=np.where(counted > 0, counted, by_day),
        by_site=_by_site(samples, is_site, expected),
        per_day=budget[0],
        per_month=budget[1],
    )


def _days(samples: pd.DataFrame, timezone: str, span: tuple[date, date]) -> Ints:
    moments = samples["started_at_utc"].to_numpy("datetime64[s]").astype(np.int64)
    local_s, _ = local_seconds(moments, timezone)
    return local_s // _DAY_S - day_number(span[0])


def _bodies(samples: pd.DataFrame) -> Floats:
    if "encoded_body_bytes" not in samples.columns:
        return np.zeros(len(samples))
    body = pd.to_numeric(samples["encoded_body_bytes"], errors="coerce")
    return np.asarray(np.nan_to_num(body.to_numpy(np.float64)))


def _by_site(
    samples: pd.DataFrame, rows: Bools, expected: Floats
) -> tuple[SiteData, ...]:
    # By codes: a copy of a year's rows would not fit beside them on a small machine.
    names = samples["target"].astype("category").cat
    place = names.codes.to_numpy()[rows].astype(np.int64) * len(_KINDS)
    place += _kinds(samples)[rows]
    n_places = len(names.categories) * len(_KINDS)
    sums = np.bincount(place, expected[rows], minlength=n_places)
    sites = (
        SiteData(name=str(name), by_kind=tuple(int(n) for n in row))
        for name, row in zip(
            names.categories, sums.reshape(-1, len(_KINDS)), strict=True
        )
        if row.any()
    )
    return tuple(sorted(sites, key=lambda site: -sum(site.by_kind)))


def _kinds(samples: pd.DataFrame) -> Ints:
    if "probe" not in samples.columns:
        return np.full(len(samples), _PAGE)
    probes = samples["probe"].astype("category").cat
    of = [_KIND_OF.get(str(probe), _OTHER) for probe in probes.categories]
    return np.array([*of, _PAGE])[probes.codes.to_numpy()]
