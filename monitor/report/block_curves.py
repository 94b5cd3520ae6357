"""One block, transfer by transfer: what arrived over time; rows of legs in, curves out.

Of the newest evening with blocks it is the block whose cost is the middle one, neither
the worst nor the best.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

import pandas as pd

from monitor.lists import Curve, curve_of
from monitor.model import Probe
from monitor.report.content import BlockCurves, LegCurve, Scope
from monitor.series.pairs import BLOCK, Pair, PairValue, pairs_of
from monitor.series.transfers import CURVE
from monitor.wallclock import day_number

_AWAY: Final = (Probe.PAIR_BASE, Probe.SNI_AWAY)
_UNDER_THE_NAME: Final = (Probe.PAIR_OWN, Probe.SNI_AWAY)


def block_curves(
    legs: pd.DataFrame | None, scope: Scope
) -> Mapping[str, tuple[BlockCurves, ...]]:
    """Target -> the curves of one block, at the site's own address and elsewhere.

    Parameters
    ----------
    legs : rows of pairs, `series.pairs.legs_apart`; None without any.
    """
    if legs is None or CURVE not in legs.columns:
        return {}
    first, last = day_number(scope.since), day_number(scope.night)
    values = [
        value
        for value in pairs_of(
            legs, vantage=scope.vantage, timezone=scope.timezone, window=scope.window
        )
        if value.pair is Pair.NAME_AWAY
        and value.is_evening_block
        and value.costs_log
        and first <= value.evening <= last
    ]
    return {
        target: tuple(_curves(legs, _typical(list(of_target)), scope))
        for target, of_target in groupby(values, attrgetter("target"))
    }


def _typical(values: Sequence[PairValue]) -> PairValue:
    newest = max(value.evening for value in values)
    of_evening = [value for value in values if value.evening == newest]
    of_evening.sort(key=attrgetter("cost_log"))
    return of_evening[(len(of_evening) - 1) // 2]


def _curves(
    legs: pd.DataFrame, value: PairValue, scope: Scope
) -> Iterator[BlockCurves]:
    rows = legs[(legs[BLOCK] == value.block) & (legs["target"] == value.target)]
    moments = pd.to_datetime(rows["started_at_utc"], format="ISO8601", utc=True)
    begun = moments.min().tz_convert(scope.timezone).to_pydatetime()
    for is_away in (False, True):
        is_of_pair = rows["probe"].isin(_AWAY) == is_away
        curves = tuple(_legs(rows[is_of_pair]))
        if any(leg.points for leg in curves):
            yield BlockCurves(begun=begun, is_away=is_away, legs=curves)


def _legs(rows: pd.DataFrame) -> Iterator[LegCurve]:
    for probe, text in zip(rows["probe"], rows[CURVE], strict=True):
        yield LegCurve(is_under_name=probe in _UNDER_THE_NAME, points=_points(text))


def _points(text: object) -> Curve:
    """The curve of a leg; empty where none was recorded, or none can be."""
    try:
        return curve_of(text) if isinstance(text, str) else ()
    except ValueError:
        return ()
