"""Checks by pairs: whose name, which way; and what they say together.

A name that costs nothing extra is no evidence for anybody: what an address or a server
does looks the same under every name. So none of these counts against, but a way that is
shown to be as slow.
"""

from collections.abc import Iterator

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.checks import made, times, unmade
from monitor.analysis.pair_figures import few_calm, figures
from monitor.analysis.paired import (
    ENOUGH,
    LEAST_CALM,
    LEAST_LOG,
    PairEffect,
    has_residue,
    pair_effect,
    residue_log,
    sign_e_value,
)
from monitor.analysis.transport_check import told_transport, transport
from monitor.model import MechanismCheck
from monitor.pair_rule import RESIDUE_BLOCKS
from monitor.reason import Reason
from monitor.series.pairs import Pair, PairValue, Phase
from monitor.wallclock import numbered_day


def check_of(case: Case, pair: Pair) -> MechanismCheck | None:
    """The check that a pair makes of a case; None without any such pair."""
    values = case.look.pairs(case.name, pair)
    if not values:
        return None
    if pair is Pair.WAY:
        return _by_way(case, values)
    effect = pair_effect(values)
    if effect is None:
        return unmade(Reason(pair, "no blocks in the window"))
    if effect.n_calm < LEAST_CALM:
        return unmade(few_calm(pair, effect))
    return made(int(effect.is_enough), _figure(pair, effect))


def residue(case: Case) -> MechanismCheck | None:
    """Whether the neutral server's address stays slow after the suspected name."""
    values = case.look.pairs(case.name, Pair.NAME_AWAY)
    height, n = residue_log(values)
    if n < RESIDUE_BLOCKS:
        return None
    figure = Reason(
        "residue",
        "under its own name the neutral server was {times:factor} slower after the "
        "site's name than before it, {n} blocks; what stays hides a part of the cost",
        {"times": times(height), "n": n},
    )
    return made(int(has_residue(values)), figure)


def pair_checks(case: Case) -> Iterator[MechanismCheck]:
    """The checks that exist only where there are pairs."""
    for check in (
        check_of(case, Pair.NAME_AWAY),
        transport(case),
        residue(case),
    ):
        if check is not None:
            yield check


def told_pairs(case: Case) -> Iterator[Reason]:
    """What the blocks show of the name, and what follows, in words."""
    for pair in (Pair.NAME_SWAP, Pair.NAME_AWAY):
        effect = pair_effect(case.look.pairs(case.name, pair))
        if effect is not None and effect.n > 1:  # one block has no interval
            yield _told(pair, effect)
            yield from _limits(effect)
    yield from _cause(case)
    if _shown(case, Pair.NAME_AWAY):
        yield from _how_to_read()
    yield from told_transport(case)


def _told(pair: Pair, effect: PairEffect) -> Reason:
    if pair is Pair.NAME_SWAP:
        return Reason(
            "blocks",
            "At the service's own server its name cost {times:.2f} times (95 %: "
            "{low:.2f} to {high:.2f}); {above} of {n} blocks, {evenings} evenings; "
            "odds against chance {odds:.3g} to 1.",
            figures(effect),
        )
    return Reason(
        "blocks",
        "At a server that is not the service's its name cost {times:.2f} times (95 %: "
        "{low:.2f} to {high:.2f}); {above} of {n} blocks, {evenings} evenings; odds "
        "against chance {odds:.3g} to 1.",
        figures(effect),
    )


def _how_to_read() -> Iterator[Reason]:
    """What was done, what the odds mean, and what is not excluded."""
    yield Reason(
        "proof",
        "A block is some transfers one after the other, within a minute or so: of one "
        "file at that server under its own name and the site's, and where the site has "
        "a file, of that one at the site's server under its own name and another. "
        "Which name came first was drawn by coin each time.",
    )
    yield Reason(
        "proof",
        "The odds are of a bet that gains nothing on average where the name makes no "
        "difference, whatever the line does meanwhile; they are no probability that "
        "somebody slows it.",
    )
    yield Reason(
        "proof",
        "It is not excluded that the other server itself is slow to this name in the "
        "window alone; and who does it, and why, is not shown.",
    )


def _limits(effect: PairEffect) -> Iterator[Reason]:
    if effect.n_before:
        yield Reason(
            "blocks",
            "That is counted from {day:date} on, when it was strongest, for which the "
            "odds have paid; before that there were {n} blocks.",
            {"day": numbered_day(effect.since).isoformat(), "n": effect.n_before},
        )
    if effect.n_calm < LEAST_CALM:
        yield few_calm("blocks", effect)
    elif effect.is_calm_alike:
        yield Reason(
            "blocks",
            "Out of the window the name costs {calm:.2f} times there: the server "
            "itself treats it so, or it is slowed at all hours.",
            {"calm": times(effect.calm_log)},
        )
    elif not effect.is_shown:
        yield Reason("blocks", "That is no effect of the name that could be shown.")


def _cause(case: Case) -> Iterator[Reason]:
    """The table of causes, in words."""
    swap = _shown(case, Pair.NAME_SWAP)
    away = _shown(case, Pair.NAME_AWAY)
    if swap is None or away is None:
        return
    if swap and away:
        yield Reason("cause", "So it goes with this name, at both servers.")
    elif swap:
        yield Reason(
            "cause",
            "So it goes with this name towards this address, or by the server itself.",
        )
    elif away:
        yield Reason(
            "cause",
            "So it goes with this name elsewhere; at the service's own server it was "
            "not shown.",
        )
    elif case.is_established:
        yield _without_a_name(_way_score(case))


def _without_a_name(way: int) -> Reason:
    if way > 0:
        return Reason(
            "cause",
            "So it is not shown to be done by name; by another way it is fast, which "
            "leaves this address or the route to it.",
        )
    if way < 0:
        return Reason(
            "cause",
            "So it is not shown to be done by name, and by another way it is as slow, "
            "which leaves the service itself.",
        )
    return Reason(
        "cause",
        "So it is not shown to be done by name; whether it is the address, the route "
        "or the service is open.",
    )


def _way_score(case: Case) -> int:
    check = check_of(case, Pair.WAY)
    return 0 if check is None else check.score


def _shown(case: Case, pair: Pair) -> bool | None:
    """Whether a pair shows a cost of the name; None where it cannot be said."""
    effect = pair_effect(case.look.pairs(case.name, pair))
    if effect is None or effect.n_calm < LEAST_CALM or effect.is_calm_alike:
        return None
    return effect.is_shown


def _by_way(case: Case, values: list[PairValue]) -> MechanismCheck:
    """Slow directly and fast by another way in the same minute, or as slow by it."""
    effect = pair_effect(values)
    if effect is None:
        return unmade(Reason("bypass", "no blocks in the window"))
    if effect.n_calm < LEAST_CALM:
        return unmade(few_calm("bypass", effect))
    if effect.is_enough:
        return made(1, _figure(Pair.WAY, effect))
    is_same = _is_within(values) and not _is_way_slow(case)
    return made(-1 if is_same else 0, _figure(Pair.WAY, effect))


def _is_within(values: list[PairValue]) -> bool:
    """Whether the way helps by less than 1.3 times, by evidence."""
    costs = [v.cost_log for v in values if v.phase is Phase.EVENING]
    n_below = sum(cost < LEAST_LOG for cost in costs)
    return sign_e_value(n_below, len(costs)) >= ENOUGH


def _is_way_slow(case: Case) -> bool:
    """Whether the way slows the controls, too: then it says nothing of the site."""
    controls = case.look.contrast.controls
    keys = case.look.home.table.grid.keys
    costs = [
        value.cost_log
        for place in controls
        for value in case.look.pairs(keys[int(place)].target, Pair.WAY)
        if value.phase is Phase.EVENING
    ]
    return not costs or float(np.median(costs)) <= -LEAST_LOG


def _figure(pair: Pair, effect: PairEffect) -> Reason:
    return Reason(
        pair,
        "{times:factor} (95 %: {low:factor} to {high:factor}), {above} of {n} blocks "
        "above what the calm lets expect ({calm:factor}), {evenings} evenings, odds "
        "against chance {odds:.3g} to 1",
        figures(effect),
    )
