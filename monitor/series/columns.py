"""What the rows say, column by column: values, failures, and which of those are dead.

More is slower everywhere: rates enter with their sign changed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.errors import InputError
from monitor.evening_rule import RATES
from monitor.model import TWIN, Role
from monitor.series.rows import MEASURED, Bools, Floats, Rows, Text

METRICS = (
    "goodput_bps",
    "tls_handshake_s",
    "waiting_s",
    "connect_s",
    "response_s",
    "duration_s",
    "domain_lookup_s",
    "tcp_min_rtt_s",
)
STAGES = ("resolve", "connect", "tls_handshake", "http_round_trip", "read", "")
"""Where a probe can fail, in order; the last: not said."""
NEEDS_STAGE = {
    "goodput_bps": 4,
    "tls_handshake_s": 2,
    "waiting_s": 3,
    "connect_s": 1,
    "response_s": 4,
    "duration_s": 4,
    "domain_lookup_s": 0,
    "tcp_min_rtt_s": 1,
}
"""The stage that a probe must pass to have a value of the metric."""
OF_THE_PAGE = frozenset({"waiting_s", "response_s", "duration_s", "goodput_bps"})
"""Metrics that a refusal does not measure; connecting and the handshake stay."""
_READ = 4


@dataclass(frozen=True, slots=True)
class Columns:
    """What the rows of one vantage say, in their order; numbers are read when asked."""

    table: Rows
    role: Text
    stage: NDArray[np.int8]
    """Place in STAGES of each failure, shape (n,)."""
    is_failed: Bools
    is_slow: Bools
    """Failed by the time limit while bytes still came: slow, not dead."""
    n_impossible: int
    is_refused: Bools
    """Answered, but not with the site's page, shape (n,); see `answers`."""
    is_foreign: Bools
    """Answered by somebody between, and so failed, shape (n,)."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that the frame has."""
        return tuple(metric for metric in METRICS if self.table.has(metric))


def columns(table: Rows) -> Columns:
    """What every metric needs to know about the rows, read once.

    Raises
    ------
    InputError
        when a row's role is none.
    """
    role = table.column("role")
    allowed = (*Role, TWIN)
    strange = [v for v in role.values if v not in allowed and role.is_(v).any()]
    if strange:
        raise InputError(f"role: found {strange[0]!r}; allowed: {', '.join(allowed)}")
    failure = table.column("failure")
    is_failed = ~failure.is_("")
    operation = table.column("failed_operation")
    place_of = {name: place for place, name in enumerate(STAGES)}
    unsaid = len(STAGES) - 1
    places = np.array([place_of.get(v, unsaid) for v in operation.values], np.int8)
    stage = places[operation.codes]
    is_slow = is_failed & (stage == _READ) & failure.is_("generic_timeout_error")
    if is_slow.any():
        arrived = table.numbers("goodput_bps")[0] > 0
        is_slow &= arrived | (table.numbers("encoded_body_bytes")[0] > 0)
    n_bad = sum(table.numbers(name)[1] for name in MEASURED)
    none = np.zeros(table.n, np.bool_)
    return Columns(table, role, stage, is_failed, is_slow, n_bad, none, none)


def slowness(columns: Columns, metric: str) -> tuple[Floats, Bools]:
    """Logarithms of a metric, and which attempts ended without a value.

    A failure leaves no value of the stage it happened at or of a later one, whatever
    the row says: a connection reset after 50 ms is no fast handshake. A transfer that
    the time limit cut while bytes still came keeps its rate.
    """
    values, _ = columns.table.numbers(metric)
    need = NEEDS_STAGE[metric]
    is_unsaid = columns.stage == len(STAGES) - 1
    is_lost = columns.is_failed & (columns.stage <= need)
    is_lost |= columns.is_failed & is_unsaid & (np.isnan(values) | (need == _READ))
    is_lost |= values == 0
    is_lost &= ~(columns.is_slow & (values > 0) & (metric != "duration_s"))
    if metric in OF_THE_PAGE:
        values[columns.is_refused] = np.nan
        is_lost &= ~columns.is_refused
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values, out=values)
    return (-logs if metric in RATES else logs), is_lost
