"""The rules where nothing is established: what explains it, and what is ruled out."""

import numpy as np

from monitor.analysis.busyhour import SLOWER_LOG
from monitor.analysis.case import Case
from monitor.analysis.checks import times
from monitor.analysis.distance import full_way_abroad
from monitor.analysis.evalue import binomial_tail
from monitor.analysis.ruling import MIN_EVENINGS, Ruling
from monitor.analysis.suspicion import TELLING_LOG
from monitor.evening_rule import CEILING, SLOW_LOG, SLOW_RATIO, is_slow
from monitor.reason import Reason, measured
from monitor.series.evening_table import typical
from monitor.series.rows import Bools, Floats

MIN_EVENINGS_TO_EXCLUDE = 10
_MOST_SLOW_SHARE = 0.3
"""Slow evenings that "no recurring slowdown" may still overlook (95 % upper bound)."""
_SOME_SHARE = 0.2
_MOSTLY = 0.5
_OPEN_LOG = float(np.log(1.5))
"""Above this excess common congestion is no answer, even where nothing is shown."""
_HIGH_GATEWAY_LOG = float(np.log(1.5))
_MOST_OF_THEM_SLOW = 0.2
"""Share of slow or dead evenings above which nothing is cleared."""


def unestablished(case: Case) -> Ruling:
    """The verdict where the samples show no slowness of this target alone."""
    return _own_line(case) or _too_little(case) or _general(case) or _quiet(case)


def _own_line(case: Case) -> Ruling | None:
    """The household's own traffic or its own router explains the evenings."""
    table, evenings = case.look.home.table, case.look.evenings
    loaded = evenings & (table.load_share >= 0.5)
    n = int(loaded.sum())
    if table.rise_with_load is not None and n >= MIN_EVENINGS:
        rise = table.rise_with_load[case.suspicion.series][:, loaded]
        if _tested_median(case, rise) >= TELLING_LOG and n >= case.n_usable / 2:
            return Ruling(
                "own_line",
                Reason(
                    "own_load",
                    "On {loaded} evenings the household itself used much of its line, "
                    "and the site was slow then; {usable} evenings without that show "
                    "no slowness of this site beyond the controls.",
                    {"loaded": n, "usable": case.n_usable},
                ),
            )
    gateway = table.gateway_rise[evenings]
    n_known = int(np.isfinite(gateway).sum())
    if n_known < MIN_EVENINGS or typical(gateway) < _HIGH_GATEWAY_LOG:
        return None
    if _tested_median(case, _rises(case)) < TELLING_LOG:
        return None
    return Ruling(
        "own_line",
        Reason(
            "own_gateway",
            "The round trip to the home's own gateway is {times:.1f} times longer in "
            "the window.",
            {"times": measured(np.exp(typical(gateway)), 1)},
        ),
    )


def _rises(case: Case) -> Floats:
    table = case.look.home.table
    return np.asarray(table.rise[case.suspicion.series][:, case.look.evenings])


def _slow(case: Case) -> Bools:
    """Which of the look's evenings were slow."""
    return np.asarray(case.slow[case.look.evenings])


def _tested_median(case: Case, rise: Floats) -> float:
    """Largest median over the tested metrics, of shape (M, n)."""
    best = float("-inf")
    for m in np.flatnonzero(case.look.home.weights[case.suspicion.series]):
        best = max(best, float(np.nan_to_num(typical(rise[m]), nan=best)))
    return best


def _too_little(case: Case) -> Ruling | None:
    if case.n_usable >= MIN_EVENINGS:
        return None
    return Ruling(
        "insufficient_data",
        Reason(
            "few_evenings",
            "Usable evenings: {usable}; at least {needed} are needed.",
            {"usable": case.n_usable, "needed": MIN_EVENINGS},
        ),
    )


def _general(case: Case) -> Ruling | None:
    """Targets and controls slow together, on most evenings or on some."""
    if case.n_controls == 0 or case.effect is None:
        return None
    if (abroad := full_way_abroad(case)) is not None:
        return Ruling("general_congestion", abroad)
    if case.is_hill:
        return _hill(case)
    if case.effect.centre >= _OPEN_LOG:
        return None
    contrast = case.look.contrast
    rises = _rises(case)
    for m in np.flatnonzero(case.look.home.weights[case.suspicion.series]):
        common = contrast.common[m][case.look.evenings]
        if _is_together(rises[m], common):
            return Ruling("general_congestion", _common_busy_hour(case, common))
    return None


def _hill(case: Case) -> Ruling:
    """Slower than the controls, with the shape of a busy hour."""
    if _tested_median(case, _rises(case)[:, _slow(case)]) < SLOWER_LOG:
        return Ruling(
            "inconclusive",
            Reason(
                "quicker_controls",
                "It is slower than the controls only because they are quicker in the "
                "window than by day; by itself it is not slower than in the rest of "
                "its day.",
            ),
        )
    if not _is_common(case):
        return Ruling(
            "inconclusive",
            Reason(
                "own_busy_hour",
                "It is slower than the controls in the window, but that comes and goes "
                "gently, without the edges of something that is switched on and off: "
                "it may be a busy hour of its own.",
            ),
        )
    return Ruling(
        "general_congestion",
        Reason(
            "felt_busy_hour",
            "Controls are slow in the window too. This site is slower than they "
            "are, but its evenings have the shape of the common busy hour: it may "
            "only feel that more.",
        ),
    )


def _common_busy_hour(case: Case, common: Floats) -> Reason:
    times, bound = measured(np.exp(typical(common)), 2), _bound(case)
    if bound is None:
        return Reason(
            "common_busy_hour",
            "Controls are slow in the window too: they take {times:.2f} times as long "
            "as in the rest of the day. Beyond them this site is at most any factor "
            "slower.",
            {"times": times},
        )
    return Reason(
        "common_busy_hour",
        "Controls are slow in the window too: they take {times:.2f} times as long as "
        "in the rest of the day. Beyond them this site is at most {bound:.2f} times "
        "slower.",
        {"times": times, "bound": bound},
    )


def _is_common(case: Case) -> bool:
    """Whether the controls rose, too, on the evenings on which the site was slow."""
    common = case.look.contrast.common[case.suspicion.telling][:, case.slow]
    return any(typical(rise) >= SLOWER_LOG for rise in common)


def _is_together(rise: Floats, common: Floats) -> bool:
    both = np.isfinite(rise) & np.isfinite(common)
    if both.sum() < MIN_EVENINGS:
        return False
    rise, common = rise[both], common[both]
    if np.median(rise) >= SLOW_LOG and np.median(common) >= SLOW_LOG:
        return True
    n_slow = int(is_slow(rise).sum())
    n_shared = int((is_slow(rise) & is_slow(common)).sum())
    is_some = n_shared >= max(3, _SOME_SHARE * rise.size)
    return is_some and n_shared >= 0.8 * n_slow


def _quiet(case: Case) -> Ruling:
    bound, n = _bound(case), case.n_usable
    if _is_excluded(case):
        return Ruling("no_recurring_slowdown", _excluded(case, bound))
    if bound is None:
        reason = Reason(
            "open",
            "{usable} evenings neither show nor exclude a recurring slowdown; it could "
            "be up to any factor.",
            {"usable": n},
        )
        return Ruling("inconclusive", reason)
    reason = Reason(
        "open",
        "{usable} evenings neither show nor exclude a recurring slowdown; it could be "
        "up to {bound:.2f} times.",
        {"usable": n, "bound": bound},
    )
    return Ruling("inconclusive", reason)


def _excluded(case: Case, bound: float | None) -> Reason:
    return Reason(
        "excluded",
        "{usable} evenings: typically {times:.2f} times as slow as the rest of the "
        "day, at most {bound:.2f} times; slow evenings: {slow}.",
        {
            "usable": case.n_usable,
            "times": None if case.effect is None else times(case.centre_log),
            "bound": bound,
            "slow": case.n_slow,
        },
    )


def _is_excluded(case: Case) -> bool:
    """Whether what is printed rules a slowdown out."""
    bound, n = _bound(case), case.n_usable
    if bound is None or bound >= SLOW_RATIO or n < MIN_EVENINGS_TO_EXCLUDE:
        return False
    if int((case.slow & case.usable).sum()) >= _MOST_OF_THEM_SLOW * n:
        return False
    sigma = case.look.sigma_log[case.suspicion.series, case.metric]
    height = max(SLOW_LOG, 2.0 * sigma)
    with np.errstate(invalid="ignore"):
        n_high = int((case.excess[case.usable] > height).sum()) + case.n_dead
    return share_bound(n_high, n) < _MOST_SLOW_SHARE and not _hides_short_window(case)


def _hides_short_window(case: Case) -> bool:
    """Whether a part of the window, too short to move its median, is clearly slow."""
    if case.window is None or case.window.level_log < SLOW_LOG:
        return False
    inside = case.look.home.table.in_window[
        case.window.start_slot : case.window.end_slot
    ]
    return bool(inside.mean() >= _MOSTLY)


def share_bound(k: int, n: int) -> float:
    """One-sided 95 % upper bound of a share (Clopper-Pearson), by bisection."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if binomial_tail(k, n, middle) > 0.05 else (low, middle)
        )
    return high


def _bound(case: Case) -> float | None:
    """How many times slower it may be, nothing where any factor is possible."""
    if case.effect is None or case.effect.high >= CEILING:
        return None
    return times(case.effect.high)
