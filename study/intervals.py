"""Shares with their uncertainty."""

from dataclasses import dataclass
from math import sqrt

_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """`k` of `n`, with the Wilson interval at 95 %."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """The share itself; NaN when there is nothing to count."""
        return self.k / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval.

        References
        ----------
        E. B. Wilson, JASA 22 (1927) 209, doi:10.1080/01621459.1927.10502953
        """
        if not self.n:
            return 0.0, 1.0
        p, z2 = self.value, _Z95 * _Z95
        middle = p + z2 / (2 * self.n)
        half = _Z95 * sqrt(p * (1 - p) / self.n + z2 / (4 * self.n * self.n))
        whole = 1 + z2 / self.n
        return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)

    def __str__(self) -> str:
        """For a table: percent, interval, counts."""
        if not self.n:
            return "not measured"
        low, high = self.interval
        return f"{_pct(self.value)} ({_pct(low)} to {_pct(high)}; {self.k}/{self.n})"


def _pct(value: float) -> str:
    digits = 2 if value < 0.02 else 1
    return f"{100 * value:.{digits}f} %"
