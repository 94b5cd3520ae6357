"""Samples to verdicts: prepare once, judge any stretch of evenings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from monitor.analysis.case import Case, case
from monitor.analysis.effect import Estimate, flip_p_values
from monitor.analysis.look import Home, Look, home, look
from monitor.analysis.mechanism import mechanism
from monitor.analysis.profile import clock_of
from monitor.analysis.reasons import reasons
from monitor.analysis.rules import is_mostly_dead, rule
from monitor.analysis.suspicion import FALSE_DISCOVERY_RATE, TELLING_LOG
from monitor.analysis.sustained import Levels, levels, sustained
from monitor.errors import InputError
from monitor.evening_rule import (
    CEILING,
    DEFAULT_WINDOW,
    LAWS,
    Window,
    parse_window,
    state_of,
)
from monitor.model import (
    Details,
    Effect,
    EveningMark,
    Evenings,
    MechanismCheck,
    MetricEvidence,
    Role,
    Verdict,
)
from monitor.reason import Reason
from monitor.series import EveningTable, grids
from monitor.series.columns import METRICS
from monitor.series.evening_table import evening_table
from monitor.series.local_time import zone
from monitor.series.rows import MEASURED, TEXT_DEFAULTS, Bools
from monitor.wallclock import day_number

METHOD_VERSION = "5"
"""Changes with every rule or default that can change a verdict."""

COLUMNS = ("started_at_utc", *TEXT_DEFAULTS, *MEASURED)
"""What the analysis reads of the interchange columns; a caller may load only these."""

Day = date | str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Samples as numbers per evening, ready to be judged many times."""

    homes: tuple[Home, ...]


def analyze(
    samples: pd.DataFrame,
    *,
    timezone: str,
    window: str | Window = DEFAULT_WINDOW,
    since: Day = None,
    until: Day = None,
) -> list[Verdict]:
    """One verdict per vantage and target, in order of their names.

    Parameters
    ----------
    samples : one row per probe, columns of the sample interchange format; any order,
        any number of vantages; columns that are absent were not measured
    timezone : IANA zone of the evenings
    window : local begin and end, `HH:MM-HH:MM`
    since, until : local dates of the first and last evening to judge, inclusive

    Raises
    ------
    InputError
        when the samples, the zone, the window or a date cannot be used.
    """
    prepared = prepare(samples, timezone=timezone, window=window)
    return judge(prepared, since=since, until=until)


def prepare(
    samples: pd.DataFrame, *, timezone: str, window: str | Window = DEFAULT_WINDOW
) -> Prepared:
    """All numbers per evening of all vantages, computed once."""
    span = parse_window(window)
    zone(timezone)
    found = grids(samples, timezone=timezone, window=span)
    return Prepared(tuple(home(evening_table(grid)) for grid in found))


def judge(prepared: Prepared, *, since: Day = None, until: Day = None) -> list[Verdict]:
    """The verdicts after the evenings from `since` to `until`, both inclusive."""
    first, last = _day(since, "since"), _day(until, "until")
    if first is not None and last is not None and first > last:
        raise InputError(f"since: found {first}; allowed: a date up to {last}")
    verdicts: list[Verdict] = []
    for at in prepared.homes:
        verdicts += _verdicts(at, evenings_between(at, first, last))
    return sorted(verdicts, key=lambda v: (v.vantage, v.target))


def established(
    prepared: Prepared, *, since: Day = None, until: Day = None
) -> set[tuple[str, str]]:
    """(vantage, target) of all that any verdict but a harmless one could be given to.

    The cheap part of `judge`: who is not here gets no accusing verdict.
    """
    first, last = _day(since, "since"), _day(until, "until")
    return {
        (at.table.grid.vantage, at.table.grid.keys[series].target)
        for at in prepared.homes
        for series in _accused(look(at, evenings_between(at, first, last)))
    }


def _accused(seen: Look) -> Iterator[int]:
    """Places of the targets that stand out, of the evening or at all hours."""
    table, at_all_hours = seen.home.table, levels_of(seen)
    n, rate = len(seen.targets), FALSE_DISCOVERY_RATE
    for site, is_established in zip(seen.targets, seen.is_established, strict=True):
        if is_established or sustained(table, at_all_hours, site.series, n, rate):
            yield site.series


def evenings_between(at: Home, first: date | None, last: date | None) -> Bools:
    """Evenings from one local date to another, shape (D,)."""
    evening = at.table.grid.evening
    chosen = np.ones(evening.size, np.bool_)
    if first is not None:
        chosen &= evening >= day_number(first)
    if last is not None:
        chosen &= evening <= day_number(last)
    return chosen


def _day(value: object, name: str) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: found {value!r}; allowed: YYYY-MM-DD") from error


def _verdicts(at: Home, evenings: Bools) -> list[Verdict]:
    seen = look(at, evenings)
    cases = _cases(seen)
    p_values = _p_values(seen)
    verdicts = [
        _verdict(one, cases, p_value)
        for one, p_value in zip(cases, p_values, strict=True)
    ]
    return verdicts + list(_unseen(at))


def _cases(seen: Look) -> list[Case]:
    at_all_hours = levels_of(seen)
    return [case(seen, place, at_all_hours) for place in range(len(seen.targets))]


def levels_of(seen: Look) -> Levels:
    """The daily levels of all sites that a look sees."""
    controls = seen.home.by_all.controls
    direct = np.concatenate([seen.found.targets, controls])
    return levels(seen.home.table, controls, direct, seen.evenings)


def _p_values(seen: Look) -> Sequence[float]:
    if not seen.targets:
        return []
    weights = seen.home.weights[[s.series for s in seen.targets]]
    tested = np.flatnonzero(weights.any(axis=0))
    if not tested.size or not seen.evenings.any():
        return [float("nan")] * len(seen.targets)
    excess = np.stack([seen.excess[s.series][tested] for s in seen.targets])
    excess[weights[:, tested] == 0] = np.nan
    return list(flip_p_values(excess[..., seen.evenings], TELLING_LOG))


def _verdict(one: Case, cases: list[Case], p_value: float) -> Verdict:
    checks = mechanism(one, cases) if one.is_established else ()
    ruling = rule(one, checks)
    table = one.look.home.table
    dates = table.dates()
    return Verdict(
        vantage=table.grid.vantage,
        target=one.name,
        verdict=ruling.verdict,
        strength=ruling.strength,
        evenings=_evenings(one),
        effect=_effect(one),
        p_value=None if np.isnan(p_value) else float(p_value),
        e_value=_rounded(_e_value(one)),
        found_window=_found_window(one),
        onset_date=None if one.onset is None else dates[one.onset].isoformat(),
        offset_date=None if one.offset is None else dates[one.offset].isoformat(),
        mechanism=checks,
        reasons=reasons(one, ruling),
        marks=_marks(one),
        details=_details(one, checks),
    )


def _e_value(one: Case) -> float:
    """The evidence for what the verdict claims."""
    of = one.sustained or one.alone
    return one.suspicion.e_value if of is None else of.e_value


def _found_window(one: Case) -> tuple[str, str] | None:
    if not one.is_established or one.window is None:
        return None
    return clock_of(one.look.home.table, one.window)


def _evenings(one: Case) -> Evenings:
    table = one.look.home.table
    tried = table.grid.n_rows[one.suspicion.series][:, table.in_window].sum(axis=1) > 0
    return Evenings(
        observed=int((tried & one.look.evenings).sum()),
        usable=one.n_usable,
        slow=one.n_slow,
        dead=one.n_dead,
    )


def _effect(one: Case) -> Effect:
    """The effect as ratios; what no probe could measure to its end is None."""
    estimate = one.effect or Estimate(np.nan, np.nan, np.nan)
    return Effect(
        metric=METRICS[one.metric],
        ratio=_ratio(estimate.centre),
        ci95=(_ratio(estimate.low), _ratio(estimate.high)),
        typical=_ratio(one.centre_log),
    )


def _ratio(log_ratio: float) -> float | None:
    if not np.isfinite(log_ratio) or abs(log_ratio) >= CEILING:
        return None
    return _rounded(float(np.exp(log_ratio)))


def _rounded(value: float) -> float:
    """Four significant digits: more would pretend precision."""
    return float(f"{value:.4g}")


def _marks(one: Case) -> tuple[EveningMark, ...]:
    """The evenings of the look that count, one by one."""
    dates = one.look.home.table.dates()
    places = np.flatnonzero(one.look.evenings & one.usable)
    return tuple(_mark(one, int(place), dates[place]) for place in places)


def _mark(one: Case, place: int, day: date) -> EveningMark:
    state = state_of(
        is_usable=True,
        is_dead=bool(one.suspicion.is_dead[place]),
        is_refused=bool(one.refused[place]),
        excess_log=float(one.excess[place]),
    )
    return EveningMark(day=day, state=state, ratio=_ratio(float(one.excess[place])))


def _details(one: Case, checks: tuple[MechanismCheck, ...]) -> Details:
    """The numbers behind a verdict."""
    table, seen = one.look.home.table, one.look
    dates = table.dates()
    # A day that ends before its window is no evening.
    tried = table.grid.n_rows[:, :, table.in_window].sum(axis=(0, 2)) > 0
    seen_on = [dates[d] for d in np.flatnonzero(tried)]
    weights = seen.home.weights[one.suspicion.series]
    return Details(
        controls=_names(table, seen.found.controls),
        controls_live=one.n_controls,
        controls_left_out=_names(table, seen.gone),
        is_mostly_dead=is_mostly_dead(one),
        mechanism_sum=sum(c.score for c in checks),
        e_slow=_rounded(one.suspicion.e_slow),
        e_dead=_rounded(one.suspicion.e_dead),
        interval_s=table.grid.interval_s,
        first_evening=seen_on[0] if seen_on else None,
        last_evening=seen_on[-1] if seen_on else None,
        metrics=tuple(_evidence(one, int(m)) for m in np.flatnonzero(weights)),
    )


def _names(table: EveningTable, places: Iterable[int]) -> tuple[str, ...]:
    return tuple(table.grid.keys[int(place)].target for place in places)


def _evidence(one: Case, metric: int) -> MetricEvidence:
    seen, series = one.look, one.suspicion.series
    return MetricEvidence(
        metric=METRICS[metric],
        weight=_rounded(seen.home.weights[series, metric]),
        e_value=_rounded(one.suspicion.e_metric[metric]),
        law=LAWS[seen.fitted.best[metric]],
        innocent_spread_log=_rounded(seen.sigma_log[series, metric]),
        innocent_rates=tuple(_rounded(rate) for rate in seen.rates[metric]),
    )


def _unseen(at: Home) -> Iterator[Verdict]:
    """Targets that were never measured directly."""
    keys = at.table.grid.keys
    direct = {k.target for k in keys if k.path == "direct" and not k.is_swap}
    names = {k.target for k in keys if k.role == Role.TARGET} - direct
    for name in sorted(names):
        yield Verdict(
            vantage=at.table.grid.vantage,
            target=name,
            verdict="insufficient_data",
            strength=None,
            evenings=Evenings(observed=0, usable=0, slow=0, dead=0),
            effect=Effect(metric=METRICS[0], ratio=None, ci95=(None, None)),
            p_value=None,
            e_value=None,
            found_window=None,
            onset_date=None,
            offset_date=None,
            reasons=(
                Reason(
                    "never_direct",
                    "It was never measured directly, only by another way.",
                ),
            ),
        )
