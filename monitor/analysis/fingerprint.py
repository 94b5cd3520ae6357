"""What held one transfer back, by the shape of its bytes over time.

A policer lets a burst pass and drops what exceeds its rate: a straight line with holes
in the sequence numbers. A shaper queues instead: a straight line, no burst, and a round
trip that grows to many times the smallest one. A server that holds itself back meets
neither: nothing is lost, and it sends in steps, between which the way is empty, or so
evenly that no queue grows. The thresholds are those of docs/fingerprints.md, where they
are tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from monitor.analysis.rests import rests_of
from monitor.lists import Curve
from monitor.series.evening_table import typical
from monitor.series.rows import Floats

_LEAST_POINTS = 8
_LATEST_BEGIN = 0.6
"""The straight line begins in so much of the time at most: bursts come before it."""
_STEP_PENALTY = 0.1
"""Each later begin must fit better by so much."""
_ON_THE_WIRE = 1.045
"""IP bytes for each byte of a body: headers of segments and of TLS records."""
_HEAD_BYTES = 4500.0
"""What a policer has let pass before the body: the handshake, the head."""
_FROZEN_BYTES = 64e3
_QUEUE = 1.25
_WELL = 1.5
_SHORT_S = 1.5
_SHORT_BYTES = 100e3
_SHAPED_RTT, _SHAPED_BURST_BYTES = 3.0, 8e3
_POLICED_HOLES, _POLICED_RTT, _POLICED_RMS_BYTES = 0.04, 2.0, 6e3
"""The points of records of 16 kB are up to one of them off the line."""
_ONE_RATE_LOG = 0.2
"""A policer's rate is the same from begin to end, that of loss by chance is not."""
_SERVER_HOLES = 0.01
_STEPS_TIME, _STEPS_BYTES = 0.5, 1 / 3
"""Rests of a server that sends in steps: so much of the time, of the bytes."""
_EVEN_PACKETS = 2.0
"""The grain of the round trip of a receiver that acknowledges every second packet."""
_SEGMENT_BYTES, _PACKET_BITS = 1448.0, 12e3


class Hold(StrEnum):
    """What held a transfer back."""

    FROZEN = "frozen"
    """Silent for ever after a few kilobytes."""
    QUEUE = "queue"
    """Round trips longer than by day from the start: a full line."""
    WELL = "well"
    SHORT = "short"
    """Too short to tell."""
    SHAPED = "shaped"
    POLICED = "policed"
    SERVER = "server"
    """No holes, and in steps or without a queue: the server sends no faster."""
    UNKNOWN = "unknown"


_HELD = tuple(hold for hold in Hold if hold not in (Hold.WELL, Hold.SHORT))
"""Of which it can be said that something held a transfer back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer as it was recorded; NaN: not measured."""

    curve: Curve
    """Seconds since the first response byte, and the bytes that had come by then."""
    goodput_bps: float
    is_silent: bool
    """Ended by the time limit without a further byte."""
    rcv_rtt_s: float
    """Round trip as the receiver sees it, queues on the way included."""
    min_rtt_s: float
    n_holes: float
    """Segments out of order."""
    n_segments: float

    @property
    def holes(self) -> float:
        """Share of the segments that arrived out of order."""
        n_bytes = self.curve[-1][1] if self.curve else 0
        n = self.n_segments
        n = n if np.isfinite(n) else n_bytes / _SEGMENT_BYTES
        return self.n_holes / n if n > 0 else float("nan")

    @property
    def queued(self) -> float:
        """How many times longer the round trip became than its shortest."""
        is_measured = self.min_rtt_s > 0
        return self.rcv_rtt_s / self.min_rtt_s if is_measured else float("nan")

    @property
    def is_even(self) -> bool:
        """Whether packets come one by one, none lost, and none waits for another."""
        bits = (self.rcv_rtt_s - self.min_rtt_s) * self.goodput_bps
        return self.n_holes == 0 and bits <= _EVEN_PACKETS * _PACKET_BITS

    @property
    def has_steps(self) -> bool:
        """Whether it came in steps, between which the way was empty.

        The receiver's round trip then holds the rests: from its last acknowledgement to
        the first byte of the next step. What is longer still was a queue.
        """
        rests = rests_of(self.curve, self.min_rtt_s)
        return (
            rests.time_share >= _STEPS_TIME
            and rests.bytes_share >= _STEPS_BYTES
            and self.holes < _SERVER_HOLES
            and self.rcv_rtt_s
            <= max(rests.longest_s, 2 * self.min_rtt_s) + self.min_rtt_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """The same site's transfers in the rest of the day."""

    goodput_bps: float
    min_rtt_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The straight line of a transfer's bytes, once its burst is over."""

    rate_bps: float
    """On the wire, headers included."""
    burst_bytes: float
    """What came before, at once, handshake and head included."""
    rms_bytes: float
    """Distance of the points from it."""
    drift_log: float
    """Logarithm of the rate of its fastest quarter over that of its slowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What held a transfer back, and the line that tells it."""

    hold: Hold
    line: Line | None


def line_of(curve: Curve) -> Line | None:
    """The straight line of a curve, None with too few points.

    Notes
    -----
    Least squares from every begin in the first 60 % of the time; a later one is taken
    when it fits better by a tenth for each point that it leaves out.
    """
    if len(curve) < _LEAST_POINTS:
        return None
    time_s, n_bytes = np.array(curve, np.float64).T
    latest = time_s[0] + _LATEST_BEGIN * (time_s[-1] - time_s[0])
    last = min(
        int(np.searchsorted(time_s, latest, "right")), len(curve) - _LEAST_POINTS
    )
    lines = [_least_squares(time_s[k:], n_bytes[k:]) for k in range(last + 1)]
    costs = [line[2] ** 2 * (1 + _STEP_PENALTY) ** k for k, line in enumerate(lines)]
    k = int(np.argmin(costs))
    rate, burst, rms = lines[k]
    if not rate > 0:
        return None
    return Line(
        rate_bps=8 * rate * _ON_THE_WIRE,
        burst_bytes=burst + _HEAD_BYTES,
        rms_bytes=rms,
        drift_log=_drift_log(time_s[k:], n_bytes[k:]),
    )


def _drift_log(time_s: Floats, n_bytes: Floats) -> float:
    """How far the quarters of a curve differ; endless where one of them is empty."""
    ends_s = np.linspace(time_s[0], time_s[-1], 5)
    quarters = np.diff(np.interp(ends_s, time_s, n_bytes))
    low, high = float(quarters.min()), float(quarters.max())
    return float(np.log(high / low)) if low > 0 else float("inf")


def _least_squares(time_s: Floats, n_bytes: Floats) -> tuple[float, float, float]:
    """Slope, value at time 0 and root mean square of what is left."""
    apart = time_s - time_s.mean()
    spread = float(apart @ apart)
    slope = float(apart @ n_bytes) / spread if spread > 0 else 0.0
    at_zero = float(n_bytes.mean() - slope * time_s.mean())
    left = n_bytes - (at_zero + slope * time_s)
    return slope, at_zero, float(np.sqrt(np.mean(left**2)))


def fingerprint(transfer: Transfer, usual: Usual) -> Fingerprint:
    """What held one transfer back.

    The order of the questions matters: what explains a slow transfer more simply is
    asked first.
    """
    line = line_of(transfer.curve)
    return Fingerprint(
        hold=_before_shape(transfer, usual) or _shape(transfer, line), line=line
    )


def _before_shape(transfer: Transfer, usual: Usual) -> Hold | None:
    """What is told without the curve's shape."""
    time_s, n_bytes = transfer.curve[-1] if transfer.curve else (0.0, 0)
    if transfer.is_silent and n_bytes < _FROZEN_BYTES:
        return Hold.FROZEN
    if transfer.min_rtt_s >= _QUEUE * usual.min_rtt_s:
        return Hold.QUEUE
    if transfer.goodput_bps * _WELL >= usual.goodput_bps:
        return Hold.WELL
    if transfer.has_steps:
        return Hold.SERVER
    if time_s < _SHORT_S or n_bytes < _SHORT_BYTES:
        return Hold.SHORT
    return None


def _shape(transfer: Transfer, line: Line | None) -> Hold:
    """What the shape tells; a comparison with what was not measured is no."""
    if line is None:
        return Hold.UNKNOWN
    queued, holes = transfer.queued, transfer.holes
    is_burstless = line.burst_bytes - _HEAD_BYTES <= _SHAPED_BURST_BYTES
    if queued >= _SHAPED_RTT and is_burstless:
        return Hold.SHAPED
    is_straight = (
        line.rms_bytes <= _POLICED_RMS_BYTES and line.drift_log <= _ONE_RATE_LOG
    )
    if holes >= _POLICED_HOLES and queued <= _POLICED_RTT and is_straight:
        return Hold.POLICED
    if transfer.is_even:
        return Hold.SERVER
    return Hold.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The window of one evening: the site's transfers and the controls' beside them."""

    site: Sequence[Fingerprint]
    controls: Sequence[Hold]
    """Of the controls' transfers of the same rounds."""

    @property
    def slow(self) -> list[Fingerprint]:
        """The site's transfers that something held back for long enough to tell."""
        return [print_ for print_ in self.site if print_.hold in _HELD]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What held most slow transfers of the evenings back."""

    hold: Hold
    share: float
    """Of the slow transfers."""
    n_slow: int
    n_evenings: int
    """Evenings on which it held most of them."""
    rate_bps: float
    """Median of the lines' rates, NaN without any."""
    burst_bytes: float
    rate_spread_log: float
    """Interquartile range of the logarithms of the rates."""
    are_controls_well: bool
    """Whether most of the controls' transfers of these rounds were as by day."""


_MOST = 0.6


def common(windows: Sequence[Window]) -> Common | None:
    """What held the slow transfers of some evenings back, None without any.

    A class counts only on evenings on which most of the controls' transfers of the same
    rounds are of another one: what meets all of the line is not about this site.
    """
    n_slow = sum(len(window.slow) for window in windows)
    if not n_slow:
        return None
    counted = {hold: _of_class(windows, hold) for hold in _HELD}
    hold = max(counted, key=lambda h: sum(len(prints) for prints in counted[h]))
    chosen = [f for prints in counted[hold] for f in prints]
    lines = [f.line for f in chosen if f.line is not None]
    rates = np.array([line.rate_bps for line in lines])
    bursts = np.array([line.burst_bytes for line in lines])
    beside = [h for w in windows for h in w.controls]
    return Common(
        hold=hold,
        share=len(chosen) / n_slow,
        n_slow=n_slow,
        n_evenings=len(counted[hold]),
        rate_bps=typical(rates),
        burst_bytes=typical(bursts),
        rate_spread_log=_spread_log(rates),
        are_controls_well=bool(beside)
        and sum(h is Hold.WELL for h in beside) >= _MOST * len(beside),
    )


def _of_class(windows: Sequence[Window], hold: Hold) -> list[list[Fingerprint]]:
    """The transfers of a class, by evening, of the evenings that it has most of."""
    chosen = []
    for window in windows:
        slow = window.slow
        prints = [print_ for print_ in slow if print_.hold is hold]
        n_alike = sum(h is hold for h in window.controls)
        is_alone = bool(window.controls) and 2 * n_alike < len(window.controls)
        if prints and is_alone and len(prints) >= _MOST * len(slow):
            chosen.append(prints)
    return chosen


def _spread_log(rates: Floats) -> float:
    if rates.size < 2:
        return float("nan")
    low, high = np.quantile(np.log(rates), [0.25, 0.75])
    return float(high - low)
