"""When nothing came of a transfer, and what came at once after it.

What holds a transfer back on the way lets the same through in every moment: no more
than its rate brings, and the piece that was on its way. A server that sends in steps
rests in between, and each step comes as fast as the line allows.
"""

from dataclasses import dataclass

import numpy as np

from monitor.lists import Curve
from monitor.series.rows import Floats, Ints

_ROUND_TRIPS = 2.0
"""A sender that waits for acknowledgements alone never rests for longer."""
_AT_ONCE = 0.25
"""Within so much of the rest's length after it."""
_PIECE_BYTES = 16_384 + 1_448
"""At once by nature: a TLS record, of which nothing is read before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """What a transfer's rests are of it."""

    time_share: float
    """Of its time, with a rest before the last piece."""
    bytes_share: float
    """Of its bytes: what came at once after rests, more than one piece each."""
    longest_s: float
    """The longest rest after which more than one piece came at once."""


def rests_of(curve: Curve, min_rtt_s: float) -> Rests:
    """The rests of a transfer; none where the round trip was not measured."""
    if len(curve) < 2 or not curve[-1][0] > 0 or not curve[-1][1] > 0:
        return Rests(time_share=0.0, bytes_share=0.0, longest_s=0.0)
    time_s, n_bytes = np.array(curve, np.float64).T
    pause_s = np.diff(time_s)
    rest = np.flatnonzero(pause_s >= _ROUND_TRIPS * min_rtt_s)
    at_once = _at_once(time_s, n_bytes, rest)
    is_step = at_once > _PIECE_BYTES
    is_last = n_bytes[-1] - n_bytes[rest] <= at_once
    return Rests(
        time_share=float(pause_s[rest][is_step | is_last].sum() / time_s[-1]),
        bytes_share=float(at_once[is_step].sum() / n_bytes[-1]),
        longest_s=float(pause_s[rest][is_step].max(initial=0.0)),
    )


def _at_once(time_s: Floats, n_bytes: Floats, rest: Ints) -> Floats:
    """Bytes that came at once after each rest."""
    until_s = time_s[rest + 1] + _AT_ONCE * np.diff(time_s)[rest]
    last = np.searchsorted(time_s, until_s, "right") - 1
    return n_bytes[last] - n_bytes[rest]
