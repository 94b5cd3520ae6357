"""Everything known about one target, gathered for its verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from monitor.analysis.alone import Alone
from monitor.analysis.cap import RATE
from monitor.analysis.dead_legs import DeadLegs, dead_legs
from monitor.analysis.effect import (
    Estimate,
    estimate,
    few_values_factor,
    lag_one,
    mean_estimate,
    season,
)
from monitor.analysis.look import Look
from monitor.analysis.paired import PairEffect, pair_effect
from monitor.analysis.profile import FoundWindow, find_window, profile, slot_excess
from monitor.analysis.sender_loss import DURATION, SenderLoss, sender_loss
from monitor.analysis.suspicion import FALSE_DISCOVERY_RATE, Suspicion
from monitor.analysis.sustained import Levels, Sustained, sustained
from monitor.evening_rule import CEILING, SLOW_LOG, is_slow, mostly_failed
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.evening_table import typical
from monitor.series.lanes import SeriesKey
from monitor.series.pairs import Pair, PairValue, Phase
from monitor.series.rows import Bools, Floats, Ints

OfName = TypeVar("OfName", PairEffect, DeadLegs)

_REFUSED_SHARE = 0.3
"""An evening is refused when at least this share of its answers were refusals ..."""
_REFUSED_MORE = 3.0
"""... and so many times more than in the rest of its day."""
_PROFILE_METRICS = tuple(
    METRICS.index(name)
    for name in METRICS
    if name not in ("domain_lookup_s", "tcp_min_rtt_s", "duration_s")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One target and all that the look shows about it."""

    look: Look
    suspicion: Suspicion
    is_established: bool
    is_hill: bool
    """Slow, but as a site that feels the busy hour more than the controls do."""
    metric: int
    """Place in METRICS of the metric that is reported."""
    usable: Bools
    """Evenings that count, shape (D,)."""
    slow: Bools
    """Evenings slower by more than SLOW_LOG beyond the controls, shape (D,)."""
    effect: Estimate | None
    """What is claimed and printed: mean of the answered evenings between onset and
    offset, or of the slow ones among them where that includes no effect."""
    is_of_slow: bool
    """Whether `effect` is that of the slow evenings."""
    centre_log: float
    """Median of the same evenings, NaN without any."""
    refused: Bools
    """Evenings on which the site mostly refused, shape (D,)."""
    refused_share: float
    """Share of refusals in the window, over all evenings."""
    alone: Alone | None
    """What its rate shows by itself, where no control has one."""
    sustained: Sustained | None
    """A level that rose for good, at all hours."""
    named: PairEffect | None
    """What its name cost at a server that is not the service's, where that is shown."""
    dead_by_name: DeadLegs | None
    """What died under its name at such a server, where that is shown."""
    sending: SenderLoss | None
    """What was sent again to it; None where that was not counted."""
    is_lossy: bool
    """Whether that is what a verdict rests on, the times showing nothing."""
    shown: Floats | None
    """Excess of each evening where that is not the look's, shape (D,)."""
    onset: int | None
    """Place of the first slow evening, None: from the start."""
    offset: int | None
    """Place of the last slow evening, None: to the end."""
    shape: Floats
    """Mean excess by slot on slow evenings (on all where nothing is established),
    shape (T,)."""
    window: FoundWindow | None
    """Where the shape stands out most."""

    @property
    def key(self) -> SeriesKey:
        """What was measured."""
        return self.look.home.table.grid.keys[self.suspicion.series]

    @property
    def name(self) -> str:
        """The target's name."""
        return self.key.target

    @property
    def excess(self) -> Floats:
        """Excess in the reported metric, shape (D,)."""
        if self.shown is not None:
            return self.shown
        return np.asarray(self.look.excess[self.suspicion.series, self.metric])

    @property
    def in_season(self) -> Bools:
        """Evenings from onset to end, shape (D,)."""
        place = np.arange(self.usable.size)
        first = 0 if self.onset is None else self.onset
        last = self.usable.size - 1 if self.offset is None else self.offset
        return (place >= first) & (place <= last)

    @property
    def n_usable(self) -> int:
        """Evenings that count."""
        return int(self.usable.sum())

    @property
    def n_slow(self) -> int:
        """Slow evenings among them."""
        return int(self.slow.sum())

    @property
    def n_dead(self) -> int:
        """Evenings without answers while controls were well."""
        return int(self.suspicion.is_dead.sum())

    @property
    def n_controls(self) -> int:
        """Controls alive on at least half of the usable evenings."""
        contrast = self.look.contrast
        if not contrast.controls.size or not self.n_usable:
            return 0
        table = self.look.home.table
        answered = table.rise[contrast.controls, self.metric] < CEILING
        if not answered.any():
            answered = table.has_evening[contrast.controls]
        share = answered[:, self.usable].mean(axis=-1)
        return int((share >= 0.5).sum())

    @property
    def window_log(self) -> float:
        """Median excess of the cells in the window that the data show [log]."""
        if self.window is None:
            return float("nan")
        table, series = self.look.home.table, self.suspicion.series
        controls, fitted = self.look.contrast.controls, self.look.fitted
        cells = slot_excess(table, series, controls, fitted, self.metric)
        span = slice(self.window.start_slot, self.window.end_slot)
        return typical(cells[self.usable, span])

    def typical(self, metric: str) -> float:
        """Median excess in a metric on slow evenings, NaN when not measured."""
        excess = self.look.excess[self.suspicion.series]
        return typical(excess[METRICS.index(metric)][self.slow])


def case_of(look: Look, place: int, levels: Levels) -> Case:
    """The case of one of the look's targets.

    Parameters
    ----------
    levels : of all sites, at all hours.
    """
    suspicion = look.targets[place]
    metric = _reported_metric(look, suspicion)
    excess = look.excess[suspicion.series, metric]
    is_known = look.evenings & np.isfinite(excess)
    usable = (is_known | _is_told(look, suspicion)) & look.evenings
    refused, refused_share = _refused(look, suspicion.series)
    slow = suspicion.is_dead | (is_known & is_slow(excess) & ~refused)
    is_established = bool(look.is_established[place])
    begin, end = _season(excess, usable, suspicion.is_dead, is_established)
    season = (np.arange(excess.size) >= begin) & (np.arange(excess.size) < end)
    answered = is_known & season & ~suspicion.is_dead & ~refused
    effect, is_of_slow = _claimed(
        look, suspicion.series, metric, (answered, slow), is_established
    )
    evenings = slow if is_established and slow.any() else usable
    shape = _shape(look, suspicion, evenings & ~refused, metric)
    window = None
    if not _is_dead_all_day(look, suspicion):
        window = find_window(shape, look.home.table.grid.slot_min)
    case = Case(
        look=look,
        suspicion=suspicion,
        is_established=is_established,
        is_hill=bool(look.is_hill[place]),
        metric=metric,
        usable=usable,
        slow=slow,
        effect=effect,
        is_of_slow=is_of_slow,
        centre_log=typical(excess[answered & slow if is_of_slow else answered]),
        refused=refused,
        refused_share=refused_share,
        alone=None,
        sustained=None,
        named=_by_itself(look, place, pair_effect),
        dead_by_name=_by_itself(look, place, dead_legs),
        sending=sender_loss(look, suspicion.series),
        is_lossy=False,
        shown=None,
        onset=_onset(begin, usable),
        offset=_offset(end, usable),
        shape=shape,
        window=window,
    )
    return case if is_established else _otherwise(case, place, levels)


def _otherwise(case: Case, place: int, levels: Levels) -> Case:
    """The case by what is asked only where the evening shows nothing."""
    look, series = case.look, case.suspicion.series
    if case.dead_by_name is not None:
        return _by_dead(case, case.dead_by_name)
    if case.named is not None:
        return _by_name(case, case.named)
    bar = float(look.home.hosts.bars[place])
    if case.sending is not None and case.sending.is_enough(bar):
        return _by_sending(case, case.sending)
    lasting = sustained(look.home.table, levels, series, bar)
    if lasting is not None:
        slow = look.evenings & is_slow(np.nan_to_num(lasting.excess, nan=-1.0))
        return replace(
            case,
            sustained=lasting,
            metric=RATE,
            effect=lasting.estimate,
            centre_log=lasting.estimate.centre,
            shown=lasting.excess,
            slow=slow | case.suspicion.is_dead,
            onset=lasting.onset,
            offset=None,
        )
    alone = look.alone[place]
    if alone is None:
        return case
    return replace(
        case,
        alone=alone,
        metric=RATE,
        effect=alone.estimate,
        centre_log=alone.estimate.centre,
        shown=look.home.table.rise[series, RATE],
        slow=alone.slow,
    )


def _by_itself(
    look: Look, place: int, asked: Callable[[Sequence[PairValue]], OfName | None]
) -> OfName | None:
    """What its name shows elsewhere, if that is evidence whatever the rest shows."""
    name = look.home.table.grid.keys[look.targets[place].series].target
    shown = asked(look.pairs(name, Pair.NAME_AWAY))
    bar = float(look.home.hosts.bars[place])
    if shown is None or not shown.is_enough or shown.e_value < bar:
        return None
    return shown


def _by_dead(case: Case, dead: DeadLegs) -> Case:
    """The case by what died under its name: dead are the evenings on which it did."""
    grid = case.look.home.table.grid
    values = case.look.pairs(case.name, Pair.NAME_AWAY)
    had_blocks = [v.evening for v in values if v.phase is Phase.EVENING]
    is_dead = np.isin(grid.evening, dead.evenings) & case.look.evenings
    return replace(
        case,
        suspicion=replace(case.suspicion, is_dead=is_dead),
        effect=None,
        centre_log=float("nan"),
        usable=np.isin(grid.evening, had_blocks) & case.look.evenings,
        slow=is_dead,
        onset=None,
        offset=None,
    )


def _by_name(case: Case, effect: PairEffect) -> Case:
    """The case by its name alone: evenings are as costly as their blocks were."""
    days = case.look.home.table.grid.evening.tolist()
    shown = np.array([effect.by_evening.get(day, np.nan) for day in days])
    has_blocks = np.isfinite(shown) & case.look.evenings
    return replace(
        case,
        metric=RATE,
        effect=effect.cost,
        centre_log=effect.cost.centre,
        shown=shown,
        usable=has_blocks,
        slow=has_blocks & is_slow(np.nan_to_num(shown, nan=-1.0)),
        onset=None,
        offset=None,
    )


def _by_sending(case: Case, loss: SenderLoss) -> Case:
    """The case by what is lost on the way: as much longer as connections took then."""
    ordinary = case.look.excess[case.suspicion.series, DURATION]
    shown = np.where(loss.is_lossy, loss.excess, ordinary)
    estimate_ = mean_estimate(shown[loss.is_lossy])
    has_size = estimate_ is not None and is_above_one(estimate_.low)
    return replace(
        case,
        is_lossy=True,
        metric=DURATION,
        effect=estimate_ if has_size else None,
        centre_log=typical(shown[loss.is_lossy]),
        shown=shown,
        usable=loss.is_tried,
        slow=loss.is_lossy & is_slow(np.nan_to_num(shown, nan=-1.0)),
        onset=None,
        offset=None,
    )


def _claimed(
    look: Look,
    series: int,
    metric: int,
    chosen: tuple[Bools, Bools],
    is_established: bool,
) -> tuple[Estimate | None, bool]:
    """The effect that is claimed, and whether it is that of the slow evenings."""
    answered, slow = chosen
    whole = _effect(look, series, metric, answered)
    if not is_established or whole is None or is_above_one(whole.low):
        return whole, False
    return _effect(look, series, metric, answered & slow), True


def is_above_one(low_log: float) -> bool:
    """Whether a bound is printed as more than once."""
    return bool(round(float(np.exp(low_log)), 2) > 1.0)


def _refused(look: Look, series: int) -> tuple[Bools, float]:
    """Evenings on which the site mostly refused, and the share of refusals in all.

    Its pages or its transfers, whichever it refused more.
    """
    table = look.home.table
    grid, transfer = table.grid, table.grid.transfer
    ways = (
        (grid.refused[series], grid.n_rows[series]),
        (transfer.n_refused[series], transfer.n_rows[series]),
    )
    told = [_refused_of(table, look.evenings, *way) for way in ways]
    return told[0][0] | told[1][0], max(share for _, share in told)


def _refused_of(
    table: EveningTable, evenings: Bools, refused: Ints, rows: Ints
) -> tuple[Bools, float]:
    inside, rest = (
        _share(refused[:, slots].sum(axis=1), rows[:, slots].sum(axis=1))
        for slots in (table.in_window, table.in_rest)
    )
    is_refused = (inside >= _REFUSED_SHARE) & (inside > _REFUSED_MORE * rest)
    window = np.ix_(evenings, table.in_window)
    return is_refused & evenings, float(
        refused[window].sum() / max(1, rows[window].sum())
    )


def _share(part: Ints, whole: Ints) -> Floats:
    return np.asarray(part / np.maximum(whole, 1))


def _is_told(look: Look, suspicion: Suspicion) -> Bools:
    """Evenings with enough rounds of which something was measured, or failed."""
    is_measured = look.home.weights[suspicion.series].any()
    has_failed = look.home.table.grid.n_dead[suspicion.series].any()
    return suspicion.is_tried & bool(is_measured or has_failed)


def _reported_metric(look: Look, suspicion: Suspicion) -> int:
    """The weightiest metric that is evidence by itself; else the weightiest."""
    weights = look.home.weights[suspicion.series]
    order = [int(m) for m in np.argsort(-weights, kind="stable") if weights[m] > 0]
    if not order:
        return 0
    if suspicion.e_metric.max() < 1 / FALSE_DISCOVERY_RATE:
        return order[0]
    telling = suspicion.telling
    return next(m for m in order if m in telling)


def _effect(look: Look, series: int, metric: int, evenings: Bools) -> Estimate | None:
    """Mean excess; its interval holds what any two innocent sites differ by.

    And what the two laws of the busy hour differ by for this site: how it would have
    been without the slowdown is known no better than that.
    """
    contrast = look.contrast
    excess = look.excess[series, metric][evenings]
    if contrast.controls.size < 2 or not excess.size:
        return mean_estimate(excess)
    controls = look.excess[contrast.controls, metric][:, look.evenings]
    centres = [estimate(row[np.isfinite(row)]) for row in controls]
    finite = np.array([c.centre for c in centres if c is not None])
    if finite.size < 2:
        return mean_estimate(excess)
    n = max(1, int(np.isfinite(controls).sum(axis=-1).mean()))
    within = float(np.nanvar(controls)) / n
    between = max(0.0, float((finite**2).sum()) / (finite.size - 1) - within)
    by_law = [typical(x) for x in contrast.excess[:, series, metric][:, evenings]]
    laws = (by_law[0] - by_law[1]) ** 2 / 4
    few = few_values_factor(int(finite.size)) ** 2
    rho = min(max(lag_one(controls), 0.0), 0.8)
    return mean_estimate(excess, bias_sd=(few * between + laws) ** 0.5, rho=rho)


def _season(
    excess: Floats, usable: Bools, is_dead: Bools, is_established: bool
) -> tuple[int, int]:
    """Bounds of the slow stretch, as places among all evenings."""
    place = np.flatnonzero(usable)
    if not is_established or not place.size:
        return 0, excess.size
    values = np.where(is_dead, CEILING, np.nan_to_num(excess, nan=0.0))[place]
    begin, end = season(values)
    # A quiet evening at its ends belongs to the quiet time.
    slow = np.flatnonzero(is_slow(values[begin:end])) + begin
    if slow.size:
        begin = begin if begin == 0 else int(slow[0])
        end = end if end >= place.size else int(slow[-1]) + 1
    last = excess.size if end >= place.size else int(place[end])
    return (0 if begin == 0 else int(place[begin])), last


def _onset(begin: int, usable: Bools) -> int | None:
    return begin if usable[:begin].any() else None


def _offset(end: int, usable: Bools) -> int | None:
    if not usable[end:].any():
        return None
    return int(np.flatnonzero(usable[:end])[-1])


def _shape(look: Look, suspicion: Suspicion, evenings: Bools, metric: int) -> Floats:
    """Mean profile of some evenings over every metric that is slow then."""
    if suspicion.is_dead.sum() > evenings.sum() / 2:
        return _dead_shape(look, suspicion)
    table, series = look.home.table, suspicion.series
    controls = look.contrast.controls
    height = [typical(look.excess[series, m][evenings]) for m in range(len(METRICS))]
    least = max(SLOW_LOG, 0.5 * np.nan_to_num(height[metric]))
    chosen = [m for m in _PROFILE_METRICS if height[m] >= least] or [metric]
    bound = 1.5 * max(float(np.nan_to_num(height[metric])), SLOW_LOG)
    cells = [slot_excess(table, series, controls, look.fitted, m) for m in chosen]
    return profile(np.stack(cells), evenings, bound)


def _is_dead_all_day(look: Look, suspicion: Suspicion) -> bool:
    """Dead evenings whose days are dead too have no window."""
    share = look.home.table.dead_in_rest[suspicion.series][suspicion.is_dead]
    return bool(share.size) and mostly_failed(typical(share))


def _dead_shape(look: Look, suspicion: Suspicion) -> Floats:
    """Share of attempts without answer by slot of the dead evenings."""
    grid = look.home.table.grid
    rows = grid.n_rows[suspicion.series][suspicion.is_dead]
    dead = grid.n_dead[suspicion.series][suspicion.is_dead]
    n = rows.sum(axis=0)
    return np.where(n > 0, dead.sum(axis=0) / np.maximum(n, 1) - 0.1, np.nan)
