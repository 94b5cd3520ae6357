"""Certificates of legs, held against those that the same leg is shown in the calm.

The same server, in the same minute, under one name and the other: who is shown another
authority under one of them alone, and in the window alone, is answered by somebody in
between. A certificate that was renewed is shown to both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from monitor.analysis.onset_bets import ENOUGH, signs
from monitor.analysis.paired import VERDICT_EVENINGS, onset_of
from monitor.series.pairs import PairValue


@dataclass(frozen=True, slots=True, kw_only=True)
class OddCertificates:
    """How many legs were shown what they never are in the calm.

    Attributes
    ----------
    n_odd, n_other_odd : legs in the evening's blocks, under suspicion and others.
    n : legs of either kind.
    e_value : odds against chance, of all evenings.
    n_evenings : on which more legs under suspicion were.
    """

    n_odd: int
    n_other_odd: int
    n: int
    e_value: float
    n_evenings: int

    @property
    def is_shown(self) -> bool:
        """Whether it goes with the suspected legs."""
        return self.e_value >= ENOUGH and self.n_odd > self.n_other_odd

    @property
    def is_enough(self) -> bool:
        """Whether it is shown on enough evenings for a check."""
        return self.is_shown and self.n_evenings >= VERDICT_EVENINGS


def odd_certificates(values: Sequence[PairValue]) -> OddCertificates | None:
    """What was shown in some values of one target and pair; None without any odd."""
    evening = [v for v in values if v.is_evening_block]
    if not any(v.n_suspected_odd or v.n_other_odd for v in evening):
        return None
    evening.sort(key=attrgetter("evening"))
    stakes = signs([v.n_suspected_odd - v.n_other_odd for v in evening])
    first, _, e_value = onset_of(evening, stakes)
    told = evening[first:]
    above = {
        v.evening for v, stake in zip(told, stakes[first:], strict=True) if stake > 0
    }
    return OddCertificates(
        n_odd=sum(v.n_suspected_odd for v in told),
        n_other_odd=sum(v.n_other_odd for v in told),
        n=sum(v.n_legs for v in told),
        e_value=e_value,
        n_evenings=len(above),
    )
