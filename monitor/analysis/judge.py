"""Samples to verdicts: prepare once, judge any stretch of evenings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from monitor.analysis.case import Case, case_of, is_above_one
from monitor.analysis.effect import Estimate, flip_p_values
from monitor.analysis.look import Home, Look, home_of, look_of
from monitor.analysis.mechanism import mechanism
from monitor.analysis.profile import clock_of
from monitor.analysis.reasons import reasons
from monitor.analysis.rules import is_mostly_dead, rule
from monitor.analysis.suspicion import TELLING_LOG
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
from monitor.series.pairs import BLOCK
from monitor.series.rows import MEASURED, TEXT_DEFAULTS, Bools
from monitor.series.transfers import CURVE
from monitor.wallclock import asked_clock, day_number

METHOD_VERSION = "5.6"
"""Changes with every rule or default that can change a verdict."""

COLUMNS = ("started_at_utc", *TEXT_DEFAULTS, *MEASURED, CURVE, BLOCK)
"""What the analysis reads of the interchange columns; a caller may load only these."""

Day = date | str | None
_NOTHING = Estimate(np.nan, np.nan, np.nan)


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
    asked_clock(timezone)
    slots = grids(samples, timezone=timezone, window=span)
    return Prepared(tuple(home_of(evening_table(grid)) for grid in slots))


def judge(prepared: Prepared, *, since: Day = None, until: Day = None) -> list[Verdict]:
    """The verdicts after the evenings from `since` to `until`, both inclusive."""
    first, last = _day(since, "since"), _day(until, "until")
    if first is not None and last is not None and first > last:
        raise InputError(f"since: found {first}; allowed: a date up to {last}")
    verdicts: list[Verdict] = []
    for home in prepared.homes:
        verdicts += _verdicts(home, evenings_between(home, first, last))
    return sorted(verdicts, key=lambda v: (v.vantage, v.target))


def established(
    prepared: Prepared, *, since: Day = None, until: Day = None
) -> set[tuple[str, str]]:
    """(vantage, target) of all that any verdict but a harmless one could be given to.

    The cheap part of `judge`: who is not here gets no accusing verdict.
    """
    first, last = _day(since, "since"), _day(until, "until")
    return {
        (home.table.grid.vantage, home.table.grid.keys[series].target)
        for home in prepared.homes
        for series in _accused(look_of(home, evenings_between(home, first, last)))
    }


def _accused(look: Look) -> Iterator[int]:
    """Places of the targets that stand out, of the evening or at all hours."""
    table, at_all_hours = look.home.table, levels_of(look)
    asked = zip(look.targets, look.is_established, look.home.hosts.bars, strict=True)
    for site, is_established, bar in asked:
        if is_established or sustained(table, at_all_hours, site.series, float(bar)):
            yield site.series


def evenings_between(home: Home, first: date | None, last: date | None) -> Bools:
    """Evenings from one local date to another, shape (D,)."""
    evening = home.table.grid.evening
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


def _verdicts(home: Home, evenings: Bools) -> list[Verdict]:
    look = look_of(home, evenings)
    cases = _cases(look)
    p_values = _p_values(look)
    verdicts = [
        _verdict(case, cases, p_value)
        for case, p_value in zip(cases, p_values, strict=True)
    ]
    return verdicts + list(_unseen(home))


def _cases(look: Look) -> list[Case]:
    at_all_hours = levels_of(look)
    return [case_of(look, place, at_all_hours) for place in range(len(look.targets))]


def levels_of(look: Look) -> Levels:
    """The daily levels of all sites that a look sees."""
    controls = look.home.by_all.controls
    direct = np.concatenate([look.contrast.targets, controls])
    return levels(look.home.table, controls, direct, look.evenings)


def _p_values(look: Look) -> Sequence[float]:
    if not look.targets:
        return []
    weights = look.home.weights[[s.series for s in look.targets]]
    tested = np.flatnonzero(weights.any(axis=0))
    if not tested.size or not look.evenings.any():
        return [float("nan")] * len(look.targets)
    excess = np.stack([look.excess[s.series][tested] for s in look.targets])
    excess[weights[:, tested] == 0] = np.nan
    return list(flip_p_values(excess[..., look.evenings], TELLING_LOG))


def _verdict(case: Case, cases: list[Case], p_value: float) -> Verdict:
    has_name = case.named is not None or case.dead_by_name is not None
    is_asked = case.is_established or has_name or case.is_lossy
    checks = mechanism(case, cases) if is_asked else ()
    ruling = rule(case, checks)
    table = case.look.home.table
    dates = table.dates()
    return Verdict(
        vantage=table.grid.vantage,
        target=case.name,
        service=case.key.service,
        part=case.key.part,
        verdict=ruling.verdict,
        strength=ruling.strength,
        evenings=_evenings(case),
        effect=_effect(case),
        p_value=None if np.isnan(p_value) else float(p_value),
        e_value=_rounded(_e_value(case)),
        found_window=_found_window(case),
        onset_date=None if case.onset is None else dates[case.onset].isoformat(),
        offset_date=None if case.offset is None else dates[case.offset].isoformat(),
        mechanism=checks,
        reasons=reasons(case, ruling),
        marks=_marks(case),
        details=_details(case, checks),
    )


def _e_value(case: Case) -> float:
    """The evidence for what the verdict claims."""
    of_name = case.dead_by_name or case.named
    if of_name is not None:
        return max(case.suspicion.e_value, of_name.e_value) / 2
    if case.is_lossy and case.sending is not None:
        return max(case.suspicion.e_value, case.sending.e_value) / 2
    of = case.sustained or case.alone
    return case.suspicion.e_value if of is None else of.e_value


def _found_window(case: Case) -> tuple[str, str] | None:
    if not case.is_established or case.window is None:
        return None
    return clock_of(case.look.home.table, case.window)


def _evenings(case: Case) -> Evenings:
    table = case.look.home.table
    tried = table.grid.n_rows[case.suspicion.series][:, table.in_window].sum(axis=1) > 0
    return Evenings(
        observed=int((tried & case.look.evenings).sum()),
        usable=case.n_usable,
        slow=case.n_slow,
        dead=case.n_dead,
    )


def _effect(case: Case) -> Effect:
    """The effect as ratios; what no probe could measure to its end is None."""
    estimate = case.effect or _NOTHING
    if is_mostly_dead(case) and not is_above_one(estimate.low):
        # What its few answers were like is no part of what is said.
        estimate = _NOTHING
    return Effect(
        metric=METRICS[case.metric],
        ratio=_ratio(estimate.centre),
        ci95=(_ratio(estimate.low), _ratio(estimate.high)),
        typical=_ratio(case.centre_log),
    )


def _ratio(log_ratio: float) -> float | None:
    if not np.isfinite(log_ratio) or abs(log_ratio) >= CEILING:
        return None
    return _rounded(float(np.exp(log_ratio)))


def _rounded(value: float) -> float:
    """Four significant digits: more would pretend precision."""
    return float(f"{value:.4g}")


def _marks(case: Case) -> tuple[EveningMark, ...]:
    """The evenings of the look that count, one by one."""
    dates = case.look.home.table.dates()
    places = np.flatnonzero(case.look.evenings & case.usable)
    return tuple(_mark(case, int(place), dates[place]) for place in places)


def _mark(case: Case, place: int, day: date) -> EveningMark:
    state = state_of(
        is_usable=True,
        is_dead=bool(case.suspicion.is_dead[place]),
        is_refused=bool(case.refused[place]),
        excess_log=float(case.excess[place]),
    )
    return EveningMark(day=day, state=state, ratio=_ratio(float(case.excess[place])))


def _details(case: Case, checks: tuple[MechanismCheck, ...]) -> Details:
    """The numbers behind a verdict."""
    table, look = case.look.home.table, case.look
    dates = table.dates()
    # A day that ends before its window is no evening.
    tried = table.grid.n_rows[:, :, table.in_window].sum(axis=(0, 2)) > 0
    seen_on = [dates[d] for d in np.flatnonzero(tried)]
    weights = look.home.weights[case.suspicion.series]
    return Details(
        controls=_names(table, look.contrast.controls),
        controls_live=case.n_controls,
        controls_left_out=_names(table, look.gone),
        is_mostly_dead=is_mostly_dead(case),
        mechanism_sum=sum(c.score for c in checks),
        e_slow=_rounded(case.suspicion.e_slow),
        e_dead=_rounded(case.suspicion.e_dead),
        interval_s=table.grid.interval_s,
        first_evening=seen_on[0] if seen_on else None,
        last_evening=seen_on[-1] if seen_on else None,
        metrics=tuple(_evidence(case, int(m)) for m in np.flatnonzero(weights)),
    )


def _names(table: EveningTable, places: Iterable[int]) -> tuple[str, ...]:
    return tuple(table.grid.keys[int(place)].target for place in places)


def _evidence(case: Case, metric: int) -> MetricEvidence:
    look, series = case.look, case.suspicion.series
    return MetricEvidence(
        metric=METRICS[metric],
        weight=_rounded(look.home.weights[series, metric]),
        e_value=_rounded(case.suspicion.e_metric[metric]),
        law=LAWS[look.fitted.best[metric]],
        innocent_spread_log=_rounded(look.sigma_log[series, metric]),
        innocent_rates=tuple(_rounded(rate) for rate in look.rates[metric]),
    )


def _unseen(home: Home) -> Iterator[Verdict]:
    """Targets that were never measured directly."""
    keys = home.table.grid.keys
    direct = {key.target for key in keys if key.is_direct}
    of = {
        key.target: key
        for key in keys
        if key.role == Role.TARGET and key.target not in direct
    }
    for name, key in sorted(of.items()):
        yield Verdict(
            vantage=home.table.grid.vantage,
            target=name,
            service=key.service,
            part=key.part,
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
