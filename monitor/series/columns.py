"""What the rows say, column by column: values, failures, and which of those are dead.

More is slower everywhere: rates enter with their sign changed.
"""

from dataclasses import dataclass

import numpy as np

from monitor.series.frame import Bools, Floats, Ints, Rows, Text

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
RATES = frozenset({"goodput_bps"})
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
_READ = 4


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns that every vantage needs, in the order of the rows."""

    role: Text
    failure: Text
    stage: Ints
    is_failed: Bools
    is_slow: Bools
    """Failed by the time limit while bytes still came: slow, not dead."""
    bytes_: Floats
    n_impossible: int
    metrics: dict[str, Floats]


def columns(table: Rows) -> Columns:
    """The columns that every vantage needs, read once."""
    failure = table.column("failure")
    is_failed = ~failure.is_("")
    operation = table.column("failed_operation")
    known = {name: place for place, name in enumerate(STAGES)}
    unsaid = len(STAGES) - 1
    stage = np.array([known.get(v, unsaid) for v in operation.values])[operation.codes]
    bytes_, n_bad_bytes = table.numbers("encoded_body_bytes")
    metrics, n_bad = {}, n_bad_bytes
    for name in METRICS:
        if table.has(name):
            metrics[name], n_wrong = table.numbers(name)
            n_bad += n_wrong
    has_rate = np.zeros(table.n, np.bool_)
    if "goodput_bps" in metrics:
        has_rate = metrics["goodput_bps"] > 0
    is_slow = is_failed & (stage == _READ) & failure.is_("generic_timeout_error")
    with np.errstate(invalid="ignore"):
        is_slow &= has_rate | (bytes_ > 0)
    return Columns(
        table.column("role"), failure, stage, is_failed, is_slow, bytes_, n_bad, metrics
    )


def slowness(columns: Columns, metric: str) -> tuple[Floats, Bools]:
    """Logarithms of a metric, and which attempts ended without a value.

    A failure leaves no value of the stage it happened at or of a later one, whatever
    the row says: a connection reset after 50 ms is no fast handshake. A transfer that
    the time limit cut while bytes still came keeps its rate.
    """
    values = columns.metrics[metric]
    need = NEEDS_STAGE[metric]
    is_unsaid = columns.stage == len(STAGES) - 1
    is_lost = columns.is_failed & (columns.stage <= need)
    is_lost |= columns.is_failed & is_unsaid & (np.isnan(values) | (need == _READ))
    is_lost |= values == 0
    is_lost &= ~(columns.is_slow & (values > 0) & (metric != "duration_s"))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values)
    return (-logs if metric in RATES else logs), is_lost
