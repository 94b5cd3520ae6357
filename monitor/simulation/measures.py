"""What a probe would measure with nothing imposed: from line and sites to times.

With round trip r (propagation, steering and queue), server time s, congestion g of the
site and slowness u (all noise apart):

    connect   = r
    handshake = 2 r + crypto
    waiting   = r + s
    transfer  = 8 bytes (exp(g) / flow rate + exp(own) / line rate) + r (slow start)

where own load is `own` and takes its part of the line alone.

A lost segment costs a retransmission time-out; losses grow with congestion.
"""

from dataclasses import dataclass

import numpy as np

from monitor.series.rows import Floats
from monitor.simulation.line import LINE_BPS, Line
from monitor.simulation.noise import NoiseModel, white
from monitor.simulation.nuisances import Nuisances
from monitor.simulation.sites import Sites
from monitor.simulation.slots import Slots

DOWNLOAD_BYTES = 500_000.0
"""As the shipped configuration transfers."""
_CRYPTO_S = 0.010
_SEGMENT_BYTES = 1460.0
_FIRST_FLIGHT = 10 * _SEGMENT_BYTES
"""Initial window of ten segments, RFC 6928."""
_SYN_TIMEOUT_S = 1.0
"""Initial retransmission time-out, RFC 6298."""
_FLIGHT_TIMEOUT_S = 0.25
_LOSS = 0.003
_CONGESTED_LOSS = 0.02
"""Losses per handshake [M]: a free line, and what congestion adds when it takes all."""
_ROUND_TRIP_SHARE = 0.5
"""How much of a site's slowness its round trip shows [fit: Brisbane]."""


@dataclass(slots=True, kw_only=True)
class Measures:
    """Times of every probe that could be made, arrays of shape (n_series, n) [s]."""

    domain_lookup_s: Floats
    connect_s: Floats
    tls_handshake_s: Floats
    waiting_s: Floats
    page_s: Floats
    """Transfer of the page's body."""
    download_s: Floats
    """Transfer of DOWNLOAD_BYTES."""


def measures(
    slots: Slots,
    where: Sites,
    wire: Line,
    trouble: Nuisances,
    noise: NoiseModel,
    scatter: Floats,
    rng: np.random.Generator,
) -> Measures:
    """Times with nothing imposed.

    Parameters
    ----------
    scatter : how noisy each series is, shape (n_series, 1)
    """
    shape = (where.n, slots.n)
    felt = where.sensitivity[:, None] * wire.congestion
    slowness = np.exp(trouble.slowness)
    crowded = felt + wire.own_load
    rtt_s = _round_trip(where, wire, trouble, crowded)
    lost = _losses(crowded, wire, rng)
    dns_s = np.exp(np.log(0.012) + 2.0 * white(noise, shape, rng))
    crypto_s = 2.0 * rtt_s + _CRYPTO_S
    server_s = where.server_s[:, None] * np.exp(trouble.waiting)
    stretch = slowness * np.exp(scatter * white(noise, shape, rng))
    flow_s = 8.0 * np.exp(felt) / where.flow_bps[:, None]
    flow_s += 8.0 * np.exp(wire.own_load) / LINE_BPS
    page = where.page_bytes[:, None]
    page_s = flow_s * page + rtt_s * _slow_start(page)
    download_s = flow_s * DOWNLOAD_BYTES + rtt_s * _slow_start(DOWNLOAD_BYTES)
    late_s = np.where(lost, _FLIGHT_TIMEOUT_S, 0.0)
    return Measures(
        domain_lookup_s=dns_s,
        connect_s=rtt_s * np.exp(0.5 * scatter * white(noise, shape, rng))
        + np.where(lost & (rng.random(shape) < 0.3), _SYN_TIMEOUT_S, 0.0),
        tls_handshake_s=crypto_s * slowness * np.exp(scatter * white(noise, shape, rng))
        + late_s,
        waiting_s=(rtt_s + server_s)
        * slowness
        * np.exp(scatter * white(noise, shape, rng)),
        page_s=page_s * stretch + late_s,
        download_s=download_s * slowness * np.exp(scatter * white(noise, shape, rng)),
    )


def _round_trip(where: Sites, wire: Line, trouble: Nuisances, felt: Floats) -> Floats:
    path_s = where.rtt_s[:, None] * np.exp(_ROUND_TRIP_SHARE * trouble.slowness)
    queue_s = wire.queue_s * np.expm1(np.minimum(felt, 5.0))
    return np.asarray(path_s + trouble.extra_rtt_s + queue_s)


def _slow_start(size_bytes: Floats | float) -> Floats:
    """Round trips until that much is sent when the window doubles each time."""
    return np.log2(1.0 + np.asarray(size_bytes) / _FIRST_FLIGHT)


def _losses(felt: Floats, wire: Line, rng: np.random.Generator) -> np.ndarray:
    """Whether a probe loses a segment; bad Wi-Fi loses one in three."""
    chance = _LOSS + _CONGESTED_LOSS * -np.expm1(-felt)
    chance = np.where(wire.bad_wifi, 0.33, chance)
    return np.asarray(rng.random(felt.shape) < chance)
