"""What one home says of one service, as a fleet counts it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from monitor.fleet.registry import Enrolled
from monitor.verdict_table import row_of

FEWEST: Final = 5
"""Nothing is told of fewer homes."""
_HIGHEST_E: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFact:
    """What one home says of one service."""

    home: Enrolled
    service: str
    verdict: str
    e_value: float
    n_usable: int
    ratio: float
    low: float
    high: float
    begins: str | None
    ends: str | None
    onset: date | None
    probe_version: str
    evenings: Mapping[date, bool]
    """Usable evenings, and whether each was slow."""

    @property
    def is_accused(self) -> bool:
        """Whether its verdict accuses."""
        return row_of(self.verdict).is_accusing

    @property
    def evidence(self) -> float:
        """Its e-value where its verdict accuses, else 0: an e-value still.

        What recurs for the service's or the line's sake does not count.
        """
        return min(self.e_value, _HIGHEST_E) if self.is_accused else 0.0
