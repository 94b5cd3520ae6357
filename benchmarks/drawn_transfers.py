"""Transfers drawn round trip by round trip: what each kind of hold leaves on record.

A window of segments meets a bucket, a queue, chance or nothing; whatever is lost comes
again a round trip later and holds back what lies behind it. No more than that: no
timers, no pacing. It shows what the shapes are, not how often real nets have them.
"""

from dataclasses import dataclass, fields
from math import inf

import numpy as np

from monitor.analysis.fingerprint import Transfer, Usual
from monitor.lists import Curve

SEGMENT = 1448
PACKET = 1500
MOST_POINTS = 64
LIMIT_S = 10.0
OBJECT_BYTES = 2_000_000
HEAD_SEGMENTS = 3
USUAL = Usual(goodput_bps=2e7, min_rtt_s=0.03)


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a transfer meets."""

    policed_bps: float = inf
    burst_bytes: float = 16e3
    shaped_bps: float = inf
    queue_bytes: float = 64e3
    server_bps: float = inf
    server_step_bytes: int = 32_000
    loss: float = 0.0
    line_bps: float = 3e7
    rtt_s: float = 0.03
    frozen_bytes: float = inf

    def told(self) -> str:
        """What differs from a free way."""
        free = Way()
        return ", ".join(
            f"{f.name} {value:g}"
            for f in fields(self)
            if (value := getattr(self, f.name)) != getattr(free, f.name)
        )


def drawn(way: Way, rng: np.random.Generator) -> Transfer:
    """One transfer."""
    window, threshold, tokens = 10.0, inf, way.burst_bytes - HEAD_SEGMENTS * PACKET
    queue = now = 0.0
    arrived = lost_before = 0
    n_segments = n_holes = 0
    granted, longest_s = float(way.server_step_bytes), way.rtt_s
    points = [(0.0, 0)]
    while now < LIMIT_S and arrived * SEGMENT < OBJECT_BYTES:
        round_s = way.rtt_s * rng.uniform(1.0, 1.05) + queue * 8 / way.shaped_bps
        now += round_s
        longest_s = max(longest_s, round_s)
        granted = min(granted + way.server_bps * round_s / 8, 1e18)
        allowed = _step(granted, way) - (arrived + lost_before) * SEGMENT
        n = int(
            max(0, min(window, way.line_bps * round_s / 8 / PACKET, allowed / SEGMENT))
        )
        n = max(n, 1) if way.server_bps == inf else n
        if arrived * SEGMENT >= way.frozen_bytes:
            return _transfer(way, points, arrived, n_holes, n_segments, longest_s, True)
        through, tokens, queue = _through(way, n, tokens, queue, round_s, rng)
        n_lost = n - through
        n_segments += through
        # What comes behind a hole waits for it, out of order.
        n_holes += int(rng.binomial(through, 0.8)) if n_lost else 0
        arrived += lost_before + (through if not n_lost else int(through * 0.2))
        lost_before = through - int(through * 0.2) if n_lost else 0
        if n_lost:
            threshold = window = max(window / 2, 2.0)
        else:
            window = window * 2 if window < threshold else window + 1
        # What stands in the queue has not come yet.
        points.append((now, max(points[-1][1], int(arrived * SEGMENT - queue))))
    return _transfer(way, points, arrived, n_holes, n_segments, longest_s, False)


def _step(granted: float, way: Way) -> float:
    if way.server_bps == inf:
        return inf
    return granted // way.server_step_bytes * way.server_step_bytes


def _through(
    way: Way, n: int, tokens: float, queue: float, round_s: float, rng
) -> tuple[int, float, float]:
    """Segments that pass, and the bucket and the queue after them."""
    n = int(rng.binomial(n, 1 - way.loss))
    if way.policed_bps < inf:
        tokens = min(tokens + way.policed_bps * round_s / 8, way.burst_bytes)
        n = min(n, int(tokens / PACKET))
        tokens -= n * PACKET
    if way.shaped_bps < inf:
        room = way.queue_bytes - queue + way.shaped_bps * round_s / 8
        n = min(n, int(room / PACKET))
        queue = max(0.0, queue + n * PACKET - way.shaped_bps * round_s / 8)
    return n, tokens, queue


def _transfer(
    way: Way,
    points: list[tuple[float, int]],
    arrived: int,
    n_holes: int,
    n_segments: int,
    longest_s: float,
    is_silent: bool,
) -> Transfer:
    time_s = points[-1][0]
    return Transfer(
        curve=_thinned(points),
        goodput_bps=8 * arrived * SEGMENT / time_s if time_s else float("nan"),
        is_silent=is_silent,
        rcv_rtt_s=longest_s,
        min_rtt_s=way.rtt_s,
        n_holes=float(n_holes),
        n_segments=float(n_segments),
    )


def _thinned(points: list[tuple[float, int]]) -> Curve:
    places = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).astype(int))
    return tuple(points[place] for place in places)


KINDS: dict[str, tuple[str, tuple[Way, ...]]] = {
    "policed": (
        "policed",
        tuple(
            Way(policed_bps=rate, burst_bytes=burst)
            for rate, burst in (
                (128e3, 10e3),
                (128e3, 64e3),
                (512e3, 32e3),
                (1e6, 64e3),
            )
        ),
    ),
    "shaped": ("shaped", tuple(Way(shaped_bps=rate) for rate in (512e3, 1e6, 2e6))),
    "server": ("server", tuple(Way(server_bps=rate) for rate in (5e5, 1e6))),
    "busy line": ("queue", tuple(Way(line_bps=r, rtt_s=0.08) for r in (1e6, 4e6))),
    "loss by chance": ("", tuple(Way(loss=p) for p in (0.02, 0.05, 0.1))),
    "freeze": ("frozen", (Way(frozen_bytes=12e3), Way(frozen_bytes=18e3))),
    "nothing": ("well", (Way(), Way(line_bps=2e7))),
}
"""What is imposed, the class that it should be, and how."""
