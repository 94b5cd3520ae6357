"""TCP beside QUIC: whether one is blocked or slow where the other is well.

What QUIC does to a site says nothing of the site's rows by TCP, which the verdict is
of. But where TCP is slow and QUIC is not, in the same rounds, neither line nor service
is short of anything; and where only QUIC suffers, somebody should hear of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.checks import made, unmade
from monitor.analysis.pair_figures import few_calm, figures
from monitor.analysis.paired import LEAST_CALM, LEAST_LOG, PairEffect, pair_effect
from monitor.model import MechanismCheck
from monitor.reason import Reason, Value
from monitor.series.pairs import Pair, PairValue, Phase

IsDead = Callable[[PairValue], bool]

_MOSTLY: Final = 0.5
_NEVER: Final = 0.9
_LEAST_PAIRS: Final = 10
"""Fewer are not called "at no hour"."""


class _Compared(NamedTuple):
    """The stronger direction, at half its odds: nobody said which is slower."""

    effect: PairEffect
    is_tcp_slower: bool


def _compared(values: Sequence[PairValue]) -> _Compared | None:
    of_tcp, of_quic = pair_effect(values), pair_effect(_turned(values))
    if of_tcp is None or of_quic is None:
        return None
    is_tcp = of_tcp.e_value >= of_quic.e_value
    best = of_tcp if is_tcp else of_quic
    return _Compared(replace(best, e_value=best.e_value / 2), is_tcp)


def transport(case: Case) -> MechanismCheck | None:
    """The check; None where the site was not asked over QUIC.

    +1 where TCP is the slower one, or QUIC is while that of the controls is well.
    """
    values = case.look.pairs(case.name, Pair.TRANSPORT)
    if not values:
        return None
    compared = _compared(values)
    if compared is None:
        return unmade(Reason(Pair.TRANSPORT, "no pairs in the window"))
    if compared.effect.n_calm < LEAST_CALM:
        return unmade(few_calm(Pair.TRANSPORT, compared.effect))
    is_theirs = compared.is_tcp_slower or _is_of_this_site(case)
    counts = compared.effect.is_enough and is_theirs
    return made(int(counts), _figure(values, compared))


def told_transport(case: Case) -> Iterator[Reason]:
    """What is to be told of it, whatever the verdict is."""
    values = case.look.pairs(case.name, Pair.TRANSPORT)
    if _never_answers(values):
        yield Reason(
            Pair.TRANSPORT,
            "QUIC gets no answer at any hour while TCP does ({dead} of {n} rounds): "
            "whoever drops it, your own router included, does so all day.",
            {"dead": _n(values, _is_quic_dead), "n": len(values)},
        )
        return
    compared = _compared(values)
    if compared is None or compared.effect.n_calm < LEAST_CALM:
        return
    if not compared.effect.is_shown:
        return
    yield _figure(values, compared)
    if not compared.is_tcp_slower and not _is_of_this_site(case):
        yield Reason(
            Pair.TRANSPORT,
            "Whether that is so for this site alone cannot be said: the QUIC of the "
            "controls is slower in the window, too, or was not measured.",
        )


def _figure(values: Sequence[PairValue], compared: _Compared) -> Reason:
    effect = compared.effect
    if effect.is_shown and _is_mostly(values, _is_quic_dead):
        return Reason(
            Pair.TRANSPORT,
            "QUIC got no answer in {dead} of {n} rounds of the window while TCP did; "
            "out of it in {calm_dead} of {n_calm}",
            _counts(values, _is_quic_dead),
        )
    if effect.is_shown and _is_mostly(values, _is_tcp_dead):
        return Reason(
            Pair.TRANSPORT,
            "TCP got no answer in {dead} of {n} rounds of the window while QUIC did; "
            "out of it in {calm_dead} of {n_calm}",
            _counts(values, _is_tcp_dead),
        )
    if compared.is_tcp_slower:
        return Reason(
            Pair.TRANSPORT,
            "TCP is {times:factor} slower beside QUIC in the window (95 %: "
            "{low:factor} to {high:factor}; {calm:factor} out of it), {above} of {n} "
            "rounds above what the calm lets expect, {evenings} evenings, odds against "
            "chance {odds:.3g} to 1",
            figures(effect),
        )
    return Reason(
        Pair.TRANSPORT,
        "QUIC is {times:factor} slower beside TCP in the window (95 %: {low:factor} to "
        "{high:factor}; {calm:factor} out of it), {above} of {n} rounds above what the "
        "calm lets expect, {evenings} evenings, odds against chance {odds:.3g} to 1",
        figures(effect),
    )


def _is_mostly(values: Sequence[PairValue], is_dead: IsDead) -> bool:
    evening = _of(values, Phase.EVENING)
    return _n(evening, is_dead) >= _MOSTLY * len(evening)


def _counts(values: Sequence[PairValue], is_dead: IsDead) -> dict[str, Value]:
    evening, calm = (_of(values, phase) for phase in (Phase.EVENING, Phase.CALM))
    return {
        "dead": _n(evening, is_dead),
        "n": len(evening),
        "calm_dead": _n(calm, is_dead),
        "n_calm": len(calm),
    }


def _of(values: Sequence[PairValue], phase: Phase) -> list[PairValue]:
    return [value for value in values if value.phase is phase]


def _turned(values: Sequence[PairValue]) -> list[PairValue]:
    """The pairs with QUIC as the suspected one."""
    return [replace(v, costs_log=tuple(-c for c in v.costs_log)) for v in values]


def _is_of_this_site(case: Case) -> bool:
    """Whether the QUIC of controls was measured and is no slower than in their calm."""
    keys = case.look.home.table.grid.keys
    costs = []
    for place in case.look.contrast.controls:
        values = _turned(case.look.pairs(keys[int(place)].target, Pair.TRANSPORT))
        evening, calm = (
            [value.cost_log for value in _of(values, phase)]
            for phase in (Phase.EVENING, Phase.CALM)
        )
        if evening and calm:
            costs.append(float(np.median(evening) - np.median(calm)))
    return bool(costs) and float(np.median(costs)) < LEAST_LOG


def _never_answers(values: Sequence[PairValue]) -> bool:
    n_dead = _n(values, _is_quic_dead)
    return len(values) >= _LEAST_PAIRS and n_dead >= _NEVER * len(values)


def _n(values: Sequence[PairValue], is_dead: IsDead) -> int:
    return sum(map(is_dead, values))


def _is_quic_dead(value: PairValue) -> bool:
    return value.is_other_dead and not value.is_suspected_dead


def _is_tcp_dead(value: PairValue) -> bool:
    return value.is_suspected_dead and not value.is_other_dead
