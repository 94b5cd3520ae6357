"""What is reason enough to measure blocks in an evening; pure.

Whatever is reason enough, an order drawn by coin afterwards is not touched by it, so a
lax rule costs data and no error. None of the rows that gave the reason is counted.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from monitor.model import Probe, Role, Sample, Transport

SLOWER: Final = 1.3
"""A look at the neutral server with this cost of the name counts: as small as the
smallest cost that is called an effect."""
LOOKED_AT: Final = 3
TRIGGERING: Final = 2
"""Of so many, the last ones."""
TELLING: Final = 1.15
"""A block above this cost counts towards beginning at once on the next evening."""
FEW_BLOCKS: Final = 3
_HALF: Final = 0.5
_WELL: Final = 0.7
_KEPT: Final = timedelta(days=7)
_LEAST_TRANSFERS: Final = 12
"""Fewer have no usual rate."""


@dataclass(slots=True)
class NameReasons:
    """What looks and blocks say of one target's name."""

    looks: deque[bool] = field(default_factory=lambda: deque(maxlen=LOOKED_AT))
    costs: dict[int, list[float]] = field(default_factory=dict)
    """Evening (days since 1970) -> cost of the name in each of its blocks."""
    fired: int | None = None
    """The evening for which there is reason enough, whatever comes after."""

    def note_block(self, evening: int, cost: float) -> None:
        """Keep what a block of an evening showed; older evenings but one are gone."""
        self.costs = {e: c for e, c in self.costs.items() if e >= evening - 1}
        self.costs.setdefault(evening, []).append(cost)

    def are_enough(self, evening: int, *, is_slow: bool) -> bool:
        """Whether blocks are due on this evening; once they are, to its end.

        Parameters
        ----------
        is_slow : the site's ordinary transfers are.
        """
        if self.fired != evening and (
            is_slow or sum(self.looks) >= TRIGGERING or self._cost_before(evening)
        ):
            self.fired = evening
        return self.fired == evening

    def _cost_before(self, evening: int) -> bool:
        """Whether most blocks of the evening before showed a cost."""
        costs = self.costs.get(evening - 1, [])
        n_above = sum(cost > TELLING for cost in costs)
        return len(costs) >= FEW_BLOCKS and 2 * n_above > len(costs)


@dataclass(slots=True)
class Transfers:
    """Rates of the ordinary transfers of the last seven days, by site."""

    rates: dict[str, deque[tuple[datetime, float]]] = field(default_factory=dict)
    controls: set[str] = field(default_factory=set)

    def hear(self, sample: Sample) -> None:
        """Note a transfer; everything else is passed over."""
        is_direct = sample.path == "direct" and sample.transport is Transport.TCP
        if sample.probe != Probe.DOWNLOAD or not is_direct:
            return
        if sample.role is Role.CONTROL:
            self.controls.add(sample.target)
        rates = self.rates.setdefault(sample.target, deque())
        rates.append((sample.started_at_utc, sample.goodput_bps or 0.0))
        while rates[-1][0] - rates[0][0] > _KEPT:
            rates.popleft()

    def is_slow(self, target: str) -> bool:
        """Whether a site is at less than half of its own, and the controls are well."""
        shares = self._last_shares(target, LOOKED_AT)
        if sum(share < _HALF for share in shares) < TRIGGERING:
            return False
        well = [share > _WELL for share in self._of_controls()]
        return bool(well) and 2 * sum(well) >= len(well)

    def _of_controls(self) -> Iterator[float]:
        for name in sorted(self.controls):
            yield from self._last_shares(name, 1)

    def _last_shares(self, name: str, n: int) -> list[float]:
        """The last rates over the median of those before; none without enough."""
        rates = [rate for _, rate in self.rates.get(name, ())]
        if len(rates) < _LEAST_TRANSFERS + n:
            return []
        usual = median(rates[:-n])
        return [rate / usual for rate in rates[-n:]] if usual > 0 else []
