"""What a name cost in blocks, evening by evening; rows of pairs in, figures out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np
import pandas as pd

from monitor.report.content import EveningCost, NameCost, Scope
from monitor.series.pairs import Pair, PairValue, Phase, pairs_of
from monitor.wallclock import day_number, numbered_day

_OF_NAMES: Final = (Pair.NAME_SWAP, Pair.NAME_AWAY)


def name_costs(
    legs: pd.DataFrame | None, scope: Scope
) -> Mapping[str, tuple[NameCost, ...]]:
    """Target -> what its name cost, at its own address and at a server elsewhere.

    Sentinels are no blocks; outside the evening they are looks like others, as the
    analysis has it.

    Parameters
    ----------
    legs : rows of pairs, `series.pairs.legs_apart`; None without any.
    """
    values = pairs_of(
        legs, vantage=scope.vantage, timezone=scope.timezone, window=scope.window
    )
    first, last = day_number(scope.since), day_number(scope.night)
    told = [v for v in values if first <= v.evening <= last and v.pair in _OF_NAMES]
    return {
        target: tuple(_costs(list(of_target)))
        for target, of_target in groupby(told, attrgetter("target"))
    }


def _costs(values: Sequence[PairValue]) -> Iterator[NameCost]:
    for pair in _OF_NAMES:
        of_pair = [v for v in values if v.pair is pair]
        calm = [v for v in of_pair if v.phase is Phase.CALM]
        evening = [v for v in of_pair if v.phase is Phase.EVENING and not v.is_sentinel]
        if evening:
            yield NameCost(
                is_away=pair is Pair.NAME_AWAY,
                evenings=tuple(_evenings(evening)),
                calm=_cost(None, calm) if calm else None,
            )


def _evenings(values: Sequence[PairValue]) -> Iterator[EveningCost]:
    for number, of_evening in groupby(values, attrgetter("evening")):
        yield _cost(numbered_day(number), list(of_evening))


def _cost(day: date | None, values: Sequence[PairValue]) -> EveningCost:
    costs = [v.cost_log for v in values if v.costs_log]
    return EveningCost(
        day=day,
        n=len(values),
        times=float(np.exp(np.median(costs))) if costs else None,
        n_legs=sum(v.n_legs for v in values),
        n_dead=sum(v.n_suspected_dead for v in values),
        n_other_dead=sum(v.n_other_dead for v in values),
    )
