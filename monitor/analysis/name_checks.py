"""Checks by pairs: whose name, which way; and what they say together.

A name that costs nothing extra is no evidence for anybody: what an address or a server
does looks the same under every name. So none of these counts against, but a way that is
shown to be as slow.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.checks import made, times, unmade
from monitor.analysis.dead_legs import DeadLegs, dead_legs
from monitor.analysis.odd_certificates import OddCertificates, odd_certificates
from monitor.analysis.onset_bets import ENOUGH
from monitor.analysis.pair_figures import dead_figures, few_calm, figures, odds
from monitor.analysis.paired import (
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
from monitor.reason import Reason, Value
from monitor.series.pairs import Pair, PairValue, Phase
from monitor.wallclock import numbered_day

_OF_NAMES: Final = (Pair.NAME_SWAP, Pair.NAME_AWAY)


def check_of(case: Case, pair: Pair) -> MechanismCheck | None:
    """The check that a pair makes of a case; None without any such pair."""
    values = case.look.pairs(case.name, pair)
    if not values:
        return None
    dead = dead_legs(values)
    if dead is not None and dead.is_enough:
        return made(1, _figure_of_dead(pair, dead))
    effect = pair_effect(values)
    if effect is None:
        return _without_cost(pair, dead)
    if effect.n_calm < LEAST_CALM:
        return unmade(few_calm(pair, effect))
    if effect.is_enough or pair is not Pair.WAY:
        return made(int(effect.is_enough), _figure(pair, effect))
    is_same = _is_within(values) and not _is_way_slow(case)
    return made(-1 if is_same else 0, _figure(pair, effect))


def _without_cost(pair: Pair, dead: DeadLegs | None) -> MechanismCheck:
    """No leg on one of the sides lived, or there was none."""
    if dead is None:
        return unmade(Reason(pair, "no blocks in the window"))
    return made(0, _figure_of_dead(pair, dead))


def residue(case: Case) -> MechanismCheck | None:
    """Whether the neutral server's address stays slow after the suspected name."""
    values = case.look.pairs(case.name, Pair.NAME_AWAY)
    height, n = residue_log(values)
    if n < RESIDUE_BLOCKS:
        return None
    shown = {"times": times(height), "n": n}
    if not has_residue(values):
        return made(
            0,
            Reason(
                "residue",
                "under its own name the neutral server took {times:factor} as long "
                "after the site's name as before it, {n} blocks",
                shown,
            ),
        )
    figure = Reason(
        "residue",
        "under its own name the neutral server took {times:factor} as long after the "
        "site's name as before it, {n} blocks; only first legs are counted",
        shown,
    )
    return made(1, figure)


def pair_checks(case: Case) -> Iterator[MechanismCheck]:
    """The checks that exist only where there are pairs."""
    for check in (
        check_of(case, Pair.NAME_AWAY),
        transport(case),
        residue(case),
    ):
        if check is not None:
            yield check


def told_pairs(case: Case, rule: str) -> Iterator[Reason]:
    """What the blocks show of the name, and what follows, in words.

    Parameters
    ----------
    rule : of the verdict, which may have told the same.
    """
    for pair in _OF_NAMES:
        values = case.look.pairs(case.name, pair)
        dead, effect = dead_legs(values), pair_effect(values)
        if (pair, rule) != (Pair.NAME_AWAY, "dead_by_name"):
            yield from _told_dead(pair, dead)
        is_blocked = dead is not None and dead.is_shown
        # one block has no interval; where most died, the others need not be slow
        if effect is not None and effect.n > 1 and (effect.is_shown or not is_blocked):
            yield _told(pair, effect)
            yield from _limits(effect)
        yield from _told_odd(pair, odd_certificates(values))
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


def _told_dead(pair: Pair, dead: DeadLegs | None) -> Iterator[Reason]:
    """Transfers that died under its name, where that is more than chance."""
    if dead is None or not (dead.is_shown or dead.is_calm_alike):
        return
    if pair is Pair.NAME_SWAP:
        yield Reason(
            "blocks",
            "At the service's own server {dead} of {n} transfers under its name got no "
            "answer or were broken off, {other} of {n} under another name; {above} of "
            "{blocks} blocks, {evenings} evenings; odds against chance {odds:.3g} to "
            "1.",
            dead_figures(dead),
        )
    else:
        yield Reason(
            "blocks",
            "At a server that is not the service's {dead} of {n} transfers under its "
            "name got no answer or were broken off, {other} of {n} under that server's "
            "own name; {above} of {blocks} blocks, {evenings} evenings; odds against "
            "chance {odds:.3g} to 1.",
            dead_figures(dead),
        )
    if dead.is_calm_alike:
        yield Reason(
            "blocks",
            "Out of the window {calm_dead} of {n_calm} such transfers died, too: the "
            "server itself does not answer to this name, or it is blocked at all "
            "hours.",
            dead_figures(dead),
        )


def _told_odd(pair: Pair, odd: OddCertificates | None) -> Iterator[Reason]:
    """Certificates that only the name is shown, and only in the window."""
    if odd is None or not odd.is_shown:
        return
    if pair is Pair.NAME_SWAP:
        yield Reason(
            "blocks",
            "At the service's own address {odd} of {n} transfers under its name were "
            "shown a certificate of an authority that is never shown there out of the "
            "window, {other} of {n} under another name; odds against chance {odds:.3g} "
            "to 1. Somebody in between answered.",
            _odd_figures(odd),
        )
    else:
        yield Reason(
            "blocks",
            "At a server that is not the service's {odd} of {n} transfers under its "
            "name were shown a certificate of an authority that is never shown there "
            "out of the window, {other} of {n} under that server's own name; odds "
            "against chance {odds:.3g} to 1. Somebody in between answered.",
            _odd_figures(odd),
        )


def _odd_figures(odd: OddCertificates) -> dict[str, Value]:
    return {
        "odd": odd.n_odd,
        "n": odd.n,
        "other": odd.n_other_odd,
        "odds": odds(odd.e_value),
    }


def odd_check(case: Case) -> MechanismCheck | None:
    """The check of certificates by blocks; None where they do not tell."""
    for pair in _OF_NAMES:
        odd = odd_certificates(case.look.pairs(case.name, pair))
        if odd is not None and odd.is_enough:
            figure = Reason(
                "certificate",
                "in blocks {odd} of {n} transfers under its name were shown an issuer "
                "that is never shown out of the window, {other} of {n} under the other "
                "name",
                _odd_figures(odd),
            )
            return made(1, figure)
    return None


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
        "somebody interferes, and above a million they are told as a million.",
    )
    yield Reason(
        "proof",
        "It is not excluded that the other server itself treats this name otherwise in "
        "the window alone; and who does it, and why, is not shown.",
    )


def _limits(effect: PairEffect) -> Iterator[Reason]:
    if effect.is_by_first:
        yield Reason(
            "blocks",
            "Only the first transfer of each block is counted: after the site's name "
            "that server stays slow under its own, too.",
        )
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
    """Whether a pair shows something of the name; None where it cannot be said."""
    values = case.look.pairs(case.name, pair)
    dead = dead_legs(values)
    if dead is not None and dead.is_shown:
        return True
    effect = pair_effect(values)
    if effect is None or effect.is_calm_alike:
        return None
    if effect.n_calm < LEAST_CALM:
        # what costs nothing in the window needs no calm to be held against
        return False if effect.cost.high < LEAST_LOG else None
    return effect.is_shown


def _is_within(values: list[PairValue]) -> bool:
    """Whether the way helps by less than 1.3 times, by evidence.

    What died by the way alone is no slowness of the site's: the way is dead, or the
    site answers nobody at its end.
    """
    costs = [
        v.leaning_log
        for v in values
        if v.phase is Phase.EVENING and v.n_other_dead <= v.n_suspected_dead
    ]
    # both dead: not a number, and the way is no help
    n_below = sum(not cost >= LEAST_LOG for cost in costs)
    return sign_e_value(n_below, len(costs)) >= ENOUGH


def _is_way_slow(case: Case) -> bool:
    """Whether the way slows the controls, too: then it says nothing of the site."""
    controls = case.look.contrast.controls
    keys = case.look.home.table.grid.keys
    costs = [
        value.leaning_log
        for place in controls
        for value in case.look.pairs(keys[int(place)].target, Pair.WAY)
        if value.phase is Phase.EVENING and not np.isnan(value.leaning_log)
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


def _figure_of_dead(pair: Pair, dead: DeadLegs) -> Reason:
    if pair is Pair.WAY:
        return Reason(
            pair,
            "directly {dead} of {n} transfers died, by the way {other}; out of the "
            "window {calm_dead} of {n_calm}; {evenings} evenings, odds against chance "
            "{odds:.3g} to 1",
            dead_figures(dead),
        )
    return Reason(
        pair,
        "under its name {dead} of {n} transfers died, under the other {other}; out of "
        "the window {calm_dead} of {n_calm}; {evenings} evenings, odds against chance "
        "{odds:.3g} to 1",
        dead_figures(dead),
    )
