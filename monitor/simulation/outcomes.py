"""What a probe with time limits makes of the times: rows of values, or a failure.

One limit of ten seconds per stage, as the daemon's. A transfer that still delivers when
the time is up is a slow sample, not a failure; one that freezes failed while reading.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.model import Operation
from monitor.series.rows import Bools, Floats
from monitor.simulation.measures import DOWNLOAD_BYTES, Measures

LIMIT_S = 10.0
TIMEOUT = "generic_timeout_error"
_QUICK_FAILURE_S = 0.05
"""Until a reset or a refusal is there, about a round trip [M]."""
STAGES = (
    ("domain_lookup_s", Operation.RESOLVE),
    ("connect_s", Operation.CONNECT),
    ("tls_handshake_s", Operation.TLS_HANDSHAKE),
    ("waiting_s", Operation.HTTP_ROUND_TRIP),
    ("response_s", Operation.READ),
)
_OPERATIONS = tuple(operation for _, operation in STAGES)
Codes = NDArray[np.int8]


@dataclass(slots=True, kw_only=True)
class Outcomes:
    """Rows of one kind of probe, arrays of shape (n_series, n); NaN is not measured."""

    domain_lookup_s: Floats
    connect_s: Floats
    tls_handshake_s: Floats
    waiting_s: Floats
    response_s: Floats
    body_bytes: Floats
    goodput_bps: Floats
    lost_s: Floats
    """Time spent on the operation that failed."""
    failure: Codes
    """Index into `failures`; 0 is none."""
    failures: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    """(failed operation, failure) by code."""

    @property
    def duration_s(self) -> Floats:
        """The whole attempt, shape (n_series, n)."""
        stages = [np.nan_to_num(getattr(self, name)) for name, _ in STAGES]
        total: Floats = np.sum(stages, axis=0) + self.lost_s
        return total

    def code(self, operation: str, failure: str) -> int:
        """The code of a failure, new if need be."""
        pair = (operation, failure)
        if pair not in self.failures:
            self.failures.append(pair)
        return self.failures.index(pair)

    def fail(self, cells: Bools, operation: str, failure: str) -> None:
        """Let the probes of `cells` fail there; later stages are not measured."""
        self.failure[cells] = self.code(operation, failure)
        self.lost_s[cells] = LIMIT_S if failure == TIMEOUT else _QUICK_FAILURE_S
        stage = _OPERATIONS.index(Operation(operation))
        for name, _ in STAGES[stage:]:
            getattr(self, name)[cells] = np.nan
        self.goodput_bps[cells] = np.nan
        self.body_bytes[cells] = np.nan

    def freeze(self, cells: Bools, size_bytes: Floats) -> None:
        """Let transfers stop for good after so many bytes."""
        self.failure[cells] = self.code(Operation.READ, TIMEOUT)
        self.body_bytes[cells] = size_bytes[cells]
        self.response_s[cells] = LIMIT_S
        if not np.isnan(self.goodput_bps).all():
            self.goodput_bps[cells] = 8.0 * size_bytes[cells] / LIMIT_S


def page_outcomes(times: Measures, page_bytes: Floats) -> Outcomes:
    """One https row per probe; `page_bytes` of shape (n_series,)."""
    size = np.broadcast_to(page_bytes[:, None], times.page_s.shape)
    outcomes = _outcomes(times, times.page_s, size)
    outcomes.goodput_bps = np.full_like(times.page_s, np.nan)
    return outcomes


def download_outcomes(times: Measures) -> Outcomes:
    """One download row per probe."""
    return _outcomes(
        times, times.download_s, np.full_like(times.download_s, DOWNLOAD_BYTES)
    )


def _outcomes(times: Measures, transfer_s: Floats, size_bytes: Floats) -> Outcomes:
    rate_bps = 8.0 * size_bytes / transfer_s
    outcomes = Outcomes(
        domain_lookup_s=times.domain_lookup_s.copy(),
        connect_s=times.connect_s.copy(),
        tls_handshake_s=times.tls_handshake_s.copy(),
        waiting_s=times.waiting_s.copy(),
        response_s=np.minimum(transfer_s, LIMIT_S),
        body_bytes=np.floor(np.minimum(size_bytes, rate_bps * LIMIT_S / 8.0)),
        goodput_bps=rate_bps,
        lost_s=np.zeros(transfer_s.shape),
        failure=np.zeros(transfer_s.shape, dtype=np.int8),
    )
    for name, operation in reversed(STAGES[:-1]):
        late = getattr(outcomes, name) > LIMIT_S
        if late.any():
            outcomes.fail(late, operation, TIMEOUT)
    return outcomes
