"""From a case to its verdict: contracts 5's table, rule by rule.

The order matters: what would accuse somebody is said only after everything that
explains the same numbers more simply was asked.
"""

import numpy as np

from monitor.analysis.case import Case, is_above_one
from monitor.analysis.checks import times
from monitor.analysis.dead_legs import DeadLegs
from monitor.analysis.pair_figures import dead_figures, odds
from monitor.analysis.paired import PairEffect
from monitor.analysis.ruling import Ruling
from monitor.analysis.sender_loss import SenderLoss
from monitor.analysis.unestablished import unestablished
from monitor.evening_rule import mostly_dead
from monitor.model import MechanismCheck
from monitor.reason import Reason, Value
from monitor.series.columns import STAGES
from monitor.series.evening_table import COARSEST_EDGE_MIN

MIN_CONTROLS_FOR_TARGETED = 3
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
STRONG_CHECKS = ("twin", "fingerprint", "name_away")
"""Checks that make a verdict strong: neither the service, its network nor the line can
do what they show."""
_REFUSED_EVENINGS = 3
_ONE_STAGE = 0.6
"""Share of the failures at one stage that makes them one thing."""


def rule(case: Case, checks: tuple[MechanismCheck, ...]) -> Ruling:
    """The verdict on one target."""
    if int(case.refused.sum()) >= _REFUSED_EVENINGS:
        return _refused(case)
    if case.is_established:
        return _established(case, checks)
    if case.dead_by_name is not None:
        return _dead_by_name(case, case.dead_by_name)
    if case.named is not None:
        return _by_name(case, case.named)
    if case.is_lossy and case.sending is not None:
        return _lossy(case.sending)
    if case.sustained is not None:
        return _sustained(case)
    if case.alone is not None:
        return _alone(case)
    return unestablished(case)


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
    values = {"day": day, "times": times(lasting.estimate.centre)}
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


def _lossy(loss: SenderLoss) -> Ruling:
    """Half of the connections are as quick as ever; what they sent tells."""
    return Ruling(
        "selective_slowdown",
        Reason(
            "lost_on_the_way",
            "What this home sends to it is lost on the way: in the window {share:.0%} "
            "of the connections had to send something again, out of it {rest:.0%}, "
            "the controls' {controls:.0%}; beyond chance on {lossy} of {tried} "
            "evenings. The cause is open.",
            loss.values,
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
    is_dead = is_mostly_dead(case)
    if case.dead_by_name is not None and (is_dead or case.named is None):
        return _dead_by_name(case, case.dead_by_name)
    if is_dead:
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
    checks = _explained(checks)
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


def _explained(checks: tuple[MechanismCheck, ...]) -> tuple[MechanismCheck, ...]:
    """The checks but one: a server waits for a request that is lost on the way."""
    is_lost = any(c.check == "sender_loss" and c.score > 0 for c in checks)
    return tuple(c for c in checks if not (is_lost and c.check == "server"))


def _dead_by_name(case: Case, dead: DeadLegs) -> Ruling:
    """What a server that is not the service's shows: under the name nothing comes."""
    is_targeted = case.n_controls >= MIN_CONTROLS_FOR_TARGETED
    return Ruling(
        "targeted_blocking" if is_targeted else "selective_slowdown",
        Reason(
            "dead_by_name",
            "At a server that is not the service's, in an order drawn by coin, {dead} "
            "of {n} transfers under its name got no answer in the window or were "
            "broken off, {other} of {n} under that server's own: {above} of {blocks} "
            "blocks on {evenings} evenings, odds against chance {odds:.3g} to 1.",
            dead_figures(dead),
        ),
        "strong" if is_targeted else None,
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
                "times": times(effect.cost.centre),
                "above": effect.n_above,
                "n": effect.n,
                "evenings": len(effect.by_evening),
                "odds": odds(effect.e_value),
            },
        ),
        "strong" if is_targeted else None,
    )


def _targeted(
    case: Case, checks: tuple[MechanismCheck, ...], score: int
) -> Ruling | None:
    plus = {c.check for c in checks if c.score > 0}
    is_specific = any(check in plus for check in _SPECIFIC) and _has_witness(case, plus)
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
        "strong" if any(check in plus for check in STRONG_CHECKS) else "likely",
    )


def _has_witness(case: Case, plus: set[str]) -> bool:
    """Whether there is one thing that no service can do to itself.

    Everybody's busy hour is the same, so that two networks may well be full together.
    In step with another site counts where it begins and ends as if switched, seen by
    rounds that show edges.
    """
    if plus.intersection(_BEYOND_THE_SERVICE) - {"synchrony"}:
        return True
    can_see = case.look.home.table.grid.slot_min <= COARSEST_EDGE_MIN
    return can_see and {"synchrony", "edges"} <= plus


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
