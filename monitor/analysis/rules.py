"""From a case to its verdict: contracts 5's table, rule by rule.

The order matters: what would accuse somebody is said only after everything that
explains the same numbers more simply was asked.
"""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.busyhour import SLOWER_LOG
from monitor.analysis.case import Case, is_above_one
from monitor.analysis.distance import full_way_abroad
from monitor.analysis.evalue import binomial_tail
from monitor.analysis.paired import PairEffect
from monitor.analysis.suspicion import TELLING_LOG
from monitor.evening_rule import CEILING, SLOW_LOG, SLOW_RATIO, is_slow, mostly_dead
from monitor.model import MechanismCheck
from monitor.reason import Reason, Value, measured
from monitor.series.columns import STAGES
from monitor.series.evening_table import typical
from monitor.series.rows import Bools, Floats

MIN_EVENINGS = 5
"""Fewer usable evenings say nothing, unless the evidence is already overwhelming."""
MIN_EVENINGS_TO_EXCLUDE = 10
MIN_CONTROLS_FOR_TARGETED = 3
_MOST_SLOW_SHARE = 0.3
"""Slow evenings that "no recurring slowdown" may still overlook (95 % upper bound)."""
_SOME_SHARE = 0.2
_MOSTLY = 0.5
_OPEN_LOG = float(np.log(1.5))
"""Above this excess common congestion is no answer, even where nothing is shown."""
_HIGH_GATEWAY_LOG = float(np.log(1.5))
_SERVICE = ("destination", "server", "bypass", "twin", "fingerprint")
"""Checks that point at the service or the path to it when they are -1."""
_SPECIFIC = (
    *("plateau", "cut_off", "edges", "bypass", "name_swap"),
    *("twin", "fingerprint", "name_away", "transport"),
)
"""Checks of which one at least must be +1 before interference is named: an overloaded
service, too, has a quick connect and a flat round trip."""
_BEYOND_THE_SERVICE = (
    *("synchrony", "bypass", "name_swap", "cut_off", "certificate"),
    *("twin", "fingerprint", "name_away"),
)
"""Checks of what no service can do to itself; one at least must be +1, too: a network
that is full at the same hours every night has edges and a plateau as well."""
_STRONG = ("twin", "fingerprint", "name_away")
"""Checks that make a verdict strong: neither the service, its network nor the line can
do what they show."""
_REFUSED_EVENINGS = 3
_MOST_OF_THEM_SLOW = 0.2
"""Share of slow or dead evenings above which nothing is cleared."""
_ONE_STAGE = 0.6
"""Share of the failures at one stage that makes them one thing."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict's name, its strength, and the rule that decided."""

    verdict: str
    reason: Reason
    strength: str | None = None


def rule(case: Case, checks: tuple[MechanismCheck, ...]) -> Ruling:
    """The verdict on one target."""
    if int(case.refused.sum()) >= _REFUSED_EVENINGS:
        return _refused(case)
    if case.is_established:
        return _established(case, checks)
    if case.named is not None:
        return _by_name(case, case.named)
    if case.sustained is not None:
        return _sustained(case)
    if case.alone is not None:
        return _alone(case)
    return _own_line(case) or _too_little(case) or _general(case) or _quiet(case)


def _refused(case: Case) -> Ruling:
    """The site itself refused: of the way to it nothing was learned."""
    return Ruling(
        "server_side" if case.is_established else "inconclusive",
        Reason(
            "refused",
            "In the window {share:.0%} of the answers were refusals under the site's "
            "own certificate, mostly so on {refused} of {usable} evenings; they tell "
            "nothing of the way to it.",
            {
                "share": case.refused_share,
                "refused": int(case.refused.sum()),
                "usable": case.n_usable,
            },
        ),
    )


def _sustained(case: Case) -> Ruling:
    lasting = case.sustained
    if lasting is None:  # pragma: no cover - asked for before
        raise ValueError("nothing lasts")
    day = case.look.home.table.dates()[lasting.onset].isoformat()
    values = {"day": day, "times": _times(lasting.estimate.centre)}
    if lasting.other_object:
        return Ruling(
            "inconclusive",
            Reason(
                "other_object",
                "Since {day:date} its transfers are {times:.2f} times slower at all "
                "hours, but another object is transferred since then, which explains "
                "that.",
                values,
            ),
        )
    return Ruling(
        "sustained_slowdown",
        Reason(
            "sustained",
            "Since {day:date} its transfers are {times:.2f} times slower than before "
            "at all hours, and the controls are not; the cause is open.",
            values,
        ),
    )


def _alone(case: Case) -> Ruling:
    return Ruling(
        "recurring_slowdown",
        Reason(
            "no_control_with_transfers",
            "Its transfers were slower in the window than in the rest of the day on "
            "{slow} of {usable} evenings; no control site is transferred from, so it "
            "may be this site or the whole line.",
            {"slow": case.n_slow, "usable": case.n_usable},
        ),
    )


def _established(case: Case, checks: tuple[MechanismCheck, ...]) -> Ruling:
    counts = {"slow": case.n_slow, "usable": case.n_usable}
    if case.n_controls == 0:
        return Ruling(
            "recurring_slowdown",
            Reason(
                "no_control",
                "Slower in the window than in the rest of the day on {slow} of "
                "{usable} evenings; no control site was measured, so it may be this "
                "site or the whole line.",
                counts,
            ),
        )
    if is_mostly_dead(case):
        return _dead(case)
    if case.effect is None or not is_above_one(case.effect.low):
        return Ruling(
            "inconclusive",
            Reason(
                "too_uneven",
                "Slower than the controls on {slow} of {usable} evenings, but so "
                "unevenly that a size cannot be given.",
                counts,
            ),
        )
    if case.named is not None:
        return _by_name(case, case.named)
    pointing = [c.check for c in checks if c.score < 0 and c.check in _SERVICE]
    score = sum(c.score for c in checks)
    if pointing:
        reason = Reason(
            "service_check",
            "Slower than the controls on {slow} of {usable} evenings, but "
            "{checks:checks} point to the service or the path to it.",
            {**counts, "checks": tuple(pointing)},
        )
        return Ruling("server_side", reason)
    if score <= -2:
        reason = Reason(
            "service_sum",
            "Slower than the controls on {slow} of {usable} evenings, but the checks "
            "in sum point to the service or the path to it.",
            counts,
        )
        return Ruling("server_side", reason)
    return _targeted(case, checks, score) or Ruling(
        "selective_slowdown",
        Reason(
            "cause_open",
            "Slower than the controls on {slow} of {usable} evenings; the cause is "
            "open.",
            counts,
        ),
    )


def _by_name(case: Case, effect: PairEffect) -> Ruling:
    """What a server that is not the service's shows, no server of it taking part."""
    is_targeted = case.n_controls >= MIN_CONTROLS_FOR_TARGETED
    return Ruling(
        "targeted_throttling" if is_targeted else "selective_slowdown",
        Reason(
            "by_name",
            "At a server that is not the service's, in an order drawn by coin, its "
            "name alone made transfers {times:.2f} times slower in the window: {above} "
            "of {n} blocks on {evenings} evenings, odds against chance {odds:.3g} to "
            "1.",
            {
                "times": _times(effect.cost.centre),
                "above": effect.n_above,
                "n": effect.n,
                "evenings": len(effect.by_evening),
                "odds": float(f"{effect.e_value:.3g}"),
            },
        ),
        "strong" if is_targeted else None,
    )


def _targeted(
    case: Case, checks: tuple[MechanismCheck, ...], score: int
) -> Ruling | None:
    plus = {c.check for c in checks if c.score > 0}
    is_specific = any(check in plus for check in _SPECIFIC)
    is_specific = is_specific and any(check in plus for check in _BEYOND_THE_SERVICE)
    if case.n_controls < MIN_CONTROLS_FOR_TARGETED or score < 2 or not is_specific:
        return None
    return Ruling(
        "targeted_throttling",
        Reason(
            "interference",
            "Slower than {controls} controls on {slow} of {usable} evenings, and "
            "{checks:checks} point to interference on the way.",
            {
                "controls": case.n_controls,
                "slow": case.n_slow,
                "usable": case.n_usable,
                "checks": tuple(sorted(plus)),
            },
        ),
        # From one home nothing tells the provider from the home's own router: every
        # accusing verdict says so.
        "strong" if any(check in plus for check in _STRONG) else "likely",
    )


def is_mostly_dead(case: Case) -> bool:
    """Dead on at least half of the affected evenings, by evidence of their own."""
    if not case.suspicion.is_dead_enough:
        return False
    affected = case.slow | case.suspicion.is_dead
    return mostly_dead(case.n_dead, int((affected & case.usable).sum()))


def _dead(case: Case) -> Ruling:
    stage, share = dead_stage(case)
    values: dict[str, Value] = {
        "dead": case.n_dead,
        "usable": case.n_usable,
        "share": share,
        "stage": stage,
    }
    if stage == "resolve" and share >= _ONE_STAGE:
        return Ruling(
            "resolver_blocking",
            Reason(
                "resolver",
                "On {dead} of {usable} evenings the resolver that this home uses gave "
                "no true answer for this site in the window, while it served the "
                "controls; {share:.0%} of the failures were of that kind. Whether that "
                "is a filter of the home's own or the provider's is not shown.",
                values,
            ),
        )
    is_targeted = case.n_controls >= MIN_CONTROLS_FOR_TARGETED and share >= _ONE_STAGE
    verdict = "targeted_blocking" if is_targeted else "selective_slowdown"
    if case.suspicion.is_cut.sum() * 2 > case.n_dead:
        return Ruling(
            verdict,
            Reason(
                "transfers_dead_at_one_stage" if is_targeted else "transfers_dead",
                "No transfer was answered in the window on {dead} of {usable} evenings "
                "while the controls' were well; the pages came. {share:.0%} of the "
                "failures at the stage {stage:stage}.",
                values,
            ),
        )
    return Ruling(
        verdict,
        Reason(
            "dead_at_one_stage" if is_targeted else "dead",
            "No answer in the window on {dead} of {usable} evenings while the controls "
            "were well; {share:.0%} of the failures at the stage {stage:stage}.",
            values,
        ),
    )


def dead_stage(case: Case) -> tuple[str, float]:
    """The stage at which most attempts of the dead evenings failed, and its share."""
    table, of = case.look.home.table, case.suspicion
    is_cut = of.is_cut.sum() * 2 > of.is_dead.sum()
    stages = table.grid.transfer.stage if is_cut else table.grid.stage
    codes = stages[of.series][of.is_dead][:, table.in_window]
    codes = codes[codes >= 0]
    if not codes.size:
        return "unknown", 0.0
    counts = np.bincount(codes)
    best = int(np.argmax(counts))
    return STAGES[best] or "not recorded", float(counts[best] / codes.size)


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
            "times": None if case.effect is None else _times(case.centre_log),
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
    return _times(case.effect.high)


def _times(log_ratio: float) -> float | None:
    return measured(np.exp(log_ratio), 2)
